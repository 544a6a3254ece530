"""Pipelines by name: `model[@features][:normalise]`, fused with `+`; the text is the name in every table.

Models are registered in the package that holds them, `classical.speech_classifier.MODELS` and
`deep.models.PIPELINES`; feature sets in `benchmarks.pipelines.feature_sets.FEATURE_SETS`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
