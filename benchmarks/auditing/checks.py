"""The checks of an audit: each looks at every fold and yields what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from benchmarks.auditing.finding import Finding, Kind, Severity, some
from features.names import two_spellings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from benchmarks.auditing.subject import Fold, Subject

MAKE_FOLDS = "take folds that keep a speaker on one side: python -m benchmarks.run --corpus NAME --root DIR"
LEAST_SHARE = 3
"""The rarest class of a training side is named where the most frequent one has so many times its clips."""
UNLIKE, EXPECTED = 2.0, 10
"""A class's share of the test side is named where it is so many times that of the training side, or the other way
round, and that share would make so many clips."""


def check_speakers(subject: Subject) -> Iterator[Finding]:
    """Speakers who learn and are tested."""
    nameless = int((subject.rows["speaker"] == "").sum())
    if nameless:
        what = "the folds name no speakers" if not subject.knows("speaker") else f"{nameless} rows have no speaker"
        yield unchecked(subject, Kind.SPEAKER, what)
    spellings = two_spellings(subject.rows["speaker"])
    if spellings:
        yield Finding(
            Kind.SPEAKER,
            Severity.WARNING,
            "",
            f"{len(spellings)} speakers stand in two spellings: who is one voice may be taken for two",
            "correct the names, or take them for one with --join-names (join_names=True)",
            len(spellings),
            subject.rows["speaker"].nunique(),
            some(" and ".join(names) for names in spellings),
        )
    for fold in subject.folds:
        shared, tested = fold.shared("speaker")
        if shared:
            yield Finding(
                Kind.SPEAKER,
                Severity.ERROR,
                fold.name,
                f"{len(shared)} of {len(tested)} test speakers are heard in training: the score is of voices that the "
                "model knows",
                MAKE_FOLDS,
                len(shared),
                len(tested),
                some(shared),
            )


def check_answers(subject: Subject) -> Iterator[Finding]:
    """Labels that are not the corpus's; beside answers, speakers who are not."""
    rows = subject.rows[subject.rows["position"] >= 0].drop_duplicates("key")
    several = subject.unclear_speakers if subject.scored else []
    if several:
        yield Finding(
            Kind.SPEAKER,
            Severity.ERROR,
            "",
            f"{len(several)} of the speakers named stand for more than one of the corpus: who was heard is not told",
            "name the corpus's speakers, or leave the column out",
            len(several),
            rows["named_speaker"].nunique(),
            some(several),
        )
    named = rows[rows["label"] != ""]
    other = named[_unlike(named["label"], named["true_label"])]
    if len(other):
        examples = zip(other["utterance"], other["label"], other["true_label"])
        yield Finding(
            Kind.CLASS,
            Severity.ERROR if subject.scored else Severity.WARNING,
            "",
            f"{len(other)} of {len(named)} utterances have another label than in the corpus: the score is of another "
            "truth",
            "take the corpus's labels, or read it with the --classes and --map that they were made with",
            len(other),
            len(named),
            some(f"{name} {label}, in the corpus {true}" for name, label, true in examples),
        )


def _unlike(labels: pd.Series, true: pd.Series) -> np.ndarray:
    """Which labels are not the true ones, by whatever names: where names differ, those against the usual pairing."""
    if set(labels) <= set(true):
        return (labels != true).to_numpy()
    usual = {one: group.mode().iloc[0] for one, group in true.groupby(labels)}
    back = {one: group.mode().iloc[0] for one, group in labels.groupby(true)}
    return ((labels.map(usual) != true) & (true.map(back) != labels)).to_numpy()


def check_texts(subject: Subject) -> Iterator[Finding]:
    """Sentences that are learnt and tested."""
    if not subject.knows("sentence"):
        yield unchecked(subject, Kind.TEXT, "no sentence is known")
    for fold in subject.folds:
        shared, tested = fold.shared("sentence")
        if shared:
            rows = int(fold.test["sentence"].isin(shared).sum())
            texts = fold.test[fold.test["sentence"].isin(shared)]["text"]
            yield Finding(
                Kind.TEXT,
                Severity.NOTE,
                fold.name,
                f"{len(shared)} of {len(tested)} test sentences are learnt too, by {rows} of {len(fold.test)} test "
                "utterances: the score is of known words",
                "say so beside the score; folds that share neither speaker nor sentence tell how much it is worth",
                len(shared),
                len(tested),
                some(texts),
            )


def check_sessions(subject: Subject) -> Iterator[Finding]:
    """Sessions on both sides: one room, one microphone, one partner."""
    for fold in subject.folds:
        shared, tested = fold.shared("session")
        if shared:
            yield Finding(
                Kind.SESSION,
                Severity.NOTE,
                fold.name,
                f"{len(shared)} of {len(tested)} test sessions train too: the room and the partner are known",
                "take folds by session: python -m benchmarks.run --folds session, or say so beside the score",
                len(shared),
                len(tested),
                some(shared),
            )


def check_corpus(subject: Subject) -> Iterator[Finding]:
    """Utterances that the corpus lacks, and those of the corpus that a fold lacks."""
    if subject.corpus is None:
        yield unchecked(subject, Kind.UNKNOWN, "no corpus is given")
        return
    ids = subject.corpus.utterances.index.get_level_values("id")
    for name, rows in subject.rows.groupby("fold", sort=False):
        unknown = rows[rows["position"] < 0]["utterance"].drop_duplicates()
        if len(unknown):
            yield Finding(
                Kind.UNKNOWN,
                Severity.ERROR,
                str(name),
                f"{len(unknown)} utterances are not in the corpus{subject.matching.why_missing()}",
                "read the corpus with the --classes that the folds were made with, or get the release they name",
                len(unknown),
                len(rows.drop_duplicates("key")),
                some(unknown),
            )
        absent = set(range(len(ids))) - set(rows["position"])
        if absent:
            yield Finding(
                Kind.MISSING,
                Severity.WARNING,
                str(name),
                f"{len(absent)} of {len(ids)} utterances of the corpus stand on no side: the score is of a part of it",
                "add them, or read the corpus with the --classes that the folds were made with",
                len(absent),
                len(ids),
                some(ids[position] for position in absent),
            )


def check_never_tested(subject: Subject) -> Iterator[Finding]:
    """Speakers of several folds that no fold tests, or that no fold learns from."""
    folds = list(subject.folds)
    everybody = set(subject.rows["speaker"]) - {""}
    for side, what in (("test", "are tested in no fold"), ("learns", "train in no fold")):
        seen = {name for fold in folds for name in getattr(fold, side)["speaker"]}
        absent = everybody - seen
        if len(folds) > 1 and absent and seen - {""}:
            yield Finding(
                Kind.MISSING,
                Severity.NOTE,
                "",
                f"{len(absent)} of {len(everybody)} speakers {what}",
                "say so beside the score, or take folds in which every speaker is tested once",
                len(absent),
                len(everybody),
                some(absent),
            )


def check_validation(subject: Subject) -> Iterator[Finding]:
    """A validation side that is absent, is the test side, or knows who trains."""
    for (name, rows), fold in zip(subject.rows.groupby("fold", sort=False), subject.folds):
        if not (rows["side"] == "test").any():
            yield Finding(
                Kind.VALIDATION,
                Severity.WARNING,
                str(name),
                "no side is called test: a score can only be of the utterances that settings are chosen on",
                "keep some speakers apart for the test",
            )
        elif fold.valid.empty:
            yield Finding(
                Kind.VALIDATION,
                Severity.NOTE,
                fold.name,
                "no utterance validates: where an epoch or a setting was chosen is not told",
                "name the utterances that choose; python -m benchmarks.run takes some of the training side",
            )
        else:
            yield from _check_overlap(fold)


def _check_overlap(fold: Fold) -> Iterator[Finding]:
    chosen, tested, trained = (set(rows["key"]) for rows in (fold.valid, fold.test, fold.train))
    both = fold.valid[fold.valid["key"].isin(tested)]["utterance"]
    if chosen & tested:
        whole = "the validation side is the test side" if chosen == tested else "utterances validate and are tested"
        yield Finding(
            Kind.VALIDATION,
            Severity.ERROR,
            fold.name,
            f"{whole}: what is chosen on them is reported as if unseen",
            "validate on training speakers; choosing the epoch on the test fold is worth 2.7 to 4.7 points "
            "(emotion2vec, table 2)",
            len(chosen & tested),
            len(tested),
            some(both),
        )
    if chosen & trained:
        yield Finding(
            Kind.VALIDATION,
            Severity.WARNING,
            fold.name,
            f"{len(chosen & trained)} utterances train and validate: every epoch looks good on them",
            "take them off the training side",
            len(chosen & trained),
            len(chosen),
            some(fold.valid[fold.valid["key"].isin(trained)]["utterance"]),
        )
    voices = (set(fold.valid["speaker"]) & set(fold.train["speaker"])) - {""}
    if voices and chosen != tested:
        yield Finding(
            Kind.VALIDATION,
            Severity.NOTE,
            fold.name,
            f"{len(voices)} speakers train and validate: what is chosen is chosen on known voices",
            "validate on speakers who do not train",
            len(voices),
            len(set(fold.valid["speaker"])),
            some(voices),
        )


def check_classes(subject: Subject) -> Iterator[Finding]:
    """Labels that one side lacks, and shares of the labels that differ."""
    if not subject.knows("label"):
        yield unchecked(subject, Kind.CLASS, "no label is known")
    for fold in subject.folds:
        learnt, tested = (_counts(rows) for rows in (fold.learns, fold.test))
        if learnt.empty or tested.empty:
            continue
        unlearnt, untested = set(tested.index) - set(learnt.index), set(learnt.index) - set(tested.index)
        if unlearnt:
            yield Finding(
                Kind.CLASS,
                Severity.WARNING,
                fold.name,
                f"{len(unlearnt)} labels are tested and never learnt: their recall is 0 whatever the model",
                "leave them out with --classes, or merge them with --map",
                len(unlearnt),
                len(tested),
                some(unlearnt),
            )
        if untested:
            yield Finding(
                Kind.CLASS,
                Severity.NOTE,
                fold.name,
                f"{len(untested)} labels are learnt and never tested here: the fold's own UAR is of fewer classes",
                "pool the folds before scoring, as python -m benchmarks.run does",
                len(untested),
                len(learnt),
                some(untested),
            )
        yield from _check_shares(fold, learnt, tested)


def _check_shares(fold: Fold, learnt: pd.Series, tested: pd.Series) -> Iterator[Finding]:
    ratio = learnt.max() / learnt.min()
    if ratio >= LEAST_SHARE:
        rare = learnt[learnt * LEAST_SHARE <= learnt.max()]
        yield Finding(
            Kind.CLASS,
            Severity.NOTE,
            fold.name,
            f"{learnt.idxmax()} has {ratio:.1f} times the training clips of {learnt.idxmin()} ({learnt.max()} and "
            f"{learnt.min()}): accuracy rewards guessing {learnt.idxmax()}",
            "report UAR, the mean recall of the classes, first",
            len(rare),
            len(learnt),
            some(rare.index),
        )
    both = learnt.index.intersection(tested.index)
    expected = learnt[both] / learnt.sum() * tested.sum()
    factor = tested[both] / expected
    unlike = factor[((factor >= UNLIKE) | (factor <= 1 / UNLIKE)) & (expected >= EXPECTED)]
    if len(unlike):
        yield Finding(
            Kind.CLASS,
            Severity.NOTE,
            fold.name,
            f"{len(unlike)} labels have another share of the test side than of the training side, {unlike.index[0]} "
            f"{unlike.iloc[0]:.1f} times",
            "report UAR, which does not depend on the shares",
            len(unlike),
            len(both),
            some(unlike.index),
        )


def _counts(rows: pd.DataFrame) -> pd.Series:
    return rows[rows["label"] != ""].drop_duplicates("key")["label"].value_counts()


def unchecked(subject: Subject, kind: Kind, why: str) -> Finding:
    """Say what could not be checked, and why."""
    remedy = "give the corpus with --corpus NAME --root DIR" if subject.corpus is None else "fill them in in the corpus"
    return Finding(kind, Severity.NOTE, "", f"{kind.about} not checked ({why})", remedy, checked=False)


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    check_speakers,
    check_answers,
    check_texts,
    check_sessions,
    check_corpus,
    check_never_tested,
    check_validation,
    check_classes,
)
"""What is asked of folds without reading any sound; `benchmarks.auditing.recordings` and `.feature_tables` ask more."""
