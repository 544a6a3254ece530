"""The deep models as pipelines; nothing here imports torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.names import Part
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.pipelines.pipeline import Pipeline
from features.audio import content_hash
from features.errors import PipelineError

RELEASED = "speechbrain-released"


def names() -> Sequence[str]:
    """Names of the models."""
    from deep.models import PIPELINES

    return list(PIPELINES)


def describe(model: str) -> str:
    """What a model is, in a line."""
    from deep.models import PIPELINES

    return PIPELINES[model].description


def _options(model: str, options: PipelineOptions) -> object:
    from deep.models import DeepOptions

    source = options.released if model == RELEASED else options.encoder
    return DeepOptions(encoder=source, epochs=options.epochs, augment=options.augment, device=options.device)


def availability(model: str, options: PipelineOptions) -> str | None:
    """Why a model cannot run here, apart from the corpus's labels; None where it can."""
    from deep.models import PIPELINES, RELEASED_LABELS

    return PIPELINES[model].unavailable(_options(model, options), RELEASED_LABELS)  # type: ignore[arg-type]


def build(part: Part, labels: Sequence[str], corpus: str, options: PipelineOptions) -> Pipeline:
    """A deep pipeline, with the reason where it cannot run on this corpus here.

    Raises
    ------
    PipelineError
        If the name asks for features or a normalisation: a deep model reads the waveform.
    """
    from deep.models import PIPELINES

    if part.features != "all" or part.normalise != "global":
        raise PipelineError(
            f"pipeline {part.name!r}: {part.model} hears the waveform; leave @features and :normalise out"
        )
    model, deep_options = PIPELINES[part.model], _options(part.model, options)
    flags: tuple[Flag, ...] = (Flag.CONTAMINATED,) if corpus in model.contaminated_on else ()
    flags += (Flag.RANDOM_INIT,) if model.random_start else ()
    source = options.released if part.model == RELEASED else options.encoder
    source = None if model.random_start else source
    description = model.description + (f" ({source})" if source else "")
    reason = model.unavailable(deep_options, labels)  # type: ignore[arg-type]
    if reason is not None:
        return Pipeline(part.name, description, flags=flags, reason=reason, package="deep")
    return Pipeline(
        part.name,
        description,
        estimator=model.build(deep_options),  # type: ignore[arg-type]
        flags=flags,
        package="deep",
        identity=_weights_identity(source),
    )


def _weights_identity(source: str | None) -> str:
    """Hash of the files of a local folder, so that other weights make another job; a hub name stands for itself."""
    folder = Path(source) if source else None
    if folder is None or not folder.is_dir():
        return source or ""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name}={content_hash(path)};".encode())
    return digest.hexdigest()
