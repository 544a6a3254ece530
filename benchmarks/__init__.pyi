from . import corpora
from .evaluation.final_model import train
from .evaluation.runs import Run, load_run
from .folds.splitters import make_folds
from .studies.ablation import ablate
from .studies.abstention import abstention
from .studies.attributions import emotion_attributions
from .studies.combining import combine
from .studies.comparison import compare
from .studies.cross_corpus import cross_corpus
from .studies.enrolment_curve import enrolment_curve
from .studies.known_clips import known_clips
from .studies.known_people import known_people
from .studies.layers import layer_probes
from .studies.learning_curve import learning_curve
from .studies.length import length_curve
from .studies.people import people
from .studies.reports import draw, evaluate, write_report
from .studies.resampling import resampling
from .studies.robustness import robustness
from .studies.sentences import known_sentences

__version__: str
__all__ = [
    "Run",
    "ablate",
    "abstention",
    "combine",
    "compare",
    "corpora",
    "cross_corpus",
    "draw",
    "emotion_attributions",
    "enrolment_curve",
    "evaluate",
    "known_clips",
    "known_people",
    "known_sentences",
    "layer_probes",
    "learning_curve",
    "length_curve",
    "load_run",
    "make_folds",
    "people",
    "resampling",
    "robustness",
    "train",
    "write_report",
]
