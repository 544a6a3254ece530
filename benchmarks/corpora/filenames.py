"""Reading corpora whose file names say everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.corpora.base import Reading
from benchmarks.corpora.corpus import utterances_table
from features.audio import sound_files
from features.errors import CorpusError

SUFFIXES = (".wav", ".flac")
"""Of published sound; CREMA-D holds the same utterances as MP3 too."""


def read_named(
    name: str,
    root: Path,
    *,
    pattern: str,
    example: str,
    row: Callable[[re.Match[str], Path], Mapping[str, object] | None],
    key: Callable[[Path], str] = lambda path: path.stem,
    left_out: str = "",
) -> Reading:
    """Read every sound file below `root` whose name follows a pattern.

    Parameters
    ----------
    name : str
        The corpus, for messages.
    root : path
        The folder to search, at any depth.
    pattern : str
        Regular expression that the whole key has to match.
    example : str
        A file name that follows the pattern, for messages.
    row : callable
        `(match, path)` to the utterance's fields; None leaves it out.
    key : callable
        What of a path the pattern is held against; the file's name without suffix unless told.
    left_out : str
        What the files are that `row` leaves out, for the note.

    Raises
    ------
    CorpusError
        If there is no sound file, a name does not follow the pattern, or two files make the same utterance.
    """
    if not root.is_dir():
        raise CorpusError(f"{name}: {root} is not a folder; expected files such as {example}; mend --root")
    rows: dict[str, Mapping[str, object]] = {}
    skipped = 0
    files = [path for path in sound_files(root) if path.suffix.lower() in SUFFIXES]
    if files and not any(re.fullmatch(pattern, key(path)) for path in files):
        raise CorpusError(
            f"{name}: none of {len(files):,} sound files in {root} follows the published names, expected such as "
            f"{example}; is it another corpus? Mend --root or --corpus"
        )
    for path in files:
        match = re.fullmatch(pattern, key(path))
        if match is None:
            raise CorpusError(
                f"{name}: {path} does not follow the published names, expected such as {example}; move it elsewhere"
            )
        fields = row(match, path)
        if fields is None:
            skipped += 1
            continue
        fields = {"id": key(path), "path": str(path), **fields}
        other = rows.setdefault(str(fields["id"]), fields)
        if other is not fields:
            raise CorpusError(f"{name}: {path} and {other['path']} are the same utterance; point --root at one copy")
    if not rows:
        raise CorpusError(f"{name}: no sound file in {root}; expected files such as {example}; mend --root")
    notes = (f"left out {skipped} {left_out}",) if skipped else ()
    return Reading(utterances_table(rows.values()), notes)
