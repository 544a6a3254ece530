"""Late fusion of cells that are done: weights from inner folds, no model trained again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.evaluation.job import DIGITS
from benchmarks.scoring.metrics import uar, wa
from features.errors import PipelineError


def fuse(
    base: Mapping[str, Any], parts: Sequence[Mapping[str, Any]], *, truth: np.ndarray, labels: Sequence[str]
) -> dict[str, Any]:
    """The cell of a fusion from the cells of its parts, on the same fold and seed.

    Parameters
    ----------
    base : mapping
        Key, pipeline, seed and fold of the fused cell.
    parts : sequence of mappings
        Stored cells; one that failed makes the fusion fail.
    truth : numpy.ndarray
        Labels of the training side, shape (n_train,).
    labels : sequence of str

    Returns
    -------
    dict
        A record as `benchmarks.evaluation.job.run_cell` stores it. Its training scores are those of the inner folds.
    """
    failed = [part["pipeline"] for part in parts if part["status"] != "done"]
    if failed:
        return {**base, "status": "failed", "reason": f"its part {', '.join(failed)} failed", "traceback": ""}
    began = time.perf_counter()
    try:
        inner, weights = _weigh(parts, truth, labels)
    except PipelineError as error:
        return {**base, "status": "failed", "reason": str(error), "traceback": ""}
    learnt = time.perf_counter() - began
    probability = _combine([np.asarray(part["probability"], dtype=float) for part in parts], weights)
    known = ~np.isnan(inner).any(axis=1)
    guess = np.asarray(labels)[inner[known].argmax(axis=1)]
    return {
        **base,
        "status": "done",
        "probability": probability.tolist(),
        "inner": None,
        "train_uar": float(uar(truth[known], guess, labels)),
        "train_wa": float(wa(truth[known], guess, labels)),
        "fit_seconds": learnt + sum(part["fit_seconds"] for part in parts),
        "predict_seconds": sum(part["predict_seconds"] for part in parts),
        "extract_seconds": _extraction(parts),
        "n_test": len(probability),
        "n_settings": sum(part["n_settings"] or 0 for part in parts),
        "tuning_cpu_seconds": sum(part["tuning_cpu_seconds"] or 0.0 for part in parts),
        "peak_memory_mb": max(part["peak_memory_mb"] for part in parts),
        "model_bytes": sum(part["model_bytes"] or 0 for part in parts),
        "chosen": {
            "weights": dict(
                zip((part["pipeline"] for part in parts), np.asarray(weights).round(4).tolist(), strict=True)
            )
        },
        "notes": [note for part in parts for note in part["notes"]],
        "history": [],
    }


def _weigh(
    parts: Sequence[Mapping[str, Any]], truth: np.ndarray, labels: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    from classical.fusion import learn_weights

    without = [part["pipeline"] for part in parts if part["inner"] is None]
    if without:
        raise PipelineError(
            f"{', '.join(without)} has no inner probabilities to learn weights from; fuse other pipelines"
        )
    inner = [np.array(part["inner"], dtype=float) for part in parts]
    weights = np.asarray(learn_weights(inner, truth, np.asarray(labels)))
    return _combine(inner, weights), weights


def _combine(probabilities: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    from classical.fusion import combine

    return np.asarray(combine(list(probabilities), weights)).round(DIGITS)


def _extraction(parts: Sequence[Mapping[str, Any]]) -> float | None:
    """Seconds of extraction, those of a feature set that several parts use counted once."""
    costs = {part["features"]: part["extract_seconds"] for part in parts if part["extract_seconds"] is not None}
    return sum(costs.values()) if costs else None
