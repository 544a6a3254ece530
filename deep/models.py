"""The deep pipelines by name, each with what it needs; importing this imports no torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep.hub import ENCODER_FILES, RELEASED, RELEASED_FILES, family, folder_of, starting_files
from deep.options import PipelineOptions
from features.errors import SerError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

ENCODER = "facebook/wav2vec2-base"
RELEASED_LABELS = ("ang", "hap", "neu", "sad")
LIBRARIES = ("torch", "torchaudio", "speechbrain", "transformers", "safetensors")


@dataclass(frozen=True)
class DeepPipeline:
    """A deep pipeline that can be built.

    Attributes
    ----------
    name : str
        Its name in every table.
    description : str
        What it is, in one honest line.
    build : callable
        `(options) -> estimator`, not fitted.
    needs : callable
        `(options, labels) -> str or None`: why it cannot run here, apart from missing libraries.
    contaminated_on : tuple of str
        Corpora whose speakers it has seen in training: a score on them is not a test result.
    random_init : bool
        Whether it starts from random weights, never from an encoder that the user chose; its rows are marked so.
    """

    name: str
    description: str
    build: Callable[[PipelineOptions], BaseEstimator]
    needs: Callable[[PipelineOptions, Sequence[str]], str | None] = field(default=lambda _options, _labels: None)
    contaminated_on: tuple[str, ...] = ()
    random_init: bool = False

    def availability(self, options: PipelineOptions, labels: Sequence[str]) -> str | None:
        """Return in one line why it cannot run here, or None where it can."""
        missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
        if missing:
            return f"needs {', '.join(missing)}: pip install -e '.[deep]' in the toolkit's folder"
        return self.needs(options, labels)


def _training(options: PipelineOptions) -> dict[str, Any]:
    given: dict[str, Any] = {"device": options.device}
    given |= {"augment": True} if options.augment else {}
    return given if options.epochs is None else {**given, "epochs": options.epochs}


def _wav2vec2(options: PipelineOptions) -> BaseEstimator:
    from deep.classifier import FineTunedClassifier

    return FineTunedClassifier(options.encoder or ENCODER, **_training(options))


def _wav2vec2_tiny(options: PipelineOptions) -> BaseEstimator:
    from deep.tiny import tiny_classifier

    return tiny_classifier(**_training(options))


def _released(options: PipelineOptions) -> BaseEstimator:
    from deep.released import ReleasedClassifier

    return ReleasedClassifier(options.released or RELEASED, device=options.device)


def _encoder_is_here(options: PipelineOptions, _labels: Sequence[str]) -> str | None:
    source = options.encoder or ENCODER
    needed = starting_files(source)
    try:
        folder = folder_of(source, patterns=needed)
        if needed == ENCODER_FILES:
            family(folder)
    except SerError as error:
        return str(error)
    return None


def _released_fits(options: PipelineOptions, labels: Sequence[str]) -> str | None:
    source, known = options.released or RELEASED, list(RELEASED_LABELS)
    try:
        if sorted(labels) == sorted(known) or Path(source).expanduser().is_dir():
            known = _released_labels(folder_of(source, patterns=RELEASED_FILES))
    except SerError as error:
        return str(error)
    if sorted(labels) != sorted(known):
        return f"knows {', '.join(sorted(known))} only; here the labels are {', '.join(sorted(labels))}"
    return None


def _released_labels(folder: Path) -> list[str]:
    from deep.formats.released import describe, read_labels

    describe(folder)
    return read_labels(folder / "label_encoder.txt")


PIPELINES: Mapping[str, DeepPipeline] = {
    pipeline.name: pipeline
    for pipeline in (
        DeepPipeline(
            "wav2vec2",
            "pretrained speech encoder, fine-tuned on every fold by SpeechBrain's recipe",
            _wav2vec2,
            _encoder_is_here,
        ),
        DeepPipeline(
            "wav2vec2-tiny",
            "wav2vec2 architecture with a few small layers, random start, not pretrained",
            _wav2vec2_tiny,
            random_init=True,
        ),
        DeepPipeline(
            "speechbrain-released",
            "SpeechBrain's published emotion checkpoint as it is, trained on IEMOCAP's speakers",
            _released,
            _released_fits,
            contaminated_on=("iemocap",),
        ),
    )
}
