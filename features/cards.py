"""The words and the form that the cards of all saved models share, with the head that the Hugging Face hub reads."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from features.names import printable
from features.prediction_sets import Calibration
from features.version import REPOSITORY

LIBRARY = "speech-emotion-baselines"
TAGS = ("audio-classification", "speech-emotion-recognition")
LICENCES = {"cc0-1.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0", "mit"}
TRAINING = {
    "corpus": "corpus",
    "labels_policy": "labels",
    "fingerprint": "fingerprint",
    "licence": "licence",
    "citation": "citation",
    "n_utterances": "utterances",
    "n_speakers": "speakers",
    "seed": "seed",
    "made": "made",
}
LIMITS = (
    "It has learnt how the people of its corpus sound, in their language and room, often few people and acted speech; "
    "elsewhere expect less.",
    "It names the expression that listeners or actors agreed on, not what somebody feels.",
    "Do not use it to judge people, at work, in school, at a border or in court.",
)


def render_card(title: str, sections: Mapping[str, str], *, about: Mapping[str, Any], tags: Iterable[str] = ()) -> str:
    r"""Put a model card together, after M. Mitchell et al., "Model cards for model reporting", FAT* 2019.

    Parameters
    ----------
    title : str
        Name of the model.
    sections : mapping of str to str
        Markdown by heading; that of the heading '' comes first, without one. Scores and limits are added.
    about : mapping
        What is known of the training; read are corpus, licence, scores (a mapping of names to numbers), protocol (how
        the scores were obtained) and synthetic.
    tags : iterable of str
        Tags beside those of every model.

    Returns
    -------
    str
        Markdown under a YAML head with licence, library, tags and, where there are scores, a model index.

    Examples
    --------
    >>> card = render_card("svm@mfcc", {"": "A classifier."}, about={"corpus": "emodb", "licence": "CC0 1.0"})
    >>> print("\n".join(card.splitlines()[:9]))
    ---
    license: "cc0-1.0"
    library_name: "speech-emotion-baselines"
    pipeline_tag: "audio-classification"
    tags: ["audio-classification", "speech-emotion-recognition"]
    ---
    <BLANKLINE>
    # svm@mfcc
    <BLANKLINE>
    """
    parts = [_head(title, about, tags), f"# {markdown_text(title)}"]
    for heading, text in {**sections, "Scores": _scores(about), "Limits": bullets(LIMITS)}.items():
        parts += [f"## {heading}", text] if heading else [text]
    parts += [f"[{LIBRARY}]({REPOSITORY})"] if REPOSITORY else []
    return "\n\n".join(parts) + "\n"


def markdown_text(text: str) -> str:
    r"""A name as Markdown shows it: with no markup, no HTML and no control characters of its own.

    Examples
    --------
    >>> print(markdown_text("<b>h&p_*x*"))
    &lt;b&gt;h&amp;p\_\*x\*
    """
    return re.sub(r"([\\`*\[\]|]|(?<![^\W_])_|_(?![^\W_]))", r"\\\1", html.escape(printable(text), quote=False))


def bullets(lines: Iterable[str]) -> str:
    r"""List of Markdown.

    Examples
    --------
    >>> bullets(["one", "two"])
    '- one\n- two'
    """
    return "\n".join(f"- {line}" for line in lines)


def training_facts(about: Mapping[str, Any]) -> list[str]:
    """Lines on the data of a training, of what is known; plain text, which a card passes through `markdown_text`.

    Examples
    --------
    >>> training_facts({"corpus": "emodb", "n_speakers": 10, "citation": ""})
    ['corpus: emodb', 'speakers: 10']
    >>> print(training_facts({"calibration": [[0.1, 0.6], [0.2], [0.3]]})[0][:64])
    sets of labels (--coverage): up to 0.750 can be promised; sets a
    """
    facts = [
        f"{word}: {printable(str(about[name]))}" for name, word in TRAINING.items() if about.get(name) not in (None, "")
    ]
    calibration = Calibration.of_json(about.get("calibration"))
    return [*facts, *([f"sets of labels (--coverage): {_promised(calibration)}"] if calibration else [])]


def _promised(calibration: Calibration) -> str:
    """What sets of labels can promise, by the highest of some usual coverages that these speakers can."""
    usual = [coverage for coverage in (0.95, 0.9, 0.8, 0.5) if coverage <= calibration.most]
    if not usual:
        return f"{calibration.n_speakers} calibration speakers cannot promise any"
    return f"up to {calibration.most:.3f} can be promised; {calibration.promise(usual[0])}"


def _head(name: str, about: Mapping[str, Any], tags: Iterable[str]) -> str:
    """The YAML head, each value as JSON, which YAML includes."""
    synthetic = ["synthetic-data"] if about.get("synthetic") else []
    head: dict[str, Any] = {
        **_licence(about.get("licence") or ""),
        "library_name": LIBRARY,
        "pipeline_tag": TAGS[0],
        "tags": [*TAGS, *synthetic, *tags],
    }
    if about.get("scores"):
        corpus = str(about.get("corpus") or "unknown")
        result = {
            "task": {"type": TAGS[0], "name": "speech emotion recognition"},
            "dataset": {"type": corpus, "name": corpus},
            "metrics": [{"type": key, "name": key, "value": value} for key, value in about["scores"].items()],
        }
        head["model-index"] = [{"name": name, "results": [result]}]
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False, default=str)}" for key, value in head.items())
    return "\n".join(["---", *lines, "---"])


def _licence(text: str) -> dict[str, str]:
    """The licence as the hub names it: that of the training data, since the model is made from it."""
    slug = re.sub(r"\s+", "-", text.partition(",")[0].strip().lower())
    if slug in LICENCES:
        return {"license": slug}
    return {"license": "other", "license_name": text} if text else {"license": "unknown"}


def _scores(about: Mapping[str, Any]) -> str:
    scores = about.get("scores") or {}
    if not scores:
        return "Not measured."
    rows = [f"| {name} | {f'{value:.3f}' if isinstance(value, float) else value} |" for name, value in scores.items()]
    protocol = [f"{about['protocol']}\n"] if about.get("protocol") else []
    return "\n".join([*protocol, "| score | value |", "|---|---|", *rows])
