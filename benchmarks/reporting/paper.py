"""The table of scores as a paper prints it: percent, intervals, the best in bold, footnotes for what must be known."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.latex import latex_text
from benchmarks.scoring.metrics import METRICS
from benchmarks.scoring.significance import Verdict

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Entry, Ranking
    from benchmarks.scoring.metrics import Metric

NOT_TOLD_APART = "≈"
"""Mark of a pipeline of which no difference to the best one is shown."""


@dataclass(frozen=True)
class PaperRow:
    """A row as it is printed.

    Attributes
    ----------
    cells : tuple of str
        Under the table's headings.
    best : bool
        Whether it is the best among those that it is ranked with.
    marks : tuple of str
        Those of its footnotes.
    """

    cells: tuple[str, ...]
    best: bool
    marks: tuple[str, ...]


@dataclass(frozen=True)
class PaperTable:
    r"""The table of scores of a run, ready to be pasted.

    Attributes
    ----------
    label : str
        For LaTeX's `\ref`.
    caption : str
    headings : tuple of str
        Of the pipeline, UAR, its interval over speakers, and further metrics.
    rows : tuple of PaperRow
        Only those that have a score.
    notes : mapping of str to str
        What each mark means.

    Examples
    --------
    >>> row = PaperRow(("svm", "79.1", "73.0 to 84.0", "80.2", "78.9"), True, ("a",))
    >>> headings = ("Pipeline", "UAR", "95 % interval", "WA", "Macro F1")
    >>> print(PaperTable("tab:scores", "Scores.", headings, (row,), {"a": "synthetic voices"}).markdown())
    | Pipeline | UAR | 95 % interval | WA | Macro F1 |
    |---|--:|---|--:|--:|
    | **svm** ᵃ | **79.1** | 73.0 to 84.0 | 80.2 | 78.9 |
    <BLANKLINE>
    Scores.
    <BLANKLINE>
    ᵃ synthetic voices.
    """

    label: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[PaperRow, ...]
    notes: dict[str, str]

    def latex(self) -> str:
        """A `table` that needs the package booktabs alone."""
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(self.caption)}}}",
            rf"\label{{{self.label}}}",
            rf"\begin{{tabular}}{{lrl{'r' * (len(self.headings) - 3)}}}",
            r"\toprule",
            " & ".join(latex_text(heading) for heading in self.headings) + r" \\",
            r"\midrule",
            *(self._latex_row(row) for row in self.rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        if self.notes:
            told = r" \\ ".join(f"{_raised(mark)} {latex_text(text)}." for mark, text in self.notes.items())
            lines.append(rf"\par\smallskip\begin{{minipage}}{{\linewidth}}\footnotesize {told}\end{{minipage}}")
        return "\n".join([*lines, r"\end{table}", ""])

    def _latex_row(self, row: PaperRow) -> str:
        name, score, *others = map(latex_text, row.cells)
        if row.best:
            name, score = rf"\textbf{{{name}}}", rf"\textbf{{{score}}}"
        return " & ".join([name + "".join(map(_raised, row.marks)), score, *others]) + r" \\"

    def markdown(self) -> str:
        """The same in Markdown."""
        lines = [f"| {' | '.join(self.headings)} |", f"|---|--:|---|{'--:|' * (len(self.headings) - 3)}"]
        for row in self.rows:
            name, score, *others = (cell.replace("|", "\\|") for cell in row.cells)
            if row.best:
                name, score = f"**{name}**", f"**{score}**"
            marks = "".join(map(_superscript, row.marks))
            lines.append(f"| {' | '.join([f'{name} {marks}'.strip(), score, *others])} |")
        notes = [f"{_superscript(mark)} {text}." for mark, text in self.notes.items()]
        return "\n\n".join(["\n".join(lines), self.caption, *notes])


def paper_table(ranking: Ranking) -> PaperTable:
    """Make the table of a run.

    Every family of pipelines has a best one of its own, in bold where it has others beside it.

    Parameters
    ----------
    ranking : Ranking

    Examples
    --------
    >>> print(paper_table(rank(Run.load("results/emodb"))).latex())  # doctest: +SKIP
    """
    run = ranking.run
    used = dict.fromkeys(flag for entry in ranking.scored for flag in entry.flags if flag in set(Flag))
    letters = {flag: "abcdefghijkl"[number] for number, flag in enumerate(used)}
    notes = {letters[flag]: Flag(flag).explanation for flag in used}
    near = _not_told_apart(ranking)
    if near:
        notes = {NOT_TOLD_APART: "no difference to the best (bold) shown by the corrected test", **notes}
    first = {entries[0].name for entries in ranking.families.values() if len(entries) > 1}
    uar, *others = [metric for metric in METRICS.values() if metric.in_paper and not metric.probabilistic]
    rows = [
        PaperRow(
            _cells(entry, (uar, *others)),
            entry.name in first,
            (*((NOT_TOLD_APART,) if entry.name in near else ()), *(letters[f] for f in entry.flags if f in letters)),
        )
        for entry in ranking.scored
    ]
    folds = run.record.get("folds", {})
    caption = (
        f"Scores in percent on {run.corpus['name']} ({len(run.labels)} classes: {', '.join(run.labels)}), "
        f"{int(run.scores['n'].max()):,} utterances of {len(ranking.speakers)} speakers, "
        f"{len(folds.get('folds', ()))} folds ({folds.get('scheme', 'given')}), pooled; interval of UAR over speakers."
        f"{ranking.enrolment_note}"
    )
    name = re.sub(r"[^a-z0-9]+", "-", str(run.corpus["name"]).lower()).strip("-")
    headings = ("Pipeline", uar.label, "95 % interval", *(metric.label for metric in others))
    return PaperTable(f"tab:scores-{name}", caption, headings, tuple(rows), notes)


def _cells(entry: Entry, metrics: tuple[Metric, ...]) -> tuple[str, ...]:
    scores = entry.scores
    low, high = (float(scores.get(name, math.nan)) for name in ("uar_low", "uar_high"))
    interval = "" if math.isnan(low + high) else f"{100 * low:.1f} to {100 * high:.1f}"
    first, *others = (_number(scores[metric.name], metric) for metric in metrics)
    return entry.name, first, interval, *others


def _number(score: float, metric: Metric) -> str:
    return f"{100 * score:.1f}" if metric.bounds[1] <= 1 else format(score, metric.format)


def _not_told_apart(ranking: Ranking) -> set[str]:
    near = set()
    for family, entries in ranking.families.items():
        for test in ranking.tests_of(family):
            if test.first == entries[0].name and test.verdict() is not Verdict.SHOWN:
                near.add(test.second)
    return near


def _raised(mark: str) -> str:
    shown = r"\approx" if mark == NOT_TOLD_APART else rf"\mathrm{{{mark}}}"
    return f"$^{{{shown}}}$"


def _superscript(mark: str) -> str:
    return {NOT_TOLD_APART: "≈", **dict(zip("abcdefghijkl", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡ"))}[mark]
