"""What a model says of utterances: as a table on the terminal, as JSON, and as a timeline of class probabilities."""

from __future__ import annotations

import argparse
import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.utterances import InputError, cut, utterances

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Okabe and Ito's colours, which people with any colour vision tell apart; line styles go on where colours end.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7000")
STYLES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Answer:
    """What a model says of one utterance.

    Attributes
    ----------
    path
        Sound file.
    label
        Label with the highest probability.
    probabilities
        Probability of every label; they sum to 1.
    start, end
        Stretch in seconds; None where it is the whole file.
    reasons
        Features that pushed hardest, and how far: above 0 towards the label, below 0 away from it.
    """

    path: str
    label: str
    probabilities: dict[str, float]
    start: float | None = None
    end: float | None = None
    reasons: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Picture:
    """A figure, and the text that stands for it where it cannot be seen."""

    figure: Figure
    alt: str

    def save(self, path: str | Path) -> None:
        """Write the figure as its suffix says (PNG, SVG, PDF), its text in the file's metadata."""
        suffix = Path(path).suffix.lower()
        if suffix not in (".png", ".svg", ".pdf"):
            raise InputError(f"{path}: a plot is written as .png, .svg or .pdf; choose one of these suffixes")
        key = {".png": "Description", ".svg": "Description", ".pdf": "Subject"}[suffix]
        try:
            self.figure.savefig(path, bbox_inches="tight", metadata={key: self.alt})
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror or error}); check the folder") from error

    def titled(self, title: str) -> Picture:
        """Put a title above the figure, where `save` and a notebook make room for it, and return the picture."""
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # all has its place now, and keeps it
        above = 1 + 0.08 / self.figure.get_figheight()
        self.figure.text(0.01, above, title, ha="left", va="bottom", fontsize="large", parse_math=False)
        for legend in self.figure.legends:  # else they would move up with the edge of what is saved
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=self.figure.transFigure)
        return self

    def _repr_html_(self) -> str:
        """The figure with its text, as a notebook shows it."""
        import base64
        import io

        picture = io.BytesIO()
        self.figure.savefig(picture, format="png", dpi=120, bbox_inches="tight", metadata={"Software": None})
        text = html.escape(self.alt, quote=True)
        return f'<img alt="{text}" src="data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}">'


def answers(
    table: pd.DataFrame,
    classes: Sequence[str],
    probabilities: NDArray,
    *,
    reasons: Sequence[Sequence[tuple[str, float]]] = (),
) -> list[Answer]:
    """Put a model's probabilities beside the utterances they are about.

    Parameters
    ----------
    table
        Utterances table of n rows.
    classes
        Labels, k of them.
    probabilities : (n, k)
        Rows sum to 1.
    reasons
        For every row the features that pushed hardest; empty for none.
    """
    result = []
    for position, (path, start, end) in enumerate(zip(table["path"], table["start"], table["end"])):
        row = probabilities[position]
        result.append(
            Answer(
                path=str(path),
                label=str(classes[int(row.argmax())]),
                probabilities={str(label): float(p) for label, p in zip(classes, row)},
                start=None if math.isnan(start) else float(start),
                end=None if math.isnan(end) else float(end),
                reasons=tuple((str(name), float(push)) for name, push in reasons[position]) if len(reasons) else (),
            )
        )
    return result


def to_json(given: Sequence[Answer]) -> str:
    """Answers as a JSON list of objects: path, label, probabilities; start, end and reasons where there are any."""
    return json.dumps([_plain(answer) for answer in given], indent=2, ensure_ascii=False)


def _plain(answer: Answer) -> dict[str, Any]:
    plain: dict[str, Any] = {"path": answer.path, "label": answer.label, "probabilities": answer.probabilities}
    if answer.start is not None or answer.end is not None:
        plain |= {"start": answer.start, "end": answer.end}
    if answer.reasons:
        plain["reasons"] = [{"feature": name, "push": push} for name, push in answer.reasons]
    return plain


def to_text(given: Sequence[Answer]) -> str:
    """Answers as a table of aligned columns, the reasons under each row."""
    if not given:
        return ""
    timed = any(answer.start is not None or answer.end is not None for answer in given)
    head = ["path", *(["start", "end"] if timed else []), "label", *given[0].probabilities]
    rows = []
    for answer in given:
        times = [_seconds(answer.start), _seconds(answer.end)] if timed else []
        rows.append([answer.path, *times, answer.label, *(f"{p:.3f}" for p in answer.probabilities.values())])
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [_aligned(head, widths)]
    for row, answer in zip(rows, given):
        lines.append(_aligned(row, widths))
        lines.extend(f"    {push:+8.3f}  {name}" for name, push in answer.reasons)
    return "\n".join(lines)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = cells[0].ljust(widths[0])
    return "  ".join([left, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))]).rstrip()


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def timeline(given: Sequence[Answer]) -> Picture:
    """Draw class probabilities over time, one panel a recording.

    Parameters
    ----------
    given
        Answers for windows, with start and end.

    Raises
    ------
    InputError
        If an answer has no start or end.
    """
    from matplotlib.figure import Figure

    if not given or any(answer.start is None or answer.end is None for answer in given):
        raise InputError("a timeline needs windows: give --window and --hop")
    paths = list(dict.fromkeys(answer.path for answer in given))
    figure = Figure(figsize=(9.0, 0.8 + 2.4 * len(paths)), layout="constrained")
    panels = figure.subplots(len(paths), 1, squeeze=False)[:, 0]
    told = []
    for panel, path in zip(panels, paths):
        own = [answer for answer in given if answer.path == path]
        times = [(answer.start + answer.end) / 2 for answer in own]  # type: ignore[operator]
        for k, label in enumerate(own[0].probabilities):
            style = STYLES[k // len(COLOURS) % len(STYLES)]
            values = [answer.probabilities[label] for answer in own]
            panel.plot(times, values, style, color=COLOURS[k % len(COLOURS)], marker=".", label=label)
        panel.set(ylim=(0, 1), ylabel="probability", xlabel="middle of the window (s)")
        panel.set_title(Path(path).name, loc="left", fontsize="medium", parse_math=False)
        panel.grid(alpha=0.3)
        panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        told.append(f"{Path(path).name}: {_course(own)}")
    return Picture(figure, "Class probabilities over time. " + "; ".join(told) + ".")


def _course(own: Sequence[Answer]) -> str:
    """Say in words which label leads from when to when."""
    parts: list[tuple[str, float, float]] = []
    for answer in own:
        start, end = float(answer.start or 0.0), float(answer.end or 0.0)
        if parts and parts[-1][0] == answer.label:
            parts[-1] = (answer.label, parts[-1][1], end)
        else:
            parts.append((answer.label, start, end))
    shown = ", ".join(f"{label} {start:.1f} to {end:.1f} s" for label, start, end in parts[:8])
    return shown + (f", and {len(parts) - 8} more changes" if len(parts) > 8 else "")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every `predict` command takes: inputs, and how to answer."""
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="sound file, or folder of sound files")
    parser.add_argument("--manifest", metavar="CSV", help="table with path and, where known, speaker, start, end")
    parser.add_argument("--one-speaker", action="store_true", help="everything is spoken by the same person")
    parser.add_argument("--window", type=float, metavar="S", help="answer for windows of this many seconds")
    parser.add_argument("--hop", type=float, metavar="S", help="seconds from window to window (default: a third)")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.add_argument("--plot", metavar="FILE", help="draw the timeline of the windows as .png, .svg or .pdf")


def asked_for(options: argparse.Namespace) -> pd.DataFrame:
    """Utterances table of the inputs and windows that `add_options` has read.

    Raises
    ------
    InputError
        If the options do not go together, or there is nothing to answer for.
    """
    if options.window is None and (options.hop is not None or options.plot):
        raise InputError("--hop and --plot are for windows: give --window too")
    table = utterances(options.inputs, manifest=options.manifest, one_speaker=options.one_speaker)
    if options.window is None:
        return table
    return cut(table, window=options.window, hop=options.window / 3 if options.hop is None else options.hop)
