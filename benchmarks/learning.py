"""Learning curves: how the score grows with the number of training speakers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import FoldError, ResultsError, SerError

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from features.cache import FeatureCache

EXAMPLE = """example:
  python -m benchmarks.learning --corpus emodb --root emodb --pipelines svm xgboost --out results/emodb

The curve stands in learning.csv, and in the report where --out holds a run."""


def learning_curve(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    sizes: Sequence[int] = (),
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    jobs: int | None = None,
    out: Path,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Train on few of the training speakers of every fold, then on more, and test on the same clips each time.

    Parameters
    ----------
    corpus, pipelines, folds, seeds, jobs, cache, allow_duplicates, progress
        As `benchmarks.evaluate`. Every seed draws its own speakers; a larger size keeps those of a smaller one.
    sizes
        Numbers of training speakers; powers of two and all of them when empty.
    out
        Folder for `learning.csv`; cells go to `learning/` in it, and are not computed twice.

    Returns
    -------
    pandas.DataFrame
        `pipeline, speakers, uar, uar_low, uar_high`, intervals over test speakers.

    Raises
    ------
    SerError
        For what a user can cause; a ResultsError if a cell failed.
    """
    import pandas as pd

    from benchmarks.evaluation import evaluate as harness
    from benchmarks.evaluation.store import ResultsStore, write_atomically

    shared: dict[str, Any] = {"pipelines": pipelines, "allow_duplicates": allow_duplicates}
    whole = harness.make_plan(corpus, folds=folds, seeds=seeds, options=harness.PipelineOptions(), **shared)
    most = min(len(_training_speakers(fold, corpus.utterances)) for fold in whole.folds)
    store, parts = ResultsStore(out / "learning"), []
    with store.lock():
        tables = harness.extract_tables(whole, cache=cache, n_jobs=jobs or 1, progress=progress)
        for size in _sizes(sizes, most):
            for seed in seeds:
                thin = [thinned(fold, corpus.utterances, size, random_state=seed) for fold in whole.folds]
                plan = harness.make_plan(corpus, folds=thin, seeds=[seed], options=whole.options, **shared)
                predictions = _predictions(plan, tables, store, jobs=jobs, progress=progress)
                parts.append(predictions.assign(speakers=size))
        curve = curve_table(pd.concat(parts, ignore_index=True), list(corpus.labels))
        text = curve.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_atomically(out / "learning.csv", text.encode())
    return curve


def thinned(fold: Fold, table: pd.DataFrame, size: int, *, random_state: int) -> Fold:
    """Keep some of a fold's training speakers, women and men in turn; the test side stays as it is.

    Parameters
    ----------
    fold
        To be thinned.
    table
        The utterances that it points into.
    size
        How many training speakers are kept, at least two: one of them validates.
    random_state
        Seed of the draw. A smaller size keeps some of those that a larger one keeps.
    """
    from dataclasses import replace

    import numpy as np

    from benchmarks.folds.fold import speakers_of

    genders = table["gender"].groupby(level="speaker").first()
    rng = np.random.default_rng(random_state)
    drawn = [str(name) for name in rng.permutation(_training_speakers(fold, table))]
    turn = {name: sum(genders[other] == genders[name] for other in drawn[:place]) for place, name in enumerate(drawn)}
    kept = sorted(drawn, key=lambda name: turn[name])[:size]
    validating = [name for name in kept if name in set(speakers_of(table, fold.valid))]
    if len(validating) in (0, len(kept)):
        validating = kept[-1:]
    speakers, side = table.index.get_level_values("speaker"), fold.training_side
    own, valid = np.isin(speakers[side], kept), np.isin(speakers[side], validating)
    return replace(fold, train=side[own & ~valid], valid=side[valid])


def curve_table(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Score predictions that carry the number of training `speakers`, with intervals over the test speakers."""
    import pandas as pd

    from benchmarks.scoring.significance import speaker_confusions, speaker_interval

    rows = []
    for (pipeline, size), own in predictions.groupby(["pipeline", "speakers"], sort=False):
        interval = speaker_interval(speaker_confusions(own, labels)[1])
        row = {"pipeline": pipeline, "speakers": size, "uar": interval.estimate}
        rows.append({**row, "uar_low": interval.low, "uar_high": interval.high})
    return pd.DataFrame(rows).sort_values(["pipeline", "speakers"], kind="stable", ignore_index=True)


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    from benchmarks.run import add_corpus_arguments, add_run_arguments

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.learning",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--pipelines", nargs="+", default=["svm"], metavar="NAME", help="as benchmarks.run (default: svm)"
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=(), metavar="N", help="numbers of training speakers")
    add_corpus_arguments(parser)
    group = parser.add_argument_group("folds")
    group.add_argument("--folds", metavar="SCHEME", help="session, speaker, speaker-811 or a number")
    group.add_argument("--allow-duplicates", action="store_true", help="accept byte-identical clips on both sides")
    add_run_arguments(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Compute the curve and print it."""
    from benchmarks.report import write_report
    from benchmarks.run import load_corpus, pick_cache

    corpus = load_corpus(arguments)
    out = arguments.out or Path("results") / corpus.name
    curve = learning_curve(
        corpus,
        pipelines=arguments.pipelines,
        sizes=arguments.sizes,
        folds=arguments.folds,
        seeds=arguments.seeds,
        jobs=arguments.jobs,
        out=out,
        cache=pick_cache(arguments),
        allow_duplicates=arguments.allow_duplicates,
        progress=sys.stderr.isatty(),
    )
    lines = [f"{'pipeline':<24}{'speakers':>8}{'UAR':>8}   95 % interval"]
    lines.extend(
        f"{r.pipeline:<24}{r.speakers:>8}{r.uar:>8.3f}   {r.uar_low:.2f} to {r.uar_high:.2f}"
        for r in curve.itertuples()
    )
    sys.stdout.write("\n".join([*lines, f"table: {out / 'learning.csv'}", ""]))
    if (out / "predictions.csv").is_file():
        write_report(out)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 done, 2 wrong use."""
    arguments = build_parser().parse_args(argv)
    try:
        return execute(arguments)
    except SerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on from here\n")
        return 130


def _sizes(asked: Sequence[int], most: int) -> list[int]:
    wrong = [size for size in asked if not 2 <= size <= most]
    if wrong:
        raise FoldError(f"--sizes {wrong[0]}: expected 2 to {most}, the training speakers of the smallest fold")
    powers = [2**power for power in range(1, most.bit_length()) if 2**power < most]
    return sorted(set(asked)) or [*powers, most]


def _training_speakers(fold: Fold, table: pd.DataFrame) -> list[str]:
    from benchmarks.folds.fold import speakers_of

    return speakers_of(table, fold.training_side)


def _predictions(plan: Any, tables: Any, store: Any, *, jobs: int | None, progress: bool) -> pd.DataFrame:
    import joblib

    from benchmarks.evaluation import evaluate as harness
    from benchmarks.evaluation import outputs

    cells = harness.plan_cells(plan, tables)
    harness.run_cells(cells, plan, store, n_jobs=jobs or joblib.cpu_count(), again=False, progress=progress)
    records = harness.collect(plan, cells, store)
    failed = [record for record in records if record["status"] != "done"]
    if failed:
        raise ResultsError(
            f"{len(failed)} of {len(records)} cells failed, the first {failed[0]['pipeline']} on {failed[0]['fold']}: "
            f"{failed[0]['reason']}; run again to retry them"
        )
    return outputs.predictions_table(plan.corpus, plan.scheme, plan.folds, records)


if __name__ == "__main__":
    sys.exit(main())
