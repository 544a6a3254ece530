"""The final model: one pipeline trained on a whole corpus and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import has_fit_parameter

import classical.persistence
from benchmarks.evaluation.execute import number_of_jobs
from benchmarks.evaluation.job import SEEN, learnt
from benchmarks.folds.splitters import validation_speakers
from benchmarks.pipelines import Pipeline, build
from benchmarks.pipelines.feature_sets import is_stored
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.scoring.predictions import labels_of
from classical.fusion import FusionClassifier
from features.drift import WATCHED_GROUPS, training_speech
from features.errors import ModelError, PipelineError
from features.extractors.statistics import FeatureExtractor
from features.files import check_writable
from features.prediction_sets import Calibration, calibrate

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.corpora.corpus import Corpus
    from benchmarks.evaluation.runs import Run
    from features.cache import FeatureCache

CARD_SCORES = ("uar", "uar_low", "uar_high", "wa", "macro_f1")


@dataclass(frozen=True)
class SavedModel:
    """A model that was trained and saved.

    Attributes
    ----------
    path : Path
        Its file or folder.
    card : Path
        The model card.
    best_params : dict
        Parameters that the search selected.
    notes : tuple of str
        What a user should know of the training.
    """

    path: Path
    card: Path
    best_params: dict[str, Any]
    notes: tuple[str, ...]


def check_saving(corpus: Corpus, pipeline: str, out: str | Path, *, options: PipelineOptions | None = None) -> None:
    """Check before anything is trained that a pipeline can be trained here, and saved at a path.

    Parameters
    ----------
    corpus, pipeline, out, options
        As for `train`.

    Raises
    ------
    PipelineError
        If the pipeline is unknown, cannot run here, or takes features from a table, which no model can carry.
    ModelError
        If the file has the wrong suffix.
    InputError
        If it cannot be written.
    """
    built = build(pipeline, labels=corpus.labels, corpus=corpus.name, options=options or PipelineOptions())
    if built.reason:
        raise PipelineError(f"{built.name} cannot be trained here: {built.reason}")
    for part in built.parts or (built,):
        if part.features and is_stored(part.features):
            raise PipelineError(
                f"{built.name}: a model cannot be saved with the table {part.features}, since it could not predict new "
                "sound; name features that are computed from sound, such as svm@all"
            )
    out = Path(out)
    if built.package == "deep":
        check_writable(out, folder=True)
        return
    if out.suffix != ".skops":
        raise ModelError(f"{out}: a model is saved as .skops; name it {out.with_suffix('.skops').name}")
    check_writable(out)
    check_writable(out.with_suffix(".md"))


def train(
    corpus: Corpus,
    pipeline: str,
    out: str | Path,
    *,
    options: PipelineOptions | None = None,
    folds: str | None = None,
    seed: int = 0,
    jobs: int | None = None,
    cache: FeatureCache | None = None,
    scores: Mapping[str, float] | None = None,
    protocol: str = "",
    tested: pd.DataFrame | None = None,
    progress: bool = False,
) -> SavedModel:
    """Train a pipeline on all utterances of a corpus and save it with a model card.

    A model that chooses its epoch does so on speakers drawn by the rule of the folds that scored it.

    Parameters
    ----------
    corpus : Corpus
    pipeline : str
        Such as `svm`, `svm+xgboost`, `wav2vec2`.
    out : path
        A file `.skops` for classical pipelines, a folder for deep ones.
    options : PipelineOptions, optional
    folds : str, optional
        Scheme of the folds that scored it; by default the corpus's own.
    seed : int, default=0
    jobs : int, optional
        Number of processes that extract features; by default all cores.
    cache : FeatureCache, optional
    scores : mapping, optional
        Scores of the same pipeline on speaker-independent folds, for the card; see `card_scores`.
    protocol : str, default=""
        How these were obtained.
    tested : DataFrame, optional
        Predictions of the same pipeline on speaker-independent folds, by which a model without out-of-fold answers of
        its own is calibrated for `predict --coverage`.
    progress : bool, default=False
        Draw bars on stderr.

    Returns
    -------
    SavedModel

    Raises
    ------
    PipelineError
        If the pipeline is unknown, or cannot run here.
    ModelError
        If it cannot be written.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("manifest", "my.csv")  # doctest: +SKIP
    >>> benchmarks.train(corpus, "logistic@timing", "timing.skops").card.name  # doctest: +SKIP
    'timing.md'
    """
    check_saving(corpus, pipeline, out, options=options)
    built = build(pipeline, labels=corpus.labels, corpus=corpus.name, options=options or PipelineOptions())
    estimator = _estimator(built, seed=seed, cache=cache, n_jobs=number_of_jobs(jobs), progress=progress)
    table = corpus.utterances
    metadata = {}
    if len(corpus.speakers) > 1 and has_fit_parameter(estimator, "valid"):
        speakers = validation_speakers(table, folds or corpus.default_scheme)
        metadata = {"valid": np.isin(table.index.get_level_values("speaker"), speakers)} if speakers else {}
    estimator.fit(table[list(SEEN)], table["label"].to_numpy().astype(str), **metadata)
    calibration = _calibration(estimator, table, tested)
    about = {
        **({"calibration": calibration.as_json()} if calibration else {}),
        "speech": _speech(table, seed=seed, cache=cache, n_jobs=number_of_jobs(jobs)),
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
    path, card = _save(built, estimator, Path(out), about)
    notes = (*corpus.notes, *(str(note) for note in getattr(estimator, "notes_", [])))
    return SavedModel(path, card, dict(learnt(estimator, "best_params") or {}), notes)


def _calibration(estimator: Any, table: pd.DataFrame, tested: pd.DataFrame | None) -> Calibration | None:
    """How far from the truth the model was on speakers whom it had not heard: in training, or when it was tested."""
    oof = learnt(estimator, "oof_probability")
    if oof is not None and len(oof) == len(table):
        speakers = table.index.get_level_values("speaker")
        labels = [str(label) for label in estimator.classes_]
        found = calibrate(speakers, table["label"].to_numpy().astype(str), oof, labels)
        if found:
            return found
    if tested is None or tested.empty:
        return None
    labels = labels_of(tested)
    return calibrate(tested["speaker"], tested["truth"], tested[[f"p_{label}" for label in labels]], labels)


def _speech(table: pd.DataFrame, *, seed: int, cache: FeatureCache | None, n_jobs: int) -> Any:
    """What the model keeps of its training speech, by which drift is found."""
    extractor = FeatureExtractor(WATCHED_GROUPS, cache=cache, n_jobs=n_jobs)
    speakers = table.index.get_level_values("speaker")
    return training_speech(table, speakers, seed=seed, extractor=extractor).as_json()


def _estimator(built: Pipeline, *, seed: int, cache: FeatureCache | None, n_jobs: int, progress: bool) -> Any:
    """The pipeline's estimator with its extractors at work on this machine; a fusion of its parts."""
    how: dict[str, Any] = {"cache": cache, "n_jobs": n_jobs, "progress": progress}
    if built.parts:
        members = [(part.name, _estimator(part, seed=seed, **how)) for part in built.parts]
        return FusionClassifier(members, random_state=seed)
    if hasattr(getattr(built.estimator, "features", None), "get_params"):
        _set_where_known(built.estimator.features, random_state=seed, **how)
    return _set_where_known(built.estimator, random_state=seed)


def _set_where_known(estimator: Any, **values: Any) -> Any:
    names = estimator.get_params()
    return estimator.set_params(**{name: value for name, value in values.items() if name in names})


def _save(built: Pipeline, estimator: Any, out: Path, about: Mapping[str, Any]) -> tuple[Path, Path]:
    if built.package == "deep":
        import deep.persistence  # needs torch, which a classical model does not

        folder = deep.persistence.save(estimator, out, about=about)
        return folder, folder / "README.md"
    return classical.persistence.save(out, _portable(estimator), metadata=about)


def _portable(estimator: Any) -> Any:
    """The fitted pipeline with its extractor as anybody would make it: no cache, one process."""
    if hasattr(estimator, "members_"):
        estimator.members_ = [(name, _portable(member)) for name, member in estimator.members_]
        return estimator
    _set_where_known(estimator.features, cache=None, n_jobs=1, progress=False)
    return estimator


def card_scores(run: Run) -> tuple[dict[str, float], str]:
    """Test scores of the first pipeline of a run, and how they were obtained, as a model card shows them.

    Raises
    ------
    PipelineError
        If no pipeline was scored.
    """
    if run.scores.empty:
        name, entry = next(iter(run.record["pipelines"].items()))
        raise PipelineError(f"{name} could not be tested: {entry['reason']}")
    row, folds = run.scores.iloc[0], run.record["folds"]
    protocol = f"{len(folds['folds'])} folds ({folds['scheme']}), speakers held out"
    if "enrolment" in run.record:
        protocol += f", {run.record['enrolment']['clips']} clips of each enrol and are not scored"
    return {name: round(float(row[name]), 6) for name in CARD_SCORES}, protocol
