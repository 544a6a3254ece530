"""The deep models as pipelines; nothing here imports torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pipelines.flags import CONTAMINATED, RANDOM_START
from benchmarks.pipelines.names import Part
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.pipelines.pipeline import Family, Pipeline
from features.audio import content_hash
from features.errors import PipelineError

RELEASED = "speechbrain-released"


def models() -> Sequence[str]:
    """Names of the models."""
    from deep.models import PIPELINES

    return list(PIPELINES)


def describe(model: str) -> str:
    """What a model is, in a line."""
    from deep.models import PIPELINES

    return PIPELINES[model].description


def unavailable(model: str, options: PipelineOptions) -> str:
    """Why a model cannot run here, apart from the corpus's labels; empty where it can."""
    from deep.models import PIPELINES, RELEASED_LABELS

    return PIPELINES[model].availability(options, RELEASED_LABELS) or ""


def build(part: Part, labels: Sequence[str], corpus: str, options: PipelineOptions) -> Pipeline:
    """A deep pipeline; says why where it cannot run on this corpus here.

    Raises
    ------
    PipelineError
        If the name asks for features or a normalisation: a deep model hears the waveform.
    """
    from deep.models import PIPELINES

    if part.features != "all" or part.normalise != "global":
        raise PipelineError(
            f"pipeline {part.name!r}: {part.model} hears the waveform; leave @features and :normalise out"
        )
    entry = PIPELINES[part.model]
    marks: tuple[str, ...] = (CONTAMINATED,) if corpus in entry.contaminated_on else ()
    marks += (RANDOM_START,) if entry.random_init else ()
    source = options.released if part.model == RELEASED else options.encoder
    source = None if entry.random_init else source
    words = entry.description + (f" ({source})" if source else "")
    reason = entry.availability(options, labels)
    if reason:
        return Pipeline(part.name, words, marks=marks, reason=reason, room="deep")
    estimator = entry.build(options)
    return Pipeline(part.name, words, estimator=estimator, marks=marks, room="deep", identity=weights_identity(source))


def weights_identity(source: str | None) -> str:
    """Hash of the files of a local folder, so that other weights make another cell; a hub name stands for itself."""
    folder = Path(source) if source else None
    if folder is None or not folder.is_dir():
        return source or ""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name}={content_hash(path)};".encode())
    return digest.hexdigest()


FAMILY = Family(models, describe, unavailable, build)
