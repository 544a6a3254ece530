"""The table of cases, run and written down."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.torture.case import Case, Outcome, run_case

HEAD = """\
# Torture

Hostile inputs and faults, each met by a command in a process of its own. `python -m benchmarks.torture --markdown
docs/torture.md` ran them and wrote this page; `tests/test_benchmarks_torture.py` runs a shorter form.

| root | input or fault | exit status | what it says | as it must be |
|---|---|---|---|---|
"""


def run_all(cases: Sequence[Case], folder: Path, *, jobs: int | None = None, progress: bool = False) -> list[Outcome]:
    """Run cases, several at a time.

    Parameters
    ----------
    cases : sequence of Case
    folder : Path
        Each case gets a folder in it.
    jobs : int, optional
        How many at a time; all cores unless given.
    progress : bool
        Draw a bar on stderr.

    Returns
    -------
    list of Outcome
        In the order of the cases.
    """
    import joblib
    from tqdm import tqdm

    with ThreadPoolExecutor(jobs or joblib.cpu_count()) as pool:
        running = [pool.submit(run_case, case, folder / f"{i:03d}") for i, case in enumerate(cases)]
        return [future.result() for future in tqdm(running, disable=not progress, desc="cases")]


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """The page of a finished table.

    Parameters
    ----------
    outcomes : sequence of Outcome

    Returns
    -------
    str
    """
    rows = [
        f"| {outcome.case.root} | {outcome.case.name} | {'hangs' if outcome.status is None else outcome.status} | "
        f"{_quoted(outcome.output)} | {'no: ' + '; '.join(outcome.wrong) if outcome.wrong else 'yes'} |\n"
        for outcome in outcomes
    ]
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    return HEAD + "".join(rows) + f"\n{len(outcomes)} cases, {wrong} not as they must be.\n"


def _quoted(output: str) -> str:
    """The line that says what is wrong, short enough for a table, with no path of this machine."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(error|note|warning)\b", line)] or lines[-1:]
    text = re.sub(r"(?<![\w.])/(?:[^\s:;,()]+/)+", "", telling[0]) if telling else ""
    return html.escape(text[:180] + ("…" if len(text) > 180 else ""), quote=False).replace("|", "&#124;")
