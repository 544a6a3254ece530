"""The answer of an ablation in words: which side carries the score, and what each is good for."""

from __future__ import annotations

import math

import pandas as pd


def answer(shapley: pd.DataFrame, model: str) -> tuple[str, ...]:
    """Say which side carries the UAR of a model, and which decisions each side carries most clearly.

    Parameters
    ----------
    shapley
        As `benchmarks.ablating.shapley_table` makes it.
    model
        Which model's rows.
    """
    own = shapley[shapley["model"] == model]
    rows = own[own["players"] == "sides"].set_index(["target", "group"])
    uar = rows.loc["uar"]
    contrast = uar.loc["spectral - prosodic"]
    sides = {side: _with_interval(uar.loc[side]) for side in ("spectral", "prosodic", "voice")}
    everything = own[(own["target"] == "uar") & (own["group"] == "all")]["value"].iloc[0]
    verdict = _verdict(contrast)
    first = (
        f"{model}: of the {everything:.2f} that all features add to guessing, spectral groups (mfcc, spectrum) carry "
        f"{sides['spectral']}, prosodic ones (pitch, energy, timing) {sides['prosodic']} and voice quality "
        f"{sides['voice']}; {verdict}."
    )
    return (first, *_decisions(rows, model))


def _verdict(contrast: pd.Series) -> str:
    between = f"difference {_with_interval(contrast)}"
    if math.isnan(contrast["low"]):
        return f"{between}, from one speaker"
    if contrast["low"] > 0:
        return f"spectral features carry more ({between})"
    if contrast["high"] < 0:
        return f"prosodic features carry more ({between})"
    return f"which side carries more is not settled ({between})"


def _decisions(rows: pd.DataFrame, model: str) -> tuple[str, ...]:
    pairs = rows.xs("spectral - prosodic", level="group")
    pairs = pairs[[" or " in str(name) for name in pairs.index]].sort_values("value")
    prosodic, spectral = pairs[pairs["high"] < 0], pairs[pairs["low"] > 0][::-1]
    parts = []
    for side, found in (("prosody", prosodic), ("spectrum", spectral)):
        if len(found):
            best = found.iloc[0]
            tells = str(found.index[0]).replace(" or ", " from ")
            low, high = sorted((abs(best["low"]), abs(best["high"])))
            count = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            parts.append(f"{side} tells {tells} by {abs(best['value']):.2f} [{low:.2f} to {high:.2f}] more{count}")
    if not parts:
        return (f"{model}: no two emotions were found that one side tells apart better than the other.",)
    return (f"{model}: {'; '.join(parts)}.",)


def _with_interval(row: pd.Series) -> str:
    return f"{row['value']:+.2f} [{row['low']:+.2f} to {row['high']:+.2f}]".replace("-", "−")
