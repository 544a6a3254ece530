"""wav2vec2 and other speech encoders: fine-tuned, frozen, or as released. The only package that imports torch."""

from __future__ import annotations

import importlib
from typing import Any

_PLACES = {
    "FineTunedClassifier": "deep.classifier",
    "FrozenEncoder": "deep.frozen",
    "PIPELINES": "deep.models",
    "Recogniser": "deep.predictor",
    "ReleasedClassifier": "deep.released",
    "load": "deep.persistence",
    "save": "deep.persistence",
}

__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'deep' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
