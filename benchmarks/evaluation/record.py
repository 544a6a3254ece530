"""The record of a run or of a study: everything about it that is not a score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.evaluation.enrolment import describe_enrolment
from benchmarks.evaluation.job_result import jsonable
from benchmarks.evaluation.provenance import CONTRIBUTING, code_of, machine, revision, versions
from benchmarks.evaluation.runs import SCHEMA_VERSION, STUDY_RECORD
from benchmarks.folds.fold import Fold, speakers_of
from benchmarks.scoring.status import Status
from features.files import write_atomically
from features.version import REPOSITORY

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.corpora.corpus import Corpus
    from benchmarks.evaluation.execute import Outcome
    from benchmarks.evaluation.plan import Plan
    from benchmarks.evaluation.store import ResultsStore


def describe_run(outcome: Outcome, command: str) -> dict[str, Any]:
    """Everything about a run that is not a score: what `run.json` holds."""
    return {
        **describe_study(outcome, command),
        "jobs": [jsonable(result.summary()) for _, result in outcome.results],
    }


def describe_study(outcome: Outcome, command: str) -> dict[str, Any]:
    """Everything about a study that is not a score: what `study.json` holds."""
    plan = outcome.plan
    enrolment = describe_enrolment(plan.trials, plan.corpus.utterances)
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seeds": list(plan.seeds),
        "options": asdict(plan.options),
        "notes": [*outcome.notes, *([_shown(plan)] if plan.reveal else [])],
        "no_speech": list(outcome.no_speech),
        "versions": versions(),
        "revision": revision(),
        **({"repository": REPOSITORY} if REPOSITORY else {}),
        "code": {package: code_of(package) for package in CONTRIBUTING},
        "machine": machine(),
        "corpus": describe_corpus(plan.corpus),
        "folds": describe_folds(plan),
        **({"enrolment": enrolment} if enrolment else {}),
        "pipelines": describe_pipelines(outcome),
    }


def write_study_record(store: ResultsStore, record: Mapping[str, Any]) -> None:
    """Write `study.json` beside the jobs of a study."""
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_atomically(store.jobs.parent / STUDY_RECORD, text)


def _shown(plan: Plan) -> str:
    own = [pipeline.name for pipeline in plan.trained if not pipeline.package]
    return f"{', '.join(own) or 'no pipeline'} was shown {', '.join(plan.reveal)} of every utterance, as asked for"


def describe_pipelines(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """What `run.json` says of each pipeline that was asked for."""
    failed, described = outcome.failed, {}
    for pipeline in outcome.plan.pipelines:
        status, reason = Status.DONE, None
        if pipeline.reason:
            status, reason = Status.SKIPPED, pipeline.reason
        elif pipeline.name in failed:
            status, reason = Status.FAILED, failed[pipeline.name].reason
        described[pipeline.name] = {
            "status": status,
            "reason": reason,
            "flags": list(pipeline.flags),
            "pretrained": dict(pipeline.pretrained),
            "description": pipeline.description,
            "features": pipeline.features,
            "n_features": outcome.n_features.get(pipeline.features),
        }
    return described


def describe_corpus(corpus: Corpus) -> dict[str, Any]:
    """What `run.json` says of the corpus."""
    return {
        "name": corpus.name,
        "title": corpus.source.title,
        "labels": list(corpus.labels),
        "policy": corpus.policy,
        "counts": {str(label): int(count) for label, count in corpus.counts().items()},
        "licence": corpus.licence,
        "citation": corpus.citation,
        "homepage": corpus.homepage,
        "fingerprint": corpus.fingerprint,
        "synthetic": corpus.synthetic,
        "embed_audio": corpus.source.embed_audio,
        "n_utterances": len(corpus.utterances),
        "n_speakers": len(corpus.speakers),
        "root": corpus.root,
        "notes": list(corpus.notes),
        **({"control": corpus.control} if corpus.control else {}),
        "n_left_out": len(corpus.left_out),
        "left_out": [{"utterance": clip.name, "reason": clip.reason} for clip in corpus.left_out],
    }


def describe_folds(plan: Plan) -> dict[str, Any]:
    """What `run.json` says of the folds: the speakers of each subset, and its number of utterances."""
    return {
        "scheme": plan.scheme,
        "notes": list(plan.notes),
        "folds": [_describe_fold(fold, plan.corpus.utterances) for fold in _folds_of(plan)],
    }


def _folds_of(plan: Plan) -> Sequence[Fold]:
    """The folds as the first seed tests them: where speakers enrol, every seed tests as many clips."""
    of_first = [fold for seed, fold in plan.trials if seed == plan.seeds[0]]
    return of_first if len(of_first) == len(plan.folds) else plan.folds


def _describe_fold(fold: Fold, table: pd.DataFrame) -> dict[str, Any]:
    rows = {"train": fold.train, "valid": fold.valid, "test": fold.test}
    rows |= {} if fold.aside is None else {"aside": fold.aside}
    speakers = {subset: speakers_of(table, positions) for subset, positions in rows.items()}
    return {"name": fold.name, **speakers, **{f"n_{subset}": len(positions) for subset, positions in rows.items()}}
