"""wav2vec2 and other speech encoders: fine-tuned, frozen, or as published. The only package that imports torch."""

import lazy_loader

from features.deprecation import with_old_names
from features.version import VERSION

__version__ = VERSION
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__getattr__ = with_old_names(
    __getattr__,
    __name__,
    modules={
        "batching": "batches",
        "brain": "trainer",
        "card": "model_card",
        "devices": "runtime",
        "lazy_modules": "runtime",
        "layers": "waveform_encoder",
        "memory": "batches",
        "pipelines": "models",
        "recogniser": "predictor",
        "released_files": "formats.released",
        "quiet": "runtime",
        "sources": "hub",
        "validframes": "masking",
    },
    names={"PIPELINES": "models.MODELS", "Recogniser": "predictor.Predictor"},
)
