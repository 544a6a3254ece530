"""When to say nothing: whether sets of labels hold the truth as often as they aim to, and what silence is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.evaluation.job_result import JobResult
from benchmarks.evaluation.runs import Run, write_table
from benchmarks.reporting.lines import WIDTH, fill
from benchmarks.reporting.numbers import with_intervals
from benchmarks.reporting.plots import ReportPlot
from benchmarks.reporting.plots.abstention import selective_figure
from benchmarks.reporting.sections import Section
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import Interval, jackknife_interval
from features.errors import ModelError, ResultsError
from features.prediction_sets import Calibration, ClassCalibration, calibrate, calibrate_by_class

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Ranking
    from features.plotting import Plot

COVERAGES = (0.8, 0.9, 0.95)
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
COLUMNS = (
    *("pipeline", "promised", "coverage", "calibrated", "speakers", "proven"),
    *("covered", "covered_low", "covered_high", "size", "alone", "right", "abstains"),
)
ALL, EACH = "all clips", "each class"
"""What a coverage is promised for: the clips of a new speaker as they come, or those of every label by itself."""
TRAINING, OTHERS = "training speakers", "other test speakers"
"""By whose clips sets are calibrated: of those that trained, by models of inner folds, or of those that others test."""


Calibrate = Callable[[Any, Any, Any, Sequence[str]], Calibration | ClassCalibration | None]
HOW: Mapping[str, Calibrate] = {ALL: calibrate, EACH: calibrate_by_class}


@dataclass(frozen=True, eq=False)
class Abstention:
    """What sets of labels hold, and what silence is worth.

    Attributes
    ----------
    sets : DataFrame
        `pipeline, promised` (for all clips, or for each class), `coverage, calibrated` (by whose clips), `speakers`
        (the fewest that calibrate a fold), `proven`; `covered, covered_low, covered_high`, the mean over test speakers
        of the share of clips whose set holds the truth; `size`, labels in a set; `alone`, the share of clips whose set
        has one label, and `right` of these; `abstains`, the share whose set holds all. NaN where so few speakers
        cannot promise the coverage.
    groups : DataFrame
        `pipeline, promised, coverage, attribute` (label, or gender where it is known), `group, speakers, covered,
        covered_low, covered_high, size`: the same sets, for the clips of one group.
    curve : DataFrame
        `pipeline, answered, right, right_low, right_high`: of the surest share of clips, how many are right.

    Examples
    --------
    >>> abstention("results/emodb").sets  # doctest: +SKIP
    """

    sets: pd.DataFrame
    groups: pd.DataFrame
    curve: pd.DataFrame


def abstention(
    run: Run | str | Path, *, pipelines: Sequence[str] = (), coverages: Sequence[float] = COVERAGES
) -> Abstention:
    """Calibrate sets of labels inside the folds of a run, and try them on its test speakers.

    Parameters
    ----------
    run : Run or path
        The run, or its folder; `abstention.csv`, `abstention_groups.csv` and `selective.csv` are written into it.
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
    sets, groups, curve = [], [], []
    for name in pipelines or names:
        own = known[known["pipeline"] == name]
        for promised, how in HOW.items():
            for row, tried in _sets(run, own, coverages, how):
                sets.append({"promised": promised, **row})
                about = {key: sets[-1][key] for key in ("pipeline", "promised", "coverage")}
                groups += [{**about, **group} for group in _by_group(run, tried)]
        curve += _curve(own, columns)
    found = Abstention(pd.DataFrame(sets, columns=list(COLUMNS)), pd.DataFrame(groups), pd.DataFrame(curve))
    write_table(run.folder / "abstention.csv", found.sets)
    write_table(run.folder / "abstention_groups.csv", found.groups)
    write_table(run.folder / "selective.csv", found.curve)
    return found


def _sets(
    run: Run, rows: pd.DataFrame, coverages: Sequence[float], how: Calibrate
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """A row of `Abstention.sets` for each coverage, and what it says of every test clip; no clip where it cannot be."""
    parts = [(part, *_calibration(run, rows, part, how)) for _, part in rows.groupby(["seed", "fold"], sort=False)]
    usable = [(part, calibration) for part, calibration, _ in parts if calibration is not None]
    if not usable:
        return
    about = {
        "pipeline": rows["pipeline"].iloc[0],
        "calibrated": TRAINING if all(own for *_, own in parts) else OTHERS,
        "speakers": min(calibration.n_speakers for _, calibration in usable),
    }
    for coverage in coverages:
        try:
            tried = pd.concat([_tried(part, calibration, coverage, run.labels) for part, calibration in usable])
            proven = min(calibration.proven(coverage) for _, calibration in usable)
        except ModelError:  # so few speakers cannot promise it: the row says so
            yield {**about, "coverage": coverage}, pd.DataFrame()
            continue
        alone = tried[tried["size"] == 1]
        row = {
            **about,
            "coverage": coverage,
            "proven": proven,
            **_mean_of_speakers(tried, "holds").columns("covered"),
            "size": tried["size"].mean(),
            "alone": len(alone) / len(tried),
            "right": alone["holds"].mean(),
            "abstains": (tried["size"] == len(run.labels)).mean(),
        }
        yield row, tried


def _by_group(run: Run, tried: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """How often the sets hold the truth in every group of clips: of a label, and of a gender where it is known."""
    if tried.empty:
        return
    table = run.utterances
    groups = {"label": tried["truth"]}
    if table is not None and "gender" in table and (table["gender"] != "").any():
        groups["gender"] = tried["speaker"].map(table.groupby("speaker")["gender"].first())
    for attribute, values in groups.items():
        for group in sorted(set(values) - {""}):
            own = tried[values == group]
            covered = _mean_of_speakers(own, "holds").columns("covered")
            row = {"attribute": attribute, "group": group, "speakers": own["speaker"].nunique(), **covered}
            yield {**row, "size": own["size"].mean()}


def _tried(
    part: pd.DataFrame, calibration: Calibration | ClassCalibration, coverage: float, labels: Sequence[str]
) -> pd.DataFrame:
    """Of every test clip whether its set holds the truth, and how many labels it has."""
    inside = calibration.members(part[[f"p_{label}" for label in labels]].to_numpy(), coverage)
    truth = [list(labels).index(label) for label in part["truth"]]
    return pd.DataFrame(
        {
            "speaker": part["speaker"],
            "truth": part["truth"],
            "holds": inside[np.arange(len(part)), truth],
            "size": inside.sum(axis=1),
        }
    )


def _calibration(
    run: Run, rows: pd.DataFrame, part: pd.DataFrame, how: Calibrate
) -> tuple[Calibration | ClassCalibration | None, bool]:
    """The calibration of a fold, and whether it is by its own training speakers."""
    answers = _training_answers(run, part)
    if answers is not None:
        return how(*answers, run.labels), True
    others = rows[(rows["seed"] == part["seed"].iloc[0]) & ~rows["speaker"].isin(part["speaker"])]
    probabilities = others[[f"p_{label}" for label in run.labels]].to_numpy()
    return how(others["speaker"], others["truth"], probabilities, run.labels), False


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


_WIDE = ("alone", "right", "abstains")
"""Columns for which a terminal has no room."""


def abstention_text(found: Abstention) -> str:
    """Write the study for a terminal."""
    table, curve = sets_shown(found.sets), curve_shown(found.curve)
    shown = [table.text([c.key for c in table.columns if c.key not in _WIDE])]
    shown.append(curve.text([c.key for c in curve.columns]))
    parts = ["\n".join(line if len(line) <= WIDTH else fill(line) for line in text.splitlines()) for text in shown]
    return "\n\n".join([*parts, "\n".join(fill(sentence) for sentence in abstention_sentences(found))])


def sets_shown(sets: pd.DataFrame) -> Table:
    """The sets as a table of the report."""
    rows = with_intervals(sets.to_dict("records"), "covered")
    columns = (
        Column("pipeline", "Pipeline"),
        Column("promised", "Promised"),
        Column("coverage", "Aim", "g"),
        Column("speakers", "Speakers", "d"),
        Column("proven", "Proven", ".2f"),
        Column("covered", "Covered", ".3f"),
        Column("covered_interval", "95 % interval"),
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
    return Table("abstention", caption, columns, rows)


def groups_shown(groups: pd.DataFrame) -> Table:
    """What the sets hold in every group of clips, as a table of the report."""
    columns = (
        Column("pipeline", "Pipeline"),
        Column("promised", "Promised"),
        Column("coverage", "Aim", "g"),
        Column("attribute", "Of each"),
        Column("group", "Group"),
        Column("speakers", "Speakers", "d"),
        Column("covered", "Covered", ".3f"),
        Column("covered_interval", "95 % interval"),
        Column("size", "Labels", ".2f"),
    )
    caption = "The same sets in groups of clips; covered: mean over test speakers."
    return Table("abstention_groups", caption, columns, with_intervals(groups.to_dict("records"), "covered"))


def curve_shown(curve: pd.DataFrame) -> Table:
    """The curve as a table of the report."""
    rows = with_intervals(curve.to_dict("records"), "right")
    columns = (
        Column("pipeline", "Pipeline"),
        Column("answered", "Answered", ".1f"),
        Column("right", "Right", ".3f"),
        Column("right_interval", "95 % interval"),
    )
    caption = "Share of right answers where only the surest share of clips is answered; intervals over speakers."
    return Table("selective", caption, columns, rows)


def abstention_sentences(found: Abstention) -> list[str]:
    """What the study found, of the first pipeline."""
    first = found.sets["pipeline"].iloc[0]
    sentences = []
    for row in found.sets[found.sets["pipeline"] == first].to_dict("records"):
        aim = f"{first}, sets that aim at {row['coverage']:g} of {row['promised']}"
        if row.get("covered") != row.get("covered"):
            most = row["speakers"] / (row["speakers"] + 1)
            sentences.append(f"{aim}: {row['speakers']} speakers cannot promise it; {most:.3f} at most.")
            continue
        place = "holds" if row["covered_low"] <= row["coverage"] else "lies above"
        place = place if row["coverage"] <= row["covered_high"] else "lies below"
        sentences.append(
            f"{aim} held the truth for {row['covered']:.3f} of a test speaker's clips (95 % interval "
            f"{row['covered_low']:.3f} to {row['covered_high']:.3f}, which {place} the aim), with {row['size']:.1f} "
            f"labels on average; {100 * row['alone']:.0f} % of clips had one label alone.{_least(found.groups, row)}"
        )
    return sentences


def _least(groups: pd.DataFrame, row: Mapping[Any, Any]) -> str:
    """The label that the sets of a row cover least, in a sentence with a space before it."""
    own = groups[groups["attribute"] == "label"]
    for key in ("pipeline", "promised", "coverage"):
        own = own[own[key] == row[key]]
    if own.empty:
        return ""
    least = own.loc[own["covered"].idxmin()]
    span = f"{least['covered_low']:.3f} to {least['covered_high']:.3f}"
    return f" Of all labels {least['group']} is covered least, {least['covered']:.3f} ({span})."


def _stored(ranking: Ranking) -> Abstention | None:
    tables = [ranking.run.table(name) for name in ("abstention", "abstention_groups", "selective")]
    return None if any(table is None for table in tables) else Abstention(*tables)  # type: ignore[arg-type]


def selective_plot(ranking: Ranking) -> Plot | None:
    """Right answers against the share answered; None where the study has not been asked."""
    found = _stored(ranking)
    return None if found is None else selective_figure(found.curve)


def _tables(ranking: Ranking, which: str) -> Table:
    found = _stored(ranking)
    if found is None:
        return Table(which, "", (), ())
    made = {"abstention": sets_shown, "abstention_groups": groups_shown, "selective": curve_shown}
    stored = {"abstention": found.sets, "abstention_groups": found.groups, "selective": found.curve}
    return made[which](stored[which])


def _sentences(ranking: Ranking) -> list[str]:
    found = _stored(ranking)
    return abstention_sentences(found) if found else []


SECTIONS = (
    Section(
        "When should it say nothing?",
        plots=(ReportPlot("selective", "Right answers where only the surest clips are answered", selective_plot),),
        tables=tuple(partial(_tables, which=which) for which in ("abstention", "abstention_groups", "selective")),
        sentences=_sentences,
    ),
)
"""What the report of a run shows once `python -m benchmarks.abstention` has been asked."""
