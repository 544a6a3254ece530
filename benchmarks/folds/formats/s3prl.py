"""Folds as s3prl and SUPERB keep them: per session a JSON file of what trains and one of what tests.

Yang et al. 2021, "SUPERB: Speech processing Universal PERformance Benchmark", Interspeech. What it calls the speaker of
an IEMOCAP turn is the actor who wears the markers in the dialogue, whoever speaks: the corpus knows who does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.folds.formats.base import (
    Entry,
    FoldFormat,
    files_below,
    fold_in,
    json_in,
    named_by_path,
    side_in,
    table_of,
    text_of,
)
from features.errors import FoldError

if TYPE_CHECKING:
    from features.tables import Table


def find(path: Path) -> list[Path]:
    """JSON files named after a side that hold `meta_data`."""
    return [file for file in files_below(path, (".json",)) if side_in(file) and _is_meta_data(json_in(file))]


def _is_meta_data(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("meta_data"), list)


def read(files: Sequence[Path], root: Path) -> Table:
    """Read files such as `Session1/train_meta_data.json`; an utterance is named by its path."""
    return table_of(named_by_path([entry for file in files for entry in _entries(file, root)]), root)


def _entries(file: Path, root: Path) -> Iterator[Entry]:
    fold, side = fold_in(file, root), side_in(file)
    for place, clip in enumerate(json_in(file)["meta_data"], start=1):
        if not isinstance(clip, dict) or not isinstance(clip.get("path"), str) or not clip["path"]:
            raise FoldError(
                f"{file}, entry {place} of meta_data is {str(clip)[:60]!r}; expected path, label, speaker; get the "
                "file anew"
            )
        names = {key: text_of(clip.get(key)) for key in ("speaker", "label", "text", "session")}
        yield Entry(fold, "", side, **names, path=clip["path"], line=place)


FORMAT = FoldFormat("s3prl", "Session1/train_meta_data.json", find, read, one_side=True)
