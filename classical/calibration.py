"""From scores to probabilities by one temperature, which never changes who wins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

HIGHEST, LOWEST = 30.0, 0.02  # inverse temperatures


def learn_inverse_temperature(scores: NDArray, codes: NDArray) -> float:
    """Factor on the scores whose softmax has the smallest log loss.

    C. Guo et al., "On calibration of modern neural networks", ICML 2017. One factor for all classes keeps the order of
    the classes in every row, so UAR stays what it was.

    Parameters
    ----------
    scores : ndarray of shape (n_utterances, n_classes)
        Scores of utterances that were not fitted on; rows of NaN are left out.
    codes : ndarray of shape (n_utterances,)
        True classes, 0 to n_classes - 1.

    Returns
    -------
    float
        Between 0.02 and 30; 1 where there is nothing to learn from.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    >>> round(learn_inverse_temperature(scores, np.array([0, 0, 1, 1])), 3)  # 3 of 4 right: not as sure as the scores
    0.275
    """
    judged = ~np.isnan(scores).any(axis=1)
    if not judged.any():
        return 1.0
    scores, rows, truth = scores[judged], np.arange(judged.sum()), codes[judged]

    def log_loss(logarithm: float) -> float:
        return -float(log_softmax(scores * np.exp(logarithm), axis=1)[rows, truth].mean())

    best = minimize_scalar(log_loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(best.x))


def probabilities(scores: NDArray, inverse_temperature: float) -> NDArray[np.float64]:
    """Softmax of the scores at a temperature.

    Parameters
    ----------
    scores : ndarray of shape (n_utterances, n_classes)
    inverse_temperature : float
        Above 0; the higher, the surer.

    Returns
    -------
    ndarray of shape (n_utterances, n_classes)
        Rows of NaN stay NaN.

    Examples
    --------
    >>> import numpy as np
    >>> probabilities(np.log([[1.0, 3.0]]), 1.0).round(2)
    array([[0.25, 0.75]])
    """
    return softmax(np.asarray(scores, dtype=np.float64) * inverse_temperature, axis=1)
