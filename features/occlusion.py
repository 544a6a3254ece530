"""Saliency by occlusion: what a prediction loses when a moving window of the clip cannot be heard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from features.clips import Clip, clips_from
from features.errors import InputError
from features.plotting import GREY, PALETTE, Plot
from features.sampling import RATE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FILLS = ("noise", "silence")
_AT_A_TIME = 16
_FRAME, _FADE = 512, 80
"""Samples: 32 ms, of which spectra are taken, and 5 ms, in which sound goes over into the fill."""


class Model(Protocol):
    """What predicts: a `deep.Predictor`, a `classical.SavedModel`, or any scikit-learn classifier that hears sound."""

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels, in the order of the columns."""

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of a list of (waveform, rate) pairs, shape (n_clips, n_classes)."""


@dataclass(frozen=True, eq=False)
class Saliency:
    """What the probability of one label loses, window by window.

    Attributes
    ----------
    name : str
        Of the clip.
    label : str
        The label in question.
    probability : float
        Its probability where the whole clip is heard.
    starts, ends : ndarray of shape (n_windows,)
        Of the windows, in seconds.
    drops : ndarray of shape (n_windows,)
        Probability of the whole clip minus that without the window, -1 to 1: above 0 where the window speaks for the
        label, below 0 where it speaks against it.
    fill : str
        What stood in the window's place: noise or silence.
    waveform : ndarray of shape (n_samples,)
        At 16 kHz.

    Examples
    --------
    >>> one = Saliency("a.wav", "ang", 0.9, np.array([0.0]), np.array([0.3]), np.array([0.5]), "noise", np.zeros(4800))
    >>> one.to_frame().to_dict("records"), one.peak
    ([{'start': 0.0, 'end': 0.3, 'drop': 0.5}], (0.0, 0.3))
    >>> one.plot().alt_text
    'What the probability of ang, 0.90, loses without each window of a.wav: most without 0.00 to 0.30 s, 0.50.'
    """

    name: str
    label: str
    probability: float
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    drops: NDArray[np.float64]
    fill: str
    waveform: NDArray[np.float32]

    @property
    def peak(self) -> tuple[float, float]:
        """Start and end of the window without which the probability falls most."""
        place = int(self.drops.argmax())
        return float(self.starts[place]), float(self.ends[place])

    def to_frame(self) -> pd.DataFrame:
        """The windows as a table with the columns start, end, drop."""
        import pandas as pd

        return pd.DataFrame({"start": self.starts, "end": self.ends, "drop": self.drops})

    def plot(self) -> Plot:
        """Draw the waveform, and below it what is lost at the middle of each window."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.0, 3.6), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.3))
        times = np.arange(len(self.waveform)) / RATE
        above.plot(times, self.waveform, color=GREY, linewidth=0.5)
        above.set_title(Path(self.name).name, loc="left", fontsize="medium", parse_math=False)
        middles = (self.starts + self.ends) / 2
        below.axhline(0, color=GREY, linewidth=0.8)
        below.fill_between(middles, self.drops, 0, color=PALETTE[0], alpha=0.25, linewidth=0)
        below.plot(middles, self.drops, color=PALETTE[0], marker="o", markersize=3)
        for panel in (above, below):
            panel.axvspan(*self.peak, color=PALETTE[1], alpha=0.15, linewidth=0)
        above.set(ylabel="amplitude", xlim=(0, len(self.waveform) / RATE))
        below.set_ylabel(f"lost of p({self.label})", parse_math=False)
        below.set_xlabel(f"middle of the window that is replaced by {self.fill} (s)")
        figure.align_ylabels([above, below])
        (start, end), most = self.peak, self.drops.max()
        return Plot(
            figure,
            f"What the probability of {self.label}, {self.probability:.2f}, loses without each window of "
            f"{Path(self.name).name}: most without {start:.2f} to {end:.2f} s, {most:.2f}.",
        )


def saliency(
    model: Model,
    clip: Any,
    *,
    label: str | None = None,
    window: float = 0.3,
    hop: float = 0.1,
    fill: str = "noise",
    random_state: int = 0,
) -> Saliency:
    """Ask a model about a clip again and again, each time with another window replaced, and say what that costs.

    The window is replaced by noise that has the spectrum and the level of the clip's quietest tenth of frames: the
    clip's own pauses. Digital silence never occurs in a recording, and a model may answer to the hole itself. Where a
    clip has no pause, the noise is as loud as its softest frames. Noise and sound go over into each other within 5 ms.

    What a window is worth depends on what else is heard: where evidence is spread over the clip, no window alone costs
    much. A clip takes a prediction for every hop of its length.

    Parameters
    ----------
    model : object
        With `predict_proba` of a list of (waveform, rate) pairs, and `classes_`: a `deep.Predictor`, a
        `classical.SavedModel`, a fitted pipeline.
    clip : str, Path or (waveform, rate)
        A sound file, or sound in memory.
    label : str, optional
        Of whose probability; by default the one that is predicted for the whole clip.
    window, hop : float
        Length of a window, and from one to the next, in seconds, above 0. The last window ends where the clip ends.
    fill : {'noise', 'silence'}
        What stands in the window's place.
    random_state : int
        Seed of the noise.

    Returns
    -------
    Saliency

    Raises
    ------
    InputError
        If window, hop, fill or label make no sense.
    AudioError
        If the clip cannot be read.

    References
    ----------
    Zeiler and Fergus (2014), Visualizing and Understanding Convolutional Networks, https://arxiv.org/abs/1311.2901

    Examples
    --------
    >>> import classical, features
    >>> found = features.saliency(classical.load("model.skops"), "clip.wav", window=0.4, hop=0.2)  # doctest: +SKIP
    >>> found.plot().save("clip.png")  # doctest: +SKIP
    """
    if not (window > 0 and hop > 0):
        raise InputError(f"window {window:g} s and hop {hop:g} s: both must be above 0")
    if fill not in FILLS:
        raise InputError(f"fill {fill!r}; expected one of {', '.join(FILLS)}")
    (heard,) = [clip] if isinstance(clip, Clip) else clips_from([clip])
    waveform = heard.recorded()
    if window * RATE > len(waveform):
        raise InputError(f"window {window:g} s: the clip has {len(waveform) / RATE:.2f} s; expected a shorter window")
    labels = [str(name) for name in model.classes_]
    whole = np.asarray(model.predict_proba([(waveform, RATE)]), dtype=float)[0]
    asked = labels[int(whole.argmax())] if label is None else str(label)
    if asked not in labels:
        raise InputError(f"label {asked!r}; expected one of {', '.join(labels)}")
    column = labels.index(asked)
    spans = _windows(len(waveform), max(1, round(window * RATE)), max(1, round(hop * RATE)))
    rest = own_noise(waveform, np.random.default_rng(random_state)) if fill == "noise" else np.zeros_like(waveform)
    without = [
        probabilities
        for first in range(0, len(spans), _AT_A_TIME)
        for probabilities in model.predict_proba(
            [(_replaced(waveform, rest, *span), RATE) for span in spans[first : first + _AT_A_TIME]]
        )
    ]
    starts, ends = np.array(spans, dtype=float).T / RATE
    drops = whole[column] - np.asarray(without, dtype=float)[:, column]
    return Saliency(heard.name, asked, float(whole[column]), starts, ends, drops, fill, waveform)


def _windows(length: int, window: int, hop: int) -> list[tuple[int, int]]:
    """Samples from which to which each window goes; the last one ends where the clip ends."""
    return [(start, start + window) for start in (*range(0, length - window, hop), length - window)]


def _replaced(waveform: NDArray[np.float32], rest: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
    """The waveform with a stretch of the other in it, each fading into the other over 5 ms inside of the stretch."""
    places = np.arange(end - start)
    fade = min(_FADE, (end - start) // 2)
    left = np.ones(end - start) if start == 0 else np.minimum((places + 0.5) / max(fade, 1), 1)
    right = np.ones(end - start) if end == len(waveform) else np.minimum((places[::-1] + 0.5) / max(fade, 1), 1)
    share = left * right
    result = waveform.copy()
    result[start:end] = (1 - share) * waveform[start:end] + share * rest[start:end]
    return result


def own_noise(waveform: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise as long as a clip, with the spectrum and the level of its quietest tenth of frames.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        At 16 kHz.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_samples,)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> clip = np.concatenate([0.01 * rng.normal(size=16000), rng.normal(size=16000)])
    >>> round(float(own_noise(clip.astype(np.float32), rng).std()), 2)
    0.01
    """
    size = min(_FRAME, len(waveform))
    frames = np.lib.stride_tricks.sliding_window_view(waveform, size)[:: max(size // 2, 1)].astype(float)
    power = np.square(frames).mean(axis=1)
    quiet = frames[np.argsort(power, kind="stable")[: -(-len(frames) // 10)]]
    spectrum = np.square(np.abs(np.fft.rfft(quiet * np.hanning(size), axis=1))).mean(axis=0)
    white = np.fft.rfft(rng.normal(size=len(waveform)))
    gains = np.interp(np.linspace(0, 1, len(white)), np.linspace(0, 1, len(spectrum)), np.sqrt(spectrum))
    noise = np.fft.irfft(white * gains, len(waveform))
    level, own = np.sqrt(np.square(quiet).mean()), np.sqrt(np.square(noise).mean())
    return (noise * (level / own if own > 0 else 0.0)).astype(np.float32)
