"""The deep pipelines by name, each with what it needs; importing this imports no torch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from deep import versions
from deep.hub import RELEASED, Kind, resolve
from deep.options import PipelineOptions
from features.errors import SerError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from deep.frozen import FrozenEncoder

ENCODER = "facebook/wav2vec2-base"
RELEASED_LABELS = ("ang", "hap", "neu", "sad")


@dataclass(frozen=True)
class DeepModel:
    """A deep pipeline that can be built.

    Attributes
    ----------
    name : str
        Name in every table.
    description : str
        What it is, in one line.
    build : callable
        `(options) -> estimator`, not fitted.
    needs : callable
        `(options, labels) -> str or None`: why it cannot run here, apart from missing libraries.
    contaminated_on : tuple of str
        Corpora whose speakers it has seen in training: a score on them is not a test result.
    source : str or None
        Hub name of the pretrained weights where the user chooses none; None where it has none.
    hub_kind : Kind
        What the files of its pretrained weights are on the hub.
    on_features : bool
        Whether it reads a frozen encoder's layers, named behind the `@`, from a table that is extracted for all folds.
    on_frames : bool
        Whether it starts from such an encoder, named behind the `@`, and keeps what its frozen part makes of the sound.
    settings : callable
        `(options) -> str`: what its row says of the options that it takes, behind the encoder's name.
    random_init : bool
        Whether it starts from random weights, never from an encoder that the user chose; its rows are flagged so.

    Examples
    --------
    >>> from deep.models import MODELS
    >>> MODELS["speechbrain-released"].contaminated_on
    ('iemocap',)
    """

    name: str
    description: str
    build: Callable[[PipelineOptions], BaseEstimator]
    needs: Callable[[PipelineOptions, Sequence[str]], str | None] = field(default=lambda _options, _labels: None)
    contaminated_on: tuple[str, ...] = ()
    source: str | None = None
    hub_kind: Kind = Kind.ENCODER
    random_init: bool = False
    on_features: bool = False
    on_frames: bool = False
    settings: Callable[[PipelineOptions], str] = field(default=lambda _options: "")

    def availability(self, options: PipelineOptions, labels: Sequence[str]) -> str | None:
        """Return in one line why it cannot run here, or None where it can.

        Parameters
        ----------
        options : PipelineOptions
            Options of the run.
        labels : sequence of str
            Labels of the corpus.
        """
        return versions.availability() or self.needs(options, labels)

    def estimator(self, options: PipelineOptions) -> BaseEstimator:
        """Build it, with a search of its learning rates and epochs around it where that is asked for.

        Parameters
        ----------
        options : PipelineOptions
            Options of the run.
        """
        built = self.build(options)
        if not (options.tune_deep and "epochs" in built.get_params()):
            return built
        from deep.tuned_rates import TunedRates

        return TunedRates(built)


def _fine_tuning(options: PipelineOptions) -> dict[str, Any]:
    """Return the parameters of a fine-tuned classifier that a user has set."""
    return _training(options) | ({"augment": True} if options.augment else {})


def _training(options: PipelineOptions) -> dict[str, Any]:
    """Return those that every training by epochs on a device has."""
    return {"device": options.device, "precision": options.precision} | _epochs(options)


def _epochs(options: PipelineOptions) -> dict[str, Any]:
    given = {"epochs": options.epochs, "patience": options.patience}
    return {name: value for name, value in given.items() if value is not None}


def _wav2vec2(options: PipelineOptions) -> BaseEstimator:
    from deep.classifier import FineTunedClassifier

    return FineTunedClassifier(options.encoder or ENCODER, **_fine_tuning(options))


def _wav2vec2_tiny(options: PipelineOptions) -> BaseEstimator:
    from deep.classifier import FineTunedClassifier
    from deep.encoder import RandomInit
    from deep.tiny import TINY_RECIPE, tiny_configuration

    encoder = RandomInit("wav2vec2-tiny", tiny_configuration)
    return FineTunedClassifier(encoder, **{**TINY_RECIPE, **_fine_tuning(options)})


def _frozen(options: PipelineOptions) -> FrozenEncoder:
    from deep.frozen import FrozenEncoder

    return FrozenEncoder(options.encoder or ENCODER, random_init=options.random_init, device=options.device)


def _linear(options: PipelineOptions) -> BaseEstimator:
    from deep.probe import LinearProbe

    return LinearProbe(_frozen(options), **_epochs(options))


def _attentive(options: PipelineOptions) -> BaseEstimator:
    from deep.attentive import AttentiveProbe

    return AttentiveProbe(_frozen(options), **_training(options))


def _last_layers(options: PipelineOptions) -> BaseEstimator:
    from deep.last_layers import LastLayersClassifier

    return LastLayersClassifier(_frozen(options), last_layers=options.last_layers, **_training(options))


def _lora(options: PipelineOptions) -> BaseEstimator:
    from deep.lora import LoraClassifier

    targets = tuple(options.lora_targets)
    return LoraClassifier(_frozen(options), rank=options.lora_rank, targets=targets, **_training(options))


def _released(options: PipelineOptions) -> BaseEstimator:
    from deep.released import ReleasedClassifier

    return ReleasedClassifier(options.released or RELEASED, device=options.device)


def _encoder_is_here(options: PipelineOptions, _labels: Sequence[str]) -> str | None:
    try:
        if resolve(options.encoder or ENCODER).kind is Kind.ENCODER:
            from deep.loading import load_encoder

            load_encoder(options.encoder or ENCODER)  # refuses weights that are missing before any clip is decoded
    except SerError as error:
        return str(error)
    return None


def _has_so_many_layers(options: PipelineOptions, _labels: Sequence[str]) -> str | None:
    from deep.configuration import read_configuration, too_many

    if options.encoder is None:
        return None
    try:
        return too_many(options.last_layers, read_configuration(resolve(options.encoder).folder).n_layers)
    except SerError as error:
        return str(error)


def _can_be_adapted(options: PipelineOptions, _labels: Sequence[str]) -> str | None:
    if find_spec("peft") is None:
        return "needs peft: pip install -e '.[deep]' in the toolkit's folder"
    if options.encoder is None:
        return None
    from deep.lora import targets_of

    try:
        targets_of(_frozen(options).load(), options.lora_targets)
    except SerError as error:
        return str(error)
    return None


def _released_fits(options: PipelineOptions, labels: Sequence[str]) -> str | None:
    from deep.formats.hyperparams import describe, read_labels

    expected = sorted(RELEASED_LABELS)
    try:
        if options.released or sorted(labels) == expected:
            folder = resolve(options.released or RELEASED, hub_kind=Kind.RELEASED).folder
            describe(folder)
            expected = sorted(read_labels(folder / "label_encoder.txt"))
    except SerError as error:
        return str(error)
    if sorted(labels) != expected:
        return f"knows {', '.join(expected)} only; here the labels are {', '.join(sorted(labels))}"
    return None


MODELS: Mapping[str, DeepModel] = {
    model.name: model
    for model in (
        DeepModel(
            "wav2vec2",
            "pretrained speech encoder, fine-tuned on every fold by SpeechBrain's recipe",
            _wav2vec2,
            _encoder_is_here,
            source=ENCODER,
        ),
        DeepModel(
            "wav2vec2-tiny",
            "wav2vec2 architecture with a few small layers, random start, not pretrained",
            _wav2vec2_tiny,
            random_init=True,
        ),
        DeepModel(
            "linear",
            "linear probe of a frozen encoder: learnt sum of its layers, mean, linear head, by SUPERB's recipe",
            _linear,
            source=ENCODER,
            on_features=True,
        ),
        DeepModel(
            "attentive",
            "frozen encoder: learnt sum of its layers, mean and deviation over frames by learnt weights, linear head",
            _attentive,
            source=ENCODER,
            on_frames=True,
        ),
        DeepModel(
            "last-layers",
            "speech encoder whose last layers are tuned above frozen ones, mean over frames, linear head",
            _last_layers,
            _has_so_many_layers,
            source=ENCODER,
            on_frames=True,
            settings=lambda options: f"the last {options.last_layers}" if options.last_layers > 1 else "the last one",
        ),
        DeepModel(
            "lora",
            "frozen speech encoder with low-rank changes of its matrices (LoRA), mean over frames, linear head",
            _lora,
            _can_be_adapted,
            source=ENCODER,
            on_frames=True,
            settings=lambda options: ", ".join([f"rank {options.lora_rank}", *options.lora_targets]),
        ),
        DeepModel(
            "speechbrain-released",
            "SpeechBrain's published emotion checkpoint as it is, trained on IEMOCAP's speakers",
            _released,
            _released_fits,
            contaminated_on=("iemocap",),
            source=RELEASED,
            hub_kind=Kind.RELEASED,
        ),
    )
}


def __getattr__(name: str) -> Any:
    if name == "PIPELINES":
        message = "deep.models.PIPELINES is now MODELS; the old name goes with the next version"
        warnings.warn(message, FutureWarning, stacklevel=2)
        return MODELS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
