"""Utterances as an estimator from elsewhere sees them: integer ids, sound behind links with random names.

Names of files and ids often tell the label (`03a01Wa.wav` is anger in EmoDB), and so does the order of a sorted table.
Our own pipelines read neither; of others nobody knows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import PipelineError

REVEALED = ("id", "path", "gender", "session", "text")
"""What an estimator from elsewhere is shown on request only."""


def check_reveal(reveal: Sequence[str]) -> None:
    """Check a request.

    Raises
    ------
    PipelineError
        If it asks for what there is not.

    Examples
    --------
    >>> check_reveal(["gender"])
    """
    unknown = [name for name in reveal if name not in REVEALED]
    if unknown:
        raise PipelineError(f"reveal {unknown}: expected some of {', '.join(REVEALED)}")


def anonymous(table: pd.DataFrame, folder: Path, *, reveal: Sequence[str], random_state: int) -> pd.DataFrame:
    """The utterances of a corpus under names that tell nothing, in the order of the corpus.

    Parameters
    ----------
    table : DataFrame
        Utterances, with index `(speaker, id)` and at least `path, start, end`.
    folder : Path
        Where the links to the sound are made; an empty folder of its own.
    reveal : sequence of str
        Some of `REVEALED`, which stay as they are.
    random_state : int
        Seed of the numbers, so that equal jobs give equal results.

    Returns
    -------
    DataFrame
        Columns `path, start, end, gender, session`, empty where they are not revealed, and `text` where it is; speakers
        keep their names, by which a pipeline may standardise, and ids are numbers drawn at random.

    Examples
    --------
    >>> import tempfile
    >>> index = pd.MultiIndex.from_tuples([("03", "03a01Wa"), ("08", "08a01Na")], names=["speaker", "id"])
    >>> table = pd.DataFrame({"path": ["a.wav", "b.wav"], "start": np.nan, "end": np.nan}, index=index)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     anonymous(table, Path(folder), reveal=["path"], random_state=0).index.tolist()
    [('03', 0), ('08', 1)]
    """
    rng = np.random.default_rng(random_state)
    rows = table[["path", "start", "end", *(["text"] if "text" in reveal and "text" in table.columns else [])]].copy()
    for place, name in enumerate(("gender", "session"), start=3):
        rows.insert(place, name, table[name] if name in reveal and name in table.columns else "")
    if "id" not in reveal:
        speakers = table.index.get_level_values("speaker")
        rows.index = pd.MultiIndex.from_arrays([speakers, rng.permutation(len(table))], names=table.index.names)
    if "path" not in reveal:
        paths = pd.unique(rows["path"])
        links = {path: folder / f"{rng.bytes(12).hex()}{Path(path).suffix}" for path in paths}
        for path, link in links.items():
            _link(Path(path), link)
        rows["path"] = [str(links[path]) for path in rows["path"]]
    return rows


def _link(source: Path, link: Path) -> None:
    """Give a file another name that does not lead back to its own, or a link where the disk has no second names."""
    if not source.exists():
        return  # a pipeline that listens says so itself, as it does of any sound that is missing
    try:
        os.link(source.resolve(), link)
    except OSError:
        try:
            link.symlink_to(source.resolve())
        except OSError:  # a system that grants no links
            shutil.copyfile(source, link)
