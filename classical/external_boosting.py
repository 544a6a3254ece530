"""Gradient-boosted trees whose features lie on the disk in XGBoost's own form while trees are grown on them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from classical.boosting import BoostingClassifier, Part
from classical.labels import balanced_weights

ROWS = 4096
"""Of a block: 11 MB of 700 features."""


class ExternalBoostingClassifier(BoostingClassifier):
    """The trees of `BoostingClassifier` by XGBoost's external memory.

    What trees are grown on, a byte for each value, is written to a folder for the time being and read block by block in
    every round; and no copy is made of the utterances of a fold. Beyond one block of 4,096 utterances the histograms'
    bins come from summaries of blocks, so that the trees are like those in memory, not the same. Parameters and
    attributes are those of `BoostingClassifier`.

    References
    ----------
    XGBoost's documentation, "Using XGBoost External Memory Version"

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 8, axis=0), np.repeat([False, True], 8)
    >>> model = ExternalBoostingClassifier(device="cpu").fit(X, y, groups=np.tile(["ann", "bob"], 8))
    >>> model.predict([[1.2, 0.0]])
    array([ True])
    """

    def _grow(
        self, params: Mapping[str, Any], part: Part, rounds: int, *, stop_on: Part | None = None
    ) -> xgboost.Booster:
        with tempfile.TemporaryDirectory(prefix="trees-", ignore_cleanup_errors=True) as name:
            training = self._on_disk(part, Path(name) / "training")
            held_out = None
            if stop_on is not None:
                held_out = self._on_disk(stop_on, Path(name) / "held-out", like=training)
            booster = xgboost.train(
                self._model(params, rounds).get_xgb_params(),
                training,
                rounds,
                evals=[] if held_out is None else [(held_out, "others")],
                early_stopping_rounds=None if held_out is None else self.patience,
                verbose_eval=False,
            )
            del training, held_out  # which have the files open
        booster.set_param({"device": "cpu"})  # predictions are for arrays in main memory
        return booster

    def _on_disk(self, part: Part, cache: Path, *, like: xgboost.DMatrix | None = None) -> xgboost.DMatrix:
        blocks = _Blocks(part, balanced_weights(part.labels, len(self.classes_)), cache)
        return xgboost.ExtMemQuantileDMatrix(blocks, max_bin=self.bins, nthread=self.n_jobs, ref=like)


class _Blocks(xgboost.DataIter):
    """A table's rows, some at a time, as XGBoost asks for them."""

    def __init__(self, part: Part, weights: NDArray[np.float64], cache: Path) -> None:
        self._part = part
        self._weights = weights
        self._at = 0
        super().__init__(cache_prefix=str(cache))

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over the next rows; false where there are none."""
        some = slice(self._at, self._at + ROWS)
        if self._at >= len(self._part.rows):
            return False
        input_data(data=self._part.values(some), label=self._part.labels[some], weight=self._weights[some])
        self._at += ROWS
        return True

    def reset(self) -> None:
        """Begin anew."""
        self._at = 0
