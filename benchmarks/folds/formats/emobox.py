"""Folds as EmoBox publishes them: a folder per fold, with a JSON line per clip that trains, validates or tests.

Ma et al. 2024, "EmoBox: multilingual multi-corpus speech emotion recognition toolkit and benchmark", Interspeech.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from benchmarks.folds.formats.base import (
    Entry,
    FoldFormat,
    files_below,
    json_lines_in,
    named_by_path,
    table_of,
    text_of,
)
from features.errors import FoldError

if TYPE_CHECKING:
    from features.tables import Table

_FILE = re.compile(r"_(train|valid|test)_(fold_\w+)\.jsonl$")


def find(path: Path) -> list[Path]:
    """Files such as `fold_1/ravdess_test_fold_1.jsonl`."""
    return [file for file in files_below(path, (".jsonl",)) if _FILE.search(file.name)]


def read(files: Sequence[Path], root: Path) -> Table:
    """Read files of EmoBox folds; an utterance is named by its `wav`, a path.

    Parameters
    ----------
    files : sequence of Path
        With names such as `ravdess_test_fold_1.jsonl`.
    root : Path
        The folder, for messages.

    Raises
    ------
    FoldError
        If one of them cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     path = Path(name) / "mine_test_fold_1.jsonl"
    ...     _ = path.write_text('{"key": "mine-a", "wav": "audio/a.wav", "emo": "Angry"}')
    ...     read([path], Path(name)).rows.iloc[0].to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'fold': 'fold_1', 'utterance': 'a', 'side': 'test', 'speaker': '', 'label': 'Angry', 'text': '', 'session': '',
     'path': 'audio/a.wav'}
    """
    return table_of(named_by_path([entry for file in files for entry in _entries(file)]), root)


def _entries(file: Path) -> Iterator[Entry]:
    found = _FILE.search(file.name)
    side, fold = found.groups() if found else ("", "")
    for line, clip in json_lines_in(file):
        if "wav" not in clip:
            raise FoldError(f"{file}, line {line}: not a JSON object with wav, the clip's path; get the folds anew")
        sound = clip["wav"]
        if not isinstance(sound, str) or not PurePosixPath(sound).stem:
            raise FoldError(f"{file}, line {line}: wav is {sound!r}; expected the clip's path; get the folds anew")
        speaker = text_of(clip.get("speaker") or clip.get("spk"))
        yield Entry(fold, "", side, speaker, text_of(clip.get("emo")), path=sound, line=line)


FORMAT = FoldFormat("EmoBox", "fold_1/CORPUS_test_fold_1.jsonl", find, read, one_side=True)
