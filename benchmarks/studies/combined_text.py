"""Ranks and tests over several corpora as text for a terminal of 80 columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.reporting.lines import WIDTH, fill
from benchmarks.reporting.ranking import ALPHA
from benchmarks.scoring.significance import Verdict
from benchmarks.studies.combining import combined_notes, family_sentences

if TYPE_CHECKING:
    from benchmarks.studies.combining import Combined, CombinedFamily


def combined_text(found: Combined) -> str:
    """Write ranks and tests for a terminal of 80 columns."""
    corpora = ", ".join(f"{name} ({n} speakers)" for name, n in found.corpora.items())
    lines = [fill(f"{len(found.corpora)} corpora: {corpora}")]
    for group in found.families:
        lines += ["", fill(f"Pipelines that ask for {group.family}"), *_ranks_lines(group, list(found.corpora))]
        lines += ["", *_tests_lines(group, len(found.corpora)), "", *map(fill, family_sentences(group, found))]
    lines += ["", *(fill(note, hang="  ") for note in combined_notes(found))]
    return "\n".join(lines).rstrip()


_NAME, _CELL = 24, 9


def _ranks_lines(group: CombinedFamily, corpora: Sequence[str]) -> list[str]:
    across = (WIDTH - _NAME - 2 * _CELL) // (_CELL + 1)
    lines = []
    for first in range(0, len(corpora), across):
        some = corpora[first : first + across]
        head = ["rank", "UAR %"] if first == 0 else []
        lines.append(
            f"{'pipeline':<{_NAME}}"
            + "".join(f"{name:>{_CELL}}" for name in head)
            + "".join(f" {name[:_CELL]:>{_CELL}}" for name in some)
        )
        for row in group.ranks.to_dict("records"):
            values = [f"{row['rank']:.2f}", f"{100 * row['uar']:.1f}"] if first == 0 else []
            text = "".join(f"{value:>{_CELL}}" for value in values)
            text += "".join(f" {100 * row[name]:>{_CELL}.1f}" for name in some)
            lines += _named(str(row["pipeline"]), text)
    return lines


def _named(name: str, text: str) -> list[str]:
    """A line of a table; a long name stands on a line of its own."""
    return [f"{name:<{_NAME}}{text}"] if len(name) < _NAME else [name[:WIDTH], f"{'':<{_NAME}}{text}"]


def _tests_lines(group: CombinedFamily, n_corpora: int) -> list[str]:
    lines = [f"{'first, second':<{_NAME}}{'difference':>20}{'effect':>8}{'p':>8}{'p Holm':>8}  ahead on"]
    for test in group.tests:
        ends = test.difference
        span = "" if math.isnan(ends.low) else f" [{100 * ends.low:+.1f}, {100 * ends.high:+.1f}]"
        effect = "-" if math.isnan(test.effect) else f"{test.effect:+.2f}"
        mark = " *" if test.verdict(ALPHA) is Verdict.SHOWN else ""
        text = f"{100 * ends.estimate:+.1f}{span}"
        lines += _named(
            f"{test.first}, {test.second}",
            f"{text:>20}{effect:>8}{_p(test.p):>8}{_p(test.p_holm):>8}  {test.n_better} of {n_corpora}{mark}",
        )
    return [
        *lines,
        fill(
            "difference: points of UAR, mean over corpora, each weighing the same, with its 95 % interval over "
            "speakers; effect: over speakers, standardised; p: of each corpus, combined by Stouffer's method with "
            "weights of the square root of the number of speakers; *: shown after Holm's correction"
        ),
    ]


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
