"""Loss, learning rates and UAR of every epoch, as a table and as a plot."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from features.plotting import PALETTE, Plot


def write_csv(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write one row per epoch."""
    with Path(path).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def plot_history(rows: Sequence[Mapping[str, float]]) -> Plot:
    """Plot losses, UAR on validation speakers and learning rates over the epochs.

    Parameters
    ----------
    rows : sequence of mapping
        One per epoch, as `FineTunedClassifier.history_` holds them, or the `history` of a job of a run.

    Returns
    -------
    Plot
    """
    from matplotlib.figure import Figure

    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(9.0, 3.0), layout="constrained")
    losses, score, rates = figure.subplots(1, 3)
    losses.plot(epochs, [row["train_loss"] for row in rows], "-", color=PALETTE[0], marker=".", label="training")
    losses.plot(epochs, [row["valid_loss"] for row in rows], "--", color=PALETTE[1], marker=".", label="validation")
    losses.set(title="cross entropy", xlabel="epoch")
    losses.legend(frameon=False)
    score.plot(epochs, [row["valid_uar"] for row in rows], "-", color=PALETTE[0], marker=".")
    score.set(title="UAR, validation speakers", xlabel="epoch", ylim=(0, 1))
    for name, style, colour in (("encoder", "-", PALETTE[0]), ("head", "--", PALETTE[1])):
        if f"{name}_rate" in rows[0]:
            rates.plot(epochs, [row[f"{name}_rate"] for row in rows], style, color=colour, marker=".", label=name)
    rates.set(title="learning rate", xlabel="epoch", yscale="log")
    rates.legend(frameon=False)
    best = max(rows, key=lambda row: row["valid_uar"])
    alt_text = (
        f"Cross entropy, UAR on validation speakers and learning rates over {len(rows)} epochs: training loss from "
        f"{rows[0]['train_loss']:.2f} to {rows[-1]['train_loss']:.2f}, best UAR {best['valid_uar']:.2f} in epoch "
        f"{best['epoch']:.0f}."
    )
    return Plot(figure, alt_text)
