"""A frozen speech encoder as a feature set under a classical model, its layer chosen on inner folds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.pipelines.options import PipelineOptions
from features.errors import SerError

TWIN = "~random"
"""Suffix of a set's name for the encoder's untrained twin."""


def matches(text: str) -> bool:
    """Whether a text names an encoder: `encoder`, a folder, or a hub name `owner/name`; `~random` for the twin."""
    return text.removesuffix(TWIN) == "encoder" or "/" in text


def source_of(text: str, options: PipelineOptions) -> str | None:
    """The hub name or folder; None where `encoder` is asked for and `--encoder` is not given."""
    plain = text.removesuffix(TWIN)
    return options.encoder if plain == "encoder" else plain


def is_twin(text: str, options: PipelineOptions) -> bool:
    """Whether the untrained twin is asked for."""
    return text.endswith(TWIN) or options.random_init


def label(text: str, options: PipelineOptions) -> str:
    """The encoder's and the layer's name, as a row shows them."""
    source = source_of(text, options)
    name = Path(source).name if source else "encoder"
    return f"{name}{TWIN if is_twin(text, options) else ''}/{options.layer}"


def unavailable(text: str, options: PipelineOptions) -> str:
    """Why it cannot be had here; empty where it can."""
    missing = [name for name in ("torch", "speechbrain", "transformers") if find_spec(name) is None]
    if missing:
        return f"needs {', '.join(missing)}: pip install -e '.[deep]' in the toolkit's folder"
    if source_of(text, options) is None:
        return "no encoder given: name a local folder or a hub name with --encoder"
    try:
        make(text, options).names()
    except SerError as error:
        return str(error)
    return ""


def make(text: str, options: PipelineOptions) -> Any:
    """The extractor; with `--layer auto` it gives the columns of all layers, named `layerN.*`."""
    from deep.frozen import FrozenEncoder

    layer = options.layer if options.layer == "auto" else int(options.layer)
    twin = is_twin(text, options)
    return FrozenEncoder(str(source_of(text, options)), layer=layer, random_start=twin, device=options.device)


def chooses_layer(_: str, options: PipelineOptions) -> bool:
    """Whether a classical pipeline on it has to choose among the layers."""
    return options.layer == "auto"
