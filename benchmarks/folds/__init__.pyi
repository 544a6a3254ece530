from .fold import Fold, Subset, read_folds, speakers_of, write_folds
from .leakage import check_folds
from .splitters import SCHEMES, make_folds, validation_speakers

__all__ = [
    "SCHEMES",
    "Fold",
    "Subset",
    "check_folds",
    "make_folds",
    "read_folds",
    "speakers_of",
    "validation_speakers",
    "write_folds",
]
