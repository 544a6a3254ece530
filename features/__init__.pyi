from .audio import load
from .cache import FeatureCache
from .errors import SerError
from .extractors.csv import CsvFeatures
from .extractors.opensmile import OpenSmileExtractor
from .extractors.statistics import FeatureExtractor
from .extractors.table import FeatureTable
from .groups import GROUPS, PRESETS, select
from .occlusion import saliency

__version__: str
__all__ = [
    "GROUPS",
    "PRESETS",
    "CsvFeatures",
    "FeatureCache",
    "FeatureExtractor",
    "FeatureTable",
    "OpenSmileExtractor",
    "SerError",
    "load",
    "saliency",
    "select",
]
