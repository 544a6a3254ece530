"""Fair, speaker-independent comparison of emotion recognition pipelines over the same folds.

`benchmarks.evaluate` runs pipelines over the folds of a corpus, `benchmarks.corpora` loads corpora; the commands
`python -m benchmarks.run` and its neighbours only call them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.evaluation.evaluate import Result, evaluate

__all__ = ["Result", "evaluate"]


def __getattr__(name: str) -> Any:
    """Import the harness on first use, so that `--help` stays quick."""
    if name in __all__:
        from benchmarks.evaluation import evaluate as harness

        return getattr(harness, name)
    raise AttributeError(f"module 'benchmarks' has no attribute {name!r}")
