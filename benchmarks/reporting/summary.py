"""A run in words: the verdict in three sentences, and what a reader must know before quoting a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.ranking import ALPHA, Findings, Standing
from benchmarks.scoring.confusion import uar_of


def verdict(findings: Findings) -> tuple[str, ...]:
    """The run in three sentences: the best score and how sure it is, what it is better than, and where it fails."""
    best = findings.best
    if best is None:
        return ("No pipeline of this run was scored on every test clip, so nothing can be ranked.",)
    return (_best_sentence(findings, best), _rivals_sentence(findings, best), _weakness_sentence(findings, best))


def caveats(findings: Findings) -> tuple[str, ...]:
    """What a reader must know before quoting a figure of this run."""
    notes = []
    if findings.run.synthetic:
        notes.append(
            "The voices are synthetic: these figures show that the machinery works and say nothing about real emotion."
        )
    marked = [standing.name for standing in findings.standings if Flag.CONTAMINATED in standing.marks]
    if marked:
        notes.append(
            f"{listed(marked)} {'has' if len(marked) == 1 else 'have'} seen the test speakers in training "
            "(contaminated): shown for reference, never ranked or tested."
        )
    transductive = [standing.name for standing in findings.scored if Flag.TRANSDUCTIVE in standing.marks]
    if transductive:
        notes.append(
            f"{listed(transductive)}: standardised with each test speaker's own unlabelled clips (transductive), which "
            "a first clip of an unknown speaker does not allow."
        )
    shared = [fold for fold in findings.run.record.get("folds", {}).get("folds", ()) if len(fold.get("test", ())) > 1]
    by_session = findings.run.record.get("folds", {}).get("scheme") == "session"
    together = "The speakers of a session" if by_session else "Speakers tested in one fold"
    models = "the models as they were trained here, met by new speakers; models trained anew may differ"
    notes.append(
        f"Intervals and tests take the speaker as their unit and speak of {models}."
        + (f" {together} share a model, so they are not fully independent." if shared else "")
    )
    return tuple(notes)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: 'a', 'a and b', 'a, b and c'."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def p_text(p: float) -> str:
    """A p value as a sentence says it: 'p = 0.012', or 'p < 0.001'."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _best_sentence(findings: Findings, best: Standing) -> str:
    score = best.scores
    rivals = [standing for standing in findings.standings if standing.ranked]
    opening = f"{best.name} scores best" if len(rivals) > 1 else f"{best.name} scores"
    if math.isnan(score["uar_low"]):
        sure = "from one speaker, so how sure that is cannot be said"
    else:
        sure = f"95 % interval over {len(findings.speakers)} speakers {score['uar_low']:.2f} to {score['uar_high']:.2f}"
    guess = f"guessing scores {findings.chance:.2f}"
    if score["uar_low"] <= findings.chance:
        guess += ", which the interval includes"
    return f"{opening} with a UAR of {score['uar']:.3f} ({sure}); {guess}."


def _rivals_sentence(findings: Findings, best: Standing) -> str:
    tests = [test for test in findings.tests if test.first == best.name]
    if not tests:
        return "There is no other pipeline to compare it with."
    beaten = [test for test in tests if test.verdict(ALPHA) == "difference"]
    alike = [test.second for test in tests if test.verdict(ALPHA) != "difference"]
    if not tests[0].can_be_found(ALPHA):
        least = min(1.0, tests[0].smallest_p * tests[0].n_pairs)
        pairs = f", corrected for {tests[0].n_pairs} pairs," if tests[0].n_pairs > 1 else ""
        return (
            f"Whether it is truly better than {listed(alike)} cannot be found with so few speakers: "
            f"{len(findings.speakers)} of them allow no p{pairs} below {least:.3g}, however clear the difference."
        )
    parts = []
    if beaten:
        worst = max(test.p_holm for test in beaten)
        gains = [test.difference.estimate for test in beaten]
        gain = f"{gains[0]:.3f}" if len(gains) == 1 else f"{min(gains):.3f} to {max(gains):.3f}"
        bound = p_text(worst) if len(beaten) == 1 or worst < 0.001 else f"p at most {worst:.3f}"
        parts.append(f"it is better than {listed([test.second for test in beaten])} (by {gain}, corrected {bound})")
    if alike:
        parts.append(f"no difference was found between it and {listed(alike)}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _weakness_sentence(findings: Findings, best: Standing) -> str:
    matrices = findings.confusions[best.name]
    counts = matrices.sum(axis=0)
    share = np.divide(counts, counts.sum(axis=1, keepdims=True), out=np.zeros_like(counts), where=counts > 0)
    np.fill_diagonal(share, 0)
    row, column = np.unravel_index(int(share.argmax()), share.shape)
    labels = findings.labels
    if share[row, column] == 0:
        return "It makes no error on these clips."
    sentence = (
        f"It most often takes {labels[row]} for {labels[column]} ({100 * share[row, column]:.0f} % of {labels[row]})"
    )
    if len(findings.speakers) < 2:
        return sentence + "."
    uars = uar_of(matrices)
    low, high = int(np.nanargmin(uars)), int(np.nanargmax(uars))
    worst, easiest = f"speaker {findings.speakers[low]}", f"speaker {findings.speakers[high]}"
    return f"{sentence}, and speakers differ: {worst} reaches {uars[low]:.2f}, {easiest} {uars[high]:.2f}."
