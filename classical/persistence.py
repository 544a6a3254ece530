"""Save trained pipelines in files that cannot run code, and load them from anyone's."""

from __future__ import annotations

import copy
import io
import json
import platform
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from classical.encoders import contents, place
from classical.fusion import parts
from classical.model_card import model_card
from classical.models import MODELS
from features.cards import training_facts
from features.errors import ModelError, SerError
from features.files import write_atomically
from features.fingerprint import installed_version
from features.version import VERSION

FORMAT = 3
TRUSTED = (
    "builtins.dict",
    "builtins.list",
    "builtins.str",
    "builtins.tuple",
    "classical.fusion.FusionClassifier",
    "classical.normalise.Normaliser",
    "classical.speech_classifier.SpeechClassifier",
    *(name.replace(":", ".") for name in MODELS.values()),
    "features.extractors.joined.JoinedFeatures",
    "features.extractors.statistics.FeatureExtractor",
    "features.extractors.opensmile.OpenSmileExtractor",
    "numpy.bool",
    "numpy.dtype",
    "numpy.float64",
    "numpy.int64",
    "numpy.ndarray",
)
EXTRACTORS = "speech_emotion_baselines.extractors"
LOADERS = ("DictNode", "DTypeNode", "JsonNode", "ListNode", "NdArrayNode", "ObjectNode", "TupleNode")
KEY_TYPES = ("builtins.str",)
MOST_UNPACKED = 50_000_000
MOST_GROWTH = 50
"""Bytes that any file may unpack to, and how many times its size a larger one may."""
LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost", "librosa", "skops")


@dataclass(frozen=True)
class SavedModel:
    """A trained pipeline as it was saved, ready to predict.

    Attributes
    ----------
    pipeline : SpeechClassifier or FusionClassifier
    metadata : mapping
        What it was trained on, how it scored, and what made it.
    notes : tuple of str
        What differs between then and now, in sentences; empty where nothing does.

    Examples
    --------
    >>> import classical
    >>> model = classical.load("model.skops")  # doctest: +SKIP
    >>> model.classes_, model.predict(["clip.wav"]), model.predict_proba(["clip.wav"])  # doctest: +SKIP
    >>> print(model)  # what it was trained on, and how well  # doctest: +SKIP
    """

    pipeline: Any
    metadata: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """What it is in a few lines: labels, training, features, scores, and what differs today."""
        about = self.metadata
        scores = ", ".join(f"{name} {number:.3f}" for name, number in about.get("scores", {}).items())
        lines = [
            f"labels: {', '.join(map(str, self.classes_))}",
            *training_facts(about),
            f"features: {len(about['feature_names'])} used of {'; '.join(about['features'])}",
            f"normalisation: {', '.join(about['normalise'])}",
            *([f"scores: {scores}"] if scores else []),
            *(f"note: {note}" for note in self.notes),
        ]
        return "\n  ".join([str(about.get("pipeline") or type(self.pipeline).__name__), *lines])

    @property
    def classes_(self) -> NDArray:
        """Sorted labels, shape (n_classes,)."""
        return self.pipeline.classes_

    def predict_proba(self, X: Any, *, one_speaker: bool = False) -> NDArray[np.float64]:
        """Probability of every class.

        Parameters
        ----------
        X : DataFrame or sequence
            Paths, (waveform, rate) pairs, or an utterances table.
        one_speaker : bool
            Whether all are spoken by the same person, for models with per-speaker normalisation.

        Returns
        -------
        ndarray of shape (n_utterances, n_classes)
            Rows sum to 1; columns as `classes_`.

        Raises
        ------
        AudioError
            If a clip cannot be read.
        PipelineError
            If speakers are needed and not known.
        """
        return self.pipeline.predict_proba(X, speakers=np.full(len(X), "one speaker") if one_speaker else None)

    def predict(self, X: Any, *, one_speaker: bool = False) -> NDArray:
        """Label with the highest probability.

        Parameters
        ----------
        X, one_speaker
            As for `predict_proba`.

        Returns
        -------
        ndarray of shape (n_utterances,)
        """
        return self.classes_[self.predict_proba(X, one_speaker=one_speaker).argmax(axis=1)]


def save(
    path: str | Path, model: Any, *, metadata: Mapping[str, Any], trusted: Iterable[str] = ()
) -> tuple[Path, Path]:
    """Write a trained pipeline, and a model card beside it.

    Parameters
    ----------
    path : str or Path
        File to write, ``.skops``. The card has the same name with ``.md``.
    model : SpeechClassifier or FusionClassifier
        Fitted; its features are an extractor, not a stored table.
    metadata : mapping
        JSON-able. Shown on the card where given: pipeline, corpus, fingerprint, licence, citation, n_utterances,
        n_speakers, seed, scores (a mapping of names to numbers) and protocol (how the scores were obtained). Labels,
        feature names, parameters chosen and versions are added.
    trusted : iterable of str
        As for `load`.

    Returns
    -------
    file, card : Path

    Raises
    ------
    ModelError
        If the model holds something that could not be loaded again, or the file cannot be written.

    Examples
    --------
    >>> from classical import build
    >>> from features import FeatureExtractor
    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> pipeline = build("svm", features=FeatureExtractor("timing")).fit(table, table["label"])  # doctest: +SKIP
    >>> file, card = save("mine/model.skops", pipeline, metadata={"corpus": "mine"})  # doctest: +SKIP
    >>> file.name, card.name  # doctest: +SKIP
    ('model.skops', 'model.md')
    """
    file = Path(path)
    if file.suffix != ".skops":
        raise ModelError(f"{file}: a model is saved as .skops; name it {file.with_suffix('.skops').name}")
    facts = {**metadata, **_facts(model)}
    content = {"format": FORMAT, "pipeline": _portable(model), "metadata": json.dumps(facts)}
    try:
        data = _import_skops().dumps(content, compression=zipfile.ZIP_DEFLATED)
    except TypeError as error:
        raise ModelError(f"{file}: this pipeline cannot be saved ({error}); train it on an extractor") from error
    _check_types(_read_schema(data, file), trusted_types(trusted), file, "could not be loaded again")
    card = file.with_suffix(".md")
    try:
        write_atomically(file, data)
        write_atomically(card, model_card(facts, file.name))
    except OSError as error:
        raise ModelError(f"{file}: cannot be written ({error.strerror or error}); check the folder") from error
    return file, card


def load(path: str | Path, *, trusted: Iterable[str] = (), encoders: Sequence[str | Path] = ()) -> SavedModel:
    """Read a saved pipeline. No code from the file is run, and only types that are trusted are ever made.

    Parameters
    ----------
    path : str or Path
        File that `save` has written.
    trusted : iterable of str
        Types to trust beside those of `trusted_types`, such as ``"my_package.MyExtractor"``.
    encoders : sequence of path
        Where the speech encoders that it hears with lie now, if not where they lay in training; one with another
        content is refused.

    Returns
    -------
    SavedModel

    Raises
    ------
    ModelError
        If the file is missing, is not a skops file (pickles are never loaded), is of another format, holds a type that
        is not trusted, or is damaged; if its encoder is not found, or is another.

    Examples
    --------
    >>> import classical
    >>> classical.load("model.skops").predict(["clip.wav"])  # doctest: +SKIP
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror or error}; expected a model saved by benchmarks.train") from error
    _check_size(data, file)
    schema, types = _read_schema(data, file), trusted_types(trusted)
    made_by = _format_of(schema)
    if made_by not in (None, str(FORMAT)):
        raise ModelError(f"{file}: format {made_by}; this version reads format {FORMAT}; train the model again")
    _check_types(schema, types, file, "is not loaded")
    try:
        content = _import_skops().loads(data, trusted=list(types))
        pipeline, metadata = content["pipeline"], json.loads(content["metadata"])
        place((part.features for part in parts(pipeline)), metadata.get("encoders", {}), encoders, file)
        return SavedModel(pipeline, metadata, tuple(_differences(metadata, pipeline)))
    except SerError:
        raise
    except ImportError as error:
        raise ModelError(f"{file}: needs a part that is not installed ({error}); install the extra it names") from error
    except Exception as error:  # whatever a damaged or forged file makes of the reading, it is the file's fault
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(f"{file}: damaged ({reason}); expected a saved model") from error


def trusted_types(more: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of all types that a saved model may hold.

    Parameters
    ----------
    more : iterable of str
        Further types.

    Returns
    -------
    tuple of str
        `TRUSTED`, the extractors that installed packages declare under the entry point group `EXTRACTORS`, and `more`.
        None of them is imported by being named.

    Examples
    --------
    >>> "my_package.MyExtractor" in trusted_types(["my_package.MyExtractor"])
    True
    """
    declared = (point.value.replace(":", ".") for point in entry_points(group=EXTRACTORS))
    return (*TRUSTED, *declared, *more)


def _import_skops() -> ModuleType:
    """`skops.io`, without the torch that scikit-learn would import along with it, to list its own modules.

    Without it a model loads in half the time; whoever needs torch imports it afterwards.
    """
    absent = "torch" not in sys.modules
    if absent:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import skops.io
    finally:
        if absent:
            del sys.modules["torch"]
    return skops.io


def _facts(model: Any) -> dict[str, Any]:
    members = list(parts(model))
    return {
        "labels": model.classes_.tolist(),
        "feature_names": sorted({str(name) for part in members for name in part.feature_names_}),
        "features": sorted({_identity(part.features) for part in members}),
        "encoders": contents(part.features for part in members),
        "normalise": sorted({part.normalise for part in members}),
        "best_params": model.best_params_,
        "notes": model.notes_,
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "versions": _versions(),
    }


def _identity(features: Any) -> str:
    return str(features.identity()) if hasattr(features, "identity") else type(features).__name__


def _versions() -> dict[str, str]:
    libraries = {name: installed_version(name) for name in LIBRARIES}
    return {"speech-emotion-baselines": VERSION, "python": platform.python_version(), **libraries}


def _differences(metadata: Mapping[str, Any], pipeline: Any) -> Iterator[str]:
    then, now = metadata.get("versions", {}), _versions()
    changed = [f"{name} {then[name]} (here {now[name]})" for name in now if name in then and then[name] != now[name]]
    if changed:
        yield f"made with {', '.join(changed)}: predictions may differ slightly"
    features = sorted({_identity(part.features) for part in parts(pipeline)})
    if features != metadata.get("features", features):
        yield "features are computed by other code than in training: train the model again to be sure of predictions"


def _portable(model: Any) -> Any:
    """Copy of a fitted pipeline without what belongs to this machine or to its training only."""
    bare = copy.copy(model)
    if hasattr(bare, "members_"):
        bare.members_ = [(name, _portable(member)) for name, member in bare.members_]
        bare.members = [(name, _portable(member)) for name, member in bare.members]
    else:
        bare.features = clone(bare.features)
        local = {"cache": None, "n_jobs": 1, "progress": False}
        bare.features.set_params(**{k: v for k, v in local.items() if k in bare.features.get_params(deep=False)})
        if hasattr(bare, "model_"):
            bare.model_ = _without_training(bare.model_)
    return _without_training(bare)


def _without_training(estimator: Any) -> Any:
    bare = copy.copy(estimator)
    vars(bare).pop("oof_proba_", None)
    if "n_jobs" in vars(bare):
        bare.n_jobs = 1
    return bare


def _check_size(data: bytes, file: Path) -> None:
    """Refuse a small file that would unpack into much more memory than the numbers of a model can."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except Exception:  # it is told what it is where it is read
        return
    if size > MOST_UNPACKED and size > MOST_GROWTH * len(data):
        raise ModelError(
            f"{file}: unpacks from {len(data) / 1e6:.1f} to {size / 1e6:,.0f} MB, which no model does; "
            "use models you can trace"
        )


def _read_schema(data: bytes, file: Path) -> Mapping[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return json.loads(archive.read("schema.json"))
    except Exception as error:  # zipfile, zlib and json raise whatever a damaged file leads them to
        if data.startswith(b"version https://git-lfs"):
            raise ModelError(
                f"{file}: a git-lfs pointer, not the model itself; expected a model saved by benchmarks.train; run "
                "`git lfs pull` where it was cloned"
            ) from error
        raise ModelError(
            f"{file}: not a skops file; expected a model saved by benchmarks.train (pickles are never loaded)"
        ) from error


def _format_of(schema: Mapping[str, Any]) -> str | None:
    try:
        return schema["content"]["format"]["content"]
    except (KeyError, TypeError):  # a skops file, but none of `save`
        return None


def _check_types(schema: Mapping[str, Any], trusted: tuple[str, ...], file: Path, consequence: str) -> None:
    """Compare every type in a file, and every way of making it, with what is trusted."""
    for node in _nodes(schema):
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        loader = node["__loader__"]
        allowed = KEY_TYPES if loader == "TypeNode" else trusted if loader in LOADERS else ()
        if name not in allowed:
            foreign = name if name not in trusted else f"{name} by {loader}"
            raise ModelError(f"{file}: holds the foreign type {foreign}, so it {consequence}; use models you can trace")


def _nodes(part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, dict):
        if "__loader__" in part:
            yield part
        for inner in part.values():
            yield from _nodes(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _nodes(inner)
