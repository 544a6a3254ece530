"""Text files of the published emotion model, read as plain data: no tag is executed, no torch is needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from features.errors import ModelError


@dataclass(frozen=True)
class Description:
    """What `hyperparams.yaml` says of the released model.

    Attributes
    ----------
    hub : str
        `wav2vec2_hub`: hub name or local folder whose configuration the encoder has.
    width : int
        `encoder_dim`: values in a frame.
    n_classes : int
        `out_n_neurons`.
    output_norm : bool
        Whether the encoder's output is normalised.
    """

    hub: str
    width: int
    n_classes: int
    output_norm: bool


def describe(folder: Path) -> Description:
    """Read `hyperparams.yaml` as plain data; its `!new:` and other tags are not executed.

    Raises
    ------
    ModelError
        If it is missing, is not YAML, or lacks what is needed.
    """
    path = Path(folder) / "hyperparams.yaml"
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_PlainLoader)
        encoder = content["wav2vec2"] if isinstance(content.get("wav2vec2"), Mapping) else {}
        return Description(
            hub=_resolved(content["wav2vec2_hub"], content),
            width=int(content["encoder_dim"]),
            n_classes=int(content["out_n_neurons"]),
            output_norm=bool(encoder.get("output_norm", content.get("output_norm", False))),
        )
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; expected the released model's description") from error
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        expected = "wav2vec2_hub, encoder_dim, out_n_neurons"
        raise ModelError(f"{path} does not describe an emotion model ({reason}); expected {expected}") from error


LONGEST_NAME = 1000


class _PlainLoader(yaml.SafeLoader):
    """Reads every tagged node as the plain value under the tag."""


def _plain(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_PlainLoader.add_multi_constructor("!", _plain)


def _resolved(value: Any, content: Mapping[str, Any]) -> str:
    """Follow HyperPyYAML's `!ref <name>`, which is plain text here."""
    for _ in range(8):
        value = _text(value)
        reference = re.search(r"<([^<>]+)>", value)
        if not reference:
            break
        value = value.replace(reference[0], _text(content[reference[1]]))
    return _text(value)


def _text(value: Any) -> str:
    """A name as text; lists within lists, which aliases make endless at little cost, are none."""
    if isinstance(value, list | dict) or len(str(value)) > LONGEST_NAME:
        raise ValueError("wav2vec2_hub is no name")
    return str(value)


def read_labels(path: Path) -> list[str]:
    """Read `label_encoder.txt`: lines like `'neu' => 0`, up to a line of `===`.

    Returns
    -------
    list of str
        The labels, in the order of their numbers.

    Raises
    ------
    ModelError
        If it is missing, or its numbers are not 0, 1, ...
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; expected the released model's labels") from error
    except ValueError as error:
        raise ModelError(f"{path} is no text; expected the released model's labels: fetch it again") from error
    labels: dict[int, str] = {}
    for line in lines:
        if line.startswith("==="):
            break
        entry = re.fullmatch(r"\s*(['\"])(.*)\1\s*=>\s*(\d+)\s*", line)
        if line.strip() and not entry:
            raise ModelError(f"{path}: line {line!r}; expected 'label' => number")
        if entry:
            labels[int(entry[3])] = entry[2]
    if not labels or sorted(labels) != list(range(len(labels))):
        raise ModelError(f"{path}: numbers {sorted(labels)}; expected 0, 1, ... without gaps")
    return [labels[number] for number in range(len(labels))]
