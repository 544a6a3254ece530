"""Folds as SpeechBrain's recipes keep them: train.json, valid.json and test.json, an utterance a key.

Ravanelli et al. 2021, "SpeechBrain: A general-purpose speech toolkit".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.folds.formats.base import Entry, FoldFormat, files_below, fold_in, json_in, side_in, table_of, text_of
from features.errors import FoldError

if TYPE_CHECKING:
    from features.tables import Table

SOUND = ("wav", "audio", "path", "file_path")
SPEAKER = ("spk_id", "spk", "speaker", "speaker_id")
LABEL = ("emo", "emotion", "label", "command")
TEXT = ("words", "wrd", "text", "transcript")


def find(path: Path) -> list[Path]:
    """JSON files named after a side whose values are utterances with their sound."""
    return [file for file in files_below(path, (".json",)) if side_in(file) and _is_manifest(json_in(file))]


def _is_manifest(content: Any) -> bool:
    return isinstance(content, dict) and any(isinstance(clip, dict) and _sound(clip) for clip in content.values())


def read(files: Sequence[Path], root: Path) -> Table:
    """Read files such as `train.json`; an utterance is named by its key."""
    return table_of([entry for file in files for entry in _entries(file, root)], root)


def _entries(file: Path, root: Path) -> Iterator[Entry]:
    fold, side = fold_in(file, root), side_in(file)
    for place, (name, clip) in enumerate(json_in(file).items(), start=1):
        if not isinstance(clip, dict) or not _sound(clip):
            raise FoldError(f"{file}: utterance {name!r} has no wav; expected the clip's path; get the file anew")
        yield Entry(
            fold,
            name,
            side,
            _first(clip, SPEAKER),
            _first(clip, LABEL),
            _first(clip, TEXT),
            _first(clip, ("session",)),
            path=_sound(clip),
            line=place,
        )


def _sound(clip: dict[str, Any]) -> str:
    """Where its sound is; a stretch of a longer file is told by `file`."""
    value = next((clip[key] for key in SOUND if clip.get(key)), "")
    path = value.get("file") if isinstance(value, dict) else value
    return path if isinstance(path, str) else ""


def _first(clip: dict[str, Any], keys: Sequence[str]) -> str:
    return next((text_of(clip[key]) for key in keys if clip.get(key) is not None), "")


FORMAT = FoldFormat("SpeechBrain", "train.json, valid.json, test.json", find, read, one_side=True)
