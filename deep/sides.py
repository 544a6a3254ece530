"""Which rows a deep pipeline chooses its epoch on."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from features.errors import PipelineError

SHARE = 0.2


def validation_rows(X: Any, truth: np.ndarray, *, seed: int) -> tuple[np.ndarray, list[str]]:
    """Return which rows are for validation.

    Parameters
    ----------
    X : pandas.DataFrame or list
        The rows of `fit`; a table's column `side` (`train` or `valid`) decides, or else a fifth of the speakers is held
        out, and where fewer than two are known, a fifth of each label's clips.
    truth : np.ndarray
        Labels of the rows.
    seed : int
        Of the choice.

    Returns
    -------
    rows : np.ndarray
        Boolean, shape (n_rows,).
    notes : list of str
        What a reader must know of the choice.

    Raises
    ------
    PipelineError
        When a side would be empty.
    """
    if "side" in getattr(X, "columns", ()):
        rows = X["side"].to_numpy() == "valid"
        if rows.all() or not rows.any():
            raise PipelineError(f"{rows.sum()} of {len(rows)} rows are for validation; expected some, and not all")
        return rows, []
    rows = np.zeros(len(truth), dtype=bool)
    speakers = _speakers(X)
    if len(set(speakers)) > 1:
        splitter = GroupShuffleSplit(n_splits=1, test_size=SHARE, random_state=seed)
        rows[next(splitter.split(truth, groups=speakers))[1]] = True
        held = ", ".join(sorted({str(speaker) for speaker, row in zip(speakers, rows, strict=True) if row}))
        return rows, [f"epoch chosen on held-out training speakers {held}"]
    try:
        splitter = StratifiedShuffleSplit(n_splits=1, test_size=SHARE, random_state=seed)
        rows[next(splitter.split(truth, truth))[1]] = True
    except ValueError as error:
        raise PipelineError(f"{len(truth)} clips cannot be split into training and validation ({error})") from error
    return rows, ["epoch chosen on clips of speakers that are trained on too: only one speaker is known"]


def _speakers(X: Any) -> list[str]:
    names = getattr(getattr(X, "index", None), "names", ()) or ()
    return list(X.index.get_level_values("speaker")) if "speaker" in names else []
