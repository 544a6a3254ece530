"""The card of a saved deep model, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CARD = "README.md"


def model_card(description: Mapping[str, Any]) -> str:
    """Return a model card in Markdown.

    Parameters
    ----------
    description : mapping
        Content of `model.json`.
    """
    training, about, versions = description["training"], description["about"], description["versions"]
    parameters = training.get("parameters", {})
    best = training.get("best_params", {})
    lines = [
        "# Speech emotion recogniser",
        "",
        f"A speech encoder (`{description['encoder']['config'].get('model_type')}`) with a linear head on the mean of "
        f"its last layer, over the labels {', '.join(description['labels'])}.",
        "",
        "## Made from",
        "",
        f"- encoder: {parameters.get('encoder', 'not recorded')}",
        *(f"- {name}: {_value(value)}" for name, value in about.items()),
        *([f"- epoch: {best['epoch']}, selected by UAR on validation speakers"] if "epoch" in best else []),
        *(f"- {note}" for note in training.get("notes", [])),
        f"- saved {description['saved']} by version {description['toolkit']}; "
        + ", ".join(f"{name} {number}" for name, number in versions.items()),
        "",
        "## Settings",
        "",
        *(f"- {name}: {_value(value)}" for name, value in parameters.items() if name != "encoder"),
        "",
        "## Use",
        "",
        "```",
        "python -m deep.predict FOLDER recording.wav",
        "```",
        "",
        "## Limits",
        "",
        "It names the emotion that its training speakers, in its training recordings, would most likely have been "
        "labelled with: acted or elicited speech in one language, often of few people. It does not read what a person "
        "feels. Do not use it to judge people, at work, in school, at a border or in court.",
        "",
    ]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
