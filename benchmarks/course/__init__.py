"""The course: exercises of the notebooks, checks that answer, and what a title may say.

>>> from benchmarks.course import check
>>> check("semitones", lambda low, high: high - low).right
False
"""

from benchmarks.course.claims import claim, over_speakers, replicated
from benchmarks.course.exercise import Exercise, Verdict
from benchmarks.course.registry import check, find

__all__ = ["Exercise", "Verdict", "check", "claim", "find", "over_speakers", "replicated"]
