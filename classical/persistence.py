"""Keep trained pipelines in files that cannot run code, and load them from anyone's."""

from __future__ import annotations

import copy
import io
import json
import os
import platform
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from classical.model_card import model_card
from classical.models import MODELS
from features.errors import ModelError
from features.version import VERSION

FORMAT = 1
TRUSTED = (
    "builtins.dict",
    "builtins.list",
    "builtins.str",
    "builtins.tuple",
    "classical.fusion.FusionClassifier",
    "classical.normalise.Normaliser",
    "classical.speech_classifier.SpeechClassifier",
    *(name.replace(":", ".") for name in MODELS.values()),
    "deep.frozen.FrozenEncoder",
    "features.extractors.statistics.FeatureExtractor",
    "features.extractors.opensmile.OpenSmileExtractor",
    "numpy.dtype",
    "numpy.float64",
    "numpy.int64",
    "numpy.ndarray",
)
LOADERS = ("DictNode", "DTypeNode", "JsonNode", "ListNode", "NdArrayNode", "ObjectNode", "TupleNode")
KEY_TYPES = ("builtins.str",)
LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost", "librosa", "skops")


@dataclass(frozen=True)
class SavedModel:
    """A trained pipeline as it was kept, ready to answer.

    Attributes
    ----------
    pipeline
        `classical.speech_classifier.SpeechClassifier` or `classical.fusion.FusionClassifier`.
    metadata
        What it was trained on, how it scored, and what made it.
    notes
        What differs between then and now, in sentences; empty where nothing does.
    """

    pipeline: Any
    metadata: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Sorted labels, shape (n_classes,)."""
        return self.pipeline.classes_

    def predict_proba(self, X: Any, *, one_speaker: bool = False) -> NDArray[np.float64]:
        """Probability of every class.

        Parameters
        ----------
        X
            Paths, (waveform, rate) pairs, or an utterances table.
        one_speaker
            Say that all are spoken by the same person, for models with per-speaker normalisation.

        Returns
        -------
        probabilities : (n_utterances, n_classes)
            Rows sum to 1; columns as `classes_`.

        Raises
        ------
        AudioError
            If a clip cannot be read.
        PipelineError
            If speakers are needed and not known.
        """
        return self.pipeline.predict_proba(X, speakers=np.full(len(X), "one speaker") if one_speaker else None)

    def predict(self, X: Any, *, one_speaker: bool = False) -> NDArray[np.str_]:
        """Label with the highest probability, shape (n_utterances,)."""
        return self.classes_[self.predict_proba(X, one_speaker=one_speaker).argmax(axis=1)]


def save(path: str | Path, model: Any, *, metadata: Mapping[str, Any]) -> tuple[Path, Path]:
    """Write a trained pipeline, and a model card beside it.

    Parameters
    ----------
    path
        File to write, ``.skops``. The card has the same name with ``.md``.
    model
        Fitted `SpeechClassifier` or `FusionClassifier` whose features are an extractor, not a stored table.
    metadata
        JSON-able. Shown on the card where given: pipeline, corpus, fingerprint, licence, citation, n_utterances,
        n_speakers, seed, scores (a mapping of names to numbers) and protocol (how the scores were obtained). Labels,
        feature names, parameters chosen and versions are added.

    Returns
    -------
    file, card : Path

    Raises
    ------
    ModelError
        If the model holds something that could not be loaded again, or the file cannot be written.
    """
    import skops.io

    file = Path(path)
    if file.suffix != ".skops":
        raise ModelError(f"{file}: a model is kept as .skops; name it {file.with_suffix('.skops').name}")
    facts = {**metadata, **_facts(model)}
    try:
        content = skops.io.dumps(
            {"format": FORMAT, "pipeline": _portable(model), "metadata": json.dumps(facts)},
            compression=zipfile.ZIP_DEFLATED,
        )
    except TypeError as error:
        raise ModelError(f"{file}: this pipeline cannot be kept ({error}); train it on an extractor") from error
    _refuse_foreign(content, file, "could not be loaded again")
    card = file.with_suffix(".md")
    _write(file, content)
    _write(card, model_card(facts, file.name).encode())
    return file, card


def load(path: str | Path) -> SavedModel:
    """Read a kept pipeline. No code from the file is run, and only the types in `TRUSTED` are ever made.

    Raises
    ------
    ModelError
        If the file is missing, is not a skops file (pickles are never loaded), holds a type that is not in `TRUSTED`,
        or is damaged.
    """
    import skops.io

    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror or error}; expected a model kept by benchmarks.train") from error
    _refuse_foreign(content, file, "is not loaded")
    try:
        kept = skops.io.loads(content, trusted=list(TRUSTED))
        made_by = kept["format"]
        pipeline, metadata = kept["pipeline"], json.loads(kept["metadata"])
    except ImportError as error:
        raise ModelError(f"{file}: needs a part that is not installed ({error}); install the extra it names") from error
    except Exception as error:  # whatever a damaged or forged file makes of the reading, it is the file's fault
        raise ModelError(f"{file}: damaged ({type(error).__name__}: {error}); expected a kept model") from error
    if made_by != FORMAT:
        raise ModelError(f"{file}: format {made_by}; this version reads format {FORMAT}; train the model again")
    return SavedModel(pipeline, metadata, tuple(_differences(metadata, pipeline)))


def parts(model: Any) -> Iterator[Any]:
    """Every `SpeechClassifier` inside a model."""
    if hasattr(model, "members_"):
        for _, own in model.members_:
            yield from parts(own)
    else:
        yield model


def _facts(model: Any) -> dict[str, Any]:
    own = list(parts(model))
    return {
        "labels": [str(label) for label in model.classes_],
        "feature_names": sorted({str(name) for part in own for name in part.feature_names_}),
        "features": sorted({_identity(part.features) for part in own}),
        "normalise": sorted({part.normalise for part in own}),
        "chosen": model.best_params_,
        "notes": model.notes_,
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "versions": _versions(),
    }


def _identity(features: Any) -> str:
    return str(features.identity()) if hasattr(features, "identity") else type(features).__name__


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in LIBRARIES}
    return {"speech-emotion-baselines": VERSION, "python": platform.python_version(), **libraries}


def _differences(metadata: Mapping[str, Any], pipeline: Any) -> Iterator[str]:
    then, now = metadata.get("versions", {}), _versions()
    changed = [f"{name} {then[name]} (here {now[name]})" for name in now if name in then and then[name] != now[name]]
    if changed:
        yield f"made with {', '.join(changed)}: answers may differ slightly"
    features = sorted({_identity(part.features) for part in parts(pipeline)})
    if features != metadata.get("features", features):
        yield "features are computed by other code than in training: train the model again to be sure of its answers"


def _portable(model: Any) -> Any:
    """Copy of a fitted pipeline without what belongs to this machine or to its training only."""
    own = copy.copy(model)
    if hasattr(own, "members_"):
        own.members_ = [(name, _portable(member)) for name, member in own.members_]
        own.members = [(name, _portable(member)) for name, member in own.members]
    else:
        own.features = clone(own.features)
        local = {"cache": None, "n_jobs": 1, "progress": False}
        own.features.set_params(**{k: v for k, v in local.items() if k in own.features.get_params(deep=False)})
        if hasattr(own, "model_"):
            own.model_ = _without_training(own.model_)
    return _without_training(own)


def _without_training(estimator: Any) -> Any:
    own = copy.copy(estimator)
    vars(own).pop("oof_proba_", None)
    if "n_jobs" in vars(own):
        own.n_jobs = 1
    return own


def _refuse_foreign(content: bytes, file: Path, consequence: str) -> None:
    """Compare every type and every way of making it that the file asks for with the constants above."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            schema = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{file}: not a skops file; expected a model kept by benchmarks.train (pickles are never loaded)"
        ) from error
    for node in _nodes(schema):
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        loader = node["__loader__"]
        allowed = KEY_TYPES if loader == "TypeNode" else TRUSTED if loader in LOADERS else ()
        if name not in allowed:
            asked = name if name not in TRUSTED else f"{name} by {loader}"
            raise ModelError(f"{file}: holds the foreign type {asked}, so it {consequence}; use models you can trace")


def _nodes(part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, dict):
        if "__loader__" in part:
            yield part
        for inner in part.values():
            yield from _nodes(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _nodes(inner)


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(file)
    except OSError as error:
        raise ModelError(f"{file}: cannot be written ({error.strerror or error}); check the folder") from error
    finally:
        unfinished.unlink(missing_ok=True)
