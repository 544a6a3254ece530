"""What an audit finds: a kind, a severity, numbers, examples and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SCHEMA = 1
"""Version of a finding's form in JSON; it changes when a field is renamed, taken away or means something else."""

MOST_EXAMPLES = 5


class Kind(StrEnum):
    """What a finding is about.

    Examples
    --------
    >>> Kind.TEXT.about
    'sentences'
    """

    SPEAKER = "speaker"
    TEXT = "text"
    SESSION = "session"
    RECORDING = "recording"
    UNKNOWN = "unknown"
    MISSING = "missing"
    VALIDATION = "validation"
    CLASS = "class"
    FEATURE = "feature"

    @property
    def about(self) -> str:
        """What is looked at, in words."""
        return _ABOUT[self]


_ABOUT = {
    Kind.SPEAKER: "speakers",
    Kind.TEXT: "sentences",
    Kind.SESSION: "sessions",
    Kind.RECORDING: "recordings",
    Kind.UNKNOWN: "utterances that the corpus lacks",
    Kind.MISSING: "utterances and speakers that the folds lack",
    Kind.VALIDATION: "the validation side",
    Kind.CLASS: "classes",
    Kind.FEATURE: "feature tables",
}


class Severity(StrEnum):
    """How much a finding matters; folds without errors and warnings are clean."""

    ERROR = "error"
    """A score on these folds is not what it is taken for."""
    WARNING = "warning"
    """A score on these folds may not be comparable."""
    NOTE = "note"
    """What a reader of a score should know."""


@dataclass(frozen=True)
class Finding:
    """One thing that an audit found in one fold.

    Attributes
    ----------
    kind : Kind
    severity : Severity
    fold : str
        Empty where it is about all folds.
    message : str
        What was found, in a sentence.
    remedy : str
        What to do.
    count : int, default=0
        How many of what the finding is about: speakers, sentences, sessions, utterances, labels, columns.
    of : int, optional
        Among how many.
    examples : tuple of str, default=()
        The first few.
    path : str, default=""
        The file or folder that was audited.
    checked : bool, default=True
        False where it says that something could not be checked.

    Examples
    --------
    >>> Finding(Kind.SPEAKER, Severity.ERROR, "fold_1", "2 of 4 test speakers train", "...", 2, 4).json()["of"]
    4
    """

    kind: Kind
    severity: Severity
    fold: str
    message: str
    remedy: str
    count: int = 0
    of: int | None = None
    examples: tuple[str, ...] = ()
    path: str = ""
    checked: bool = True

    def json(self) -> dict[str, Any]:
        """The finding as JSON, with the version of this form."""
        return {
            "schema": SCHEMA,
            "path": self.path,
            "fold": self.fold,
            "kind": str(self.kind),
            "severity": str(self.severity),
            "count": self.count,
            "of": self.of,
            "examples": list(self.examples),
            "message": self.message,
            "remedy": self.remedy,
            "checked": self.checked,
        }


def some(names: Iterable[object]) -> tuple[str, ...]:
    """The first few of some names, sorted.

    Examples
    --------
    >>> some({"b", "a"})
    ('a', 'b')
    """
    return tuple(sorted({str(name) for name in names})[:MOST_EXAMPLES])
