"""wav2vec2 and other speech encoders: fine-tuned, frozen, or as published. The only package that imports torch."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "FineTunedClassifier": "deep.classifier",
    "FrozenEncoder": "deep.frozen",
    "MODELS": "deep.models",
    "PIPELINES": "deep.models",
    "Predictor": "deep.predictor",
    "Recogniser": "deep.predictor",
    "ReleasedClassifier": "deep.released",
    "load": "deep.loading",
    "save": "deep.persistence",
}

__all__ = ["MODELS", "FineTunedClassifier", "FrozenEncoder", "Predictor", "ReleasedClassifier", "load", "save"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'deep' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
