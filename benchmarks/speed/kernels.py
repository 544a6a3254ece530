"""What the exact SVM, the one on Nystroem features and XGBoost cost by the number of utterances."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from benchmarks.speed.lines import Line, as_markdown
from features.command import command, make_parser

EXACT = "svm"
MODELS = (EXACT, "svm~nystroem", "xgboost", "xgboost~external")
SPEAKERS, CLASSES = 20, 4


@dataclass(frozen=True)
class Cost:
    """What one fit takes, its search included.

    Attributes
    ----------
    seconds : float
        CPU time on one thread.
    gibibytes : float
        Peak memory of its process, the table included.
    """

    seconds: float
    gibibytes: float


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed kernels`."""
    parser = make_parser(
        "benchmarks.speed kernels",
        "Fit svm, svm~nystroem, xgboost and xgboost~external, search included, on one thread, to tables of so many "
        "utterances with the columns of a feature set and drawn values: CPU time and peak memory. Beyond "
        "--exact-up-to svm is extrapolated, which is marked by a ~.",
        examples="python -m benchmarks.speed kernels --sizes 1440 5531 --exact-up-to 5531",
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[1440, 5531, 50_000], metavar="N", help="utterances")
    parser.add_argument(
        "--exact-up-to", type=int, default=5531, metavar="N", help="fit svm up to this size (default: 5531)"
    )
    parser.add_argument(
        "--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="NAME", help="some of them"
    )
    parser.add_argument("--groups", default="statistics", help="whose columns (default: statistics, one block)")
    return parser


def execute(options: argparse.Namespace) -> int:
    """Print the table, a line for each size and machine."""
    lines = []
    for model in options.models:
        measured = {
            n: cost_of(model, n, options.groups)
            for n in sorted(options.sizes)
            if model != EXACT or n <= options.exact_up_to
        }
        lines += [Line(f"{model}, {n:,} utterances", shown(cost), "") for n, cost in measured.items()]
        beyond = [n for n in sorted(options.sizes) if n not in measured and len(measured) >= 2]
        lines += [
            Line(f"{model}, {n:,} utterances, extrapolated", f"~ {shown(extrapolated(measured, n))}", "")
            for n in beyond
        ]
    sys.stdout.write(as_markdown(lines))
    return 0


main = command(build_parser, execute)


def shown(cost: Cost) -> str:
    """Seconds and GiB.

    Examples
    --------
    >>> shown(Cost(61.2, 0.514))
    '61 s, 0.51 GiB'
    """
    return f"{cost.seconds:,.0f} s, {cost.gibibytes:,.2f} GiB"


def extrapolated(measured: dict[int, Cost], n: int) -> Cost:
    """Cost at another size: time by the power between the two largest sizes measured, memory by the square above them.

    Examples
    --------
    >>> extrapolated({10: Cost(1.0, 1.0), 20: Cost(8.0, 4.0)}, 40)
    Cost(seconds=64.0, gibibytes=16.0)
    """
    (first, less), (second, more) = sorted(measured.items())[-2:]
    power = math.log(more.seconds / less.seconds) / math.log(second / first)
    by_square = (more.gibibytes - less.gibibytes) / (second**2 - first**2)
    return Cost(more.seconds * (n / second) ** power, more.gibibytes + by_square * (n**2 - second**2))


def cost_of(model: str, n: int, groups: str) -> Cost:
    """Fit a model to a drawn table in a process of its own.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    n : int
        Utterances.
    groups : str
        Feature set.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(_fit, model, n, groups).result()


def _fit(model: str, n: int, groups: str) -> Cost:
    import numpy as np
    from threadpoolctl import threadpool_limits

    from benchmarks.evaluation.provenance import peak_memory_mb
    from classical.models import model_class
    from classical.speech_classifier import block_of
    from features import FeatureExtractor

    names: Sequence[str] = FeatureExtractor(groups).names()
    rng = np.random.default_rng(n)
    codes = np.arange(n) % CLASSES
    X = rng.standard_normal((n, len(names)))
    X += 0.08 * rng.standard_normal((CLASSES, len(names)))[codes]
    speakers = rng.integers(SPEAKERS, size=n)
    with threadpool_limits(1):
        began = time.process_time()
        estimator = model_class(model)()
        if "blocks" in estimator.get_params():
            estimator.set_params(blocks=np.array([block_of(name) for name in names]))
        estimator.fit(X, codes, groups=speakers)
        return Cost(time.process_time() - began, peak_memory_mb() * 1e6 / 2**30)
