"""Tables that lie beside a run's predictions; one that is damaged is left out with a note, and the run stands."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from features.errors import Note
from features.tables import spreadsheet_plain

TEXTS: Mapping[str, tuple[str, ...]] = {
    "ablation": ("model", "groups", "role"),
    "shapley": ("model", "target", "label", "other", "players", "group"),
    "learning": ("pipeline",),
    "abstention": ("pipeline", "promised", "calibrated"),
    "abstention_groups": ("pipeline", "promised", "attribute", "group"),
    "selective": ("pipeline",),
    "people": ("pipeline", "attribute", "group"),
    "people_speakers": ("pipeline", "speaker"),
    "resampling": ("first", "second"),
    "cross": ("train", "test", "pipeline", "adaptation", "labels"),
    "gains": ("train", "test", "pipeline", "adaptation"),
    "robustness": ("pipeline", "training", "kind", "condition"),
    "length": ("pipeline",),
    "layers": ("weights", "target", "held_out"),
    "layer_points": ("speaker", "label"),
    "known_people": ("pipeline", "tested", "trained"),
    "sentences": ("pipeline", "sentences"),
    "combined": ("family", "first", "second", "corpus", "verdict"),
    "ranks": ("family", "pipeline"),
    "utterances": ("utterance", "speaker", "path", "label"),
}
"""Columns that a table must have."""

NUMBERS: Mapping[str, tuple[str, ...]] = {
    "ablation": ("uar", "uar_low", "uar_high", "difference", "difference_low", "difference_high", "p", "p_holm"),
    "shapley": ("value", "low", "high", "p", "n_speakers"),
    "learning": ("speakers", "uar", "uar_low", "uar_high"),
    "abstention": (
        *("coverage", "speakers", "proven", "covered", "covered_low", "covered_high"),
        *("size", "alone", "right", "abstains"),
    ),
    "abstention_groups": ("coverage", "speakers", "covered", "covered_low", "covered_high", "size"),
    "selective": ("answered", "right", "right_low", "right_high"),
    "people": ("speakers", "clips", "uar", "uar_low", "uar_high", "ahead", "ahead_low", "ahead_high", "p", "p_holm"),
    "people_speakers": ("clips", "uar", "expected", "expected_low", "expected_high", "spread"),
    "resampling": (
        *("difference", "low", "high", "p", "p_holm", "models_low", "models_high"),
        *("speakers", "training", "seed", "rest"),
    ),
    "cross": ("uar", "uar_low", "uar_high", "n", "speakers"),
    "gains": ("gain", "gain_low", "gain_high"),
    "robustness": ("level", "uar", "uar_low", "uar_high", "drop", "drop_low", "drop_high", "ms_per_clip"),
    "length": ("seconds", "longer", "uar", "uar_low", "uar_high", "drop", "drop_low", "drop_high", "ms_per_clip"),
    "layers": (
        *("layer", "classes", "clips", "chance", "uar", "uar_low", "uar_high"),
        *("gain", "gain_low", "gain_high", "behind", "behind_low", "behind_high"),
    ),
    "layer_points": ("layer", "x", "y"),
    "known_people": ("clips", "uar", "uar_low", "uar_high", "gain", "gain_low", "gain_high"),
    "sentences": ("clips", "uar", "uar_low", "uar_high", "gain", "gain_low", "gain_high"),
    "combined": ("speakers", "difference", "difference_low", "difference_high", "effect", "p", "p_holm", "ahead_on"),
    "ranks": ("rank", "uar"),
    "utterances": ("start", "end"),
}
"""Columns of numbers."""

OPTIONAL = {"utterances": ("start", "end"), "shapley": ("p",)}
"""Those that a table may lack; they are NaN then."""


def read_side_table(file: Path, *, remedy: str = "run its study again") -> pd.DataFrame | None:
    """Read a table of a run's folder.

    Parameters
    ----------
    file : Path
        Such as `learning.csv`; columns are checked where the name is known.
    remedy : str
        What brings the table back, for the note.

    Returns
    -------
    DataFrame or None
        None where there is none, and, with a note, where it is damaged.
    """
    if not file.exists():
        return None
    name = file.stem
    try:
        names = ("speaker", "group", *TEXTS.get(name, ()))  # 03 is a name, and no number
        types = str if name == "utterances" else dict.fromkeys(names, str)
        table = _plain(pd.read_csv(file, dtype=types, keep_default_na=False, na_values=[""]))  # a label may be NA
        missing = [column for column in TEXTS.get(name, ()) if column not in table.columns]
        if missing:
            raise ValueError(f"it lacks the columns {', '.join(missing)}")
        for column in NUMBERS.get(name, ()):
            if column not in table.columns and column not in OPTIONAL.get(name, ()):
                raise ValueError(f"it lacks the column {column}")
            table[column] = pd.to_numeric(table[column]) if column in table else float("nan")
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        warnings.warn(Note(f"{file} is damaged ({reason}) and left out; {remedy}"), stacklevel=3)
        return None
    if name == "utterances":
        texts = [column for column in table.columns if column not in NUMBERS[name]]
        table[texts] = table[texts].fillna("")
    return table


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """A table without the marks that keep a spreadsheet from reading a text as a formula."""
    for name in table.columns[[kind.kind not in "biufc" for kind in table.dtypes]]:
        cells = [spreadsheet_plain(cell) if isinstance(cell, str) else cell for cell in table[name]]
        table[name] = pd.Series(cells, index=table.index, dtype=object)  # a column of empty texts stays one of texts
    return table.rename(columns=lambda name: spreadsheet_plain(str(name)))
