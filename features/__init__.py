"""From a waveform to named statistics of pitch, energy, timing, voice, MFCC and spectrum."""

import warnings
from importlib import import_module
from typing import Any

# librosa imports pooch, which asks every notebook for the widgets of a progress bar that is never drawn.
warnings.filterwarnings("ignore", message="IProgress not found")

_HOMES = {
    "CsvFeatures": "features.extractors.csv",
    "FeatureCache": "features.cache",
    "FeatureExtractor": "features.extractors.statistics",
    "FeatureTable": "features.extractors.table",
    "GROUPS": "features.groups",
    "OpenSmileExtractor": "features.extractors.opensmile",
    "PRESETS": "features.groups",
    "SerError": "features.errors",
    "load": "features.audio",
    "select": "features.groups",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'features' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
