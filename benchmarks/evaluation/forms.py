"""The form that stored JSON must have, said once as data, and compared with what a file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT, NUMBER, TRUTH = "text", "a number", "true or false"


@dataclass(frozen=True)
class Each:
    """An object whose keys are free, and whose values have one form."""

    form: Any


@dataclass(frozen=True)
class Needed:
    """What may be neither missing nor null."""

    form: Any


JOB: Mapping[str, Any] = {
    **dict.fromkeys(("pipeline", "fold", "status"), Needed(TEXT)),
    **dict.fromkeys(("key", "reason", "traceback"), TEXT),
    "seed": Needed(NUMBER),
    **dict.fromkeys(
        (
            *("train_uar", "train_wa", "fit_seconds", "predict_seconds", "extract_seconds", "n_test", "n_candidates"),
            *("search_seconds", "n_trained", "peak_memory_mb", "model_bytes", "fit_joules"),
        ),
        NUMBER,
    ),
    "best_params": Each(None),
    "notes": [TEXT],
    "history": [Each(None)],
}
"""A job as `JobResult.summary` gives it."""

RECORD: Mapping[str, Any] = {
    **dict.fromkeys(("command", "created", "revision"), TEXT),
    "seeds": [NUMBER],
    "rope": NUMBER,
    "options": Each(None),
    "notes": [TEXT],
    "versions": Each(TEXT),
    "code": Each(TEXT),
    "machine": Each(None),
    "corpus": {
        **dict.fromkeys(("name", "title", "policy", "control", "licence", "citation", "homepage", "fingerprint"), TEXT),
        "labels": [TEXT],
        "counts": Each(NUMBER),
        "notes": [TEXT],
        "synthetic": TRUTH,
        "embed_audio": TRUTH,
        **dict.fromkeys(("n_utterances", "n_speakers", "hours"), NUMBER),
    },
    "folds": {
        "scheme": TEXT,
        "notes": [TEXT],
        "folds": [
            {
                "name": Needed(TEXT),
                **{subset: [TEXT] for subset in ("train", "valid", "test", "aside")},
                **dict.fromkeys(("n_train", "n_valid", "n_test", "n_aside"), NUMBER),
            }
        ],
    },
    "enrolment": {"clips": NUMBER, "seeds": Each(Each([TEXT]))},
    "pipelines": Each({"status": TEXT, "reason": TEXT, "flags": [TEXT], "pretrained": Each(TEXT)}),
    "jobs": [JOB],
}
"""`run.json`; what is not named here may be anything."""


def difference(value: Any, form: Any, where: str = "") -> str | None:
    """Say where a value is not of a form, or None where it is.

    A key may be missing; a text, a number or a truth that is null is not known.

    Parameters
    ----------
    value : object
        As `json.loads` gives it.
    form : object
        `TEXT`, `NUMBER`, `TRUTH`, a list of one form, a mapping of names to forms, `Each`, `Needed`, or None for
        anything.
    where : str
        Place of the value, for the answer.

    Examples
    --------
    >>> difference({"seed": 0, "notes": ["a", 1]}, {"seed": NUMBER, "notes": [TEXT]})
    'notes[1] is 1, expected text'
    >>> difference({"seed": None}, {"seed": NUMBER})
    """
    if form is None:
        return None
    if isinstance(form, Needed):
        return f"{where} is missing" if value is None else difference(value, form.form, where)
    if isinstance(form, Mapping | Each):
        return _object_difference(value, form, where)
    if isinstance(form, list):
        if not isinstance(value, list):
            return f"{where or 'it'} is {_short(value)}, expected a list"
        places = (difference(part, form[0], f"{where}[{i}]") for i, part in enumerate(value))
        return next((found for found in places if found), None)
    if value is None:
        return None
    types: dict[str, type | tuple[type, ...]] = {TEXT: str, NUMBER: (int, float), TRUTH: bool}
    fits = isinstance(value, types[form]) and (form == TRUTH or not isinstance(value, bool))
    return None if fits else f"{where or 'it'} is {_short(value)}, expected {form}"


def _object_difference(value: Any, form: Mapping[str, Any] | Each, where: str) -> str | None:
    if not isinstance(value, dict):
        return f"{where or 'it'} is {_short(value)}, expected an object"
    forms = dict.fromkeys(value, form.form) if isinstance(form, Each) else form
    keys = [key for key in forms if key in value or isinstance(forms[key], Needed)]
    places = (difference(value.get(key), forms[key], f"{where}.{key}".lstrip(".")) for key in keys)
    return next((found for found in places if found), None)


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, dict | list) else f"a {type(value).__name__}"
    return text if len(text) < 40 else f"{text[:40]}..."
