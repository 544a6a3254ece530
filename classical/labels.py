"""Labels as scikit-learn sees them: classes in their own type, codes, balanced weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from features.errors import PipelineError


def encode(y: Any) -> tuple[NDArray, NDArray[np.intp]]:
    """Sorted classes in the labels' own type, and the index of each label among them.

    Parameters
    ----------
    y : array-like of shape (n_utterances,)
        Labels: text, integers or booleans.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    codes : ndarray of shape (n_utterances,)

    Raises
    ------
    PipelineError
        If a label is missing, labels are no classes or of types that cannot be sorted, or there are fewer than two
        classes.

    Examples
    --------
    >>> encode([10, 2, 10])
    (array([ 2, 10]), array([1, 0, 1]))
    """
    missing = int(np.sum(pd.isna(y)))
    if missing:
        raise PipelineError(
            f"{missing} of {len(y)} labels are missing (None or NaN): label every utterance, or drop it"
        )
    try:
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
    except TypeError as error:
        types = sorted({type(label).__name__ for label in y})
        raise PipelineError(f"labels of types {', '.join(types)} cannot be sorted: use one type") from error
    except ValueError as error:
        raise PipelineError(str(error)) from error
    if len(classes) < 2:
        only = repr(classes.tolist()[0]) if len(classes) else "none"
        raise PipelineError(f"the training clips have one class ({only}), at least two are needed: check --classes")
    return classes, codes


def balanced_weights(codes: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Weight of each utterance such that every class weighs the same and the mean is 1.

    Parameters
    ----------
    codes : ndarray of shape (n_utterances,)
        Classes, 0 to n_classes - 1.
    n_classes : int
        Number of classes, present or not.

    Returns
    -------
    ndarray of shape (n_utterances,)

    Examples
    --------
    >>> import numpy as np
    >>> balanced_weights(np.array([0, 0, 0, 1]), 2).round(2)
    array([0.67, 0.67, 0.67, 2.  ])
    """
    counts = np.bincount(codes, minlength=n_classes)
    present = np.count_nonzero(counts)
    return (len(codes) / (present * counts.astype(float).clip(1)))[codes]
