"""Fair, speaker-independent comparison of emotion recognition pipelines over the same folds.

`benchmarks.evaluate` runs pipelines over the folds of a corpus, `benchmarks.corpora` loads corpora; the commands
`python -m benchmarks.run` and its neighbours only call them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.evaluation.runs import Run, load_run
    from benchmarks.folds.splitters import make_folds
    from benchmarks.studies.ablation import ablate
    from benchmarks.studies.learning_curve import learning_curve
    from benchmarks.studies.reports import evaluate, write_report

__all__ = ["Run", "ablate", "evaluate", "learning_curve", "load_run", "make_folds", "write_report"]

_MODULES = {
    "Run": "evaluation.runs",
    "ablate": "studies.ablation",
    "evaluate": "studies.reports",
    "learning_curve": "studies.learning_curve",
    "load_run": "evaluation.runs",
    "make_folds": "folds.splitters",
    "write_report": "studies.reports",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `--help` stays quick."""
    if name in _MODULES:
        return getattr(import_module(f"benchmarks.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'benchmarks' has no attribute {name!r}")
