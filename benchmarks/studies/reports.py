"""Runs with their reports: what evaluation leaves and reporting shows, with the sections of all studies."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from benchmarks.evaluation import evaluate as engine
from benchmarks.evaluation.runs import Run
from benchmarks.reporting.page import write_report, write_reports

__all__ = ["evaluate", "write_report", "write_reports"]

P = ParamSpec("P")


def _reported(run_pipelines: Callable[P, Run]) -> Callable[P, Run]:
    @functools.wraps(run_pipelines)
    def with_report(*args: P.args, **kwargs: P.kwargs) -> Run:
        run = run_pipelines(*args, **kwargs)
        if not run.predictions.empty:
            write_report(run)
        return run

    return with_report


evaluate = _reported(engine.evaluate)
