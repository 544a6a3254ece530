"""Spectrum: mel bands and the shape of the magnitude spectrum."""

from __future__ import annotations

import numpy as np

from features.descriptors.analysis import Analysis
from features.descriptors.specs import ALL, UNVOICED, VOICED, Descriptor, Number
from features.descriptors.stft import N_MEL

_OVER = {ALL: ("mean", "std", "skew", "p20", "p80", "change"), VOICED: ("mean", "std"), UNVOICED: ("mean", "std")}
_BAND = {ALL: ("std",), VOICED: ("mean", "std")}
_SILENT, _FLOOR = 1e-10, 1e-8
_GEMAPS = "Eyben et al. 2016 (GeMAPS)"

DESCRIPTORS = (
    *(
        Descriptor(
            f"mel{i:02d}", "dB", f"power in mel band {i} of 26 (Slaney) over the clip's mean power, -80 or more",
            "librosa.feature.melspectrogram", _BAND,
        )
        for i in range(N_MEL)
    ),
    Descriptor("centroid", "Hz", "mean frequency, weighted by magnitude", "librosa.feature.spectral_centroid", _OVER),
    Descriptor(
        "bandwidth", "Hz", "deviation of frequency, weighted by magnitude", "librosa.feature.spectral_bandwidth", _OVER
    ),
    Descriptor(
        "rolloff", "Hz", "frequency below which 85 % of the magnitude lies", "librosa.feature.spectral_rolloff", _OVER
    ),
    Descriptor(
        "flatness", "1", "geometric over arithmetic mean of the power", "librosa.feature.spectral_flatness", _OVER
    ),
    Descriptor("entropy", "1", "-sum p log p / log 257 of the power's shares p", "Misra et al. 2004", _OVER),
    Descriptor(
        "flux", "1", "Euclidean distance of neighbouring frames' normalised magnitudes", "Scheirer & Slaney 1997", _OVER
    ),
    Descriptor("slope_0_500", "dB/kHz", "least-squares line of the log power, 0 to 500 Hz", _GEMAPS, _OVER),
    Descriptor("slope_500_1500", "dB/kHz", "least-squares line of the log power, 500 to 1500 Hz", _GEMAPS, _OVER),
    Descriptor("slope", "dB/kHz", "least-squares line of the log power, 0 to 8 kHz", _GEMAPS, _OVER),
    Descriptor("alpha_ratio", "dB", "power from 50 to 1000 Hz over power from 1 to 5 kHz", _GEMAPS, _OVER),
    Descriptor(
        "hammarberg", "dB", "strongest bin below 2 kHz over strongest from 2 to 5 kHz", "Hammarberg et al. 1980", _OVER
    ),
    *(
        Descriptor(
            f"contrast_{i + 1}", "dB", f"peak over valley of the magnitudes in {band}",
            "Jiang et al. 2002; librosa.feature.spectral_contrast", {ALL: ("mean", "std"), VOICED: ("mean", "std")},
        )
        for i, band in enumerate(
            ("0-200 Hz", "200-400 Hz", "400-800 Hz", "800-1600 Hz", "1.6-3.2 kHz", "3.2-8 kHz")
        )
    ),
)  # fmt: skip
NUMBERS = tuple(
    Number(
        f"ltas{i:02d}", "dB", f"long-term average power in mel band {i} of 26 over that in all bands",
        "Lofqvist & Mandersson 1987; librosa.feature.melspectrogram",
    )
    for i in range(N_MEL)
)  # fmt: skip


def describe(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """Contours of shape (43, n_frames) and numbers of shape (26,).

    Mel bands are relative to the clip's own mean power: how loud it is belongs to the energy group alone.
    """
    mel = analysis.stft.mel
    average = mel.mean(axis=1)
    total = average.sum()
    if total <= _SILENT:
        silent = np.full((N_MEL, analysis.n_frames), np.nan, dtype=np.float32)
        return np.concatenate([silent, analysis.stft.shape]), np.full(N_MEL, np.nan, dtype=np.float32)
    decibels = 10 * np.log10(np.maximum(mel / total, np.float32(_FLOOR)))
    return np.concatenate([decibels, analysis.stft.shape]), 10 * np.log10(np.maximum(average / total, _FLOOR))
