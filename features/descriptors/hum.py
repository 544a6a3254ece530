"""Hum of mains, fans and monitors: what stands still in every bin of a clip's quietest frames, and is not its voice."""

from __future__ import annotations

import numpy as np

_EDGE = 3
_STRIDE = 4
_SAMPLED = 192
_LEAST = 12
_QUIET = 12
_LOUD = 16
_INAUDIBLE = 0.006
_LOUDER = 4.0
_STEADY = 0.4
_SHARE = 0.2
_STRONG = 0.03
_GONE = 0.1
_PERIODIC = 0.85
_OWN_SHARE = 0.7


def quiet_and_loud(ranges: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Frames to look at for a hum: the quietest twelfth, and some from the loudest third.

    Parameters
    ----------
    ranges : ndarray of shape (n_frames,)
        Difference between the largest and the smallest sample of each frame.
    least : float
        Frames below are digital silence, and neither.

    Returns
    -------
    tuple of ndarray or None
        Positions of frames; none at the clip's ends, where frames hold less of a hum, and none that overlap. None
        where too few frames hold any sound, or the quiet ones are so quiet that nothing in them is taken for voice.

    Examples
    --------
    >>> quiet_and_loud(np.repeat([0.1, 1.0], 40), 0.001)[0]
    array([ 3,  7, 11, 15])
    >>> quiet_and_loud(np.repeat([0.005, 1.0], 40), 0.001) is None
    True
    """
    frames = np.arange(_EDGE, len(ranges) - _EDGE, max(_STRIDE, -(-len(ranges) // _SAMPLED)))
    frames = frames[ranges[frames] >= least]
    if len(frames) < _LEAST:
        return None
    frames = frames[np.argsort(ranges[frames], kind="stable")]
    quiet = frames[: max(len(frames) // _QUIET, 4)]
    loud = frames[2 * len(frames) // 3 :]
    if ranges[quiet[-1]] < _INAUDIBLE * ranges[frames[-1]]:
        return None
    return quiet, np.ascontiguousarray(loud[:: -(-len(loud) // _LOUD)])


def steady(quiet: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Power of each bin whose power is the same within 4 dB in all quiet frames: noise varies by far more.

    Parameters
    ----------
    quiet : ndarray of shape (n_frames, n_bins)
        Powers of the quietest frames.
    weights : ndarray of shape (n_bins,)
        How much each bin counts.

    Returns
    -------
    ndarray of shape (n_bins,) or None
        0 in the other bins; None where the steady ones have less than a fifth of the power, too little to sound voiced.

    Examples
    --------
    >>> steady(np.float32([[1, 9, 5], [2, 9, 1], [3, 8, 3]]), np.float32([1, 1, 1]))
    array([0., 9., 0.], dtype=float32)
    """
    strongest = quiet.max(axis=0)
    hum = np.where(quiet.min(axis=0) > _STEADY * strongest, strongest, np.float32(0))
    return hum if hum @ weights > _SHARE * (quiet.mean(axis=0) @ weights) else None


def persists(hum: np.ndarray, quiet: np.ndarray, loud: np.ndarray, weights: np.ndarray) -> bool:
    """Tell whether what is steady in the quiet frames goes on beneath frames of four times their power, as a hum does.

    Else it is a soft vowel, held between louder ones, or a vowel that fills the clip.

    Parameters
    ----------
    hum : ndarray of shape (n_bins,)
        As of `steady`.
    quiet, loud : ndarray of shape (n_frames, n_bins)
        Powers of the frames of `quiet_and_loud`.
    weights : ndarray of shape (n_bins,)
        How much each bin counts.

    Examples
    --------
    >>> hum, weights = np.float32([4, 0, 0]), np.float32([1, 1, 1])
    >>> persists(hum, hum[None], np.float32([[5, 20, 30], [9, 30, 20]]), weights)
    True
    >>> persists(hum, hum[None], np.float32([[5, 20, 30], [0, 30, 20]]), weights)
    False
    """
    if loud.mean(axis=0) @ weights < _LOUDER * (quiet.mean(axis=0) @ weights):
        return False
    lines = hum > _STRONG * hum.max()
    return bool((loud[:, lines] < _GONE * hum[lines]).mean() < _GONE)


def is_own_voice(steady_lags: np.ndarray, loud_lags: np.ndarray, shortest: int) -> bool:
    """Tell whether the loud frames have the period of what is steady in the quiet ones.

    Then it is what the clip is about, softly here and loudly there: a tone, a sung vowel, a monotone speaker.

    Parameters
    ----------
    steady_lags : ndarray of shape (n_lags,)
        Autocorrelation of what is steady.
    loud_lags : ndarray of shape (n_frames, n_lags)
        Normalised autocorrelation of the loud frames.
    shortest : int
        The shortest lag that is a period.

    Examples
    --------
    >>> lags = np.arange(80)
    >>> loud = np.cos(2 * np.pi * lags / np.array([[30], [40], [25]]))
    >>> is_own_voice(np.cos(2 * np.pi * lags / 40), loud, 10)
    False
    >>> is_own_voice(np.cos(2 * np.pi * lags / 40), loud[[1, 1]] / 2, 10)
    True
    """
    inner = steady_lags[shortest:-1]
    maxima = (inner > steady_lags[shortest - 1 : -2]) & (inner >= steady_lags[shortest + 1 :])
    if not maxima.any():
        return False  # lower than any voice
    period = shortest + int(np.argmax(maxima & (inner >= _PERIODIC * inner[maxima].max())))
    width = 1 + period // 64
    there = loud_lags[:, period - width : period + width + 1].max(axis=1)
    return bool((there >= _PERIODIC * loud_lags[:, shortest:].max(axis=1)).mean() > _OWN_SHARE)
