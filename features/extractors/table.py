"""A table of features: one row an utterance, one named number a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import FeatureError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FeatureTable:
    """Features of some utterances, in the order they were asked for.

    Attributes
    ----------
    values : ndarray of shape (n_utterances, n_features)
        float32; NaN where a statistic had no frames to be computed on.
    names : tuple of str
        Names of the columns.
    seconds : ndarray of shape (n_utterances,)
        float64, time that computing each row took, also where a cache served it.
    notes : tuple of str
        What a user should know of where the rows come from.

    Examples
    --------
    >>> import numpy as np
    >>> from features import FeatureTable
    >>> table = FeatureTable(np.zeros((1, 2), np.float32), ("pitch.a", "energy.b"), np.zeros(1))
    >>> table.select("pitch").names
    ('pitch.a',)
    >>> table.columns(np.array([1])).to_frame(index=["clip"])
          energy.b
    clip       0.0
    """

    values: np.ndarray
    names: tuple[str, ...]
    seconds: np.ndarray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape != (len(self.seconds), len(self.names)):
            raise FeatureError(
                f"values of shape {self.values.shape} with {len(self.names)} names and {len(self.seconds)} times; "
                "expected (n_utterances, n_features)"
            )

    def __len__(self) -> int:
        return len(self.values)

    def columns(self, positions: np.ndarray) -> FeatureTable:
        """Keep the columns at these positions (see `features.groups.select`)."""
        return FeatureTable(
            self.values[:, positions], tuple(self.names[i] for i in positions), self.seconds, self.notes
        )

    def select(self, spec: str) -> FeatureTable:
        """Keep the columns that a group, a preset or a comma-joined list of them names."""
        from features.groups import select

        return self.columns(select(self.names, spec))

    def to_frame(self, index: Any = None) -> pd.DataFrame:
        """Rows as a `pandas.DataFrame` with the names as columns."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=list(self.names), index=index)
