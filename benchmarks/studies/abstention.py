"""When to say nothing: whether sets of labels hold the truth as often as they aim to, and what silence is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.evaluation.job_result import JobResult
from benchmarks.evaluation.runs import Run, write_table
from benchmarks.reporting.lines import fill
from benchmarks.reporting.numbers import interval_text
from benchmarks.reporting.plots import ReportPlot
from benchmarks.reporting.plots.abstention import selective_figure
from benchmarks.reporting.sections import Section
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import Interval, jackknife_interval
from features.errors import ModelError, ResultsError
from features.prediction_sets import Calibration, calibrate

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Ranking
    from features.plotting import Plot

COVERAGES = (0.8, 0.9, 0.95)
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
COLUMNS = (
    *("pipeline", "coverage", "calibrated", "speakers", "proven", "covered", "covered_low", "covered_high"),
    *("size", "alone", "right", "abstains"),
)
TRAINING, OTHERS = "training speakers", "other test speakers"
"""By whose clips sets are calibrated: of those that trained, by models of inner folds, or of those that others test."""


@dataclass(frozen=True, eq=False)
class Abstention:
    """What sets of labels hold, and what silence is worth.

    Attributes
    ----------
    sets : DataFrame
        `pipeline, coverage, calibrated` (by whose clips), `speakers` (the fewest that calibrate a fold), `proven`;
        `covered, covered_low, covered_high`, the mean over test speakers of the share of clips whose set holds the
        truth; `size`, labels in a set; `alone`, the share of clips whose set has one label, and `right` of these;
        `abstains`, the share whose set holds all. NaN where so few speakers cannot promise the coverage.
    curve : DataFrame
        `pipeline, answered, right, right_low, right_high`: of the surest share of clips, how many are right.

    Examples
    --------
    >>> abstention("results/emodb").sets  # doctest: +SKIP
    """

    sets: pd.DataFrame
    curve: pd.DataFrame


def abstention(
    run: Run | str | Path, *, pipelines: Sequence[str] = (), coverages: Sequence[float] = COVERAGES
) -> Abstention:
    """Calibrate sets of labels inside the folds of a run, and try them on its test speakers.

    Parameters
    ----------
    run : Run or path
        The run, or its folder; `abstention.csv` and `selective.csv` are written into it.
    pipelines : sequence of str, default=()
        Only these; all that have probabilities when empty.
    coverages : sequence of float
        Shares of a new speaker's clips whose set is to hold the truth.

    Returns
    -------
    Abstention

    Raises
    ------
    ResultsError
        If a pipeline is not in the run, or has no probabilities, or a coverage is no share.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.abstention("results/emodb", pipelines=["svm"]).sets  # doctest: +SKIP
    """
    wrong = [coverage for coverage in coverages if not 0 < coverage < 1]
    if wrong:
        raise ResultsError(f"--coverage {wrong[0]:g}: expected a share between 0 and 1, such as 0.9")
    run = run if isinstance(run, Run) else Run.load(run)
    columns = [f"p_{label}" for label in run.labels]
    rows = run.predictions
    known = rows.dropna(subset=columns) if set(columns) <= set(rows.columns) else rows.iloc[:0]
    names = list(dict.fromkeys(known["pipeline"]))
    missing = [name for name in pipelines if name not in names]
    if missing or not names:
        raise ResultsError(
            f"{run.folder} has no probabilities of {', '.join(missing) or 'any pipeline'}; expected some of {names}"
        )
    sets, curve = [], []
    for name in pipelines or names:
        own = known[known["pipeline"] == name]
        sets += list(_sets(run, own, coverages))
        curve += _curve(own, columns)
    found = Abstention(pd.DataFrame(sets, columns=list(COLUMNS)), pd.DataFrame(curve))
    write_table(run.folder / "abstention.csv", found.sets)
    write_table(run.folder / "selective.csv", found.curve)
    return found


def _sets(run: Run, rows: pd.DataFrame, coverages: Sequence[float]) -> Iterator[dict[str, object]]:
    """A row of `Abstention.sets` for each coverage."""
    parts = [(part, *_calibration(run, rows, part)) for _, part in rows.groupby(["seed", "fold"], sort=False)]
    usable = [(part, calibration) for part, calibration, _ in parts if calibration is not None]
    if not usable:
        return
    about = {
        "pipeline": rows["pipeline"].iloc[0],
        "calibrated": TRAINING if all(own for *_, own in parts) else OTHERS,
        "speakers": min(len(calibration.scores) for _, calibration in usable),
    }
    for coverage in coverages:
        try:
            tried = pd.concat([_tried(part, calibration, coverage, run.labels) for part, calibration in usable])
        except ModelError:  # so few speakers cannot promise it: the row says so
            yield {**about, "coverage": coverage}
            continue
        proven = min(calibration.proven(coverage) for _, calibration in usable)
        alone = tried[tried["size"] == 1]
        yield {
            **about,
            "coverage": coverage,
            "proven": proven,
            **_mean_of_speakers(tried, "holds").columns("covered"),
            "size": tried["size"].mean(),
            "alone": len(alone) / len(tried),
            "right": alone["holds"].mean(),
            "abstains": (tried["size"] == len(run.labels)).mean(),
        }


def _tried(part: pd.DataFrame, calibration: Calibration, coverage: float, labels: Sequence[str]) -> pd.DataFrame:
    """Of every test clip whether its set holds the truth, and how many labels it has."""
    inside = calibration.members(part[[f"p_{label}" for label in labels]].to_numpy(), coverage)
    truth = [list(labels).index(label) for label in part["truth"]]
    return pd.DataFrame(
        {"speaker": part["speaker"], "holds": inside[np.arange(len(part)), truth], "size": inside.sum(axis=1)}
    )


def _calibration(run: Run, rows: pd.DataFrame, part: pd.DataFrame) -> tuple[Calibration | None, bool]:
    """The calibration of a fold, and whether it is by its own training speakers."""
    answers = _training_answers(run, part)
    if answers is not None:
        return calibrate(*answers, run.labels), True
    others = rows[(rows["seed"] == part["seed"].iloc[0]) & ~rows["speaker"].isin(part["speaker"])]
    probabilities = others[[f"p_{label}" for label in run.labels]].to_numpy()
    return calibrate(others["speaker"], others["truth"], probabilities, run.labels), False


def _training_answers(run: Run, part: pd.DataFrame) -> tuple[NDArray, NDArray, NDArray] | None:
    """Speakers, truth and out-of-fold probabilities of the clips that trained a fold; None where none are stored."""
    first, utterances = part.iloc[0], run.utterances
    same = [
        job
        for job in run.record.get("jobs", ())
        if (job["pipeline"], job["seed"], job["fold"]) == (first["pipeline"], first["seed"], first["fold"])
    ]
    files = list((run.folder / "jobs").glob(f"*--{same[0]['key']}.json")) if same and same[0].get("key") else []
    if not files or utterances is None:
        return None
    result = JobResult.from_json(files[0].read_bytes())
    trained = utterances[~utterances["speaker"].isin(part["speaker"])]
    if result.oof_probability is None or len(result.oof_probability) != len(trained):
        return None
    return trained["speaker"].to_numpy(), trained["label"].to_numpy(), result.oof_probability


def _mean_of_speakers(tried: pd.DataFrame, name: str) -> Interval:
    """Mean over speakers, each of whom weighs the same, with its interval."""
    shares = tried.groupby("speaker")[name].mean().to_numpy(dtype=float)
    n = len(shares)
    left_out = (shares.sum() - shares) / max(n - 1, 1)
    return jackknife_interval(float(shares.mean()), left_out, n_utterances=len(tried), n_labels=1)


def _curve(rows: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, object]]:
    """Of the surest clips, how many are right, pooled over speakers; intervals over speakers."""
    sure, right = rows[list(columns)].max(axis=1), rows["prediction"] == rows["truth"]
    found: list[dict[str, object]] = []
    for share in SHARES:
        answered = sure >= sure.quantile(1 - share)
        counts = pd.DataFrame({"speaker": rows["speaker"], "n": answered, "hits": answered & right})
        n, hits = counts.groupby("speaker")[["n", "hits"]].sum().to_numpy(dtype=float).T
        rest = n.sum() - n
        left_out = np.divide(hits.sum() - hits, rest, out=np.full_like(rest, np.nan), where=rest > 0)
        interval = jackknife_interval(hits.sum() / n.sum(), left_out, n_utterances=n.sum(), n_labels=1, weights=n)
        found.append({"pipeline": rows["pipeline"].iloc[0], "answered": share, **interval.columns("right")})
    return found


def abstention_text(found: Abstention) -> str:
    """Write the study for a terminal."""
    table, curve = sets_shown(found.sets), curve_shown(found.curve)
    parts = [table.text([c.key for c in table.columns]), curve.text([c.key for c in curve.columns])]
    return "\n\n".join([*parts, "\n".join(fill(sentence) for sentence in abstention_sentences(found))])


def sets_shown(sets: pd.DataFrame) -> Table:
    """The sets as a table of the report."""
    rows = [_with_interval(row, "covered") for row in sets.to_dict("records")]
    columns = (
        Column("pipeline", "Pipeline"),
        Column("coverage", "Aim", "g"),
        Column("speakers", "Speakers", "d"),
        Column("proven", "Proven", ".2f"),
        Column("covered", "Covered", ".3f"),
        Column("interval", "95 % interval"),
        Column("size", "Labels", ".2f"),
        Column("alone", "One label", ".2f"),
        Column("right", "Right then", ".2f"),
        Column("abstains", "Abstains", ".2f"),
    )
    by = ", ".join(dict.fromkeys(sets["calibrated"]))
    caption = (
        f"Sets of labels on test speakers, calibrated by clips of {by}; covered: mean over speakers of the share of "
        "clips whose set holds the truth. An empty row: so few speakers cannot promise it."
    )
    return Table("abstention", caption, columns, tuple(rows))


def curve_shown(curve: pd.DataFrame) -> Table:
    """The curve as a table of the report."""
    rows = [_with_interval(row, "right") for row in curve.to_dict("records")]
    columns = (
        Column("pipeline", "Pipeline"),
        Column("answered", "Answered", ".1f"),
        Column("right", "Right", ".3f"),
        Column("interval", "95 % interval"),
    )
    caption = "Share of right answers where only the surest share of clips is answered; intervals over speakers."
    return Table("selective", caption, columns, tuple(rows))


def _with_interval(row: Mapping[object, object], name: str) -> dict[str, object]:
    low, high = (float(str(row[f"{name}_{end}"])) for end in ("low", "high"))
    return {**{str(key): value for key, value in row.items()}, "interval": interval_text(low, high)}


def abstention_sentences(found: Abstention) -> list[str]:
    """What the study found, of the first pipeline."""
    first = found.sets["pipeline"].iloc[0]
    sentences = []
    for row in found.sets[found.sets["pipeline"] == first].to_dict("records"):
        aim = f"{first}, sets that aim at {row['coverage']:g}"
        if row.get("covered") != row.get("covered"):
            most = row["speakers"] / (row["speakers"] + 1)
            sentences.append(f"{aim}: {row['speakers']} speakers cannot promise it; {most:.3f} at most.")
            continue
        inside = "holds" if row["covered_low"] <= row["coverage"] <= row["covered_high"] else "does not hold"
        sentences.append(
            f"{aim} held the truth for {row['covered']:.3f} of a test speaker's clips (95 % interval "
            f"{row['covered_low']:.3f} to {row['covered_high']:.3f}, which {inside} the aim), with {row['size']:.1f} "
            f"labels on average; {100 * row['alone']:.0f} % of clips had one label alone."
        )
    return sentences


def _stored(ranking: Ranking) -> Abstention | None:
    sets, curve = ranking.run.table("abstention"), ranking.run.table("selective")
    return None if sets is None or curve is None else Abstention(sets, curve)


def selective_plot(ranking: Ranking) -> Plot | None:
    """Right answers against the share answered; None where the study has not been asked."""
    found = _stored(ranking)
    return None if found is None else selective_figure(found.curve)


def _tables(ranking: Ranking, which: str) -> Table:
    found = _stored(ranking)
    if found is None:
        return Table(which, "", (), ())
    return sets_shown(found.sets) if which == "abstention" else curve_shown(found.curve)


def _sentences(ranking: Ranking) -> list[str]:
    found = _stored(ranking)
    return abstention_sentences(found) if found else []


SECTIONS = (
    Section(
        "When should it say nothing?",
        plots=(ReportPlot("selective", "Right answers where only the surest clips are answered", selective_plot),),
        tables=(lambda ranking: _tables(ranking, "abstention"), lambda ranking: _tables(ranking, "selective")),
        sentences=_sentences,
    ),
)
"""What the report of a run shows once `python -m benchmarks.abstention` has been asked."""
