"""The model card: what a kept model is, for whoever finds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(facts: Mapping[str, Any], file: str) -> str:
    """Markdown for people, after M. Mitchell et al., "Model cards for model reporting", FAT* 2019.

    Parameters
    ----------
    facts
        As gathered by `classical.persistence.save`.
    file
        Name of the model's file.
    """
    labels = ", ".join(facts["labels"])
    sections = [
        f"# {facts.get('pipeline', 'Speech emotion classifier')}",
        f"Answers for a clip of speech with probabilities of: {labels}. Kept in `{file}`.",
        "## Use",
        f"```\npython -m classical.predict {file} clip.wav folder/\n```",
        f'```python\nimport classical\n\nmodel = classical.load("{file}")\nmodel.predict(["clip.wav"])\n```',
        *_transductive(facts),
        "## Training",
        _list(_training(facts)),
        "## Scores",
        _scores(facts),
        "## Limits",
        _list(
            [
                "It has learnt how the people of its corpus sound, in their language and room; elsewhere expect less.",
                "It names the expression that listeners or actors agreed on, not what somebody feels.",
                "Decisions about people should not rest on it.",
            ]
        ),
        "## Made with",
        _list([f"{name} {number}" for name, number in facts["versions"].items()]),
    ]
    return "\n\n".join(sections) + "\n"


def _transductive(facts: Mapping[str, Any]) -> list[str]:
    if "speaker" not in facts["normalise"]:
        return []
    return [
        "It standardises each speaker by their own clips (transductive): give a manifest with speakers, or "
        "`--one-speaker`, and several clips of each."
    ]


def _training(facts: Mapping[str, Any]) -> list[str]:
    wanted = ("corpus", "fingerprint", "licence", "citation", "n_utterances", "n_speakers", "seed", "made")
    lines = [f"{name.removeprefix('n_')}: {facts[name]}" for name in wanted if facts.get(name) not in (None, "")]
    lines.append(f"features: {len(facts['feature_names'])} used of {'; '.join(facts['features'])}")
    lines.append(f"normalisation: {', '.join(facts['normalise'])}")
    lines.append(f"chosen on inner folds: {facts['chosen']}")
    return [*lines, *(f"note: {note}" for note in facts["notes"])]


def _scores(facts: Mapping[str, Any]) -> str:
    scores = facts.get("scores") or {}
    if not scores:
        return "Not measured."
    rows = [
        f"| {name} | {value:.3f} |" if isinstance(value, float) else f"| {name} | {value} |"
        for name, value in scores.items()
    ]
    told = facts.get("protocol", "")
    return "\n".join(([f"{told}\n"] if told else []) + ["| score | value |", "|---|---|", *rows])


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
