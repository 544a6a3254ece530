"""The list of what there is to choose from, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks import corpora
from benchmarks.folds.splitters import SCHEMES
from benchmarks.pipelines import known_models
from benchmarks.pipelines.feature_sets import FEATURE_SETS
from benchmarks.reporting.lines import fill

if TYPE_CHECKING:
    from benchmarks.pipelines.options import PipelineOptions


def listing(options: PipelineOptions) -> str:
    """Corpora, folds, pipelines and feature sets, each with what it needs and, where it is not available, why.

    Parameters
    ----------
    options : PipelineOptions
        Encoder, device and the like.

    Returns
    -------
    str

    Examples
    --------
    >>> from benchmarks.pipelines.options import PipelineOptions
    >>> listing(PipelineOptions()).splitlines()[0]
    'Corpora (--corpus NAME --root DIR):'
    """
    return "\n".join([*_corpora(), "", *_folds(), "", *_pipelines(options), "", *_feature_sets(options)])


def _item(name: str, text: str) -> str:
    return fill(f"{name:<13} {text}", indent="  ", hang=" " * 16)


def _corpora() -> Iterator[str]:
    yield "Corpora (--corpus NAME --root DIR):"
    for name in corpora.MODULES:
        source = corpora.find(name)
        where = "" if source.default_root else f"; --root: {source.layout}. To be had: {source.obtain}"
        policies = f"; --classes {', '.join(source.policies)}" if source.policies else ""
        yield _item(name, f"{source.title}. Licence: {source.licence}; folds: {source.folds}{policies}{where}")
        yield " " * 16 + source.homepage


def _folds() -> Iterator[str]:
    yield "Folds (--folds NAME):"
    for name, text in SCHEMES.items():
        yield _item(name, text)


def _pipelines(options: PipelineOptions) -> Iterator[str]:
    yield "Pipelines (--pipelines model[@features][:normalise] ..., fused with +):"
    for model, registry in known_models().items():
        reason = registry.availability(model, options)
        yield _item(model, registry.describe(model) + (f" NOT AVAILABLE HERE: {reason}" if reason else ""))
    yield _item(
        ":normalise",
        "global (training mean and deviation, the default), speaker (each speaker's own clips), enrol-1, enrol-3, "
        "enrol-5 or enrol-10 (so many clips of each speaker, which are never scored)",
    )


def _feature_sets(options: PipelineOptions) -> Iterator[str]:
    yield "Feature sets (behind the @; all is the default):"
    for kind in FEATURE_SETS:
        reason = kind(kind.examples[0], options).availability()
        yield fill(", ".join(kind.examples), indent="  ")
        yield fill(kind.title + (f". NOT AVAILABLE HERE: {reason}" if reason else ""), indent=" " * 16)
