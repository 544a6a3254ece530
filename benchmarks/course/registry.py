"""The exercises of all notebooks by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from features.errors import InputError

if TYPE_CHECKING:
    from benchmarks.course.exercise import Exercise, Verdict

MODULES: Mapping[str, str] = {
    "01_what_emotion_sounds_like": "sound",
    "02_first_classifier": "first_classifier",
    "03_prosody_or_spectrum": "fair_shares",
    "04_classical_against_deep": "networks",
    "05_your_own_corpus": "own_corpus",
    "06_is_this_figure_clean": "clean_figures",
}
"""Notebook, and the module beside this file that holds its exercises."""


def exercises() -> dict[str, Exercise]:
    """All exercises, by name, in the order of the course.

    Examples
    --------
    >>> list(exercises())[:2]
    ['semitones', 'level_db']
    """
    found = [import_module(f"benchmarks.course.{module}").EXERCISES for module in MODULES.values()]
    return {exercise.name: exercise for some in found for exercise in some}


def find(name: str) -> Exercise:
    """An exercise by its name.

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> find("uar").name
    'uar'
    """
    known = exercises()
    if name not in known:
        raise InputError(f"no exercise is called {name!r}; expected one of {', '.join(known)}")
    return known[name]


def check(name: str, answer: Callable[..., Any]) -> Verdict:
    """Try an answer to an exercise.

    Parameters
    ----------
    name : str
    answer : callable
        The function that the exercise asks for.

    Returns
    -------
    Verdict

    Raises
    ------
    InputError
        If there is no exercise of that name.

    Examples
    --------
    >>> check("semitones", lambda low, high: high / low)
    Not yet: of 100, 200 it makes 2; expected 12
    """
    return find(name).check(answer)
