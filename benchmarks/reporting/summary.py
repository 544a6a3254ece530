"""A run in words: a summary in three sentences, caveats, and what an ablation says of spectrum and prosody."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.pipelines import deep_models
from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.names import RELEASED
from benchmarks.reporting.grid_ends import grid_ends
from benchmarks.reporting.numbers import interval_text, signed
from benchmarks.reporting.ranking import ALPHA, Entry, Ranking
from benchmarks.scoring.choosing import uar_of_choosing
from benchmarks.scoring.confusion import uar_of
from benchmarks.scoring.power import Practical
from benchmarks.scoring.shapley import CONTRAST, TargetKind
from benchmarks.scoring.significance import PairedTest, Verdict, holm
from features.names import listed

if TYPE_CHECKING:
    from benchmarks.evaluation.runs import Run

_PAIRS_NAMED = 3


def summarise(ranking: Ranking) -> tuple[str, ...]:
    """A run in three sentences: the best score with its interval, the other rows against it, and where it fails.

    Parameters
    ----------
    ranking : Ranking
        Of the run.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> summarise(rank(Run.load("results/emodb")))[0]  # doctest: +SKIP
    """
    best = ranking.best
    if best is None:
        return ("No pipeline of this run was scored on every test clip, so nothing can be ranked.",)
    apart = [entries[0] for entries in ranking.families.values() if entries[0] is not best]
    against = [_rivals_sentence(ranking, best), *(_family_sentence(ranking, entry) for entry in apart)]
    return (_best_sentence(ranking, best), " ".join(against), _weakness_sentence(ranking, best))


def caveats(ranking: Ranking) -> tuple[str, ...]:
    """What a reader must know before quoting a figure of a run.

    Parameters
    ----------
    ranking : Ranking
        Of the run.

    Returns
    -------
    tuple of str
        Sentences.

    Examples
    --------
    >>> caveats(rank(Run.load("results/emodb")))  # doctest: +SKIP
    """
    notes = []
    fine_tuned = set(deep_models.names()) - {RELEASED}
    if ranking.run.synthetic:
        notes.append(
            "The voices are synthetic: these figures show that the machinery works and say nothing about real emotion."
        )
    if ranking.run.corpus.get("control"):
        notes.append(
            "Labels are permuted within every speaker (control): each score should be chance, and none is a result."
        )
    contaminated = [entry.name for entry in ranking.entries if Flag.CONTAMINATED in entry.flags]
    if contaminated:
        notes.append(
            f"{listed(contaminated)} {'has' if len(contaminated) == 1 else 'have'} seen the test speakers in training "
            "(contaminated): shown for reference, never ranked or tested."
        )
    sound = [entry.name for entry in ranking.entries if Flag.HEARD_SOUND in entry.flags]
    if sound:
        notes.append(f"{listed(sound)}: trained on this corpus's sound; shown for reference, never ranked or tested.")
    unknown = [entry.name for entry in ranking.scored if Flag.MAY_HAVE_HEARD in entry.flags]
    if unknown:
        notes.append(
            f"{listed(unknown)}: whether the pretrained model has heard this corpus is not known (may have heard); "
            "the register says what was searched."
        )
    transductive = [entry.name for entry in ranking.scored if Flag.TRANSDUCTIVE in entry.flags]
    if transductive:
        notes.append(
            f"{listed(transductive)}: standardised with each test speaker's own unlabelled clips (transductive), which "
            "a first clip of an unknown speaker does not allow; never ranked or tested against rows without."
        )
    enrolled = [entry.name for entry in ranking.scored if Flag.ENROLLED in entry.flags]
    if enrolled:
        notes.append(
            f"{listed(enrolled)}: standardised with a few unlabelled clips of each test speaker, which must be there "
            "before the first answer (enrolled); never ranked or tested against rows without."
        )
    adapted = [entry.name for entry in ranking.scored if Flag.ADAPTED in entry.flags]
    if adapted:
        notes.append(
            f"{listed(adapted)}: standardised with all unlabelled clips that are tested (adapted), which must be there "
            "before the first answer; never ranked or tested against rows without."
        )
    tuned = [entry.name for entry in ranking.scored if entry.name in fine_tuned]
    if tuned:
        notes.append(
            f"{listed(tuned)}: trained without the speakers that validate, whom the other rows learn from, and, but "
            "for wav2vec2-tiny, without weights of classes, while UAR weighs all classes alike."
        )
    ends = grid_ends(ranking.run.record.get("jobs", ()))
    if ends:
        notes.append(f"At an end of what was tried: {'; '.join(ends)}. A longer grid may score otherwise.")
    notes += [_unheard_sentence(label, folds) for label, folds in unheard_labels(ranking.run).items()]
    shared = [fold for fold in ranking.run.record.get("folds", {}).get("folds", ()) if len(fold.get("test", ())) > 1]
    by_session = ranking.run.record.get("folds", {}).get("scheme") == "session"
    together = "The speakers of a session" if by_session else "Speakers tested in one fold"
    models = "the models as they were trained here, met by new speakers; models trained anew may differ"
    notes.append(
        f"Intervals and tests take the speaker as their unit and speak of {models}."
        + (f" {together} share a model, so they are not fully independent." if shared else "")
    )
    known = [power.least for power in ranking.powers.values() if not math.isnan(power.least)]
    if known:
        span = f"{min(known):.3f}" if len(known) == 1 else f"{min(known):.3f} to {max(known):.3f}, by the pair"
        notes.append(
            f"The smallest true difference that the corrected test would show in 80 of 100 corpora of "
            f"{len(ranking.speakers)} such speakers: {span}."
        )
    return tuple(notes)


def practical_lines(ranking: Ranking) -> tuple[str, ...]:
    """Say for every tested pair whether one is better by more than the region of practical equivalence.

    Parameters
    ----------
    ranking : Ranking
        With a region.

    Returns
    -------
    tuple of str
        A line a pair.

    Examples
    --------
    >>> practical_lines(rank(Run.load("results/emodb"), rope=0.02))  # doctest: +SKIP
    """
    lines = []
    for test in ranking.tests:
        power = ranking.powers[test.first, test.second]
        p = f", corrected {p_text(power.p_practical)}" if power.practical is not Practical.CANNOT_TELL else ""
        lines.append(
            f"{test.first} against {test.second}: {power.practical} within ±{ranking.rope:g} of UAR{p} "
            f"({_margin(test)})"
            if power.practical in (Practical.SAME, Practical.CANNOT_TELL)
            else f"{test.first} against {test.second}: {power.practical} by more than {ranking.rope:g} of UAR{p} "
            f"({_margin(test)})"
        )
    return tuple(lines)


def summarise_ablation(shapley: pd.DataFrame, model: str) -> tuple[str, ...]:
    """Say which block of features carries the UAR of a model, and which decisions each carries most clearly.

    Parameters
    ----------
    shapley : DataFrame
        `shapley.csv` of a run, or `Ablation.shapley`.
    model : str
        Which model's rows.

    Returns
    -------
    tuple of str
        Sentences.

    Examples
    --------
    >>> summarise_ablation(Run.load("results/emodb").shapley, "svm")  # doctest: +SKIP
    """
    rows = shapley[(shapley["model"] == model) & (shapley["target"] == TargetKind.UAR)]
    uar = rows[rows["players"] == "blocks"].set_index("group")
    blocks = {name: _with_interval(uar.loc[name]) for name in ("spectral", "prosodic", "voice")}
    everything = rows[rows["group"] == "all"]["value"].iloc[0]
    first = (
        f"{model}: of the {everything:.2f} that all features add to guessing, spectral groups (mfcc, spectrum) carry "
        f"{blocks['spectral']}, prosodic ones (pitch, energy, timing) {blocks['prosodic']} and voice quality "
        f"{blocks['voice']}; {_which_block(uar.loc[CONTRAST])}."
    )
    return (first, *_decisions(shapley, model))


def unheard_labels(run: Run) -> dict[str, tuple[str, ...]]:
    """Labels that a fold tests without a clip of them on its training side, as where one speaker alone has a label.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        Label to the names of such folds; empty where the run's utterances or folds are not known.

    Examples
    --------
    >>> unheard_labels(Run.load("results/emodb"))  # doctest: +SKIP
    {}
    """
    folds, table = run.record.get("folds", {}).get("folds", ()), run.utterances
    if table is None:
        return {}
    speakers = table.groupby("label")["speaker"].agg(set)
    found: dict[str, tuple[str, ...]] = {}
    for fold in folds:
        learnt, tested = {*fold.get("train", ()), *fold.get("valid", ())}, set(fold.get("test", ()))
        for label in run.labels:
            if label in speakers.index and speakers[label] & tested and not speakers[label] & learnt:
                found[label] = (*found.get(label, ()), str(fold["name"]))
    return found


def _unheard_sentence(label: str, folds: Sequence[str]) -> str:
    where = f"fold {folds[0]}" if len(folds) == 1 else f"folds {listed(folds)}"
    return (
        f"The recall of {label} in {where} is 0 whatever the pipeline: nobody there who trains has it. That is no "
        "confusion; drop the label with benchmarks.run --classes, or merge it with benchmarks.run --map."
    )


def pair_contrasts(shapley: pd.DataFrame, model: str) -> pd.DataFrame:
    """Spectral minus prosodic share in telling every two emotions apart, smallest first.

    Parameters
    ----------
    shapley, model
        As `summarise_ablation` takes them.

    Returns
    -------
    DataFrame
        Rows of the Shapley table: `low` and `high` are of each pair alone, `p` is that of the paired test, and `p_holm`
        the same corrected over all pairs, as pipelines are.

    Examples
    --------
    >>> pair_contrasts(Run.load("results/emodb").shapley, "svm")[["label", "other", "value"]]  # doctest: +SKIP
    """
    rows = shapley[(shapley["model"] == model) & (shapley["group"] == CONTRAST)]
    pairs = rows[rows["target"] == TargetKind.PAIR].sort_values("value", kind="stable")
    return pairs.assign(p_holm=holm(pairs["p"]))


def p_text(p: float) -> str:
    """A p value as a sentence says it.

    Examples
    --------
    >>> p_text(0.0123), p_text(0.0001)
    ('p = 0.012', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _best_sentence(ranking: Ranking, best: Entry) -> str:
    score = best.scores
    rivals = [entry for entry in ranking.entries if entry.ranked and entry.family is best.family]
    opening = f"{best.name} scores best" if len(rivals) > 1 else f"{best.name} scores"
    sure = _interval(ranking, best)
    if len(rivals) > 1 and not math.isnan(score["uar_low"]):
        chosen = uar_of_choosing({entry.name: ranking.run.confusions[entry.name] for entry in rivals})
        sure += (
            f" of this row alone; the best of {len(rivals)}, chosen without the speaker it answers for: {chosen:.3f}"
        )
    guess = f"guessing scores {ranking.chance:.2f}"
    if score["uar_low"] <= ranking.chance:
        guess += ", which the interval includes"
    return f"{opening} with a UAR of {score['uar']:.3f} ({sure}); {guess}."


def _rivals_sentence(ranking: Ranking, best: Entry) -> str:
    tests = [test for test in ranking.tests if test.first == best.name]
    if not tests:
        return "There is no other pipeline to compare it with."
    beaten = [test for test in tests if test.verdict(ALPHA) is Verdict.SHOWN]
    alike = [test for test in tests if test.verdict(ALPHA) is not Verdict.SHOWN]
    if not any(test.can_be_found(ALPHA) for test in tests):
        least = min(1.0, min(test.smallest_p for test in tests) * tests[0].n_pairs)
        pairs = f", corrected for {tests[0].n_pairs} pairs," if tests[0].n_pairs > 1 else ""
        return (
            f"Whether it is truly better than {listed([test.second for test in alike])} cannot be found with so few "
            f"speakers: {len(ranking.speakers)} of them allow no p{pairs} below {least:.3g}, however clear the "
            "difference."
        )
    parts = []
    if beaten:
        worst = max(test.p_holm for test in beaten)
        gains = [test.difference.estimate for test in beaten]
        gain = f"{gains[0]:.3f}" if len(gains) == 1 else f"{min(gains):.3f} to {max(gains):.3f}"
        bound = p_text(worst) if len(beaten) == 1 or worst < 0.001 else f"p at most {worst:.3f}"
        pairs = "" if beaten[0].n_pairs == 1 else f", corrected for {beaten[0].n_pairs} pairs"
        names = listed([test.second for test in beaten])
        parts.append(f"it scores higher than {names} (by {gain}; {bound}{pairs})")
    if alike:
        margins = listed([f"{test.second} ({_margin(test)})" for test in alike])
        parts.append(f"no difference is shown to {margins}, which does not say that there is none")
    return f"As trained here, {'; '.join(parts)}."


def _margin(test: PairedTest) -> str:
    """A difference with its interval, which is of this pair alone."""
    span = interval_text(test.difference.low, test.difference.high, sign="+")
    return signed(test.difference.estimate) + (f", 95 % interval {span}" if span else "")


def _interval(ranking: Ranking, entry: Entry) -> str:
    low, high = entry.scores["uar_low"], entry.scores["uar_high"]
    if math.isnan(low):
        return "from one speaker, so how sure that is cannot be said"
    return f"95 % interval over {len(ranking.speakers)} speakers {low:.2f} to {high:.2f}"


def _family_sentence(ranking: Ranking, first: Entry) -> str:
    """The best of a family that asks for more, which is not compared with the others."""
    count = sum(entry.family is first.family for entry in ranking.entries)
    best = f"{first.name} scores best of {count}" if count > 1 else f"{first.name} scores"
    return (
        f"With {first.family} at hand, which is another question, {best} with a UAR of {first.scores['uar']:.3f} "
        f"({_interval(ranking, first)})."
    )


def _weakness_sentence(ranking: Ranking, best: Entry) -> str:
    matrices = ranking.run.confusions[best.name]
    counts = matrices.sum(axis=0)
    share = np.divide(counts, counts.sum(axis=1, keepdims=True), out=np.zeros_like(counts), where=counts > 0)
    np.fill_diagonal(share, 0)
    share[[label in unheard_labels(ranking.run) for label in ranking.labels]] = 0
    labels = ranking.labels
    most = share.max()
    if most == 0:
        missed = counts.sum() > np.trace(counts)
        return f"It makes no error on these clips{', but for labels that it could not learn' if missed else ''}."
    pairs = [(labels[row], labels[column]) for row, column in np.argwhere(share == most)]
    named = [f"{first} for {second}" for first, second in pairs[:_PAIRS_NAMED]]
    more = len(pairs) - len(named)
    sentence = "It most often takes " + listed([*named, f"{more} other pairs"] if more else named)
    sentence += f" ({100 * most:.0f} % of {pairs[0][0]})" if len(pairs) == 1 else f" ({100 * most:.0f} % of each)"
    if len(ranking.speakers) < 2:
        return sentence + "."
    uars = uar_of(matrices)
    low, high = int(np.nanargmin(uars)), int(np.nanargmax(uars))
    worst, easiest = f"speaker {ranking.speakers[low]}", f"speaker {ranking.speakers[high]}"
    return f"{sentence}, and speakers differ: {worst} reaches {uars[low]:.2f}, {easiest} {uars[high]:.2f}."


def _which_block(contrast: pd.Series) -> str:
    between = f"difference {_with_interval(contrast)}"
    if math.isnan(contrast["low"]):
        return f"{between}, from one speaker"
    if math.isnan(contrast["p"]):
        return f"{between}, not tested: the table is of an earlier version, run the ablation again"
    tested = f"{between}, {p_text(contrast['p'])}"
    if contrast["p"] > ALPHA:
        return f"which block carries more is not settled ({tested})"
    return f"{'spectral' if contrast['value'] > 0 else 'prosodic'} features carry more ({tested})"


def _decisions(shapley: pd.DataFrame, model: str) -> tuple[str, ...]:
    pairs = pair_contrasts(shapley, model)
    shown = pairs["p_holm"] <= ALPHA
    prosodic, spectral = pairs[shown & (pairs["value"] < 0)], pairs[shown & (pairs["value"] > 0)][::-1]
    parts = []
    for block, clear in (("prosody", prosodic), ("spectrum", spectral)):
        if len(clear):
            best = clear.iloc[0]
            sign = 1 if best["value"] > 0 else -1
            ends = sorted((sign * best["low"], sign * best["high"]))
            span = f"[{signed(ends[0])} to {signed(ends[1])}]"
            count = f" (and {len(clear) - 1} more)" if len(clear) > 1 else ""
            pair = f"{best['label']} from {best['other']}"
            parts.append(f"{block} tells {pair} by {abs(best['value']):.2f} {span} more{count}")
    if not parts:
        return (
            f"{model}: for none of {len(pairs)} pairs of emotions is it shown that one block tells them apart better, "
            "which does not say that they do it alike.",
        )
    return (f"{model}: {'; '.join(parts)}; p corrected for {len(pairs)} pairs, intervals of each pair alone.",)


def _with_interval(row: pd.Series) -> str:
    return f"{signed(row['value'])} [{signed(row['low'])} to {signed(row['high'])}]"
