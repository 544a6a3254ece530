"""Recordings on both sides of a fold: the utterance itself, its bytes, or its sound cut, shifted or coded anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from itertools import combinations
from typing import TYPE_CHECKING

from benchmarks.auditing.checks import unchecked
from benchmarks.auditing.finding import MOST_EXAMPLES, Finding, Kind, Severity, some
from benchmarks.folds.same_sound import overlapping_turns, same_sound_in

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.auditing.subject import Fold, Subject
    from benchmarks.corpora.corpus import Corpus
    from features.cache import FeatureCache

REMEDY = "leave one of each pair out, or keep both on one side"


def check_recordings(
    subject: Subject, *, cache: FeatureCache | None = None, progress: bool = False
) -> Iterator[Finding]:
    """Find recordings that are learnt and tested.

    Parameters
    ----------
    subject : Subject
    cache : FeatureCache, optional
        Where fingerprints of sounds are kept.
    progress : bool, default=False
        Draw a bar on stderr.
    """
    if subject.corpus is None:
        yield unchecked(subject, Kind.RECORDING, "compared by name only")
    two_sides = any(len(fold.learns) and len(fold.test) for fold in subject.folds)
    copies = copies_in(subject.corpus, cache=cache, progress=progress) if subject.corpus and two_sides else {}
    for fold in subject.folds:
        yield from _check_itself(fold)
        yield from _check_copies(fold, copies)
        yield from _check_repeated(fold)


def copies_in(
    corpus: Corpus, *, cache: FeatureCache | None = None, progress: bool = False
) -> Mapping[str, Mapping[str, str]]:
    """Position of each utterance that has a copy, to those of its copies and how much sound they share."""
    keys = corpus.audio_keys
    pairs = same_sound_in(corpus.utterances, cache=cache, progress=progress)
    turns = set(overlapping_turns(pairs, corpus.utterances, keys)) if corpus.source.dialogues else set()
    copies: dict[str, dict[str, str]] = defaultdict(dict)
    same_bytes: dict[str, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        same_bytes[key].append(position)
    found = [(one, other, "same bytes") for group in same_bytes.values() for one, other in combinations(group, 2)]
    found += [
        (pair.first, pair.second, f"{pair.seconds:.1f} s")
        for pair in pairs
        if pair not in turns and keys[pair.first] != keys[pair.second]
    ]
    for one, other, how in found:
        copies[str(one)][str(other)] = copies[str(other)][str(one)] = how
    return copies


def _check_itself(fold: Fold) -> Iterator[Finding]:
    both = {*fold.train["key"], *fold.aside["key"]} & set(fold.test["key"])
    if both:
        yield Finding(
            Kind.RECORDING,
            Severity.ERROR,
            fold.name,
            f"{len(both)} test utterances train too",
            "take them off the training side",
            len(both),
            fold.test["key"].nunique(),
            some(fold.test[fold.test["key"].isin(both)]["utterance"]),
        )


def _check_copies(fold: Fold, copies: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    learns = dict(zip(fold.learns["key"], fold.learns["utterance"]))
    pairs = [
        (name, learns[copy], how)
        for key, name in zip(fold.test["key"], fold.test["utterance"])
        for copy, how in copies.get(key, {}).items()
        if copy in learns
    ]
    if pairs:
        tested: Set[str] = {name for name, _, _ in pairs}
        yield Finding(
            Kind.RECORDING,
            Severity.ERROR,
            fold.name,
            f"{len(tested)} test utterances hold the sound of training ones under another name",
            REMEDY,
            len(tested),
            fold.test["key"].nunique(),
            tuple(f"{name} and {copy} ({how})" for name, copy, how in pairs[:MOST_EXAMPLES]),
        )


def _check_repeated(fold: Fold) -> Iterator[Finding]:
    for what, rows in (("is tested", fold.test), ("validates", fold.valid)):
        repeated: pd.Series = rows[rows["key"].duplicated()]["utterance"]
        if len(repeated):
            yield Finding(
                Kind.RECORDING,
                Severity.WARNING,
                fold.name,
                f"{len(repeated)} rows repeat an utterance that {what} already: it counts double",
                "leave the repeated rows out",
                len(repeated),
                len(rows),
                some(repeated),
            )
