"""The tables of a report, from findings."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from benchmarks.reporting.plots.ablation import subset_words
from benchmarks.reporting.ranking import ALPHA, Findings
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.metrics import METRICS
from benchmarks.scoring.scores import fold_uars


def scores_table(findings: Findings) -> Table:
    """Every pipeline, best first, with interval and marks; skipped and failed ones with their reason."""
    rows = []
    for standing in findings.standings:
        score = standing.scores
        rows.append(
            {
                "pipeline": standing.name,
                "marks": ", ".join(standing.marks),
                "reason": standing.reason,
                **{key: score.get(key) for name in METRICS for key in (name, f"{name}_low", f"{name}_high")},
                "interval": interval_text(score.get("uar_low"), score.get("uar_high")),
                **{key: score.get(key) for key in ("fold_uar_mean", "fold_uar_std", "seed_uar_std", "train_uar", "n")},
            }
        )
    columns = (
        Column("pipeline", "Pipeline"),
        Column("uar", "UAR", ".3f"),
        Column("interval", "95 % interval"),
        *(Column(m.name, m.label, m.format) for m in METRICS.values() if m.name != "uar" and not m.probabilistic),
        Column("fold_uar_std", "± folds", ".3f"),
        Column("seed_uar_std", "± seeds", ".3f"),
        Column("train_uar", "Train UAR", ".3f"),
        Column("n", "Clips", ".0f"),
        Column("marks", "Marks"),
        Column("reason", "Reason"),
    )
    name = findings.run.corpus["name"]
    speakers = f"{len(findings.speakers)} speakers"
    seeds = findings.run.scores["n_seeds"].max()
    mean = f", mean over {seeds} seeds" if seeds > 1 else ""
    caption = f"Test scores on {name}, pooled over folds{mean}; 95 % interval over {speakers}."
    return Table("scores", caption + (" Synthetic voices." if findings.run.synthetic else ""), columns, tuple(rows))


def costs_table(findings: Findings) -> Table:
    """What every scored pipeline costs."""
    rows = [
        {
            "pipeline": standing.name,
            **{key: standing.scores[key] for key in _COSTS},
            "model_kb": standing.scores["model_bytes"] / 1000,
        }
        for standing in findings.scored
    ]
    columns = (
        Column("pipeline", "Pipeline"),
        Column("ms_per_utterance", "ms a clip", ".3g"),
        Column("extract_ms", "of it extraction", ".3g"),
        Column("predict_ms", "of it prediction", ".3g"),
        Column("fit_seconds", "Fit a fold, s", ".3g"),
        Column("n_candidates", "Settings tried", ".0f"),
        Column("search_seconds", "Tuning, CPU s", ".3g"),
        Column("peak_memory_mb", "Peak memory, MB", ".0f"),
        Column("model_kb", "Saved, kB", ".0f"),
    )
    caption = "Cost: extraction and prediction of one clip, fitting and tuning of one fold, peak memory, saved size."
    return Table("costs", caption, columns, tuple(rows))


def pairs_table(findings: Findings) -> Table:
    """Every pair of ranked pipelines."""
    rows = [
        {
            "first": test.first,
            "second": test.second,
            "difference": test.difference.estimate,
            "low": test.difference.low,
            "high": test.difference.high,
            "interval": interval_text(test.difference.low, test.difference.high, sign="+"),
            "speakers": f"{test.n_better} of {test.n_speakers}",
            "p": test.p,
            "p_holm": test.p_holm,
            "smallest_p": test.smallest_p,
            "exact": test.exact,
            "verdict": test.verdict(ALPHA),
        }
        for test in findings.tests
    ]
    columns = (
        Column("first", "Pipeline"),
        Column("second", "Against"),
        Column("difference", "UAR difference", "+.3f"),
        Column("interval", "95 % interval"),
        Column("speakers", "Speakers better"),
        Column("p", "p", ".2g"),
        Column("p_holm", "p, Holm", ".2g"),
        Column("verdict", "Verdict"),
    )
    return Table("pairs", pairs_caption(findings), columns, tuple(rows))


def pairs_caption(findings: Findings) -> str:
    """Say what the paired test is, and what so many speakers can show at all."""
    test = findings.tests[0]
    how = "all" if test.exact else "65,535 random"
    pairs = len(findings.tests)
    caption = (
        f"Paired tests that swap two pipelines' predictions for whole speakers ({how} swaps of {test.n_speakers} "
        f"speakers), Holm-corrected over {pairs} {'pair' if pairs == 1 else 'pairs'}; the smallest p that "
        f"can be reached is {test.smallest_p:.2g}"
    )
    if not test.can_be_found(ALPHA):
        return caption + f", so no difference can reach {ALPHA:g} here, however clear."
    return caption + "."


def recalls_table(findings: Findings) -> Table:
    """Recall of every class by every scored pipeline."""
    table = findings.recalls()
    rows = [{"pipeline": name, **values} for name, values in zip(table.index, table.to_dict("records"))]
    columns = (Column("pipeline", "Pipeline"), *(Column(label, label, ".2f") for label in findings.labels))
    return Table("recalls", "Recall of every class.", columns, tuple(rows))


def speakers_table(findings: Findings) -> Table:
    """UAR of every speaker by every scored pipeline, hardest for the best pipeline first."""
    table = findings.speaker_uars()
    order = table.sort_values(table.columns[0], kind="stable")
    clips = findings.run.predictions.drop_duplicates(["speaker", "utterance"])["speaker"].value_counts()
    rows = [
        {"speaker": speaker, "clips": int(clips[speaker]), **values}
        for speaker, values in zip(order.index, order.to_dict("records"))
    ]
    columns = (
        Column("speaker", "Speaker"),
        Column("clips", "Clips", ".0f"),
        *(Column(name, name, ".2f") for name in table.columns),
    )
    return Table("speakers", "UAR of every speaker over the classes that the speaker has.", columns, tuple(rows))


def folds_table(findings: Findings) -> Table:
    """Who trained, validated and tested in every fold, and the best pipeline's UAR there."""
    best = findings.best
    rows_of_best = findings.run.predictions[findings.run.predictions["pipeline"] == best.name] if best else None
    uars = {} if rows_of_best is None else fold_uars(rows_of_best, findings.labels).to_dict()
    rows = [
        {
            "fold": fold["name"],
            "test": ", ".join(fold.get("test", ())),
            "valid": ", ".join(fold.get("valid", ())) or "inner folds",
            **{key: fold.get(key) for key in ("n_train", "n_valid", "n_test")},
            "uar": uars.get(fold["name"]),
        }
        for fold in findings.run.record.get("folds", {}).get("folds", ())
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
    return Table("folds", "Folds: no speaker is on two sides.", columns, tuple(rows))


def settings_table(findings: Findings) -> Table:
    """What every pipeline chose in every fold, and what it noted."""
    rows = [
        {
            "pipeline": cell.get("pipeline"),
            "fold": cell.get("fold"),
            "seed": cell.get("seed"),
            "chosen": settings_text(cell.get("best_params") or {}),
            "notes": "; ".join(cell.get("notes") or ()) or (cell.get("reason") or ""),
        }
        for cell in findings.run.record.get("jobs", ())
    ]
    columns = (
        Column("pipeline", "Pipeline"),
        Column("fold", "Fold"),
        Column("seed", "Seed", "d"),
        Column("chosen", "Chosen"),
        Column("notes", "Notes"),
    )
    return Table("settings", "Settings chosen inside every fold.", columns, tuple(rows))


def calibration_table(findings: Findings) -> Table:
    """How well the probabilities of every pipeline are calibrated."""
    probabilistic = [metric for metric in METRICS.values() if metric.probabilistic]
    rows = [{"pipeline": s.name, **{m.name: s.scores[m.name] for m in probabilistic}} for s in findings.scored]
    columns = (
        Column("pipeline", "Pipeline"),
        *(Column(m.name, m.label, m.format) for m in probabilistic),
    )
    return Table("calibration", "Calibration of the probabilities; 0 is perfect in every column.", columns, tuple(rows))


def shapley_table(findings: Findings) -> Table:
    """What every group adds to the UAR, where an ablation was run."""
    table = findings.run.shapley
    found = [] if table is None else table[table["target"] == "uar"].to_dict("records")
    rows = [{**row, "interval": interval_text(row["low"], row["high"], sign="+")} for row in found]
    columns = (
        Column("model", "Model"),
        Column("players", "Players"),
        Column("group", "Player"),
        Column("value", "Adds to UAR", "+.3f"),
        Column("interval", "95 % interval"),
    )
    caption = (
        "Shapley values for UAR of the six groups, from all 64 subsets, and of whole blocks; intervals over speakers."
    )
    return Table("shapley", caption, columns, tuple(rows))


def ablation_table(findings: Findings) -> Table:
    """The subsets of groups that have a role, where an ablation was run."""
    table = findings.run.ablation
    found = [] if table is None else table.dropna(subset=["role"]).to_dict("records")
    rows = [
        {
            **row,
            "subset": subset_words(row["role"], row["groups"]),
            "interval": interval_text(row["uar_low"], row["uar_high"]),
        }
        for row in found
    ]
    columns = (
        Column("model", "Model"),
        Column("subset", "Groups"),
        Column("uar", "UAR", ".3f"),
        Column("interval", "95 % interval"),
        Column("difference", "Against all", "+.3f"),
        Column("p_holm", "p, Holm", ".2g"),
    )
    caption = "Every group alone and left out, and the presets, against all groups by the paired test."
    return Table("ablation", caption, columns, tuple(rows))


def interval_text(low: float | None, high: float | None, *, sign: str = "") -> str | None:
    """Write an interval with two decimals, or None where there is none."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return None
    return f"{low:{sign}.2f} to {high:{sign}.2f}".replace("-", "−")


def settings_text(chosen: Mapping[str, Any]) -> str:
    """Write settings in one line, numbers short."""
    return ", ".join(f"{key} {_short(value)}" for key, value in chosen.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return f"({settings_text(value)})"
    return str(value) if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)


_COSTS = (
    "ms_per_utterance",
    "extract_ms",
    "predict_ms",
    "fit_seconds",
    "n_candidates",
    "search_seconds",
    "peak_memory_mb",
    "model_bytes",
)
