"""What a form of folds is, and what the readers of all forms share."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from features.errors import FoldError
from features.names import storable
from features.tables import Table

COLUMNS = ("fold", "utterance", "side", "speaker", "label", "text", "session", "path")
"""Columns of folds as every reader gives them, all texts; one that a form does not know is empty."""

SIDES: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "development": "valid",
    "test": "test",
    "testing": "test",
    "eval": "eval",
    "evaluation": "eval",
}
"""Names of the sides in the field's files. `eval` tests where nothing is called test, and validates elsewhere."""

_SIDE = re.compile(rf"(?<![a-z])({'|'.join(sorted(SIDES, key=len, reverse=True))})(?![a-z])", re.IGNORECASE)
_SHARD = re.compile(r"-\d+-of-\d+$")
_NUMBERED = re.compile(r"[a-z]*[ _.-]?\d+", re.IGNORECASE)
ONE_SPLIT = "split"
"""Name of the fold where there is only one."""


@dataclass(frozen=True)
class FoldFormat:
    """A form in which folds are kept.

    Attributes
    ----------
    title : str
        Whose it is, for lists and messages.
    layout : str
        What a file or a folder of it looks like.
    find : callable
        `(path) -> files` of this form: the path itself, or what lies in the folder; none where it is another form.
    read : callable
        `(files, root) -> Table` with the columns `COLUMNS`.
    one_side : bool, default=False
        Whether a file holds one side of a fold only, so that several files make the folds.
    scored : bool, default=False
        Whether it holds answers that are scored: its labels and speakers must be the corpus's.

    Examples
    --------
    >>> from benchmarks.folds.formats import registry
    >>> registry.find("s3prl").one_side
    True
    """

    title: str
    layout: str
    find: Callable[[Path], Sequence[Path]]
    read: Callable[[Sequence[Path], Path], Table]
    one_side: bool = False
    scored: bool = False


@dataclass(frozen=True)
class Entry:
    """An utterance on a side of a fold, and the line or place in its file where that stands."""

    fold: str
    utterance: str
    side: str
    speaker: str = ""
    label: str = ""
    text: str = ""
    session: str = ""
    path: str = ""
    line: int = 0


def table_of(entries: Iterable[Entry], root: Path) -> Table:
    """Entries as the table that all readers give; `eval` becomes the side that it is in its fold.

    Raises
    ------
    FoldError
        If there are none.

    Examples
    --------
    >>> table_of([Entry("1", "a", "eval"), Entry("1", "b", "train")], Path("folds")).rows["side"].tolist()
    ['test', 'train']
    """
    entries = list(entries)
    if not entries:
        raise FoldError(f"{root} names no utterance; expected one line for each; get the folds anew")
    testing = {entry.fold for entry in entries if entry.side == "test"}
    rows = pd.DataFrame(
        [[storable(getattr(entry, column)) for column in COLUMNS] for entry in entries],
        columns=list(COLUMNS),
        dtype=object,
    )
    unclear = rows["side"] == "eval"
    rows.loc[unclear, "side"] = ["valid" if fold in testing else "test" for fold in rows.loc[unclear, "fold"]]
    return Table(root, rows, tuple(entry.line for entry in entries), "", FoldError)


def files_below(path: Path, endings: Sequence[str]) -> list[Path]:
    """A file itself, or all files in a folder, with one of some endings, sorted."""
    found = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
    return [file for file in found if file.suffix.lower() in endings and file.is_file()]


def side_in(file: Path) -> str:
    """The side that a file's name tells; empty where it tells none.

    Examples
    --------
    >>> side_in(Path("dev.tsv")), side_in(Path("train_meta_data.json")), side_in(Path("latest.csv"))
    ('valid', 'train', '')
    """
    found = _SIDE.findall(file.stem.replace("_", " "))
    return SIDES[found[-1].lower()] if found else ""


def fold_in(file: Path, root: Path) -> str:
    """The fold that a file's place below a folder and its name tell.

    Examples
    --------
    >>> fold_in(Path("meta_data/Session1/train_meta_data.json"), Path("meta_data"))
    'Session1'
    >>> fold_in(Path("x/train_fold3.csv"), Path("x")), fold_in(Path("x/train.csv"), Path("x"))
    ('fold3', 'split')
    """
    parents = file.parent.relative_to(root).parts if root.is_dir() or root in file.parents else ()
    rest = _SIDE.sub(" ", _SHARD.sub("", file.stem).replace("_", " "))
    numbered = _NUMBERED.findall(rest)
    return "/".join([*parents, *(part.strip().replace(" ", "_") for part in numbered)]) or ONE_SPLIT


def stems(paths: Sequence[str]) -> list[str]:
    """Ids of sound files: their stems, or the whole paths where one stem stands for several.

    Examples
    --------
    >>> stems(["wav/a.wav", "wav/b.wav"]), stems(["s1/01.wav", "s2/01.wav"])
    (['a', 'b'], ['s1/01.wav', 's2/01.wav'])
    """
    plain = {path: PurePosixPath(path.replace("\\", "/")).stem for path in paths}
    unclear = max(Counter(plain.values()).values(), default=1) > 1
    return [path if unclear else plain[path] for path in paths]


def named_by_path(entries: Sequence[Entry]) -> list[Entry]:
    """Entries without an id of their own, named after their sound files."""
    return [replace(entry, utterance=name) for entry, name in zip(entries, stems([entry.path for entry in entries]))]


def json_in(file: Path) -> Any:
    """What a JSON file holds.

    Raises
    ------
    FoldError
        If it cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FoldError(f"{file}: not JSON in UTF-8 ({reason}); expected folds; get the file anew") from error


def json_lines_in(file: Path) -> Iterator[tuple[int, Any]]:
    """Number and content of every line of a file of JSON lines.

    Raises
    ------
    FoldError
        If it cannot be read, or a line is not an object.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FoldError(f"{file} cannot be read ({error}); expected JSON lines; get the folds anew") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FoldError(
                f"{file}, line {number}: not a JSON object ({type(error).__name__}); get the folds anew"
            ) from error
        if not isinstance(content, dict):
            raise FoldError(f"{file}, line {number}: not a JSON object ({line[:20]!r}); get the folds anew")
        yield number, content


def text_of(value: object) -> str:
    """A value of JSON as a name; empty where there is none."""
    return "" if value is None else str(value)
