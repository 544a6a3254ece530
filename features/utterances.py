"""Tables of utterances: from files, folders or a CSV, whole or in windows over long recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from features.audio import SUFFIXES, left_out_of, sound_files
from features.column_names import find_columns, standing_for
from features.errors import AudioError, InputError, SerError
from features.names import normalise, storable
from features.remote import url_of
from features.tables import Table, column_names, read_table

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_TAIL = 0.1
NO, YES = ("", "0", "no", "false"), ("yes", "true", "x")
"""What may stand in the column enrol of a manifest, beside a rank from 1."""


def utterances(
    inputs: Sequence[str | Path], *, manifest: str | Path | None = None, one_speaker: bool = False
) -> pd.DataFrame:
    """Put files, folders and a manifest together as an utterances table.

    Parameters
    ----------
    inputs
        Sound files, and folders whose sound files are taken, subfolders included, in the order of their names.
    manifest
        CSV with the column path (relative to the manifest's folder) and, where known, speaker, start, end (seconds),
        and enrol: 1 in rows whose clips a model may standardise their speaker by.
    one_speaker
        Say that everything is spoken by one and the same person.

    Returns
    -------
    table
        Index (speaker, id); columns path, start, end, gender, session, and enrol where the manifest has it. A speaker
        who is not known is ''.

    Raises
    ------
    InputError
        If there are no inputs, or the manifest cannot be used.
    """
    import pandas as pd

    sources = [Path(source) for source in inputs]
    if sources and not any(url_of(source) or source.exists() for source in sources):
        raise InputError(f"{sources[0]}: no such file or folder; expected sound files or folders; check the path")
    rows = [_Row(path) for source in sources for path in _files(source)]
    if manifest is not None:
        rows.extend(_manifest_rows(Path(manifest)))
    if not rows:
        raise InputError("no inputs: give sound files, folders, or a manifest")
    speakers = ["one speaker" if one_speaker else row.speaker for row in rows]
    paths = pd.Series([str(row.path) for row in rows], dtype=object)  # pandas' own text holds UTF-8 alone
    table = pd.DataFrame({"path": paths, "start": [row.start for row in rows], "end": [row.end for row in rows]})
    table["gender"] = table["session"] = ""
    if any(row.enrol is not None for row in rows):
        table["enrol"] = [row.enrol or 0 for row in rows]
    table.index = _index(speakers, _ids(table))
    return table


def read_utterances(
    path: str | Path,
    *,
    required: Sequence[str] = ("path",),
    columns: Mapping[str, str] | None = None,
    error: type[SerError] = InputError,
) -> Table:
    """Read a CSV with one row per utterance.

    Parameters
    ----------
    path : str or Path
        The CSV; see `features.tables.read_table`.
    required : sequence of str
        Columns in which no cell may be empty; `path` is one of them.
    columns : mapping of str to str, optional
        The table's name of each column that has another than this toolkit's; by default what stands for path and, if
        it is one column alone, for speaker, such as file and spk.
    error : type
        Kind of error to raise.

    Returns
    -------
    Table
        `path` is joined to the folder of the CSV; `id`, where there is no such column, is the path as it stands there,
        with the times behind it where several rows have that path; `start` and `end` are there, empty where they were
        not.

    Raises
    ------
    SerError
        If the file cannot be read, or a required cell is empty; of the kind `error`.
    """
    if columns is None:
        columns = usual_columns(path, error=error)
    table = read_table(path, required=[columns.get(column, column) for column in required], error=error)
    table = renamed(table, columns, required=required)
    return placed(table, several=table.rows["path"].duplicated(keep=False))


def usual_columns(path: str | Path, *, error: type[SerError] = InputError) -> dict[str, str]:
    """What stands for path and, if it is one column alone, for speaker in a CSV, such as file and spk.

    Raises
    ------
    SerError
        If no column or several could be the path.
    """
    names = column_names(path)
    columns = find_columns(names, ("path",), where=str(path), error=error)
    speakers = standing_for("speaker", names)
    return columns | ({"speaker": speakers[0]} if len(speakers) == 1 else {})


def renamed(table: Table, columns: Mapping[str, str], *, required: Sequence[str] = ("path",)) -> Table:
    """A table under this toolkit's names of columns; required ones hold something in every row.

    Raises
    ------
    SerError
        If a required cell is empty; of the table's kind.
    """
    others = table.rows.drop(columns=set(columns.values()) - set(columns))
    rows = others.assign(**{ours: table.rows[theirs] for ours, theirs in columns.items()})
    table = replace(table, rows=rows)
    for column in required:
        table.refuse(column, rows[column] == "", expected=f"a {column} in every row")
    return table


def stretches(rows: pd.DataFrame) -> pd.Series:
    """Paths as they stand in a table, with the times behind them where there are columns of times."""
    times = [rows[column] for column in ("start", "end") if column in rows]
    return rows["path"] + (["#" + "-".join(texts) for texts in zip(*times)] if times else "")


def placed(table: Table, *, several: pd.Series) -> Table:
    """A table whose rows have an id, times, and paths that lead from its folder to files.

    Parameters
    ----------
    table : Table
    several : Series of bool
        Whether other rows, of this table or of others of the same file, have the row's path too.
    """
    import pandas as pd

    rows = table.rows.copy()
    if "id" not in rows:
        rows["id"] = rows["path"].where(~several, stretches(rows))
    listed: dict[Path, dict[str, str]] = {}
    found = {path: url_of(path) or str(_on_disk(table.path.parent / path, listed)) for path in rows["path"].unique()}
    rows["path"] = pd.Series(
        [found[path] for path in rows["path"]], index=rows.index, dtype=object
    )  # pandas' own text holds UTF-8 alone
    for column in {"start", "end"} - set(rows):
        rows[column] = ""
    return replace(table, rows=rows)


def _on_disk(path: Path, listed: dict[Path, dict[str, str]]) -> Path:
    """The path as the disk spells it: letters with accents may be composed in a table and decomposed on the disk.

    Folders that were listed are kept in `listed`.
    """
    if path.exists():
        return path
    folder = path.parent if path.parent.exists() or path.parent == path else _on_disk(path.parent, listed)
    if folder not in listed:
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        listed[folder] = {normalise(name): name for name in names}
    return folder / listed[folder].get(normalise(path.name), path.name)


def cut(table: pd.DataFrame, *, window: float, hop: float) -> pd.DataFrame:
    """Cut every utterance of a table into overlapping windows.

    The last window ends where the utterance ends, so that nothing is left out; an utterance shorter than a window stays
    whole.

    Parameters
    ----------
    table
        Utterances table.
    window, hop
        Length of a window, and from the start of one to the start of the next, in seconds, above 0.

    Raises
    ------
    InputError
        If window or hop is not above 0.
    AudioError
        If a file cannot be read.
    """
    import pandas as pd

    if not (window > 0 and hop > 0):
        raise InputError(f"window {window:g} s and hop {hop:g} s: both must be above 0")
    pieces: list[tuple[int, float, float]] = []
    for position, (start, end) in enumerate(zip(table["start"], table["end"])):
        first = 0.0 if pd.isna(start) else float(start)
        last = duration(table["path"].iloc[position]) if pd.isna(end) else float(end)
        pieces.extend((position, begin, stop) for begin, stop in spans(first, last, window=window, hop=hop))
    result = table.iloc[[position for position, _, _ in pieces]].copy()
    result["start"] = [begin for _, begin, _ in pieces]
    result["end"] = [stop for _, _, stop in pieces]
    result.index = _index(result.index.get_level_values("speaker"), _ids(result))
    return result


def spans(first: float, last: float, *, window: float, hop: float) -> list[tuple[float, float]]:
    """Start and end of the windows from `first` to `last`, in seconds; always at least one.

    Examples
    --------
    >>> spans(0.0, 5.5, window=3.0, hop=1.0)
    [(0.0, 3.0), (1.0, 4.0), (2.0, 5.0), (2.5, 5.5)]
    """
    if last - first <= window:
        return [(first, last)]
    windows = [
        (first + k * hop, first + k * hop + window) for k in range(n_whole(last - first, window=window, hop=hop))
    ]
    if last - windows[-1][1] >= SHORTEST_TAIL:
        windows.append((last - window, last))
    return windows


def n_whole(seconds: float, *, window: float, hop: float) -> int:
    """How many whole windows, one every hop, lie in so many seconds.

    Examples
    --------
    >>> n_whole(5.5, window=3.0, hop=1.0), n_whole(2.9, window=3.0, hop=1.0)
    (3, 0)
    """
    return int((seconds - window) / hop + 1e-9) + 1 if seconds >= window else 0


def inside_files(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Hold the ends of utterances against their files: one that lies at a file's end or behind it becomes NaN.

    Parameters
    ----------
    table
        Utterances table.

    Returns
    -------
    table
        The same where no end is given.
    note
        How many ends lie more than 10 ms behind their file's, and the first of them; empty where none does.
    """
    import numpy as np

    ends = table["end"].to_numpy(dtype=float).copy()
    behind = []
    for position in np.flatnonzero(~np.isnan(ends)):
        path, end = table["path"].iloc[position], ends[position]
        try:
            length = duration(path)
        except AudioError:  # what is wrong with the sound is said where it is read
            continue
        if ends_behind(end, length):
            behind.append(f"{path} ({end:g} s of {length:.3f} s)")
        if end >= length:
            ends[position] = np.nan
    if not behind:
        return table.assign(end=ends), ""
    note = f"{len(behind):,} of {len(table):,} utterances end behind their file and are read to its end: {behind[0]}"
    return table.assign(end=ends), note


def ends_behind(end: float, length: float) -> bool:
    """Whether an end lies more than 10 ms behind that of a file, and not at infinity, which means the file's end.

    Examples
    --------
    >>> ends_behind(2.5, 2.0), ends_behind(2.005, 2.0), ends_behind(float("inf"), 2.0)
    (True, False, False)
    """
    return length + 0.01 < end < float("inf")


def duration(path: str | Path) -> float:
    """Length of a sound file in seconds.

    Raises
    ------
    AudioError
        If the file is missing, is not audio, or holds less than it states.
    """
    from features.sound_file import OpenedSound, frames_stated

    with OpenedSound(Path(path)) as sound:
        frames = frames_stated(sound)
        if frames is None:  # nobody wrote it down: count
            frames = sum(len(block) for block in sound.blocks(1 << 16, dtype="float32", always_2d=True))
        return float(frames / sound.samplerate)


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]  # what is no sound file is named with the others that cannot be analysed
    paths = sound_files(source)
    if not paths:
        others = left_out_of(source)
        expected = f"expected one of {' '.join(SUFFIXES)}"
        raise InputError("; ".join(filter(None, [f"{source}: no sound file in this folder", expected, others])))
    return paths


@dataclass(frozen=True)
class _Row:
    """An utterance as it was given; `enrol` is None where nobody says whether it enrols its speaker."""

    path: Path
    start: float = float("nan")
    end: float = float("nan")
    speaker: str = ""
    enrol: int | None = None


def _manifest_rows(manifest: Path) -> list[_Row]:
    table = read_utterances(manifest)
    missing = [url_of(path) is None and not Path(path).exists() for path in table.rows["path"]]
    if all(missing):  # a folder that moved; single files are named with the others that cannot be analysed
        table.refuse("path", missing, expected="a sound file that is there")
    speakers = table.rows["speaker"] if "speaker" in table.rows else [""] * len(table.rows)
    columns = (map(Path, table.rows["path"]), table.seconds("start"), table.seconds("end"), speakers, _ranks(table))
    return [_Row(*row) for row in zip(*columns)]


def _ranks(table: Table) -> Sequence[int | None]:
    """The column enrol: 0 for a clip that does not enrol its speaker, else its rank, 1 where none is given."""
    if "enrol" not in table.rows:
        return [None] * len(table.rows)
    words = [str(word).strip().casefold() for word in table.rows["enrol"]]
    wrong = [not (word in (*NO, *YES) or (word.isascii() and word.isdigit())) for word in words]
    table.refuse("enrol", wrong, expected="1 where a clip enrols its speaker, else nothing")
    return [0 if word in NO else 1 if word in YES else int(word) for word in words]


def _ids(table: pd.DataFrame) -> list[str]:
    """Name each row by its path, and by its stretch where it is not the whole file."""
    import pandas as pd

    return [
        storable(str(path) if pd.isna(start) and pd.isna(end) else f"{path}#{start:g}-{end:g}")
        for path, start, end in zip(table["path"], table["start"], table["end"])
    ]


def _index(speakers: Sequence[str], ids: list[str]) -> pd.MultiIndex:
    import pandas as pd

    return pd.MultiIndex.from_arrays([list(speakers), ids], names=["speaker", "id"])
