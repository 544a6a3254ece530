"""Features that were extracted once for a whole corpus, as the first step of a pipeline that looks them up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from features.errors import FeatureError

if TYPE_CHECKING:
    import pandas as pd

    from features.extractors.table import FeatureTable


class TableFeatures(TransformerMixin, BaseEstimator):
    """Features that were extracted before, looked up by the utterance's index.

    Parameters
    ----------
    table : FeatureTable
        Rows extracted once for a whole corpus.
    index : sequence of (speaker, id)
        Whose rows they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from features.extractors.table import FeatureTable
    >>> table = FeatureTable(np.float32([[1.0], [2.0]]), ("energy.mean",), np.zeros(2))
    >>> utterances = pd.DataFrame(index=pd.MultiIndex.from_tuples([("s1", "b"), ("s1", "a")], names=["speaker", "id"]))
    >>> TableFeatures(table, [("s1", "a"), ("s1", "b")]).transform(utterances)
    array([[2.],
           [1.]], dtype=float32)
    """

    def __init__(self, table: FeatureTable, index: Sequence[tuple[str, str]]) -> None:
        self.table = table
        self.index = index

    def fit(self, X: Any, y: Any = None) -> TableFeatures:
        """Learn nothing."""
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Look up the rows of some utterances.

        Parameters
        ----------
        X : pandas.DataFrame
            Utterances, index `(speaker, id)`.

        Returns
        -------
        features : ndarray of shape (n_utterances, n_features)
            float32.

        Raises
        ------
        FeatureError
            If an utterance has no row.
        """
        rows = {key: row for row, key in enumerate(self.index)}
        try:
            return self.table.values[[rows[key] for key in X.index]]
        except KeyError as error:
            raise FeatureError(
                f"utterance {error.args[0]!r} has no features; extract the whole corpus first"
            ) from error

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns."""
        return np.array(self.table.names, dtype=object)
