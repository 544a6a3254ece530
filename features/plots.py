"""Plots of contours, and of the functionals over them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from features.audio import RATE
from features.compute import features_in, features_of
from features.descriptors import MODULES
from features.descriptors.analysis import Analysis
from features.descriptors.frames import FRAME, FRAMES_PER_SECOND, HOP, frames_between
from features.descriptors.stft import power_spectra
from features.errors import FeatureError
from features.plotting import GREY, PALETTE, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

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
    width = 4.5 if len(analyses) == 1 else 2.0 if len(analyses) < 5 else 1.5
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
