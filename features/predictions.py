"""What a model says of utterances: the record, and its forms as JSON and as a table of text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from features.names import printable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

NO_SPEECH = "no speech"
"""What stands in place of a label where there is no speech to judge by."""

ABSTAIN = "abstain"
"""What stands in place of a set that holds every label: it says nothing."""

_NOT_SHOWN = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that move a terminal's cursor, turn its text around or are in no encoding; JSON escapes others itself."""


@dataclass(frozen=True)
class Prediction:
    """What a model says of one utterance.

    Attributes
    ----------
    path : str
        Sound file.
    label : str
        Label with the highest probability; `no speech` where there is none to judge by.
    probabilities : dict of str to float
        Probability of every label; they sum to 1, and are all 0 where there is no speech.
    start, end : float or None
        Stretch in seconds; None where it is the whole file.
    attributions : tuple of (str, float)
        Features that contributed most, and how much: above 0 towards the label, below 0 away from it.
    labels : tuple of str or None
        The set of labels that holds the truth as often as was asked; None where it was not asked.

    Examples
    --------
    >>> Prediction("a.wav", "sad", {"ang": 0.25, "sad": 0.75}).label
    'sad'
    """

    path: str
    label: str
    probabilities: dict[str, float]
    start: float | None = None
    end: float | None = None
    attributions: tuple[tuple[str, float], ...] = ()
    labels: tuple[str, ...] | None = None


def to_predictions(
    table: pd.DataFrame,
    classes: Sequence[str],
    probabilities: NDArray,
    *,
    attributions: Sequence[Sequence[tuple[str, float]]] = (),
    speech: Sequence[bool] | NDArray[np.bool_] = (),
) -> list[Prediction]:
    """Put a model's probabilities beside the utterances they are about.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances table of n rows: columns path, start, end.
    classes : sequence of str
        Labels, k of them.
    probabilities : ndarray of shape (n, k)
        Rows sum to 1.
    attributions : sequence of sequence of (str, float), optional
        For every row the features that contributed most.
    speech : sequence of bool, optional
        Whether there is speech in each utterance, see `features.speech_check.speech_in`; one without gets no emotion.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> table = pd.DataFrame({"path": ["a.wav"], "start": [float("nan")], "end": [float("nan")]})
    >>> to_predictions(table, ["ang", "sad"], np.array([[0.25, 0.75]]))[0].label
    'sad'
    >>> to_predictions(table, ["ang", "sad"], np.array([[0.25, 0.75]]), speech=[False])[0]  # doctest: +ELLIPSIS
    Prediction(path='a.wav', label='no speech', probabilities={'ang': 0.0, 'sad': 0.0}, start=None, end=None, ...
    """
    result = []
    attributions = attributions or [()] * len(table)
    speech = speech if len(speech) else [True] * len(table)
    for i, (path, start, end) in enumerate(zip(table["path"], table["start"], table["end"])):
        result.append(
            Prediction(
                path=str(path),
                label=str(classes[int(probabilities[i].argmax())]) if speech[i] else NO_SPEECH,
                probabilities={str(label): float(p * speech[i]) for label, p in zip(classes, probabilities[i])},
                start=None if math.isnan(start) else float(start),
                end=None if math.isnan(end) else float(end),
                attributions=tuple((str(name), float(value)) for name, value in attributions[i]) if speech[i] else (),
            )
        )
    return result


def set_text(labels: Sequence[str], probabilities: Mapping[str, float]) -> str:
    """A set as one cell: labels with `|` between, `abstain` where it holds all of them, `no speech` where none.

    Examples
    --------
    >>> probabilities = {"ang": 0.5, "hap": 0.1, "sad": 0.4}
    >>> set_text(("ang", "sad"), probabilities), set_text(("ang", "hap", "sad"), probabilities)
    ('ang|sad', 'abstain')
    """
    if not labels:
        return NO_SPEECH
    return ABSTAIN if len(labels) == len(probabilities) else "|".join(labels)


def to_json(predictions: Sequence[Prediction]) -> str:
    """Predictions as a JSON list of objects: path, label, probabilities; start, end and attributions where known.

    Examples
    --------
    >>> json.loads(to_json([Prediction("a.wav", "sad", {"sad": 1.0})]))
    [{'path': 'a.wav', 'label': 'sad', 'probabilities': {'sad': 1.0}}]
    """
    return as_json([plain(prediction) for prediction in predictions], indent=2)


def as_json(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON in its own letters, with escapes for what a terminal or an encoding cannot show.

    Examples
    --------
    >>> as_json({"label": "愤怒"})
    '{"label": "愤怒"}'
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _NOT_SHOWN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def plain(prediction: Prediction) -> dict[str, Any]:
    """A prediction as JSON has it.

    Examples
    --------
    >>> plain(Prediction("a.wav", "sad", {"sad": 1.0}, 0.0, 2.5))
    {'path': 'a.wav', 'label': 'sad', 'probabilities': {'sad': 1.0}, 'start': 0.0, 'end': 2.5}
    """
    values: dict[str, Any] = {
        "path": prediction.path,
        "label": prediction.label,
        "probabilities": dict(prediction.probabilities),
    }
    if prediction.labels is not None:
        values["set"] = list(prediction.labels)
        values["abstain"] = set_text(prediction.labels, prediction.probabilities) == ABSTAIN
    if prediction.start is not None or prediction.end is not None:
        values |= {"start": prediction.start, "end": prediction.end}
    if prediction.attributions:
        values["attributions"] = [{"feature": name, "value": value} for name, value in prediction.attributions]
    return values


def to_text(predictions: Sequence[Prediction]) -> str:
    """Predictions as a table of aligned columns, the attributions under each row.

    Examples
    --------
    >>> print(to_text([Prediction("a.wav", "sad", {"ang": 0.25, "sad": 0.75})]))
    path   label    ang    sad
    a.wav    sad  0.250  0.750
    """
    if not predictions:
        return ""
    timed = any(prediction.start is not None or prediction.end is not None for prediction in predictions)
    header = ["path", *(["start", "end"] if timed else []), "label"]
    header += [*([] if predictions[0].labels is None else ["set"]), *map(printable, predictions[0].probabilities)]
    rows = [cells_of(prediction, timed=timed) for prediction in predictions]
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    lines = [_aligned(header, widths)]
    for row, prediction in zip(rows, predictions):
        lines += [_aligned(row, widths), *attribution_lines(prediction)]
    return "\n".join(lines)


def cells_of(prediction: Prediction, *, timed: bool) -> list[str]:
    """The cells of a prediction's row in a table of text.

    Examples
    --------
    >>> cells_of(Prediction("a.wav", "sad", {"ang": 0.25, "sad": 0.75}), timed=False)
    ['a.wav', 'sad', '0.250', '0.750']
    """
    times = [_seconds(prediction.start), _seconds(prediction.end)] if timed else []
    probabilities = (f"{p:.3f}" for p in prediction.probabilities.values())
    asked = [] if prediction.labels is None else [printable(set_text(prediction.labels, prediction.probabilities))]
    return [printable(prediction.path), *times, printable(prediction.label), *asked, *probabilities]


def attribution_lines(prediction: Prediction) -> list[str]:
    """The lines under a prediction's row: a feature each, and how much it contributed.

    Examples
    --------
    >>> attribution_lines(Prediction("a.wav", "sad", {"sad": 1.0}, attributions=(("pitch.x", 0.5),)))
    ['      +0.500  pitch.x']
    """
    return [f"    {value:+8.3f}  {name}" for name, value in prediction.attributions]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join([row[0].ljust(widths[0]), *(text.rjust(n) for text, n in zip(row[1:], widths[1:]))]).rstrip()


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
