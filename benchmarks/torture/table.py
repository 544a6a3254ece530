"""The table of cases, run and written down."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.torture.case import Case, Outcome, run_case
from benchmarks.torture.inputs import prepare, voice, write_sound
from features.names import printable

HEAD = """\
# Torture

Hostile inputs and faults, and what the command that met each of them made of it. `python -m benchmarks.torture
--markdown docs/torture.md` writes this page; `tests/test_benchmarks_torture.py` runs a shorter form. An exit status of
0 says that all was done, 1 that something asked for was not, 2 that nothing was; no input may bring a traceback or a
raw warning of a library.
"""


def run_all(
    cases: Sequence[Case], folder: Path, *, jobs: int | None = None, progress: bool = False
) -> Iterator[Outcome]:
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

    Yields
    ------
    Outcome
        In the order of the cases, as they end.
    """
    import joblib
    from tqdm import tqdm

    _warm_up(folder / "warm-up")
    with ThreadPoolExecutor(jobs or joblib.cpu_count()) as pool:
        running = [pool.submit(run_case, case, folder / f"{i:03d}") for i, case in enumerate(cases)]
        try:
            for future in tqdm(running, disable=not progress, desc="cases"):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _warm_up(folder: Path) -> None:
    """Analyse one clip, so that no case waits for what a fresh installation compiles first."""
    write_sound(folder / "clips" / "a.wav", voice(0))
    prepare(folder, "features.extract", "clips", "out.csv", "--no-cache")


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """The page of a finished table.

    Parameters
    ----------
    outcomes : sequence of Outcome

    Returns
    -------
    str
    """
    by_root: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_root.setdefault(outcome.case.root, []).append(outcome)
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    count = f"\n{len(outcomes)} cases of {len(by_root)} kinds, {wrong} not as they must be.\n"
    return HEAD + count + "".join(_section(root, some) for root, some in by_root.items())


def _section(root: str, outcomes: Sequence[Outcome]) -> str:
    rows = [
        f"| {_escaped(outcome.case.name)} | {_expected(outcome.case)} | "
        f"{'hangs' if outcome.status is None else outcome.status}: {_quoted(outcome.output)} | "
        f"{'**no**: ' + _escaped('; '.join(outcome.wrong)) if outcome.wrong else 'yes'} |\n"
        for outcome in outcomes
    ]
    head = "| input or fault | must be | is | as it must be |\n|---|---|---|---|\n"
    return f"\n## {root[0].upper()}{root[1:]}\n\n{head}{''.join(rows)}"


def _expected(case: Case) -> str:
    """The exit status that must be, and what must be said."""
    says = ", ".join(f"`{text}`" for text in case.says)
    return _table_text(
        f"{case.status}" + (f", says {says}" if says else "") + (", results checked" if case.holds else "")
    )


def _quoted(output: str) -> str:
    """The line that says what is wrong, short enough for a table, with no path of this machine."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(error|note|warning)\b", line)] or lines[-1:]
    text = re.sub(r"(?<![\w.])/(?:[^\s:;,()]+/)+", "", telling[0]) if telling else ""
    return _escaped(text[:180] + ("…" if len(text) > 180 else ""))


def _escaped(text: str) -> str:
    return _table_text(html.escape(printable(text), quote=False).replace("\\", "&#92;").replace("`", "&#96;"))


def _table_text(text: str) -> str:
    return text.replace("|", "\\|")
