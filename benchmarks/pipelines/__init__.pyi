from .feature_sets import FEATURE_SETS, FeatureSet, find_feature_set
from .flags import Flag
from .options import PipelineOptions
from .pipeline import Pipeline
from .registry import ModelRegistry, build, known_models, wrap

__all__ = [
    "FEATURE_SETS",
    "FeatureSet",
    "Flag",
    "ModelRegistry",
    "Pipeline",
    "PipelineOptions",
    "build",
    "find_feature_set",
    "known_models",
    "wrap",
]
