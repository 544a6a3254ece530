from .base import COLUMNS, LABEL_NAMES, Fact, LabelPolicy, Reading, Source
from .corpus import Corpus, order_labels, utterances_table
from .download import Download, fetch
from .filenames import read_named
from .registry import MODULES, find, load

__all__ = [
    "COLUMNS",
    "LABEL_NAMES",
    "MODULES",
    "Corpus",
    "Download",
    "Fact",
    "LabelPolicy",
    "Reading",
    "Source",
    "fetch",
    "find",
    "load",
    "order_labels",
    "read_named",
    "utterances_table",
]
