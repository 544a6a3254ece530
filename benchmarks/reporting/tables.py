"""The tables of a report, each the same in the page, in CSV, in LaTeX and on the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.folds.splitters import shares_speakers
from benchmarks.reporting.grid_ends import ends_of
from benchmarks.reporting.latex import latex_text
from benchmarks.reporting.numbers import interval_text
from benchmarks.reporting.ranking import ALPHA, Ranking
from benchmarks.scoring.metrics import METRICS
from benchmarks.scoring.scores import fold_uars
from benchmarks.scoring.significance import PairedTest, Verdict
from features.tables import for_spreadsheets


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key : str
        Its key in the rows, and its name in CSV.
    heading : str
        Its heading elsewhere.
    format : str or None
        How its numbers are written; None for text.

    Examples
    --------
    >>> Column("uar", "UAR", ".3f").heading
    'UAR'
    """

    key: str
    heading: str
    format: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows under headings.

    Attributes
    ----------
    name : str
        Its files' name without the ending.
    caption : str
        What it shows, one sentence.
    columns : tuple of Column
        In order.
    rows : tuple of mapping
        Raw values by key; what is missing or NaN is shown as an empty field.

    Examples
    --------
    >>> columns = (Column("pipeline", "Pipeline"), Column("uar", "UAR", ".2f"))
    >>> table = Table("scores", "Scores.", columns, ({"pipeline": "svm", "uar": 0.791},))
    >>> print(table.text(["pipeline", "uar"]))
    Pipeline   UAR
    --------------
    svm       0.79
    Scores.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]

    def cell(self, row: Mapping[str, Any], column: Column) -> str:
        """The value of a row in a column, as a person reads it."""
        value = row.get(column.key)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return ""
        return str(value) if column.format is None else format(value, column.format).replace("-", "−")

    def csv(self) -> str:
        """Raw values of all columns as CSV."""
        keys = [column.key for column in self.columns]
        frame = pd.DataFrame([[row.get(key) for key in keys] for row in self.rows], columns=keys, dtype=object)
        return for_spreadsheets(frame).to_csv(index=False, lineterminator="\n")

    def text(self, keys: Sequence[str]) -> str:
        """Some of the columns in plain text, aligned, with the caption below."""
        columns = [column for key in keys for column in self.columns if column.key == key]
        lines = [[column.heading for column in columns], *([self.cell(row, c) for c in columns] for row in self.rows)]
        widths = [max(map(len, values)) for values in zip(*lines)]
        aligned = [
            "  ".join(
                value.ljust(width) if column.format is None else value.rjust(width)
                for value, width, column in zip(line, widths, columns)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([aligned[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *aligned[1:], self.caption])

    def latex(self) -> str:
        """A `table` for the package booktabs."""
        cells = [[latex_text(self.cell(row, column)) for column in self.columns] for row in self.rows]
        frame = pd.DataFrame(cells, columns=[latex_text(column.heading) for column in self.columns])
        return frame.style.hide(axis="index").to_latex(
            caption=latex_text(self.caption),
            column_format="".join("l" if column.format is None else "r" for column in self.columns),
            position_float="centering",
            hrules=True,
        )


def scores_table(ranking: Ranking) -> Table:
    """Every pipeline, best first, with its metrics, interval and flags; skipped and failed ones with their reason.

    Examples
    --------
    >>> scores_table(rank(Run.load("results/emodb"))).latex()  # doctest: +SKIP
    """
    rows = [
        {
            **entry.scores,
            "pipeline": entry.name,
            "interval": interval_text(entry.scores.get("uar_low"), entry.scores.get("uar_high")),
            "flags": ", ".join(entry.flags),
            "reason": entry.reason,
        }
        for entry in ranking.entries
    ]
    first, *others = [Column(m.name, m.label, m.format) for m in METRICS.values() if not m.probabilistic]
    columns = (
        Column("pipeline", "Pipeline"),
        first,
        Column("interval", "95 % interval"),
        *others,
        Column("fold_uar_std", "± folds", ".3f"),
        Column("seed_uar_std", "± seeds", ".3f"),
        Column("train_uar", "Train UAR", ".3f"),
        Column("n", "Clips", ".0f"),
        Column("flags", "Flags"),
        Column("reason", "Reason"),
    )
    seeds = ranking.run.scores["n_seeds"].max()
    mean = f", mean over {seeds} seeds" if seeds > 1 else ""
    caption = (
        f"Test scores on {ranking.run.corpus['name']}, pooled over folds{mean}; 95 % interval over "
        f"{len(ranking.speakers)} speakers. Train UAR is on what a model was fitted to; a fusion, fitted to held-out "
        "answers of its parts, has none, nor has a published model, fitted to nothing here."
    )
    caption += ranking.enrolment_note
    return Table("scores", caption + (" Synthetic voices." if ranking.run.synthetic else ""), columns, tuple(rows))


def intervals_table(ranking: Ranking) -> Table:
    """Every metric of every scored pipeline with its interval over speakers.

    Examples
    --------
    >>> intervals_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    rows = []
    for entry in ranking.scored:
        row = {"pipeline": entry.name}
        for name, metric in METRICS.items():
            value, span = entry.scores[name], interval_text(entry.scores[f"{name}_low"], entry.scores[f"{name}_high"])
            row[name] = "" if value != value else format(value, metric.format) + (f" [{span}]" if span else "")
        rows.append(row)
    columns = (Column("pipeline", "Pipeline"), *(Column(m.name, m.label) for m in METRICS.values()))
    return Table("intervals", "Every metric with its 95 % interval over speakers.", columns, tuple(rows))


def pairs_table(ranking: Ranking) -> Table:
    """Every pair of ranked pipelines with its paired test.

    Examples
    --------
    >>> pairs_table(rank(Run.load("results/emodb"))).rows[0]["p_holm"]  # doctest: +SKIP
    0.5
    """
    rows = [
        {
            "first": test.first,
            "second": test.second,
            "difference": test.difference.estimate,
            "interval": interval_text(test.difference.low, test.difference.high, sign="+"),
            "speakers": f"{test.n_better} of {test.n_speakers}",
            "p": test.p,
            "p_holm": test.p_holm,
            "verdict": verdict_text(test),
            "least": ranking.powers[test.first, test.second].least,
            "needed": ranking.powers[test.first, test.second].speakers,
            "practical": ranking.powers[test.first, test.second].practical,
            "family": str(family),
        }
        for family in ranking.families
        for test in ranking.tests_of(family)
    ]
    several = len({row["family"] for row in rows}) > 1
    columns = (
        *([Column("family", "With")] if several else []),
        Column("first", "Pipeline"),
        Column("second", "Against"),
        Column("difference", "UAR difference", "+.3f"),
        Column("interval", "95 % interval of the pair"),
        Column("speakers", "Speakers better"),
        Column("p", "p", ".2g"),
        Column("p_holm", "p, Holm", ".2g"),
        Column("verdict", "Verdict"),
        *([Column("practical", f"Within ±{ranking.rope:g}")] if ranking.rope is not None else []),
        Column("least", "Least shown", ".3f"),
        Column("needed", "Speakers to show", ",.0f"),
    )
    return Table("pairs", _pairs_caption(ranking), columns, tuple(rows))


def verdict_text(test: PairedTest) -> str:
    """The verdict of a corrected test; where the pair's own interval says otherwise, what was corrected.

    Examples
    --------
    >>> verdict_text(rank(Run.load("results/emodb")).tests[0])[:0]  # 'difference' or another verdict  # doctest: +SKIP
    ''
    """
    verdict, span = test.verdict(ALPHA), test.difference
    if verdict is Verdict.SHOWN or not (span.low > 0 or span.high < 0):
        return str(verdict)
    for_pairs = f" once p is corrected for {test.n_pairs} pairs" if test.n_pairs > 1 else " by p"
    return f"{verdict}{for_pairs}; the interval is of this pair alone"


def recalls_table(ranking: Ranking) -> Table:
    """Recall of every class by every scored pipeline.

    Examples
    --------
    >>> recalls_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    table = ranking.recalls().rename_axis("pipeline").reset_index()
    columns = (Column("pipeline", "Pipeline"), *(Column(label, label, ".2f") for label in ranking.labels))
    return Table("recalls", "Recall of every class.", columns, _records(table))


def speakers_table(ranking: Ranking) -> Table:
    """UAR of every speaker by every scored pipeline, hardest for the best pipeline first.

    Examples
    --------
    >>> speakers_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    uars = ranking.speaker_uars()
    clips = ranking.run.predictions.drop_duplicates(["speaker", "utterance"])["speaker"].value_counts()
    table = uars.sort_values(uars.columns[0], kind="stable").rename_axis("speaker").reset_index()
    table.insert(1, "clips", clips[table["speaker"]].to_numpy())
    columns = (
        Column("speaker", "Speaker"),
        Column("clips", "Clips", ".0f"),
        *(Column(name, name, ".2f") for name in uars.columns),
    )
    return Table("speakers", "UAR of every speaker over the classes that the speaker has.", columns, _records(table))


def fold_scores_table(ranking: Ranking) -> Table:
    """UAR of every fold by every scored pipeline, a mean over seeds.

    Examples
    --------
    >>> fold_scores_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    predictions = ranking.run.predictions
    names = [entry.name for entry in ranking.scored]
    scores = {name: fold_uars(predictions[predictions["pipeline"] == name], ranking.labels) for name in names}
    clips = predictions.drop_duplicates(["fold", "utterance", "speaker"])["fold"].value_counts()
    table = pd.DataFrame(scores).rename_axis("fold").reset_index()
    table.insert(1, "clips", clips[table["fold"]].to_numpy())
    columns = (Column("fold", "Fold"), Column("clips", "Clips", ".0f"), *(Column(name, name, ".3f") for name in names))
    caption = "UAR of every fold over the classes that occur in it; the scores above pool all folds instead."
    return Table("fold_scores", caption, columns, _records(table))


def calibration_table(ranking: Ranking) -> Table:
    """How well the probabilities of every pipeline are calibrated.

    Examples
    --------
    >>> calibration_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    columns = [Column(m.name, m.label, m.format) for m in METRICS.values() if m.probabilistic]
    caption = "Calibration of the probabilities; 0 is perfect in every column."
    return _scores("calibration", caption, ranking, columns)


def costs_table(ranking: Ranking) -> Table:
    """What every scored pipeline costs.

    Examples
    --------
    >>> costs_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    counted = any(entry.scores["fit_joules"] > 0 for entry in ranking.scored)
    trains = any(entry.scores["n_trained"] > 0 for entry in ranking.scored)
    columns = (
        Column("ms_per_utterance", "ms per clip", ".3g"),
        Column("extract_ms", "of it extraction", ".3g"),
        Column("predict_ms", "of it prediction", ".3g"),
        Column("fit_seconds", "Fit per fold, s", ".3g"),
        Column("n_candidates", "Settings tried", ".0f"),
        Column("search_seconds", "Tuning, CPU s", ".3g"),
        *([Column("fit_joules", "Fit per fold, J", ".3g")] if counted else []),
        *([Column("n_trained", "Numbers trained", ",.0f")] if trains else []),
        Column("peak_memory_mb", "Peak memory, MB", ".0f"),
        Column("model_kb", "Saved, kB", ".0f"),
    )
    caption = (
        "Cost: extraction and prediction of one clip, fitting and tuning of one fold, "
        f"{'numbers that deep pipelines train, ' if trains else ''}peak memory, saved size."
    )
    return _scores("costs", caption, ranking, columns)


def folds_table(ranking: Ranking) -> Table:
    """Who trained, validated and tested in every fold, and the best pipeline's UAR there.

    Examples
    --------
    >>> folds_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    best, predictions = ranking.best, ranking.run.predictions
    uars = fold_uars(predictions[predictions["pipeline"] == best.name], ranking.labels).to_dict() if best else {}
    rows = [
        {
            "fold": fold["name"],
            "test": ", ".join(fold.get("test", ())),
            "valid": ", ".join(fold.get("valid", ())) or "inner folds",
            **{key: fold.get(key) for key in ("n_train", "n_valid", "n_test")},
            "uar": uars.get(fold["name"]),
        }
        for fold in ranking.run.record.get("folds", {}).get("folds", ())
    ]
    columns = (
        Column("fold", "Fold"),
        Column("test", "Test speakers"),
        Column("valid", "Validation"),
        Column("n_train", "Train clips", ".0f"),
        Column("n_valid", "Valid", ".0f"),
        Column("n_test", "Test", ".0f"),
        Column("uar", f"UAR of {best.name}" if best else "UAR", ".3f"),
    )
    by_text = shares_speakers(str(ranking.run.record.get("folds", {}).get("scheme", "")))
    apart = "sentence" if by_text else "speaker"
    return Table("folds", f"Folds: no {apart} is in two subsets of one.", columns, tuple(rows))


def settings_table(ranking: Ranking) -> Table:
    """What every pipeline selected in every fold, and its notes.

    Examples
    --------
    >>> settings_table(rank(Run.load("results/emodb"))).csv()  # doctest: +SKIP
    """
    rows = [
        {
            **{key: job.get(key) for key in ("pipeline", "fold", "seed")},
            "best_params": _settings_text(job.get("best_params") or {}),
            "grid_ends": "; ".join(ends_of(job["pipeline"], job.get("best_params") or {})),
            "notes": "; ".join(job.get("notes") or ()) or (job.get("reason") or ""),
        }
        for job in ranking.run.record.get("jobs", ())
    ]
    columns = (
        Column("pipeline", "Pipeline"),
        Column("fold", "Fold"),
        Column("seed", "Seed", "d"),
        Column("best_params", "Selected"),
        Column("grid_ends", "At an end of its grid"),
        Column("notes", "Notes"),
    )
    return Table("settings", "Settings selected inside every fold.", columns, tuple(rows))


TABLES = (
    scores_table,
    intervals_table,
    pairs_table,
    recalls_table,
    speakers_table,
    fold_scores_table,
    calibration_table,
    costs_table,
    folds_table,
    settings_table,
)
"""The tables of every run, each a function from a ranking; one without rows is left out."""


def _records(table: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    return tuple({str(key): value for key, value in row.items()} for row in table.to_dict("records"))


def _scores(name: str, caption: str, ranking: Ranking, columns: Iterable[Column]) -> Table:
    rows = tuple(
        {**entry.scores, "pipeline": entry.name, "model_kb": entry.scores["model_bytes"] / 1000}
        for entry in ranking.scored
    )
    return Table(name, caption, (Column("pipeline", "Pipeline"), *columns), rows)


def _pairs_caption(ranking: Ranking) -> str:
    """Say what the paired test is, what was corrected, and what these speakers can show at all."""
    if not ranking.tests:
        return ""
    test = ranking.tests[0]
    swaps = "all" if test.exact else "65,535 random"
    counts = [len(tests) for family in ranking.families if (tests := ranking.tests_of(family))]
    pairs = " and ".join(f"{count} {'pair' if count == 1 else 'pairs'}" for count in counts)
    apart = ", each family by itself" if len(counts) > 1 else ""
    least = min(test.smallest_p for test in ranking.tests)
    caption = (
        f"Paired tests that swap two pipelines' predictions for whole speakers ({swaps} swaps of"
        f" {test.n_speakers} speakers), Holm-corrected over {pairs}{apart}; the "
        f"smallest p that can be reached is {least:.2g}"
    )
    if not any(test.can_be_found(ALPHA) for test in ranking.tests):
        caption += f", so no difference can reach {ALPHA:g} here, however clear"
    caption += ". The verdict is by the corrected p; intervals are of each pair alone, not corrected"
    if ranking.rope is not None:
        caption += f"; better, worse or same by more than {ranking.rope:g}: one-sided tests of the same kind, corrected"
    return (
        f"{caption}. Least shown: the smallest true difference that a corrected test would show in 80 of 100 such "
        "corpora; speakers to show: how many would show the difference seen."
    )


def _settings_text(settings: Mapping[str, Any]) -> str:
    """Settings in one line, numbers short."""
    return ", ".join(f"{key} {_short(value)}" for key, value in settings.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return f"({_settings_text(value)})"
    return str(value) if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
