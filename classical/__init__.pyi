from .fusion import FusionClassifier
from .models import MODELS, build
from .persistence import SavedModel, load, save
from .speech_classifier import SpeechClassifier

__version__: str
__all__ = ["MODELS", "FusionClassifier", "SavedModel", "SpeechClassifier", "build", "load", "save"]
