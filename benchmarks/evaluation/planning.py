"""Planning a run: names become pipelines, and folds are made and checked for leaks, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks.evaluation.anonymous import check_reveal
from benchmarks.evaluation.enrolment import enrol, has_enrolment
from benchmarks.evaluation.plan import Plan
from benchmarks.folds.fold import share_speakers
from benchmarks.folds.leakage import check_folds
from benchmarks.folds.same_sound import SameSound, overlapping_turns, same_sound_in
from benchmarks.folds.splitters import make_folds, shares_speakers, uses_text
from benchmarks.folds.texts import notes_on_texts
from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.pipelines.registry import build, wrap
from features.errors import PipelineError
from features.frozen_sets import FROZEN

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from benchmarks.pipelines.pipeline import Pipeline
    from features.cache import FeatureCache


def make_plan(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any],
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    options: PipelineOptions | None = None,
    allow_duplicates: bool = False,
    allow_shared_speakers: bool = False,
    cache: FeatureCache | None = None,
    reveal: Sequence[str] = (),
) -> Plan:
    """Resolve the names of pipelines, make folds and check them for leaks, before anything is computed.

    Parameters
    ----------
    corpus, pipelines, folds, seeds, options, allow_duplicates, allow_shared_speakers, cache, reveal
        As for `benchmarks.evaluate`.

    Raises
    ------
    SerError
        If a pipeline is unknown, the folds leak, or there is nothing to compare.
    """
    if not pipelines:
        raise PipelineError("no pipelines; expected at least one, such as svm")
    if len(corpus.labels) < 2:
        raise PipelineError(
            f"the corpus has one label ({', '.join(corpus.labels)}), at least two are needed: check --classes"
        )
    if not seeds or len(set(seeds)) < len(seeds):
        raise PipelineError(f"seeds {list(seeds)}; expected at least one, each once")
    check_reveal(reveal)
    options = options or PipelineOptions()
    built = {pipeline.name: pipeline for pipeline in (_pipeline(item, corpus, options) for item in pipelines)}
    if folds is None or isinstance(folds, str | int):
        scheme = str(folds) if folds is not None else corpus.default_scheme
        folds = make_folds(corpus.utterances, scheme)
    else:
        scheme = "given"
    known = shares_speakers(scheme) or (allow_shared_speakers and share_speakers(folds, corpus.utterances))
    built = _marked(built, Flag.KNOWN_SPEAKERS) if known else built
    copies, overlaps = copies_in(corpus, cache=cache)
    notes = check_folds(
        folds,
        corpus.utterances,
        corpus.audio_keys.tolist(),
        same_sound=copies,
        allow_duplicates=allow_duplicates,
        allow_shared_speakers=known,
    )
    seeds = tuple(int(seed) for seed in seeds)
    about_texts = notes_on_texts(corpus.utterances) if uses_text(scheme) else ()
    notes = (*notes, *overlaps, *about_texts, *_frozen_sets(built.values()), *_many_for_kernels(built.values(), folds))
    trials = tuple((seed, fold) for seed in seeds for fold in folds)
    if has_enrolment(built.values()):
        trials, more = enrol(folds, seeds, corpus.utterances)
        notes += more
    return Plan(corpus, scheme, tuple(folds), trials, notes, tuple(built.values()), seeds, options, tuple(reveal))


def _marked(pipelines: dict[str, Pipeline], flag: Flag) -> dict[str, Pipeline]:
    """The pipelines with one more flag each."""
    return {name: replace(pipeline, flags=(*pipeline.flags, flag)) for name, pipeline in pipelines.items()}


def copies_in(corpus: Corpus, *, cache: FeatureCache | None) -> tuple[list[SameSound], list[str]]:
    """Pairs of utterances that share sound, and a note on those that are overlapping turns of a dialogue instead."""
    pairs = same_sound_in(corpus.utterances, cache=cache)
    overlaps = overlapping_turns(pairs, corpus.utterances, corpus.audio_keys) if corpus.source.dialogues else []
    if not overlaps:
        return list(pairs), []
    ids = corpus.utterances.index.get_level_values("id")
    note = (
        f"{len(overlaps)} pairs of utterances share sound inside a session, such as {ids[overlaps[0].first]} and "
        f"{ids[overlaps[0].second]}: turns of a dialogue overlap; folds by session keep them together"
    )
    return sorted(set(pairs) - set(overlaps), key=lambda pair: (pair.first, pair.second)), [note]


def _frozen_sets(pipelines: Iterable[Pipeline]) -> list[str]:
    """A note on each frozen feature set, with the hash of its values."""
    single = [part for pipeline in pipelines for part in (pipeline.parts or (pipeline,))]
    used = dict.fromkeys(part.features for part in single if part.features in FROZEN)
    return [f"features {FROZEN[name].title}: {FROZEN[name].n_features:,} whose values never change" for name in used]


def _many_for_kernels(pipelines: Iterable[Pipeline], folds: Sequence[Fold]) -> list[str]:
    """A note where an SVM trains on so many utterances that another one is offered."""
    from classical.svm import SvmClassifier, note_on_size

    single = [part for pipeline in pipelines for part in (pipeline.parts or (pipeline,))]
    if not any(isinstance(getattr(part.estimator, "model", None), SvmClassifier) for part in single):
        return []
    note = note_on_size(max(len(fold.train) + len(fold.valid) for fold in folds))
    return [note] if note else []


def _pipeline(item: Any, corpus: Corpus, options: PipelineOptions) -> Pipeline:
    if isinstance(item, str):
        return build(item, labels=corpus.labels, corpus=corpus.name, options=options)
    name, estimator = item if isinstance(item, tuple) else (type(item).__name__, item)
    return wrap(str(name), estimator)
