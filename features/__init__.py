"""From a waveform to named statistics of pitch, energy, timing, voice, MFCC and spectrum."""

import lazy_loader

from features.deprecation import with_old_names
from features.version import VERSION

__version__ = VERSION
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__getattr__ = with_old_names(
    __getattr__,
    __name__,
    modules={
        "answers": "predictions plotting plots command",
        "base": "extractors.base",
        "csv_table": "extractors.csv",
        "descriptors.declare": "descriptors.specs",
        "descriptors.front": "descriptors.stft",
        "descriptors.grid": "descriptors.frames",
        "descriptors.runs": "descriptors.segments",
        "descriptors.tracker": "descriptors.f0",
        "extractor": "extractors.statistics",
        "opensmile": "extractors.opensmile",
        "pictures": "plots",
        "table": "extractors.table",
        "windows": "utterances",
    },
    names={},
)
