"""An exercise that asks for a function, and the check that tries it on examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SEED = 0


@dataclass(frozen=True)
class Verdict:
    """What a check says of an answer; a notebook shows it.

    Attributes
    ----------
    right : bool
    says : str
        What is right, or an example on which the answer is not.

    Examples
    --------
    >>> print(Verdict(False, "it answered 1, expected 2"))
    Not yet: it answered 1, expected 2
    """

    right: bool
    says: str

    def __str__(self) -> str:
        return f"{'Right' if self.right else 'Not yet'}: {self.says}"

    __repr__ = __str__


@dataclass(frozen=True)
class Exercise:
    """A function that a reader writes.

    Attributes
    ----------
    name : str
    examples : callable
        `(rng) -> list of arguments`, each a tuple.
    judge : callable
        `(arguments, answer) -> str`: what is wrong with an answer; empty where nothing is.
    why : str
        What a reader should take along once the answer is right.

    Examples
    --------
    >>> double = Exercise("double", lambda rng: [(2,)], same_as(lambda x: 2 * x), "Twice as much.")
    >>> double.check(lambda x: x + x)
    Right: Twice as much.
    >>> double.check(lambda x: x)
    Not yet: of 2 it makes 2; expected 4
    """

    name: str
    examples: Callable[[np.random.Generator], Sequence[tuple[Any, ...]]]
    judge: Callable[[tuple[Any, ...], Any], str]
    why: str

    def check(self, answer: Callable[..., Any]) -> Verdict:
        """Try a function on every example, and say the first on which it is wrong."""
        if not callable(answer):
            return Verdict(False, f"{answer!r} is no function; give its name, without brackets")
        for arguments in self.examples(np.random.default_rng(SEED)):
            try:
                complaint = self.judge(arguments, answer(*_copied(arguments)))
            except Exception as error:  # whatever a reader's code raises is what the reader is told
                complaint = f"it raises {type(error).__name__}: {error}"
            if complaint:
                return Verdict(False, f"of {', '.join(map(shown, arguments))} {complaint}")
        return Verdict(True, self.why)


def same_as(reference: Callable[..., Any], *, tolerance: float = 1e-6) -> Callable[[tuple[Any, ...], Any], str]:
    """Judge numbers and arrays by those of a function that is right.

    Parameters
    ----------
    reference : callable
    tolerance : float, default=1e-6
        Largest difference that still counts as equal.

    Examples
    --------
    >>> judge = same_as(abs)
    >>> judge((-3,), 3), judge((-3,), -3), judge((-3,), ...)
    ('', 'it makes -3; expected 3', 'it makes nothing yet; expected 3')
    """

    def judge(arguments: tuple[Any, ...], answer: Any) -> str:
        expected = reference(*arguments)
        if answer is None or answer is ...:
            return f"it makes nothing yet; expected {shown(expected)}"
        if isinstance(expected, str):
            equal = answer == expected
        else:
            found, right = np.asarray(answer), np.asarray(expected)
            equal = found.shape == right.shape and np.allclose(found.astype(float), right, atol=tolerance)
        return "" if equal else f"it makes {shown(answer)}; expected {shown(expected)}"

    return judge


def shown(value: Any) -> str:
    """A value in one short line.

    Examples
    --------
    >>> shown(np.array([1.0, 2.55555])), shown("ang")
    ('[1.0, 2.556]', "'ang'")
    """
    if isinstance(value, np.ndarray):
        value = np.round(value, 3).tolist() if value.dtype.kind == "f" else value.tolist()
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    text = repr(value)
    return text if len(text) < 120 else f"{text[:117]}..."


def _copied(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments, arrays as copies: an answer that writes into them must not change the example."""
    return tuple(value.copy() if isinstance(value, np.ndarray | dict | list) else value for value in arguments)
