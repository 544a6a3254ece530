"""Corpora of emotional speech: one module each, read into one table of utterances.

A corpus is added by a module with a constant `SOURCE` and one line in `benchmarks.corpora.registry.MODULES`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
