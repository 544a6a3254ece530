"""The model card of a saved pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from classical.enrolment import enrolling_clips
from features.cards import bullets, markdown_text, render_card, training_facts


def model_card(facts: Mapping[str, Any], file: str) -> str:
    """Describe a saved pipeline for people, and in its head for the Hugging Face hub.

    Parameters
    ----------
    facts : mapping
        As gathered by `classical.persistence.save`.
    file : str
        Name of the model's file.

    Returns
    -------
    str
        Markdown.
    """
    labels = ", ".join(markdown_text(str(label)) for label in facts["labels"])
    sections = {
        "": f"Probabilities of {labels} for a clip of speech. Saved in `{file}`.",
        "Use": "\n\n".join(
            [
                f"```\npython -m classical.predict {file} clip.wav folder/\n```",
                f'```python\nimport classical\n\nmodel = classical.load("{file}")\nmodel.predict(["clip.wav"])\n```',
                *_transductive(facts),
            ]
        ),
        "Training": bullets(
            [
                *map(markdown_text, training_facts(facts)),
                # spaces behind commas, so that a page can break the line
                f"features: {len(facts['feature_names'])} used of "
                + re.sub(r",(?=\S)", ", ", "; ".join(facts["features"])),
                f"normalisation: {', '.join(facts['normalise'])}",
                f"parameters chosen on inner folds: {facts['best_params']}",
                *(f"note: {note}" for note in facts["notes"]),
            ]
        ),
        "Made with": bullets(f"{name} {number}" for name, number in facts["versions"].items()),
    }
    title = str(facts.get("pipeline") or "Speech emotion classifier")
    return render_card(title, sections, about=facts, tags=["scikit-learn", "skops"])


def _transductive(facts: Mapping[str, Any]) -> list[str]:
    notes = []
    if "speaker" in facts["normalise"]:
        notes.append(
            "It standardises each speaker by their own clips (transductive): give a manifest with speakers, or "
            "`--one-speaker`, and several clips of each."
        )
    enrolling = max(map(enrolling_clips, facts["normalise"]))
    if enrolling:
        notes.append(
            f"It standardises each speaker by {enrolling} of their clips that enrol, which need no label: give a "
            "manifest with the columns speaker and enrol, and 1 there in the rows of these clips."
        )
    return notes
