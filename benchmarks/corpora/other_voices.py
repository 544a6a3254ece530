"""Synthetic speech to pretrain an encoder on: other voices than the embedded corpus's, other words, no emotions.

Every clip has a voice, a room, a text and a manner of its own. The settings of a manner are drawn independently of one
another, over wider ranges than the emotions of the embedded corpus span; no clip belongs to a category.
"""

from __future__ import annotations

import numpy as np

from benchmarks.corpora import synthesiser
from benchmarks.corpora.synthesiser import BANDWIDTHS, CONSONANTS, SENTENCES, VOWELS, Manner, Voice

STREAM = 990
"""Of random numbers: the embedded corpus's streams begin with its seed and a session of 1 to 5."""

TAKEN = frozenset(word.strip(",") for sentence in SENTENCES for word in sentence.split())
"""Words of the embedded corpus, which are not spoken here."""


def speak(number: int, *, seed: int) -> np.ndarray:
    """Speak one clip.

    Parameters
    ----------
    number : int
        Of the clip; each has a voice of its own.
    seed : int

    Returns
    -------
    ndarray of shape (n_samples,)
        int16 at 16 kHz.

    Examples
    --------
    >>> bool(np.array_equal(speak(0, seed=7), speak(0, seed=7))), len(speak(0, seed=7)) == len(speak(1, seed=7))
    (True, False)
    """
    rng = np.random.default_rng([STREAM, seed, number])
    text, voice, manner = draw_text(rng), draw_voice(rng), draw_manner(rng)
    return synthesiser.speak(text, voice, manner, synthesiser.draw_room(rng), rng)


def draw_text(rng: np.random.Generator) -> str:
    """Two to four words of open syllables that the embedded corpus does not have.

    Examples
    --------
    >>> bool(TAKEN & set(draw_text(np.random.default_rng(0)).replace(",", "").split()))
    False
    """
    words: list[str] = []
    n_words = int(rng.integers(2, 5))
    while len(words) < n_words:
        n_syllables = int(rng.integers(2, 4))
        word = "".join(rng.choice(list(CONSONANTS)) + rng.choice(list(VOWELS)) for _ in range(n_syllables))
        words += [word] if word not in TAKEN else []
    if n_words > 2:
        words[int(rng.integers(0, n_words - 1))] += ","
    return " ".join(words)


def draw_voice(rng: np.random.Generator) -> Voice:
    """A voice of no gender: F0 and length of the tract are drawn apart, F0 evenly over 20 semitones."""
    tract = rng.uniform(0.92, 1.27)
    return Voice(
        f0=float(85.0 * 2.0 ** (rng.uniform(0.0, 20.0) / 12.0)),
        formants=tuple(float(tract * ratio) for ratio in np.exp(rng.normal(0.0, 0.04, size=len(BANDWIDTHS)))),
        level=float(rng.normal(-30.0, 3.0)),
        rate=float(np.exp(rng.normal(0.0, 0.12))),
        brightness=float(rng.normal(0.0, 3.0)),
        breath=float(rng.normal(-30.0, 4.0)),
        jitter=float(rng.uniform(0.002, 0.012)),
        manners={},
    )


def draw_manner(rng: np.random.Generator) -> Manner:
    """A manner whose settings have nothing to do with one another."""
    return Manner(
        pitch=float(rng.normal(1.5, 3.0)),
        span=float(rng.uniform(0.3, 4.0)),
        fall=float(rng.uniform(-2.0, 10.0)),
        level=float(rng.normal(1.5, 3.0)),
        fade=float(rng.uniform(1.0, 7.0)),
        rate=float(max(rng.normal(1.0, 0.1), 0.7)),
        brightness=float(rng.normal(0.0, 8.0)),
        smile=float(rng.normal(0.0, 3.0)),
    )
