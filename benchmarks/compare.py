"""Compare the predictions of two runs, made here, elsewhere or by another tool, on the same utterances."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ResultsError, SerError

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.reporting.ranking import Findings

EXAMPLE = """example:
  python -m benchmarks.compare results/emodb /elsewhere/predictions.csv
  python -m benchmarks.compare results/emodb results/emodb-deep --pipelines svm wav2vec2

A predictions.csv has the columns pipeline, seed, fold, utterance, speaker, truth, prediction and p_<label> if known."""


def compare(first: Path, second: Path, *, pipelines: Sequence[str] = (), random_state: int = 0) -> Findings:
    """Put the pipelines of two runs side by side.

    Parameters
    ----------
    first, second
        Folders of runs, or files `predictions.csv`.
    pipelines
        Only these, by the name that they have in their run; all when empty.
    random_state
        Seed of drawn swaps.

    Returns
    -------
    Findings
        Pipelines named as in their runs; where both have one of the same name, the run's folder stands behind it.

    Raises
    ------
    ResultsError
        If the runs were not tested on the same utterances with the same speakers and true labels, or a pipeline is
        in neither.
    """
    from dataclasses import replace

    import pandas as pd

    from benchmarks.evaluation.runs import load_run
    from benchmarks.reporting.ranking import find
    from benchmarks.scoring.predictions import labels_of
    from benchmarks.scoring.scores import score_table

    runs = [load_run(Path(path)) for path in (first, second)]
    check_same_utterances(runs[0].predictions, runs[1].predictions, names=(str(first), str(second)))
    renamed = _distinct_names([set(run.predictions["pipeline"]) for run in runs], (first, second))
    tables = [
        run.predictions.assign(pipeline=run.predictions["pipeline"].replace(names)) for run, names in zip(runs, renamed)
    ]
    cells = [run.cells.assign(pipeline=run.cells["pipeline"].replace(names)) for run, names in zip(runs, renamed)]
    records = {
        names.get(name, name): record
        for run, names in zip(runs, renamed)
        for name, record in run.record.get("pipelines", {}).items()
        if name in set(run.predictions["pipeline"])
    }
    predictions, cells_of_all = pd.concat(tables, ignore_index=True), pd.concat(cells, ignore_index=True)
    if pipelines:
        predictions, records = _only(predictions, records, pipelines)
    labels = tuple(dict.fromkeys([*labels_of(tables[0]), *labels_of(tables[1])]))
    merged = replace(
        runs[0],
        record={**runs[0].record, "pipelines": records},
        predictions=predictions,
        labels=labels,
        cells=cells_of_all,
        scores=score_table(predictions, cells_of_all, labels),
    )
    return find(merged, random_state=random_state)


def check_same_utterances(first: pd.DataFrame, second: pd.DataFrame, *, names: tuple[str, str]) -> None:
    """Check that two tables of predictions are about the same utterances, speakers and true labels.

    Raises
    ------
    ResultsError
        If they are not; it names the first that differs.
    """
    keys = ["utterance", "speaker", "truth"]
    one, other = ({tuple(row) for row in table[keys].drop_duplicates().to_numpy()} for table in (first, second))
    if one == other:
        return
    only = [sorted(one - other), sorted(other - one)]
    parts = [
        f"{len(rows)} only in {name}: utterance {rows[0][0]!r} of speaker {rows[0][1]!r} labelled {rows[0][2]!r}"
        for name, rows in zip(names, only)
        if rows
    ]
    raise ResultsError(f"the runs were not tested on the same utterances: {'; '.join(parts)}; only equal ones compare")


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("first", type=Path, metavar="A", help="folder of a run, or a predictions.csv")
    parser.add_argument("second", type=Path, metavar="B", help="another, tested on the same utterances")
    parser.add_argument("--pipelines", nargs="+", default=(), metavar="NAME", help="only these (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="seed of drawn swaps, beyond 16 speakers (default: 0)")
    return parser


def text(findings: Findings) -> str:
    """Write the comparison for a terminal: the scores, the pairs, and the verdict."""
    from benchmarks.reporting.report_tables import pairs_table, scores_table
    from benchmarks.reporting.summary import caveats, verdict

    lines = [scores_table(findings).text(("pipeline", "uar", "interval", "wa", "macro_f1", "n", "marks")), ""]
    if findings.tests:
        lines += [
            pairs_table(findings).text(("first", "second", "difference", "interval", "p", "p_holm", "verdict")),
            "",
        ]
    return "\n".join([*lines, *verdict(findings)[:2], *caveats(findings)])


def main(argv: Sequence[str] | None = None) -> int:
    """Print the comparison; 0 done, 2 wrong use."""
    arguments = build_parser().parse_args(argv)
    try:
        found = compare(arguments.first, arguments.second, pipelines=arguments.pipelines, random_state=arguments.seed)
    except SerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(text(found))
    return 0


def _distinct_names(pipelines: Sequence[set[str]], paths: tuple[Path, Path]) -> list[dict[str, str]]:
    """Names to replace: a pipeline that both runs have gets its run behind it."""
    both = pipelines[0] & pipelines[1]
    places = [path.stem if path.suffix == ".csv" else path.name for path in paths]
    if places[0] == places[1]:
        places = [str(path) for path in paths]
    if places[0] == places[1]:
        places = ["first", "second"]
    return [{name: f"{name} ({place})" for name in both} for place in places]


def _only(
    predictions: pd.DataFrame, records: dict[str, dict], pipelines: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, dict]]:
    def wanted(name: str) -> bool:
        return name in pipelines or name.rpartition(" (")[0] in pipelines

    names = predictions["pipeline"].unique()
    found = {name.rpartition(" (")[0] or name for name in names} | set(names)
    missing = [name for name in pipelines if name not in found]
    if missing:
        raise ResultsError(f"pipelines {missing} are in neither run; expected some of {sorted(names)}")
    kept = predictions[[wanted(name) for name in predictions["pipeline"]]].reset_index(drop=True)
    return kept, {name: record for name, record in records.items() if wanted(name)}


if __name__ == "__main__":
    sys.exit(main())
