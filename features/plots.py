"""Plots of contours, of the functionals over them, and of predictions over time."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.audio import RATE
from features.compute import features_in, features_of
from features.descriptors import MODULES
from features.descriptors.analysis import Analysis
from features.descriptors.frames import FRAME, FRAMES_PER_SECOND, HOP, frames_between
from features.descriptors.stft import power_spectra
from features.errors import FeatureError, InputError
from features.plotting import GREY, PALETTE, Plot, line_style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from features.predictions import Prediction

DEPTH_DB = 80.0


def contours_plot(waveforms: Mapping[str, np.ndarray]) -> Plot:
    """Waveform, spectrogram, F0 and level of some utterances, a column each, all on the same scales.

    Parameters
    ----------
    waveforms : mapping of str to ndarray
        Title of each column to its samples, of shape (n_samples,), at 16 kHz, as `features.load` gives it.

    Raises
    ------
    FeatureError
        If there is nothing to draw.
    """
    from matplotlib.figure import Figure

    if not waveforms:
        raise FeatureError("no waveforms; expected at least one, with a title each")
    analyses = {title: Analysis(np.asarray(waveform, dtype=np.float32)) for title, waveform in waveforms.items()}
    width = 2.0 if len(analyses) < 5 else 1.5
    figure = Figure(figsize=(1.3 + width * len(analyses), 7.2), layout="constrained")
    panels = figure.subplots(4, len(analyses), sharex=True, sharey="row", squeeze=False, height_ratios=(1, 1.6, 1.2, 1))
    spectra = {title: _levels(analysis.waveform) for title, analysis in analyses.items()}
    top = max(float(levels.max()) for levels in spectra.values())
    descriptions = []
    for column, (title, analysis) in zip(panels.T, analyses.items()):
        column[0].set_title(title, loc="left", fontsize="medium", parse_math=False)
        image = _draw_column(column, analysis, spectra[title], top)
        descriptions.append(f"{title}: {_in_words(analysis)}")
    names = ("amplitude", "frequency (kHz)", "F0 (Hz)", "level (dB)")
    for panel, name in zip(panels[:, 0], names):
        panel.set_ylabel(name)
    figure.align_ylabels(panels[:, 0])
    for panel in panels[-1]:
        panel.set_xlabel("time (s)")
    figure.colorbar(image, ax=panels[1, :].tolist(), label="dB re the loudest", pad=0.01, fraction=0.03)
    return Plot(figure, f"Waveform, spectrogram, F0 and level over time. {'; '.join(descriptions)}.")


def functionals_plot(
    waveform: np.ndarray,
    descriptor: str,
    *,
    frames: str = "voiced",
    functionals: tuple[str, ...] = ("p20", "p50", "p80"),
) -> Plot:
    """Draw one contour, and the numbers that some functionals make of it.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        at 16 kHz, as `features.load` gives it.
    descriptor : str
        A feature's name up to the functional, such as `pitch.f0_semitone` or `energy.rms_db`.
    frames : str
        Frames that the functionals are taken over: `all`, `voiced` or `unvoiced`.
    functionals : tuple of str
        Which ones; each must have the descriptor's own unit, as means and percentiles have.

    Raises
    ------
    FeatureError
        If there is no such descriptor, or no such feature of it.
    """
    from matplotlib.figure import Figure

    analysis = Analysis(np.asarray(waveform, dtype=np.float32))
    contour, unit = _contour(analysis, descriptor)
    values = _values(analysis.waveform, descriptor, frames, functionals, unit)
    times = np.arange(analysis.n_frames) / FRAMES_PER_SECOND
    shown = contour if frames == "all" else np.where(analysis.voiced == (frames == "voiced"), contour, np.nan)
    figure = Figure(figsize=(8.0, 3.4), layout="constrained")
    panel = figure.subplots()
    panel.plot(times, contour, "-", color=GREY, alpha=0.35, linewidth=1.0)
    panel.plot(times, shown, ".", color=GREY, markersize=4)
    heights = _apart(list(values.values()), gap=0.06 * float(np.ptp(panel.get_ylim())))
    for index, ((name, value), height) in enumerate(zip(values.items(), heights)):
        colour = PALETTE[index % len(PALETTE)]
        panel.axhline(value, color=colour, linewidth=1.5)
        panel.annotate(
            f"{name} = {value:.1f} {unit}",
            (1.0, height),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )
    panel.set(xlabel="time (s)", ylabel=f"{descriptor.partition('.')[2]} ({unit})")
    panel.set_xlim(0, times[-1])
    texts = ", ".join(f"{name} {value:.1f}" for name, value in values.items())
    return Plot(figure, f"The contour {descriptor} over time in {unit}, with its functionals: {texts}.")


def timeline(predictions: Sequence[Prediction]) -> Plot:
    """Draw class probabilities over time, one panel per recording.

    Parameters
    ----------
    predictions : sequence of Prediction
        Of windows, with start and end.

    Raises
    ------
    InputError
        If there are none, or one has no start or end.

    Examples
    --------
    >>> from features.predictions import Prediction
    >>> timeline([Prediction("a.wav", "sad", {"sad": 1.0}, start=0.0, end=2.0)]).alt_text
    'Class probabilities over time. a.wav: sad 0.0 to 2.0 s.'
    """
    from matplotlib.figure import Figure

    if not predictions or any(prediction.start is None or prediction.end is None for prediction in predictions):
        raise InputError("a timeline needs windows: give --window and --hop")
    by_path: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        by_path.setdefault(prediction.path, []).append(prediction)
    figure = Figure(figsize=(9.0, 0.8 + 2.4 * len(by_path)), layout="constrained")
    panels = figure.subplots(len(by_path), 1, squeeze=False)[:, 0]
    for panel, (path, windows) in zip(panels, by_path.items()):
        times = [(window.start + window.end) / 2 for window in windows]  # type: ignore[operator]
        for k, label in enumerate(windows[0].probabilities):
            values = [window.probabilities[label] for window in windows]
            panel.plot(times, values, **line_style(k), marker=".", label=label)
        panel.set(ylim=(0, 1), ylabel="probability", xlabel="middle of the window (s)")
        panel.set_title(Path(path).name, loc="left", fontsize="medium", parse_math=False)
        panel.grid(alpha=0.3)
        panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    courses = "; ".join(f"{Path(path).name}: {_course(windows)}" for path, windows in by_path.items())
    return Plot(figure, f"Class probabilities over time. {courses}.")


def _course(windows: Sequence[Prediction]) -> str:
    """Which label leads from when to when, in words."""
    parts: list[tuple[str, float, float]] = []
    for window in windows:
        start, end = float(window.start or 0.0), float(window.end or 0.0)
        if parts and parts[-1][0] == window.label:
            parts[-1] = (window.label, parts[-1][1], end)
        else:
            parts.append((window.label, start, end))
    first = ", ".join(f"{label} {start:.1f} to {end:.1f} s" for label, start, end in parts[:8])
    return first + (f", and {len(parts) - 8} more changes" if len(parts) > 8 else "")


def _levels(waveform: np.ndarray) -> np.ndarray:
    """Power of the shared STFT in dB, of shape (n_frames, 257)."""
    count = 1 + len(waveform) // HOP
    frames = frames_between(waveform, 0, count, length=FRAME, hop=HOP)
    return 10 * np.log10(np.maximum(power_spectra(frames), 1e-10))


def _draw_column(column: np.ndarray, analysis: Analysis, levels: np.ndarray, top: float) -> AxesImage:
    wave, spectrum, pitch, energy = column
    times = np.arange(analysis.n_frames) / FRAMES_PER_SECOND
    wave.plot(np.arange(len(analysis.waveform)) / RATE, analysis.waveform, color=PALETTE[0], linewidth=0.4)
    # The image is drawn below vector text as pixels, half a frame and half a bin around each centre.
    extent = (-0.5 / FRAMES_PER_SECOND, times[-1] + 0.5 / FRAMES_PER_SECOND, 0.0, RATE / 2000)
    image = spectrum.imshow(
        levels.T - top, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=-DEPTH_DB, vmax=0.0
    )
    _draw_pitch(pitch, times, analysis)
    energy.plot(times, analysis.level, color=PALETTE[1], linewidth=1.2)
    for panel in (pitch, energy):
        panel.grid(alpha=0.3)
    return image


def _draw_pitch(panel: Axes, times: np.ndarray, analysis: Analysis) -> None:
    f0 = analysis.track.f0
    panel.plot(times, f0, ".", color=PALETTE[0], markersize=3)
    if analysis.voiced.any():
        panel.axhline(float(np.nanmedian(f0)), color=GREY, linestyle="--", linewidth=1)
    panel.set_yscale("log")
    panel.set_yticks((75, 100, 150, 200, 300, 400, 600, 800), ("75", "100", "150", "200", "300", "400", "600", "800"))
    panel.minorticks_off()


def _in_words(analysis: Analysis) -> str:
    seconds = len(analysis.waveform) / RATE
    level = float(np.median(analysis.level[analysis.active])) if analysis.active.any() else float("nan")
    pitch = f"median F0 {np.nanmedian(analysis.track.f0):.0f} Hz" if analysis.voiced.any() else "no voice"
    return f"{seconds:.1f} s, {pitch}, median level {level:.0f} dB"


def _apart(values: list[float], *, gap: float) -> list[float]:
    """Heights for the labels beside lines, so that they do not overlap."""
    heights, last = list(values), -np.inf
    for index in sorted(range(len(values)), key=lambda i: values[i]):
        last = heights[index] = max(values[index], last + gap)
    return heights


def _contour(analysis: Analysis, descriptor: str) -> tuple[np.ndarray, str]:
    group, _, name = descriptor.partition(".")
    if group not in MODULES:
        raise FeatureError(f"descriptor {descriptor!r}; expected a group and a name, such as pitch.f0_semitone")
    module = import_module(MODULES[group])
    names = [entry.name for entry in module.DESCRIPTORS]
    if name not in names:
        raise FeatureError(f"no descriptor {name!r} in {group}; expected one of {', '.join(names)}")
    index = names.index(name)
    return module.describe(analysis)[0][index], module.DESCRIPTORS[index].unit


def _values(
    waveform: np.ndarray, descriptor: str, frames: str, functionals: tuple[str, ...], unit: str
) -> dict[str, float]:
    group = (descriptor.partition(".")[0],)
    features, row = features_in(group), features_of(waveform, group)
    by_name = {feature.name: (feature.unit, float(value)) for feature, value in zip(features, row)}
    values = {}
    for functional in functionals:
        name = f"{descriptor}.{functional}.{frames}"
        if name not in by_name:
            raise FeatureError(f"no feature {name}; python -m features.catalogue lists them all")
        if by_name[name][0] != unit:
            raise FeatureError(
                f"{name} is in {by_name[name][0]}, not in {unit}; choose functionals such as mean or p80"
            )
        values[functional] = by_name[name][1]
    return values
