from .attentive import AttentiveProbe
from .classifier import FineTunedClassifier
from .frozen import FrozenEncoder
from .last_layers import LastLayersClassifier
from .loading import load
from .lora import LoraClassifier
from .models import MODELS
from .occlusion import saliency
from .options import PipelineOptions
from .persistence import save
from .predictor import Predictor
from .probe import LinearProbe
from .released import ReleasedClassifier
from .tuned_rates import TunedRates

__version__: str
__all__ = [
    "MODELS",
    "AttentiveProbe",
    "FineTunedClassifier",
    "FrozenEncoder",
    "LastLayersClassifier",
    "LinearProbe",
    "LoraClassifier",
    "PipelineOptions",
    "Predictor",
    "ReleasedClassifier",
    "TunedRates",
    "load",
    "saliency",
    "save",
]
