"""Clips in a report: waveform and pitch as one small drawing, and the sound itself where it may be passed on."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.audio import RATE
from features.errors import AudioError

WIDTH, HEIGHT = 320, 72
LONGEST = 10.0
"""Seconds of a clip that are drawn and played; the rest is left out, and said so."""


@dataclass(frozen=True)
class ShownClip:
    """A wrong prediction as the report shows it.

    Attributes
    ----------
    row : mapping
        `utterance, speaker, fold, truth, prediction, confidence, p_truth`.
    drawing : str
        SVG; empty where the sound is not available.
    sound : str
        `data:` address of the sound, or empty.
    alt_text : str
        What the drawing shows.

    Examples
    --------
    >>> ShownClip({"utterance": "03a01Wa"}, "", "", "The sound is not available.").sound
    ''
    """

    row: Mapping[str, Any]
    drawing: str
    sound: str
    alt_text: str


def shown_clips(
    errors: pd.DataFrame, utterances: pd.DataFrame | None, *, audio: bool, budget: int = 2_500_000
) -> tuple[ShownClip, ...]:
    """Draw wrong predictions, and embed their sound while the budget in bytes lasts.

    Parameters
    ----------
    errors : DataFrame
        As `confident_errors` finds them.
    utterances : DataFrame or None
        Where each sound lies: `speaker, utterance, path, start, end`.
    audio : bool
        Whether sounds are embedded.
    budget : int, default=2500000
        Bytes of sound at most.

    Returns
    -------
    tuple of ShownClip

    Examples
    --------
    >>> errors = pd.DataFrame([{"speaker": "03", "utterance": "a", "truth": "ang", "prediction": "hap"}])
    >>> shown_clips(errors, None, audio=True)[0].alt_text
    'The sound is not available.'
    """
    sources = {} if utterances is None else {(r["speaker"], r["utterance"]): r for r in utterances.to_dict("records")}
    clips = []
    for _, error in errors.iterrows():
        clip = _shown(dict(error), sources.get((error["speaker"], error["utterance"])), audio=audio)
        budget -= len(clip.sound)
        clips.append(clip if budget >= 0 else replace(clip, sound=""))
    return tuple(clips)


def _shown(error: Mapping[str, Any], source: Mapping[str, Any] | None, *, audio: bool) -> ShownClip:
    if source is None or not Path(str(source["path"])).is_file():
        return ShownClip(error, "", "", "The sound is not available.")
    from features.audio import load

    start, end = (None if np.isnan(source[key]) else float(source[key]) for key in ("start", "end"))
    try:
        waveform = load(str(source["path"]), start=start, end=end)
    except AudioError:
        return ShownClip(error, "", "", "The sound cannot be read.")
    part = waveform[: int(LONGEST * RATE)]
    contour = pitch_contour(part)
    return ShownClip(error, draw(part, contour), _flac(part) if audio else "", _alt_text(waveform, contour))


def pitch_contour(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """F0 on a 10 ms grid, by the toolkit's own pitch descriptor.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        At 16 kHz.

    Returns
    -------
    ndarray of shape (n_frames,)
        In Hz; NaN where unvoiced.

    Examples
    --------
    >>> bool(np.isnan(pitch_contour(np.zeros(16000, dtype=np.float32))).all())  # doctest: +SKIP
    True
    """
    from features.descriptors.f0 import track

    return np.asarray(track(waveform).f0, dtype=float)


def draw(waveform: NDArray[np.float32], contour: NDArray[np.float64]) -> str:
    """Draw the envelope of a waveform, and the pitch from 60 to 800 Hz (logarithmic) above it, as SVG.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        At 16 kHz.
    contour : ndarray of shape (n_frames,)
        Pitch in Hz, NaN where unvoiced.

    Examples
    --------
    >>> draw(np.zeros(160, dtype=np.float32), np.array([np.nan])).count("polyline")
    0
    """
    edges = np.linspace(0, len(waveform), min(WIDTH // 2, max(len(waveform), 1)) + 1).astype(int)
    peaks = np.array([np.abs(waveform[a:b]).max(initial=0) for a, b in pairwise(edges)])
    tall = peaks / max(float(peaks.max(initial=0)), 1e-9) * (HEIGHT / 2 - 3)
    x = np.linspace(0, WIDTH, len(peaks))
    top = " ".join(f"{a:.0f},{HEIGHT / 2 - b:.1f}" for a, b in zip(x, tall))
    bottom = " ".join(f"{a:.0f},{HEIGHT / 2 + b:.1f}" for a, b in zip(x[::-1], tall[::-1]))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false">'
        f'<polygon class="wave" points="{top} {bottom}"/>{_pitch_lines(contour)}</svg>'
    )


def _pitch_lines(contour: NDArray[np.float64]) -> str:
    if not len(contour):
        return ""
    with np.errstate(invalid="ignore", divide="ignore"):
        height = np.log(contour / 60) / np.log(800 / 60)
    x = (np.arange(len(contour)) + 0.5) / len(contour) * WIDTH
    y = HEIGHT - 3 - np.clip(height, 0, 1) * (HEIGHT - 6)
    voiced = np.flatnonzero(np.isfinite(y))
    runs = np.split(voiced, np.flatnonzero(np.diff(voiced) > 1) + 1) if len(voiced) else []
    lines = [" ".join(f"{x[i]:.1f},{y[i]:.1f}" for i in run) for run in runs if len(run) > 1]
    return "".join(f'<polyline class="pitch" points="{line}"/>' for line in lines)


def _alt_text(waveform: NDArray[np.float32], contour: NDArray[np.float64]) -> str:
    seconds = len(waveform) / RATE
    cut = f", the first {LONGEST:.0f} s shown" if seconds > LONGEST else ""
    voiced = contour[np.isfinite(contour)]
    if not len(voiced):
        return f"{seconds:.1f} s{cut}, no voiced speech found"
    low, middle, high = np.percentile(voiced, (10, 50, 90))
    return f"{seconds:.1f} s{cut}, pitch {middle:.0f} Hz ({low:.0f} to {high:.0f})"


def _flac(waveform: NDArray[np.float32]) -> str:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, RATE, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
