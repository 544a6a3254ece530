"""Training one pipeline on a whole corpus, to keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.corpora.corpus import Corpus
from benchmarks.evaluation.job import SEEN
from benchmarks.pipelines import Pipeline, build
from benchmarks.pipelines.options import PipelineOptions
from features.cache import FeatureCache
from features.errors import PipelineError

KEPT_SCORES = ("uar", "uar_low", "uar_high", "wa", "macro_f1")


@dataclass(frozen=True)
class Kept:
    """A model that was trained and written.

    Attributes
    ----------
    place : path
        Its file or folder.
    card : path
        The model card.
    chosen : dict
        Parameters chosen.
    notes : tuple of str
        What a user should know of the training.
    """

    place: Path
    card: Path
    chosen: dict[str, Any]
    notes: tuple[str, ...]


def train(
    corpus: Corpus,
    pipeline: str,
    out: str | Path,
    *,
    options: PipelineOptions | None = None,
    seed: int = 0,
    jobs: int = 1,
    cache: FeatureCache | None = None,
    scores: Mapping[str, float] | None = None,
    protocol: str = "",
    progress: bool = False,
) -> Kept:
    """Train a pipeline on all utterances of a corpus and write it with a model card.

    Parameters
    ----------
    corpus : Corpus
    pipeline : str
        Such as `svm`, `svm+xgboost`, `wav2vec2`.
    out : path
        A file `.skops` for classical pipelines, a folder for deep ones.
    options : PipelineOptions, optional
    seed : int
    jobs : int
        Processes that extract features.
    cache : FeatureCache, optional
    scores : mapping, optional
        Scores of the same pipeline on speaker-independent folds, for the card.
    protocol : str
        How these were obtained.
    progress : bool
        Draw bars on stderr.

    Returns
    -------
    Kept

    Raises
    ------
    PipelineError
        If the pipeline is unknown, or cannot run here.
    ModelError
        If it cannot be written.
    """
    built = build(pipeline, labels=corpus.labels, corpus=corpus.name, options=options or PipelineOptions())
    if built.reason:
        raise PipelineError(f"{built.name} cannot be trained here: {built.reason}")
    estimator = _estimator(built, seed=seed, cache=cache, jobs=jobs, progress=progress)
    table = corpus.utterances
    estimator.fit(table[list(SEEN)], table["label"].to_numpy().astype(str))
    about = {
        "pipeline": built.name,
        "corpus": corpus.name,
        "labels_policy": corpus.policy,
        "fingerprint": corpus.fingerprint,
        "licence": corpus.licence,
        "citation": corpus.citation,
        "synthetic": corpus.synthetic,
        "n_utterances": len(table),
        "n_speakers": len(corpus.speakers),
        "seed": seed,
        "scores": dict(scores or {}),
        "protocol": protocol,
        "made": datetime.now(UTC).date().isoformat(),
    }
    place, card = _save(built, estimator, Path(out), about)
    notes = (*corpus.notes, *(str(note) for note in getattr(estimator, "notes_", [])))
    return Kept(place, card, dict(getattr(estimator, "best_params_", getattr(estimator, "chosen_", {}))), notes)


def _estimator(built: Pipeline, *, seed: int, cache: FeatureCache | None, jobs: int, progress: bool) -> Any:
    """The pipeline's estimator with its extractors at work on this machine; a fusion of its parts."""
    if built.parts:
        from classical.fusion import FusionClassifier

        members = [(p.name, _estimator(p, seed=seed, cache=cache, jobs=jobs, progress=progress)) for p in built.parts]
        return FusionClassifier(members, random_state=seed)
    if built.features:
        _set_known(built.estimator.features, cache=cache, n_jobs=jobs, progress=progress)
    return _set_known(built.estimator, random_state=seed)


def _set_known(estimator: Any, **given: Any) -> Any:
    known = estimator.get_params()
    return estimator.set_params(**{name: value for name, value in given.items() if name in known})


def _save(built: Pipeline, estimator: Any, out: Path, about: Mapping[str, Any]) -> tuple[Path, Path]:
    if built.package == "deep":
        from deep.persistence import save as save_deep

        place = save_deep(estimator, out, about=about)
        return place, place / "README.md"
    from classical.persistence import save as save_classical

    return save_classical(out, _to_keep(estimator), metadata=about)


def _to_keep(estimator: Any) -> Any:
    """The fitted pipeline with its extractor as anybody would make it: no cache, one process."""
    if hasattr(estimator, "members_"):
        estimator.members_ = [(name, _to_keep(member)) for name, member in estimator.members_]
        return estimator
    _set_known(estimator.features, cache=None, n_jobs=1, progress=False)
    return estimator


def scores_for_card(row: Mapping[str, Any]) -> dict[str, float]:
    """The test scores of a row of `scores.csv` that a model card shows."""
    return {name: round(float(row[name]), 6) for name in KEPT_SCORES}
