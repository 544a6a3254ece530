"""What there is to choose from, and what of it is available here."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import corpora
from benchmarks.folds.splitters import SCHEMES
from benchmarks.pipelines import known_models
from benchmarks.pipelines.feature_sets import FEATURE_SETS
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.reporting.terminal import wrap


def listing(options: PipelineOptions) -> str:
    """Corpora, folds, pipelines and feature sets, each with what it needs and why it is not available, if so."""
    return "\n".join([*_corpora(), "", *_folds(), "", *_pipelines(options), "", *_feature_sets(options)])


def _item(name: str, text: str) -> str:
    return wrap(f"{name:<13} {text}", indent="  ", hang=" " * 16)


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
    yield _item(":normalise", "global (training mean and deviation, the default) or speaker (each speaker's own clips)")


def _feature_sets(options: PipelineOptions) -> Iterator[str]:
    yield "Feature sets (behind the @; all is the default):"
    for kind in FEATURE_SETS:
        reason = kind(kind.examples[0], options).availability()
        yield wrap(", ".join(kind.examples), indent="  ")
        yield wrap(kind.title + (f". NOT AVAILABLE HERE: {reason}" if reason else ""), indent=" " * 16)
