"""Feature tables to class probabilities: SVM, XGBoost and points of reference, tuned inside the training speakers."""

from importlib import import_module
from typing import Any

_HOMES = {
    "FusionClassifier": "classical.fusion",
    "MODELS": "classical.models",
    "SavedModel": "classical.persistence",
    "SpeechClassifier": "classical.speech_classifier",
    "build": "classical.models",
    "load": "classical.persistence",
    "save": "classical.persistence",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'classical' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
