"""The model card of a saved deep model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.cards import TRAINING, bullets, markdown_text, render_card, training_facts

CARD = "README.md"
SHOWN = {*TRAINING, "pipeline", "protocol", "scores", "calibration"}
"""Of `about`: what stands where the other models' cards have it, and numbers that are not for reading."""


def model_card(description: Mapping[str, Any]) -> str:
    """Describe a saved model for people, and in its head for the Hugging Face hub.

    Parameters
    ----------
    description : mapping
        Content of `model.json`.

    Returns
    -------
    str
        Markdown.
    """
    training, about = description["training"], description["about"]
    parameters, best = training.get("parameters", {}), training.get("best_params", {})
    model_type = description["encoder"]["config"].get("model_type")
    head = "with a linear head on the mean of its last layer"
    if "projection" in description:
        read = "the mean" if description.get("attention") is None else "mean and deviation over frames, weighted,"
        head = f"as it is, with a linear head on {read} of a learnt sum of its layers"
    encoder = parameters.get("encoder", parameters.get("features__encoder", "not recorded"))
    sections = {
        "": f"A speech encoder (`{model_type}`) {head}. "
        f"Probabilities of {', '.join(map(markdown_text, description['labels']))} for a clip of speech.",
        "Use": "```\npython -m deep.predict FOLDER recording.wav\n```",
        "Training": bullets(
            [
                f"encoder: {encoder}",
                *map(markdown_text, training_facts(about)),
                *(f"{name}: {_value(value)}" for name, value in about.items() if name not in SHOWN),
                *([f"epoch: {best['epoch']}, selected by UAR on validation speakers"] if "epoch" in best else []),
                *(f"note: {note}" for note in training.get("notes", [])),
            ]
        ),
        "Settings": bullets(f"{name}: {_value(value)}" for name, value in parameters.items() if name != "encoder"),
        "Made with": bullets(
            [
                f"saved {description['saved']} by version {description['toolkit']}",
                *(f"{name} {number}" for name, number in description["versions"].items()),
            ]
        ),
    }
    return render_card(
        str(about.get("pipeline") or "Speech emotion recogniser"),
        sections,
        about=about,
        tags=["pytorch", "speechbrain"],
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
