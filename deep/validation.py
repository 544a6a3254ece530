"""The rows that the epoch of a training is selected on."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from features.errors import PipelineError

VALIDATION_SHARE = 0.2


def validation_rows(X: Any, truth: np.ndarray, valid: np.ndarray | None, *, seed: int) -> tuple[np.ndarray, list[str]]:
    """Return the rows that were given, or chosen where none were, and what a reader must know of the choice."""
    if valid is None:
        return choose_validation(X, truth, seed=seed)
    return check_validation(valid, len(truth)), []


def check_validation(valid: np.ndarray, n_clips: int) -> np.ndarray:
    """Return the given rows, bool of shape (n_clips,); a PipelineError where they are of another form, all or none."""
    rows = np.asarray(valid)
    if rows.shape != (n_clips,) or rows.dtype != bool:
        message = f"valid is {rows.dtype} of shape {rows.shape}; expected bool of shape ({n_clips},)"
        raise PipelineError(message)
    if rows.all() or not rows.any():
        raise PipelineError(f"{rows.sum()} of {len(rows)} rows are for validation; expected some, and not all")
    return rows


def choose_validation(X: Any, truth: np.ndarray, *, seed: int) -> tuple[np.ndarray, list[str]]:
    """Choose validation rows for selecting the epoch, and say in words which they are."""
    rows = np.zeros(len(truth), dtype=bool)
    index_names = getattr(getattr(X, "index", None), "names", ())
    speakers = X.index.get_level_values("speaker").astype(str) if "speaker" in index_names else []
    if len(set(speakers)) > 1:
        groups = GroupShuffleSplit(n_splits=1, test_size=VALIDATION_SHARE, random_state=seed)
        rows[next(groups.split(truth, groups=speakers))[1]] = True
        return rows, [f"epoch selected on held-out training speakers {', '.join(sorted(set(speakers[rows])))}"]
    try:
        strata = StratifiedShuffleSplit(n_splits=1, test_size=VALIDATION_SHARE, random_state=seed)
        rows[next(strata.split(truth, truth))[1]] = True
    except ValueError as error:
        raise PipelineError(f"{len(truth)} clips cannot be split into training and validation ({error})") from error
    return rows, ["epoch selected on clips of speakers that are trained on too: fewer than two speakers are known"]
