"""The one policy for clips that cannot be analysed: stop, or go on without them; all of them are named."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from features.errors import AudioError
from features.names import printable

if TYPE_CHECKING:
    from features.clips import Clip

UNREADABLE = (AudioError, OSError, MemoryError)
"""What one clip's sound can raise without anything being wrong with the others."""


class OnError(StrEnum):
    """What to do about clips that cannot be analysed.

    Examples
    --------
    >>> [str(choice) for choice in OnError]
    ['stop', 'skip']
    """

    STOP = "stop"
    """Nothing is trained without them; what only computes or predicts does the others, and ends with status 1."""
    SKIP = "skip"
    """Go on without them, count them, and say so; status 0."""


@dataclass(frozen=True)
class BadClip:
    """A clip that cannot be analysed.

    Attributes
    ----------
    position : int
        Where it stands among the clips asked for.
    name : str
        What errors call it: usually its path.
    reason : str
        What is wrong, beginning with the path, as errors say it.
    """

    position: int
    name: str
    reason: str

    @classmethod
    def of(cls, position: int, clip: Clip, error: BaseException) -> BadClip:
        """Make it from what a clip's sound raised."""
        if isinstance(error, AudioError):
            return cls(position, clip.name, " ".join(str(error).split()))
        problem = "needs more memory than there is" if isinstance(error, MemoryError) else str(error)
        return cls(position, clip.name, f"{clip.name}: {problem}; expected a sound file that can be read")


class BadClipsError(AudioError):
    """Clips that cannot be analysed, all of them named.

    Parameters
    ----------
    bad : sequence of BadClip
    total : int
        Number of clips asked for.
    remedy : str
        What can be done about them.

    Examples
    --------
    >>> print(BadClipsError([BadClip(0, "a.wav", "a.wav: the file is empty")], 5, "leave it out"))
    a.wav: the file is empty; leave it out (1 of 5 clips)
    """

    def __init__(
        self, bad: Sequence[BadClip], total: int, remedy: str = "mend them, or ask for the others alone"
    ) -> None:
        self.bad = tuple(bad)
        self.total = total
        self.remedy = remedy
        super().__init__(self._message())

    def __reduce__(self) -> tuple[type[BadClipsError], tuple[Sequence[BadClip], int, str]]:
        return BadClipsError, (self.bad, self.total, self.remedy)

    def _message(self) -> str:
        if self.total == 1:
            return printable(self.bad[0].reason)
        if len(self.bad) == 1:
            return f"{printable(self.bad[0].reason)}; {self.remedy} (1 of {self.total:,} clips)"
        head = f"{len(self.bad):,} of {self.total:,} clips cannot be analysed; expected sound in each; {self.remedy}:"
        return "\n".join([head, *(f"  {printable(clip.reason)}" for clip in self.bad)])


def lines_of(bad: Iterable[BadClip]) -> list[str]:
    """One line for each bad clip, as every command prints them.

    Examples
    --------
    >>> lines_of([BadClip(0, "a.wav", "a.wav: the file is empty")])
    ['left out: a.wav: the file is empty']
    """
    return [f"left out: {printable(clip.reason)}" for clip in bad]


def report_bad(bad: Sequence[BadClip], total: int, on_error: OnError) -> int:
    """Name the clips that a command could not analyse on stderr, and return its exit status.

    Parameters
    ----------
    bad : sequence of BadClip
    total : int
        Number of clips asked for.
    on_error : OnError

    Returns
    -------
    int
        0 where none is bad, or where this is accepted; otherwise 1.
    """
    if not bad:
        return 0
    skip = on_error is OnError.SKIP
    count = f"{len(bad):,} of {total:,} clips cannot be analysed and are left out"
    last = f"note: {count}" if skip else f"error: {count}; mend them, or accept that with --on-error skip"
    sys.stderr.write("\n".join([*lines_of(bad), last]) + "\n")
    return 0 if skip else 1


def add_on_error_argument(parser: argparse._ActionsContainer, *, good_ones: str = "", skip_bad: bool = False) -> None:
    """Add `--on-error`, and where a command had it before, `--skip-bad`.

    Parameters
    ----------
    parser : argparse parser or group
    good_ones : str
        What `stop` does with clips that are good; by default nothing is computed.
    skip_bad : bool
        Add `--skip-bad` too.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_on_error_argument(parser, skip_bad=True)
    >>> parser.parse_args(["--skip-bad"]).on_error
    <OnError.SKIP: 'skip'>
    """
    stop = good_ones or "name them all and compute nothing"
    parser.add_argument(
        "--on-error",
        type=OnError,
        choices=list(OnError),
        default=OnError.STOP,
        metavar="{stop,skip}",
        help=f"clips that cannot be analysed: stop (default): {stop}; skip: go on without them, counted and named",
    )
    if skip_bad:
        parser.add_argument(
            "--skip-bad",
            dest="on_error",
            action="store_const",
            const=OnError.SKIP,
            help="the same as --on-error skip",
        )
