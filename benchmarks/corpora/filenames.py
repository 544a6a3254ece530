"""Reading corpora whose file names say everything, or everything but a table that comes with them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpora.base import Reading
from benchmarks.corpora.corpus import utterances_table
from features.audio import left_out_of, sound_files
from features.errors import CorpusError
from features.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED = (".wav", ".flac")
"""Of published sound; others are read where there is none of these. CREMA-D holds the same utterances as MP3 too."""


def read_named(
    name: str,
    root: Path,
    *,
    pattern: str,
    example: str,
    labels: Mapping[str, str],
    fields: Callable[[re.Match[str]], Mapping[str, object] | None] = lambda _: {},
    key: Callable[[Path], str] = lambda path: path.stem,
    left_out: str = "",
) -> Reading:
    """Read every sound file below `root` whose name follows a pattern.

    Parameters
    ----------
    name : str
        The corpus, for messages.
    root : Path
        The folder to search, at any depth.
    pattern : str
        Regular expression that the whole key has to match. Its named groups are fields of the utterance: `speaker` and
        `label`, and where the name says them `text`, `gender` and `session`.
    example : str
        A file name that follows the pattern, for messages.
    labels : mapping
        The field's label code of each label in a name.
    fields : callable, optional
        `(match)` to more fields, or to other values of those of the pattern; None leaves the file out.
    key : callable, optional
        What of a path the pattern is matched against; by default the file's name without suffix.
    left_out : str, default=""
        What the files are that `fields` leaves out, for the note.

    Returns
    -------
    Reading

    Raises
    ------
    CorpusError
        If there is no sound file, a name does not follow the pattern, or two files make the same utterance.

    Examples
    --------
    >>> from benchmarks.corpora import read_named
    >>> reading = read_named(  # doctest: +SKIP
    ...     "kiosk", Path("kiosk"), pattern=r"(?P<speaker>[a-z]+)_(?P<label>joy|rage)_[0-9]{2}",
    ...     example="anna_joy_01.wav", labels={"joy": "hap", "rage": "ang"},
    ... )
    """
    if not root.is_dir():
        raise CorpusError(f"{name}: {root} is not a folder; expected files such as {example}; correct --root")
    readable, others = sound_files(root), left_out_of(root)
    published = [path for path in readable if path.suffix.lower() in PUBLISHED]
    files = {path: key(path) for path in published or readable}
    if not files:
        problem = f"{name}: no sound file in {root}; expected files such as {example}; correct --root"
        raise CorpusError("; ".join(filter(None, [problem, others])))
    matches = {path: re.fullmatch(pattern, files[path]) for path in files}
    if not any(matches.values()):
        raise CorpusError(
            f"{name}: none of {len(files):,} sound files in {root} follows the published names, expected such as "
            f"{example}; is it another corpus? Correct --root or --corpus"
        )
    rows: dict[object, Mapping[str, object]] = {}
    n_left_out = 0
    for path, match in matches.items():
        if match is None:
            raise CorpusError(
                f"{name}: {path} does not follow the published names, expected such as {example}; move it elsewhere"
            )
        more = fields(match)
        if more is None:
            n_left_out += 1
            continue
        row = {"id": files[path], "path": str(path), **match.groupdict(), **more}
        row["label"] = labels[str(row["label"])]
        first = rows.setdefault(row["id"], row)
        if first is not row:
            raise CorpusError(f"{name}: {path} and {first['path']} are the same utterance; point --root at one copy")
    doubled = len(readable) - len(files)
    notes = [
        f"left out {n_left_out} {left_out}" if n_left_out else "",
        f"left out {doubled} files of sound that are neither WAV nor FLAC, as published" if doubled else "",
        others,
    ]
    return Reading(utterances_table(rows.values()), tuple(filter(None, notes)))


def refuse_videos(name: str, root: Path, *, suffix: str) -> None:
    """Say how to convert a corpus that is published as video, where its folder holds video and no sound.

    Parameters
    ----------
    name : str
        The corpus, for messages.
    root : Path
        The folder to search, at any depth.
    suffix : str
        Of the published files, such as `.avi`.

    Raises
    ------
    CorpusError
        If there are such files and no sound that can be read.

    Examples
    --------
    >>> refuse_videos("enterface", Path("enterface"), suffix=".avi")
    """
    if not root.is_dir() or sound_files(root):
        return
    videos = sum(path.suffix.lower() == suffix and not path.name.startswith(".") for path in root.rglob("*"))
    if videos:
        one = """'ffmpeg -i "$1" -vn "${1%.*}.wav"'"""
        convert = f"find {shlex.quote(str(root))} -name '*{suffix}' -exec sh -c {one} _ {{}} \\;"
        raise CorpusError(
            f"{name}: {root} holds {videos:,} {suffix} files and no sound; expected a .wav beside each; make them with "
            f"ffmpeg: {convert}"
        )


def read_table_beside(root: Path, name: str, *, required: Sequence[str]) -> pd.DataFrame | None:
    """Read the table that comes with a corpus, from its folder or the one above it.

    Parameters
    ----------
    root : Path
    name : str
        The table's file name.
    required : sequence of str
        Columns that must be there.

    Returns
    -------
    pandas.DataFrame or None
        Every cell as text; None where the file is in neither folder.

    Raises
    ------
    CorpusError
        If it cannot be read, or lacks a column.

    Examples
    --------
    >>> read_table_beside(Path("CREMA-D/AudioWAV"), "VideoDemographics.csv", required=("ActorID", "Sex")) is None
    True
    """
    for folder in (root, root.parent):
        if (folder / name).is_file():
            return read_table(folder / name, required=required, error=CorpusError).rows
    return None
