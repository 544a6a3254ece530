from .fusion import FusionClassifier
from .models import MODELS, build
from .persistence import SavedModel, load, save
from .speech_classifier import SpeechClassifier
from .stream import Stream

__version__: str
__all__ = ["MODELS", "FusionClassifier", "SavedModel", "SpeechClassifier", "Stream", "build", "load", "save"]
