"""Encoders whose files lack weights, name them otherwise, or contradict their configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import corpus_rows, run_line, write_table

ROOT = "an encoder that is not whole"
Tensors = Mapping[str, NDArray[np.float32]]

WIDTH, LAYERS, CHANNELS, HIDDEN = 16, 2, 8, 24
CONFIG: Mapping[str, Any] = {
    "model_type": "hubert",
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": HIDDEN,
    "conv_dim": [CHANNELS] * 3,
    "conv_kernel": [40, 8, 4],
    "conv_stride": [20, 8, 2],
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}
PREPROCESSOR = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": 16000}


def tensors() -> dict[str, NDArray[np.float32]]:
    """Weights of a small HuBERT, drawn at random, under the names of its published files.

    Returns
    -------
    dict of str to ndarray
    """
    rng = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {"masked_spec_embed": (WIDTH,)}
    for i, kernel in enumerate(CONFIG["conv_kernel"]):
        shapes[f"feature_extractor.conv_layers.{i}.conv.weight"] = (CHANNELS, CHANNELS if i else 1, kernel)
    shapes |= _norm("feature_extractor.conv_layers.0.layer_norm", CHANNELS)
    shapes |= _norm("feature_projection.layer_norm", CHANNELS)
    shapes |= _linear("feature_projection.projection", WIDTH, CHANNELS)
    positions = "encoder.pos_conv_embed.conv"
    shapes[f"{positions}.bias"] = (WIDTH,)
    shapes[f"{positions}.parametrizations.weight.original0"] = (1, 1, 8)
    shapes[f"{positions}.parametrizations.weight.original1"] = (WIDTH, WIDTH // 2, 8)
    shapes |= _norm("encoder.layer_norm", WIDTH)
    for layer in range(LAYERS):
        start = f"encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _linear(f"{start}.attention.{part}", WIDTH, WIDTH)
        shapes |= _norm(f"{start}.layer_norm", WIDTH) | _norm(f"{start}.final_layer_norm", WIDTH)
        shapes |= _linear(f"{start}.feed_forward.intermediate_dense", HIDDEN, WIDTH)
        shapes |= _linear(f"{start}.feed_forward.output_dense", WIDTH, HIDDEN)
    return {name: rng.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}


def _linear(name: str, wide: int, deep: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (wide, deep), f"{name}.bias": (wide,)}


def _norm(name: str, size: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def write_encoder(folder: Path, weights: Tensors, config: Mapping[str, Any] = CONFIG) -> Path:
    """Write an encoder in Hugging Face format and return its weights' file.

    Parameters
    ----------
    folder : Path
    weights : mapping of str to ndarray
    config : mapping

    Returns
    -------
    Path
    """
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    (folder / "model.safetensors").write_bytes(_safetensors(weights))
    return folder / "model.safetensors"


def _safetensors(weights: Tensors) -> bytes:
    """Tensors in the safetensors format, whose own package is an extra: length of the head, head, values."""
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, values in weights.items():
        head[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(values.tobytes() for values in weights.values())


def _meets(write: Callable[[Path], object], pipeline: str = "svm@encoder") -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        write(folder / "encoder")
        write_table(folder / "my.csv", corpus_rows(folder, labels=("ang", "sad")))
        more = ("--layer", "1") if "@" in pipeline else ("--epochs", "1")
        return run_line("my.csv", "--encoder", "encoder", *more, pipelines=(pipeline,))

    return command


def _no_scores(folder: Path) -> str | None:
    table = folder / "out" / "predictions.csv"
    return "scored all the same" if table.exists() and table.read_text().count("\n") > 1 else None


def _case(name: str, write: Callable[[Path], object], *says: str, pipeline: str = "svm@encoder") -> Case:
    return Case(ROOT, name, _meets(write, pipeline), 1, says, (r"check the feature set",), _no_scores, 90.0)


def _weights(change: Callable[[dict[str, NDArray[np.float32]]], Tensors]) -> Callable[[Path], object]:
    return lambda folder: write_encoder(folder, change(tensors()))


def _config(**changed: Any) -> Callable[[Path], object]:
    return lambda folder: write_encoder(folder, tensors(), {**CONFIG, **changed})


def _file(content: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        file = write_encoder(folder, tensors())
        file.write_bytes(content(file.read_bytes()))

    return write


def _folder_in_place(folder: Path) -> None:
    file = write_encoder(folder, tensors())
    file.unlink()
    file.mkdir()


def _no_preprocessor(folder: Path) -> None:
    write_encoder(folder, tensors())
    (folder / "preprocessor_config.json").unlink()


def _without(*words: str) -> Callable[[Path], object]:
    return _weights(lambda all_: {name: w for name, w in all_.items() if not any(word in name for word in words)})


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1000\n"
FEED_FORWARD = "encoder.layers.1.feed_forward.output_dense"

CASES = (
    Case(ROOT, "whole", _meets(_weights(dict)), 0, not_says=("lacks",), seconds=90.0),
    Case(ROOT, "without the vector that masks", _meets(_without("masked_spec")), 0, not_says=("lacks",), seconds=90.0),
    _case("no feed-forward in layer 0", _without("0.feed_forward"), r"lacks\s+the\s+weights\s+of\s+4", "feed_forward"),
    _case(
        "no layer 1, fine-tuned", _without("encoder.layers.1."), r"lacks\s+the\s+weights\s+of\s+16", pipeline="wav2vec2"
    ),
    _case("no convolution", _without("conv_layers.1"), r"weights\s+of\s+1", r"conv_layers\.1\.conv\.weight"),
    _case("one bias lacks", _without(f"{FEED_FORWARD}.bias"), r"weights\s+of\s+1", r"output_dense\.bias"),
    _case("no tensor at all", _weights(lambda _: {}), r"lacks\s+the\s+weights"),
    _case("behind a prefix", _weights(lambda all_: {f"backbone.{n}": w for n, w in all_.items()}), r"backbone\."),
    _case(
        "half of it behind a prefix",
        _weights(lambda all_: {f"net.{n}" if "encoder.layers.1." in n else n: w for n, w in all_.items()}),
        r"lacks\s+the\s+weights\s+of\s+16",
        r"net\.",
    ),
    _case("other names", _weights(lambda all_: {n.replace("q_proj", "query"): w for n, w in all_.items()}), "q_proj"),
    _case("more layers asked for", _config(num_hidden_layers=4), r"lacks\s+the\s+weights\s+of\s+32"),
    _case("fewer layers asked for", _config(num_hidden_layers=1), r"2\s+layers"),
    _case("wider layers asked for", _config(intermediate_size=48), r"6\s+of\s+the\s+encoder's", r"another\s+shape"),
    _case("another width asked for", _config(hidden_size=32), r"another\s+shape"),
    _case(
        "a matrix on its side",
        _weights(
            lambda all_: {n: np.ascontiguousarray(w.T) if n == f"{FEED_FORWARD}.weight" else w for n, w in all_.items()}
        ),
        r"1\s+of\s+the\s+encoder's",
        r"another\s+shape",
    ),
    _case(
        "NaN in a tensor", _weights(lambda all_: {**all_, f"{FEED_FORWARD}.bias": np.full(WIDTH, np.nan, "f4")}), "NaN"
    ),
    _case("no layers", _config(num_hidden_layers=0), r"num_hidden_layers\s+is\s+0"),
    _case("a width in words", _config(hidden_size="16"), r"hidden_size\s+is\s+'16'"),
    _case("another family", _config(model_type="bert"), "bert"),
    _case("weights cut short", _file(lambda whole: whole[: len(whole) // 2]), r"files\s+are\s+whole"),
    _case("weights empty", _file(lambda _: b""), r"files\s+are\s+whole"),
    _case("weights are a web page", _file(lambda _: b"<html>404</html>"), r"files\s+are\s+whole"),
    _case("weights are a git-lfs pointer", _file(lambda _: POINTER), "git-lfs"),
    _case("a folder where the weights are", _folder_in_place, r"model\.safetensors"),
    _case("no preprocessor", _no_preprocessor, r"preprocessor_config\.json"),
)
