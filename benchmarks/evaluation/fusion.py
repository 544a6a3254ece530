"""Late fusion of jobs that are done: weights from out-of-fold probabilities, no model is trained again."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.job_result import DIGITS, JobResult
from benchmarks.scoring.status import Status
from classical.fusion import combine, learn_weights
from features.errors import PipelineError


def fuse(
    pipeline: str, parts: Sequence[tuple[str, JobResult]], *, truth: NDArray[np.str_], labels: Sequence[str]
) -> JobResult:
    """Compute the result of a fusion from the results of its parts on the same fold and seed.

    Parameters
    ----------
    pipeline : str
        Name of the fusion.
    parts : sequence of (str, JobResult)
        The feature set that a part looks up, and its result; one that failed makes the fusion fail.
    truth : ndarray of shape (n_train,)
        Labels of the training utterances.
    labels : sequence of str
        Columns of the probabilities.

    Returns
    -------
    JobResult
        Without training scores: it is fitted to out-of-fold answers, not to utterances.
    """
    results = [result for _, result in parts]
    failed = [result.pipeline for result in results if result.status is not Status.DONE]
    if failed:
        return _failed(pipeline, results[0], f"its part {', '.join(failed)} failed")
    without = [result.pipeline for result in results if result.oof_probability is None]
    if without:
        return _failed(
            pipeline,
            results[0],
            f"{', '.join(without)} has no out-of-fold probabilities to learn weights from; fuse other pipelines",
        )
    start = time.perf_counter()
    oof = [np.array(result.oof_probability) for result in results]
    try:
        weights = np.asarray(learn_weights(oof, truth, np.asarray(labels)))
    except PipelineError as error:
        return _failed(pipeline, results[0], str(error))
    seconds = time.perf_counter() - start
    extraction = {features: result.extract_seconds for features, result in parts if result.extract_seconds is not None}
    return JobResult(
        key="",
        pipeline=pipeline,
        seed=results[0].seed,
        fold=results[0].fold,
        status=Status.DONE,
        probability=_combined([np.asarray(result.probability) for result in results], weights),
        fit_seconds=seconds + sum(result.fit_seconds or 0.0 for result in results),
        predict_seconds=sum(result.predict_seconds or 0.0 for result in results),
        extract_seconds=sum(extraction.values()) if extraction else None,
        fit_joules=_all_joules(results),
        n_test=results[0].n_test,
        n_candidates=sum(result.n_candidates or 0 for result in results),
        search_seconds=sum(result.search_seconds or 0.0 for result in results),
        peak_memory_mb=max(result.peak_memory_mb or 0.0 for result in results),
        model_bytes=sum(result.model_bytes or 0 for result in results),
        best_params={
            "weights": {
                result.pipeline: round(float(weight), 4) for result, weight in zip(results, weights, strict=True)
            }
        },
        notes=tuple(note for result in results for note in result.notes),
    )


def _combined(probabilities: Sequence[NDArray[np.float64]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(combine(list(probabilities), weights)).round(DIGITS)


def _failed(pipeline: str, part: JobResult, reason: str) -> JobResult:
    return JobResult(key="", pipeline=pipeline, seed=part.seed, fold=part.fold, status=Status.FAILED, reason=reason)


def _all_joules(results: Sequence[JobResult]) -> float | None:
    """What all parts together took; None where one does not know."""
    known = [result.fit_joules for result in results if result.fit_joules is not None]
    return sum(known) if len(known) == len(results) else None
