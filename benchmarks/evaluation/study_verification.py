"""Whether what a study left is what its own command leaves again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.evaluation.check import Check, carried_out_again, check_versions
from benchmarks.evaluation.runs import STUDY_RECORD, read_record

REPEATABLE = (
    *("benchmarks.cross", "benchmarks.robustness", "benchmarks.length", "benchmarks.known_people"),
    *("benchmarks.sentences", "benchmarks.learning", "benchmarks.resampling", "benchmarks.layers"),
)
"""Commands that leave `study.json` with their command line."""

TIMES = ("ms_per_clip",)
"""Columns of time, which is another each time."""


def study_folders(folder: Path) -> list[Path]:
    """Where records of studies lie: in a folder itself, and in the folders of it that hold a study's jobs.

    Examples
    --------
    >>> study_folders(Path("nowhere"))
    []
    """
    return [
        path.parent for path in (folder / STUDY_RECORD, *sorted(folder.glob(f"*/{STUDY_RECORD}"))) if path.is_file()
    ]


def verify_study(folder: Path, part: Path, *, rerun: int, random_state: int) -> Iterator[Check]:
    """Check a study.

    Parameters
    ----------
    folder : Path
        That it was written to: `--out`.
    part : Path
        Where its record and its jobs lie.
    rerun, random_state : int
        As for `benchmarks.evaluation.verification.verify`.

    Yields
    ------
    Check
    """
    record = read_record(part, STUDY_RECORD)
    jobs = sorted((part / "jobs").glob("*.json"))
    words = shlex.split(str(record.get("command") or ""))
    name = words[2] if words[:2] == ["python", "-m"] and len(words) > 2 else "a study without its command"
    yield Check(f"record of {name}", True, f"{len(jobs)} stored jobs, {record.get('created', 'no date')}")
    same_code = check_versions(record)
    yield same_code
    if rerun:
        drawn = [jobs[place] for place in np.random.default_rng(random_state).permutation(len(jobs))[:rerun]]
        yield _rerun(folder, drawn or sorted(folder.glob("*.csv")), words, same_code)


def _rerun(folder: Path, drawn: Sequence[Path], words: Sequence[str], same_code: Check) -> Check:
    """Train some jobs anew, by the study's own command in a copy of its folder that lacks them.

    A study that keeps no jobs is computed whole; its tables are what the copy lacks.
    """
    of_jobs = [path for path in drawn if path.suffix == ".json"]
    options = ("--overwrite", "missing") if of_jobs else ()
    with carried_out_again(folder, words, drawn, same_code, repeatable=REPEATABLE, options=options) as copy:
        if isinstance(copy, Check):
            return copy
        before, after = _tables(folder), _tables(copy)
    other = sorted(name for name in before if name not in after or not before[name].equals(after[name]))
    said = f"other figures in {', '.join(other)}" if other else "the same figures"
    names = ", ".join(path.name.rpartition("--")[0] if of_jobs else path.name for path in drawn)
    what = f"{len(of_jobs)} jobs trained anew give" if of_jobs else "all computed anew gives"
    return Check("rerun", not other, f"{what} {said} ({names})")


def _tables(folder: Path) -> Mapping[str, pd.DataFrame]:
    """The tables of a folder as they are written, without times."""
    read: dict[str, Any] = {path.name: pd.read_csv(path, dtype=str) for path in sorted(folder.glob("*.csv"))}
    return {name: table.drop(columns=list(TIMES), errors="ignore") for name, table in read.items()}
