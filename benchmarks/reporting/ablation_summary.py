"""The answer of an ablation in words: which block of features carries the score, and what each is good for."""

from __future__ import annotations

import math

import pandas as pd
from scipy.special import stdtrit

from benchmarks.scoring.shapley import CONTRAST, TargetKind


def answer(shapley: pd.DataFrame, model: str) -> tuple[str, ...]:
    """Say which block of features carries the UAR of a model, and which decisions each carries most clearly.

    Parameters
    ----------
    shapley
        As `benchmarks.studies.ablation.shapley_values` makes it.
    model
        Which model's rows.
    """
    own = shapley[shapley["model"] == model]
    rows = own[own["players"] == "blocks"].set_index(["target", "group"])
    uar = rows.loc["uar"]
    contrast = uar.loc[CONTRAST]
    blocks = {name: _with_interval(uar.loc[name]) for name in ("spectral", "prosodic", "voice")}
    everything = own[(own["target"] == TargetKind.UAR) & (own["group"] == "all")]["value"].iloc[0]
    verdict = _verdict(contrast)
    first = (
        f"{model}: of the {everything:.2f} that all features add to guessing, spectral groups (mfcc, spectrum) carry "
        f"{blocks['spectral']}, prosodic ones (pitch, energy, timing) {blocks['prosodic']} and voice quality "
        f"{blocks['voice']}; {verdict}."
    )
    return (first, *_decisions(shapley, model))


def _verdict(contrast: pd.Series) -> str:
    between = f"difference {_with_interval(contrast)}"
    if math.isnan(contrast["low"]):
        return f"{between}, from one speaker"
    if contrast["low"] > 0:
        return f"spectral features carry more ({between})"
    if contrast["high"] < 0:
        return f"prosodic features carry more ({between})"
    return f"which block carries more is not settled ({between})"


def pair_contrasts(shapley: pd.DataFrame, model: str) -> pd.DataFrame:
    """Spectral minus prosodic share in telling every two emotions apart, smallest first.

    Returns
    -------
    pandas.DataFrame
        Rows of the Shapley table, with `low` and `high` at 95 % and `low_of_all, high_of_all` widened by Bonferroni's
        correction, so that all pairs together hold with 95 %.
    """
    rows = shapley[(shapley["model"] == model) & (shapley["group"] == CONTRAST)]
    pairs = rows[rows["target"] == TargetKind.PAIR].sort_values("value", kind="stable")
    freedom = pairs["n_speakers"] - 1
    wider = stdtrit(freedom, 1 - 0.025 / max(len(pairs), 1)) / stdtrit(freedom, 0.975)
    reach = (pairs["high"] - pairs["low"]) / 2 * wider
    return pairs.assign(low_of_all=pairs["value"] - reach, high_of_all=pairs["value"] + reach)


def _decisions(shapley: pd.DataFrame, model: str) -> tuple[str, ...]:
    pairs = pair_contrasts(shapley, model)
    prosodic, spectral = pairs[pairs["high_of_all"] < 0], pairs[pairs["low_of_all"] > 0][::-1]
    parts = []
    for block, found in (("prosody", prosodic), ("spectrum", spectral)):
        if len(found):
            best = found.iloc[0]
            low, high = sorted((abs(best["low_of_all"]), abs(best["high_of_all"])))
            count = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            pair = f"{best['label']} from {best['other']}"
            parts.append(f"{block} tells {pair} by {abs(best['value']):.2f} [{low:.2f} to {high:.2f}] more{count}")
    if not parts:
        return (f"{model}: of {len(pairs)} pairs of emotions, none was found that one block tells apart better.",)
    return (f"{model}: {'; '.join(parts)}, corrected for {len(pairs)} pairs.",)


def _with_interval(row: pd.Series) -> str:
    # Rounded first and a zero added, so that a small negative number is not written as minus zero.
    value, low, high = (f"{round(float(row[key]), 2) + 0.0:+.2f}" for key in ("value", "low", "high"))
    return f"{value} [{low} to {high}]".replace("-", "−")
