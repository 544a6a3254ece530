"""Fair, speaker-independent comparison of emotion recognition pipelines over the same folds.

`benchmarks.evaluate` runs pipelines over the folds of a corpus, `benchmarks.corpora` loads corpora; the commands
`python -m benchmarks.run` and its neighbours only call them.
"""

import sys
from types import ModuleType
from typing import Any

import lazy_loader

from features.deprecation import with_old_names
from features.version import VERSION

__version__ = VERSION
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__getattr__ = with_old_names(
    __getattr__,
    __name__,
    modules={
        "ablating": "studies.ablation",
        "ablation_words": "reporting.summary",
        "cells": "evaluation.job",
        "corpora.named_files": "corpora.filenames",
        "corpora.source": "corpora.base",
        "feature_accuracy": "speed.accuracy",
        "feature_sets": "pipelines.feature_sets",
        "findings": "reporting.ranking",
        "frozen_features": "pipelines.feature_sets",
        "fusing": "evaluation.fusion",
        "harness": "evaluation.evaluate",
        "leaks": "folds.leakage",
        "listing": "reporting.listing",
        "marks": "pipelines.flags",
        "metrics": "scoring.metrics",
        "options": "pipelines.options",
        "outputs": "evaluation.runs",
        "plots": "reporting.plots",
        "plots.ablation": "reporting.plots.ablation",
        "plots.calibration": "reporting.plots.calibration",
        "plots.canvas": "reporting.plots.style",
        "plots.confusion": "reporting.plots.confusion",
        "plots.cost": "reporting.plots.cost",
        "plots.intervals": "reporting.plots.intervals",
        "plots.learning": "reporting.plots.learning",
        "plots.recalls": "reporting.plots.recalls",
        "plots.registry": "reporting.plots",
        "predictions": "scoring.predictions",
        "provenance": "evaluation.provenance",
        "report_clips": "reporting.clips",
        "report_page": "reporting.page",
        "report_tables": "reporting.tables",
        "results": "evaluation.store",
        "scores": "scoring.scores",
        "shapley": "scoring.shapley",
        "significance": "scoring.significance",
        "speed_features": "speed.features",
        "splits": "folds.splitters",
        "stored_run": "evaluation.runs",
        "tables": "reporting.tables",
        "terminal": "reporting.terminal",
        "training": "evaluation.final_model",
        "verdict": "reporting.summary",
    },
    names={"Result": "evaluation.runs.Run"},
)


class _Package(ModuleType):
    """Keeps `benchmarks.compare` and `benchmarks.train` functions when the commands of the same name are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in __all__ or value is not sys.modules.get(f"{__name__}.{name}"):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
