"""What the words of a report mean, for a reader who comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

GLOSSARY: Mapping[str, str] = {
    "UAR": "unweighted average recall: the mean of the classes' recalls, so that each class weighs the same",
    "WA": "weighted accuracy: the share of clips that are right",
    "Macro F1": "the mean of the classes' F1, each the harmonic mean of precision and recall",
    "Weighted F1": "the classes' F1, each weighed by how many clips it has",
    "Cohen's kappa": "agreement beyond what the labels' shares alone would give; 0 is chance, 1 is perfect",
    "Holm": "Holm's correction of p for the number of pairs tested, so that all of them together err in 5 of 100",
    "p": "how often chance alone would make a difference at least as large, were the two alike",
    "Brier": "Brier score, mean squared distance of the probabilities from what was right; 0 is perfect",
    "Calibration error": "by how much stated confidence and the share that is right differ, on average (ECE)",
    "Log loss": "mean negative logarithm of the probability that the right class was given; 0 is perfect",
    "95 % interval": "by the jackknife over speakers: in 95 of 100 such corpora it would hold the true score",
    "Least shown": "the smallest true difference that these speakers would show in 80 of 100 such corpora",
    "Speakers to show": "how many speakers would show the difference seen",
    "Train UAR": "UAR on what the model was fitted to; far above the test's it says how much was learnt by heart",
}
"""Words as tables and sentences have them, and what each means in a line."""

_WORDS = re.compile("|".join(rf"(?<![\w.]){re.escape(word)}(?!\w)" for word in sorted(GLOSSARY, key=len, reverse=True)))


def words_in(text: str) -> list[tuple[int, int, str]]:
    """Where a text has words of the glossary, each once: start, end and meaning.

    Examples
    --------
    >>> [(start, end) for start, end, _ in words_in("UAR and WA; UAR again")]
    [(0, 3), (8, 10)]
    """
    found: dict[str, tuple[int, int, str]] = {}
    for match in _WORDS.finditer(text):
        found.setdefault(match.group(), (match.start(), match.end(), GLOSSARY[match.group()]))
    return list(found.values())
