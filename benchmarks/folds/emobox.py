"""Folds as EmoBox publishes them: a folder per fold, with a JSON line per clip that trains, validates or tests.

Ma et al. 2024, "EmoBox: multilingual multi-corpus speech emotion recognition toolkit and benchmark", Interspeech.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from features.errors import FoldError
from features.tables import Table

_FILE = re.compile(r"_(train|valid|test)_(fold_\w+)\.jsonl$")


def read_emobox(folder: Path) -> Table:
    """Read a folder of EmoBox folds as a table of `fold`, `utterance` and `side`.

    Parameters
    ----------
    folder : Path
        With files such as `fold_1/ravdess_test_fold_1.jsonl`. An utterance is named by its `wav`, a path.

    Raises
    ------
    FoldError
        If there are no such files, or one of them cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     path = Path(name) / "fold_1" / "mine_test_fold_1.jsonl"
    ...     path.parent.mkdir()
    ...     _ = path.write_text('{"key": "mine-a", "wav": "audio/a.wav", "emo": "Angry"}')
    ...     read_emobox(Path(name)).rows.iloc[0].to_dict()
    {'fold': 'fold_1', 'utterance': 'a', 'side': 'test'}
    """
    files = [(path, found) for path in sorted(folder.rglob("*.jsonl")) if (found := _FILE.search(path.name))]
    if not files:
        raise FoldError(
            f"{folder} holds no folds: expected files such as fold_1/CORPUS_test_fold_1.jsonl, as EmoBox publishes "
            "them, or give a CSV with fold, utterance, side"
        )
    entries = [
        (found[2], utterance, found[1], line) for path, found in files for line, utterance in _utterances_in(path)
    ]
    rows = pd.DataFrame([entry[:3] for entry in entries], columns=["fold", "utterance", "side"], dtype=object)
    return Table(folder, rows, tuple(entry[3] for entry in entries), "", FoldError)


def _utterances_in(path: Path) -> Iterator[tuple[int, str]]:
    """Line number and name of each clip of a file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FoldError(f"{path} cannot be read ({error}); expected JSON lines; get the folds anew") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            sound = json.loads(line)["wav"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FoldError(
                f"{path}, line {number}: not a JSON object with wav, the clip's path ({type(error).__name__}); get the "
                "folds anew"
            ) from error
        if not isinstance(sound, str) or not PurePosixPath(sound).stem:
            raise FoldError(f"{path}, line {number}: wav is {sound!r}; expected the clip's path; get the folds anew")
        yield number, PurePosixPath(sound).stem
