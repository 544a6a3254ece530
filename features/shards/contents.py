"""What the files of a folder of shards say of themselves: how the table was made, what is in it, what is not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from features.errors import FeatureError

SUFFIX = ".parquet"
BAD_FILE, ABOUT_FILE, LOCK_FILE = "_bad.csv", "_about.json", ".lock"
"""Files beside the shards; pyarrow's and pandas' readers of folders pass over names that begin so."""

KEY = b"speech-emotion-baselines"
ROWS = 1000
"""Of a shard: a minute of one process's work, which a kill of the command costs at most beside what was in flight."""

COMMON = ("id", "path", "start", "end", "sound")


@dataclass(frozen=True)
class Made:
    """What a table is made of; another of any of these is another table.

    Attributes
    ----------
    preset : str
        Name of what the values are, such as a frozen feature set with its hash.
    code : str
        What determines the values: parameters, code, versions of libraries.
    version : str
        Of the toolkit.
    source : str
        Hash of the list of utterances.
    rows : int
        Of each shard but the last.
    """

    preset: str
    code: str
    version: str
    source: str
    rows: int


@dataclass(frozen=True)
class Columns:
    """Columns of a table behind the id, path, stretch and sound of each row.

    Attributes
    ----------
    texts, numbers : tuple of str
        Of text, and of numbers of 32 bits.
    """

    numbers: tuple[str, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadRow:
    """A clip that is not in the table."""

    id: str
    path: str
    start: float | None
    end: float | None
    reason: str


@dataclass(frozen=True)
class Shard:
    """What a shard's schema says of it.

    Attributes
    ----------
    made : Made
    n_rows : int
    seconds : float
        Of sound in all rows.
    n_behind : int
        Rows whose end lies behind their file's.
    sound, content : str
        Hash of all rows' sound, and of ids and values.
    bad : tuple of BadRow
    """

    made: Made
    n_rows: int
    seconds: float
    n_behind: int
    sound: str
    content: str
    bad: tuple[BadRow, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What a whole table is.

    Attributes
    ----------
    made : Made
    columns : Columns
    n_rows, n_bad, n_behind : int
        Rows; clips that are not among them; rows whose end lies behind their file's.
    hours : float
        Of sound.
    shards : dict of str to str
        Hash of the content of each file.
    """

    made: Made
    columns: Columns
    n_rows: int
    n_bad: int
    n_behind: int
    hours: float
    shards: dict[str, str]


def is_folder(name: str | Path) -> bool:
    """Whether a name is that of a table in a folder: it ends in .parquet/, or such a folder is there.

    Examples
    --------
    >>> is_folder("calls.parquet/"), is_folder("calls.parquet"), is_folder("calls/")
    (True, False, False)
    """
    path = Path(name)
    return path.suffix.lower() == SUFFIX and (str(name).endswith(("/", os.sep)) or path.is_dir())


def shard_files(folder: Path) -> list[Path]:
    """Shards in a folder."""
    return [file for file in folder.glob(f"*{SUFFIX}") if file.stem.isdecimal()]


def read_shard(file: Path) -> Shard:
    """What a shard's schema says of it.

    Raises
    ------
    FeatureError
        If it is no shard of this toolkit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        said = json.loads((pq.read_schema(file).metadata or {})[KEY])
        bad = tuple(BadRow(**row) for row in said.pop("bad"))
        return Shard(Made(**said.pop("made")), bad=bad, **said)
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        raise FeatureError(
            f"{file}: no part of a table of this toolkit ({type(error).__name__}); expected what `features.extract` "
            "wrote; give another folder, or remove the file"
        ) from error


def summary_of(folder: Path) -> Summary:
    """What a table is, as it was written when it was whole.

    Raises
    ------
    FeatureError
        If it is not whole, or no such table.
    """
    file = folder / ABOUT_FILE
    try:
        stamp = file.stat().st_mtime_ns
    except OSError as error:
        raise FeatureError(
            f"{folder}: a table that is not whole, or none; expected {ABOUT_FILE} in it; give the command that fills "
            "it again"
        ) from error
    summary = _read_summary(file, stamp)
    missing = sorted(set(summary.shards) - {found.name for found in shard_files(folder)})
    if missing:
        raise FeatureError(
            f"{folder}: {len(missing)} of {len(summary.shards)} parts are gone, {missing[0]} the first; expected all; "
            "give the command that fills it again"
        )
    return summary


@lru_cache(maxsize=8)
def _read_summary(file: Path, _stamp: int) -> Summary:
    try:
        said: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        columns = Columns(**{name: tuple(names) for name, names in said["columns"].items()})
        return Summary(**{**said, "made": Made(**said["made"]), "columns": columns})
    except (ValueError, KeyError, TypeError) as error:
        raise FeatureError(
            f"{file}: damaged ({type(error).__name__}); expected what the command wrote that fills the folder; give "
            "it again"
        ) from error
