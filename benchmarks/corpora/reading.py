"""From a source and a user's options to a checked corpus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmarks.corpora.base import Options, Source
from benchmarks.corpora.corpus import Corpus, order_labels
from features.errors import CorpusError


def read(
    source: Source,
    root: Path | None,
    *,
    classes: str | None,
    mapping: Mapping[str, str],
    improvised: bool,
    allow_partial: bool,
    seed: int,
) -> Corpus:
    """Read one corpus and apply the choice of labels; see `benchmarks.corpora.load`."""
    root = _root(source, root)
    if improvised and not source.improvised:
        raise CorpusError(f"{source.name}: improvised=True (--improvised) means nothing here; leave it out")
    policy, restriction = _policy(source, classes)
    options = Options(policy=policy, improvised=improvised, allow_partial=allow_partial, seed=seed)
    reading = source.read(root, options)
    if source.counts and not allow_partial:
        check_counts(source, reading.utterances)
    words = [source.policies[policy]] if policy else []
    words += ["improvised only"] if improvised else []
    corpus = Corpus(
        source=source,
        utterances=reading.utterances,
        labels=order_labels(reading.utterances["label"]),
        root=str(root or reading.root or ""),
        policy="; ".join(words),
        notes=reading.notes,
    ).validate()
    if mapping:
        corpus = corpus.rename(mapping)
    return corpus.restrict(restriction) if restriction else corpus


def check_counts(source: Source, table: pd.DataFrame) -> None:
    """Compare the number of utterances of each label with the published one.

    Raises
    ------
    CorpusError
        Naming the label, the expected and the found number.
    """
    found = table["label"].value_counts()
    for label, expected in source.counts.items():
        count = int(found.get(label, 0))
        if count != expected:
            raise CorpusError(
                f"{source.name}: label {label}: expected {expected} utterances as published, found {count}; restore "
                "the missing files, or allow a deliberate subset with --allow-partial (allow_partial=True)"
            )


def _root(source: Source, root: Path | None) -> Path | None:
    if root is None:
        if source.root_needed:
            raise CorpusError(f"{source.name}: no root given; expected {source.layout}; give it with --root")
        return None
    if not root.exists():
        raise CorpusError(f"{source.name}: {root} does not exist; expected {source.layout}; give it with --root")
    return root.resolve()


def _policy(source: Source, classes: str | None) -> tuple[str, tuple[str, ...]]:
    """The label policy, and the labels to restrict to (none for all)."""
    default = next(iter(source.policies), "")
    if classes is None:
        return default, ()
    if classes in source.policies:
        return classes, ()
    labels = tuple(label.strip() for label in classes.split(",") if label.strip())
    unknown = [label for label in labels if source.labels and label not in source.labels]
    if not labels or (unknown and classes.replace("-", "").isalnum() and classes[0].isdigit()):
        expected = ", ".join(source.policies) or "labels joined by commas"
        raise CorpusError(
            f"{source.name}: unknown --classes {classes!r}; expected {expected}, or labels joined by commas"
        )
    return ("all" if "all" in source.policies else default), labels
