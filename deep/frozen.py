"""A frozen speech encoder as a feature set: mean and deviation of every layer over the clip's own frames."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deep.hub import family, folder_of
from features.audio import RATE
from features.cache import FeatureCache
from features.clips import Clip
from features.errors import FeatureError
from features.extractors.base import ClipExtractor
from features.extractors.table import FeatureTable
from features.files import content_hash

STATISTICS = ("mean", "deviation")
SECONDS_A_BATCH = {"cpu": 16.0, "cuda": 320.0}
LEAST_SHARE = {"cpu": 0.95, "cuda": 0.5}
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
SOURCES = (
    "batches.py",
    "encoder.py",
    "frozen.py",
    "layers.py",
    "mel_encoder.py",
    "masking.py",
    "waveform_encoder.py",
)


class FrozenEncoder(ClipExtractor):
    """Mean and deviation over a clip's own frames of what a speech encoder makes of it.

    The columns of layer N are `layerN.mean.0`, ..., `layerN.deviation.0`, ...; layer 0 is what goes into the first
    transformer layer. All layers are computed and cached together, so that another choice of layer is a choice of
    columns. Whisper's encoder sees each clip's own frames, without padding to 30 s.

    Parameters
    ----------
    encoder : str
        Hub name or local folder: wav2vec 2.0, HuBERT, WavLM or Whisper in Hugging Face format.
    layer : int or str
        A layer's number, or `auto` for the columns of all layers, among which inner folds choose (`layer_positions`).
    random_start : bool
        The untrained twin: the same shape with random weights.
    random_state : int
        Seed of those weights.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    cache : FeatureCache, optional
        Where computed rows are kept.
    n_jobs : int
        CPU threads; -1 for all.
    progress : bool
        Show a bar on stderr where that is a terminal.
    """

    def __init__(
        self,
        encoder: str,
        *,
        layer: int | str = "auto",
        random_start: bool = False,
        random_state: int = 0,
        device: str = "auto",
        cache: FeatureCache | None = None,
        n_jobs: int = 1,
        progress: bool = False,
    ) -> None:
        self.encoder = encoder
        self.layer = layer
        self.random_start = random_start
        self.random_state = random_state
        self.device = device
        self.cache = cache
        self.n_jobs = n_jobs
        self.progress = progress

    def names(self) -> tuple[str, ...]:
        """Names of the columns.

        Raises
        ------
        FeatureError
            When the encoder has no such layer.
        ModelError
            When the encoder is not here.
        """
        names = self._all_names()
        return names if self.layer == "auto" else tuple(names[i] for i in layer_positions(names, self.layer))

    def identity(self) -> str:
        """Text that determines the values of all layers."""
        folder = folder_of(self.encoder)
        weights = f"random_state={self.random_state}" if self.random_start else _weights_hash(folder)
        shape = content_hash(folder / "config.json")
        return f"FrozenEncoder({family(folder)}, config={shape}, weights={weights}, code={_code_version()})"

    def extract(self, X: Any) -> FeatureTable:
        """Features of some utterances; see `features.extractors.base.Extractor.extract`."""
        if self.layer == "auto":
            return super().extract(X)
        chosen = self.names()
        parameters = {**self.get_params(deep=False), "layer": "auto"}
        whole = FrozenEncoder(**parameters).extract(X)
        places = {name: place for place, name in enumerate(whole.names)}
        return whole.columns(np.array([places[name] for name in chosen]))

    def _all_names(self) -> tuple[str, ...]:
        from deep.encoder import read_configuration

        config, _ = read_configuration(folder_of(self.encoder))
        whisper = config.get("model_type") == "whisper"
        layers = int(config["encoder_layers"] if whisper else config["num_hidden_layers"])
        width = int(config["d_model"] if whisper else config["hidden_size"])
        return tuple(
            f"layer{layer}.{statistic}.{value}"
            for layer in range(layers + 1)
            for statistic in STATISTICS
            for value in range(width)
        )

    def _compute(self, clips: list[Clip], bar: Any) -> tuple[np.ndarray, np.ndarray]:
        import os

        import torch

        from deep import runtime as devices
        from deep.batches import ClipDataset, LengthBuckets, loader
        from deep.memory import within_memory
        from deep.quiet import quiet

        device = devices.resolve(self.device)
        threads = self.n_jobs if self.n_jobs > 0 else os.cpu_count()
        dataset = ClipDataset(clips)
        budget = round(SECONDS_A_BATCH[device.type] * RATE)
        buckets = LengthBuckets(dataset.n_samples, budget=budget, least_share=LEAST_SHARE[device.type])
        values = np.empty((len(clips), len(self._all_names())), dtype=np.float32)
        seconds = np.empty(len(clips))
        with devices.threads(threads), quiet(), torch.inference_mode():
            encoder = self._encoder().to(device).eval()
            began = time.perf_counter()
            for batch in loader(dataset, buckets, workers=0, pinned=device.type == "cuda"):
                rows = batch.positions.numpy()
                values[rows] = within_memory(batch, lambda pieces: _pooled(encoder, pieces, device))
                spent = time.perf_counter() - began
                seconds[rows] = spent * (batch.lengths / batch.lengths.sum()).numpy()
                bar.update(len(batch))
                began = time.perf_counter()
        return values, seconds

    def _encoder(self) -> Any:
        from deep.encoder import load_encoder, random_twin

        if self.random_start:
            return random_twin(self.encoder, seed=self.random_state)
        return load_encoder(self.encoder)


def _pooled(encoder: Any, pieces: Sequence[Any], device: Any) -> np.ndarray:
    """Return mean and deviation of every layer, shape (n_clips, (n_layers + 1) * 2 * width)."""
    import torch

    from deep import masking as validframes

    parts = []
    for piece in pieces:
        there = piece.to(device)
        hidden, frames = encoder(there.waveforms, there.lengths, every_layer=True)
        both = torch.stack([validframes.mean(hidden, frames), validframes.deviation(hidden, frames)], dim=1)
        parts.append(both.permute(2, 0, 1, 3).flatten(1).float().cpu().numpy())
    return np.concatenate(parts)


def layers_of(names: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the layers that these columns come from, sorted.

    Examples
    --------
    >>> layers_of(["layer2.mean.0", "layer2.deviation.0", "layer11.mean.0"])
    (2, 11)
    """
    return tuple(sorted({int(name.partition(".")[0].removeprefix("layer")) for name in names}))


def layer_positions(names: Sequence[str], layer: int | str) -> np.ndarray:
    """Return the positions of one layer's columns.

    Parameters
    ----------
    names : sequence of str
        Columns of a `FrozenEncoder`.
    layer : int or str
        The layer's number.

    Raises
    ------
    FeatureError
        When no column is of that layer.
    """
    positions = np.array([place for place, name in enumerate(names) if name.startswith(f"layer{layer}.")], dtype=int)
    if not len(positions):
        known = ", ".join(str(number) for number in layers_of(names))
        raise FeatureError(f"layer {layer!r} is not in this encoder; expected auto or one of {known}")
    return positions


def _weights_hash(folder: Path) -> str:
    files = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    return _hash_of(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=8)
def _hash_of(files: tuple[tuple[Path, int, int], ...]) -> str:
    return ",".join(content_hash(path) for path, _, _ in files)


@lru_cache(maxsize=1)
def _code_version() -> str:
    """Hash of the source that values depend on, and of the versions of the libraries under it."""
    from importlib.metadata import version

    here = Path(__file__).parent
    state = hashlib.blake2b(digest_size=8)
    for source in (*(here / name for name in SOURCES), here.parent / "features" / "audio.py"):
        state.update(source.read_bytes())
    for library in ("torch", "transformers", "speechbrain", "soxr", "soundfile"):
        state.update(f"{library}={version(library)}".encode())
    return state.hexdigest()
