"""Feature tables to class probabilities: SVM, XGBoost and points of reference, tuned inside the training speakers."""

import lazy_loader

from features.deprecation import with_old_names
from features.version import VERSION

__version__ = VERSION
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__getattr__ = with_old_names(
    __getattr__,
    __name__,
    modules={
        "card": "model_card",
        "explain": "attributions",
        "pictures": "profiles",
        "pipelines": "speech_classifier models",
    },
    names={},
)
