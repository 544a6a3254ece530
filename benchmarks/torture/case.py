"""One hostile input: how it is made, which command meets it, and what must come of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NEVER = (r"Traceback \(most recent call last\)", r"^\S*Warning: ", r"\.py:\d+: \w*Warning")
"""What no input may bring to a user's eyes: a traceback, or a library's raw warning."""


@dataclass(frozen=True)
class Case:
    """A hostile input.

    Attributes
    ----------
    root : str
        The kind of fault that it stands for.
    name : str
        What is wrong with it, in a few words.
    command : callable
        Takes an empty folder, writes the input there and returns the command line that meets it, behind `python -m`.
    status : int
        Exit status that the command must end with.
    says : sequence of str
        Regular expressions that standard output and error together must match.
    not_says : sequence of str
        Regular expressions that they must not match, beside `NEVER`.
    holds : callable, optional
        Takes the folder afterwards and returns what is wrong with what was left, or nothing.
    seconds : float
        Time after which it counts as hanging.
    environment : mapping of str to str
        Variables of the command beside those of this process.
    alone : bool
        The command needs a process of its own: it may hang, be killed, or run out of something.
    slow : bool
        It takes more than some seconds, as where a model is trained first.
    """

    root: str
    name: str
    command: Callable[[Path], Sequence[str]]
    status: int
    says: Sequence[str] = ()
    not_says: Sequence[str] = ()
    holds: Callable[[Path], str | None] | None = None
    seconds: float = 60.0
    environment: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    slow: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes
    ----------
    case : Case
    status : int or None
        Exit status; None where it hung.
    output : str
        Standard output and error.
    wrong : tuple of str
        What is not as it must be; empty where all is.
    seconds : float
    """

    case: Case
    status: int | None
    output: str
    wrong: tuple[str, ...]
    seconds: float


def run_case(case: Case, folder: Path) -> Outcome:
    """Run a case in an empty folder, in a process of its own.

    Parameters
    ----------
    case : Case
    folder : Path
        Empty; input and results are left in it.

    Returns
    -------
    Outcome
    """
    folder.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-m", *case.command(folder)]
    began = time.perf_counter()
    try:
        ended = subprocess.run(
            line,
            cwd=folder,
            capture_output=True,
            timeout=case.seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **case.environment},
        )
    except subprocess.TimeoutExpired as hung:
        output = b"".join(part for part in (hung.stdout, hung.stderr) if part).decode("utf-8", "replace")
        return Outcome(case, None, output, (f"still running after {case.seconds:g} s",), case.seconds)
    output = (ended.stdout + ended.stderr).decode("utf-8", "replace")
    wrong = judge(case, folder, status=ended.returncode, output=output)
    return Outcome(case, ended.returncode, output, wrong, time.perf_counter() - began)


def judge(case: Case, folder: Path, *, status: int, output: str) -> tuple[str, ...]:
    """What of a case is not as it must be.

    Parameters
    ----------
    case : Case
    folder : Path
        Where it ran.
    status : int
        The exit status.
    output : str
        Standard output and error.

    Returns
    -------
    tuple of str
        Empty where all is as it must be.
    """
    wrong = [] if status == case.status else [f"exit status {status}, not {case.status}"]
    wrong += [f"does not say {text!r}" for text in case.says if not re.search(text, output, re.MULTILINE)]
    wrong += [f"says {text!r}" for text in (*NEVER, *case.not_says) if re.search(text, output, re.MULTILINE)]
    left = case.holds(folder) if case.holds else None
    return (*wrong, left) if left else tuple(wrong)
