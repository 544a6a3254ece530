"""One thing that was looked at in a stored result, and what was found."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.evaluation.provenance import CONTRIBUTING, code_of, versions


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
        The thing.
    holds : bool
        Whether it is as the record says.
    said : str
        What was found.

    Examples
    --------
    >>> str(Check("scores", True, "8 rows"))
    'ok    scores: 8 rows'
    """

    what: str
    holds: bool
    said: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.holds else 'WRONG'} {self.what}: {self.said}"


def check_versions(record: Mapping[str, Any]) -> Check:
    """Whether libraries and code are those that a record names.

    Examples
    --------
    >>> check_versions({"versions": {"numpy": "0.1"}}).holds
    False
    """
    now, then = versions(), record.get("versions", {})
    other = [f"{name} {then[name]}, here {now.get(name, 'none')}" for name in then if now.get(name) != then[name]]
    code = [name for name in CONTRIBUTING if record.get("code", {}).get(name) != code_of(name)]
    if other or code:
        parts = [*other, *(f"code of {name}" for name in code)]
        return Check("versions", False, f"not those that made it ({'; '.join(parts)}): another result is no proof")
    return Check("versions", True, "libraries and code are those that made it")


@contextmanager
def carried_out_again(
    folder: Path,
    words: Sequence[str],
    without: Sequence[Path],
    same_code: Check,
    *,
    repeatable: Sequence[str],
    options: Sequence[str] = ("--overwrite", "missing"),
) -> Iterator[Path | Check]:
    """Give the command of a folder again, in a copy of the folder that lacks some of its files.

    Parameters
    ----------
    folder : Path
    words : sequence of str
        The command as the record has it.
    without : sequence of Path
        Files of the folder that the copy lacks, such as stored jobs.
    same_code : Check
        As `check_versions` gives it; with another code nothing is tried.
    repeatable : sequence of str
        Modules whose commands may be given.
    options : sequence of str
        What the command is given besides.

    Yields
    ------
    Path or Check
        The copy as the command left it; or why there is none.
    """
    if list(words[:2]) != ["python", "-m"] or len(words) < 3 or words[2] not in repeatable:
        said = f"made by {' '.join(words[:3]) or 'no command'}: only what {', '.join(repeatable)} made can be repeated"
        yield Check("rerun", False, said)
        return
    if not same_code.holds:
        yield Check("rerun", False, "not tried: with other versions or code every job would be another")
        return
    with tempfile.TemporaryDirectory(prefix="verify-") as temporary:
        copy = Path(temporary) / "again"
        shutil.copytree(folder, copy)
        for path in without:
            (copy / path.relative_to(folder)).unlink()
        command = [sys.executable, *words[1:], "--out", str(copy), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            yield Check("rerun", False, f"its command ended with {done.returncode}: {lines[-1]}")
        else:
            yield copy
