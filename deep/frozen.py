"""A frozen speech encoder as a feature set: mean and deviation of every layer over the clip's own frames."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deep.configuration import EncoderConfig, read_configuration
from deep.hub import resolve
from features.bad_files import BadClip
from features.cache import FeatureCache
from features.clips import Clip
from features.errors import FeatureError, ModelError, SerError
from features.extractors.base import ClipExtractor, Row
from features.extractors.table import FeatureTable
from features.files import content_hash
from features.fingerprint import code_fingerprint
from features.sound_survey import find_bad

STATISTICS = ("mean", "deviation")
LIBRARIES = ("torch", "transformers", "soxr", "soundfile")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


class FrozenEncoder(ClipExtractor):
    """Mean and standard deviation of a speech encoder's frames, for every layer, as features of a clip.

    The columns of layer N are `layerN.mean.0`, ..., `layerN.deviation.0`, ...; layer 0 is the input of the first
    transformer layer. All layers are computed and cached together, so that another choice of layer is a choice of
    columns. Statistics are taken over each clip's own frames; Whisper's encoder needs no padding to 30 s.

    Parameters
    ----------
    encoder : str
        Hub name or local folder: wav2vec 2.0, HuBERT, WavLM or Whisper in Hugging Face format.
    layer : int or str, default="auto"
        A layer's number, or `auto` for the columns of all layers, among which inner folds choose (`layer_positions`).
    random_init : bool, default=False
        Draw the weights at random instead of reading them: the same architecture, untrained.
    random_state : int, default=0
        Seed of random weights; of no effect on pretrained ones.
    device : str, default="auto"
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str, default="float32"
        Or `bfloat16`, in half the time where the processor has instructions for it; values move by about a hundredth
        of their deviation over clips.
    cache : FeatureCache, default=None
        Where computed rows are stored.
    n_jobs : int, default=1
        CPU threads; -1 for all.
    progress : bool, default=False
        Show a bar on stderr where that is a terminal.

    Examples
    --------
    >>> from deep import FrozenEncoder
    >>> FrozenEncoder("facebook/hubert-base-ls960", layer=6).get_params()["layer"]
    6
    >>> encoder = FrozenEncoder("FOLDER", device="cpu")  # a folder, or a name on the hub  # doctest: +SKIP
    >>> encoder.availability() is None  # doctest: +SKIP
    True
    >>> encoder.extract(["a.wav"]).names == encoder.names()  # doctest: +SKIP
    True
    >>> encoder.identity() == FrozenEncoder("FOLDER", random_init=True).identity()  # doctest: +SKIP
    False
    >>> network = encoder.load()  # doctest: +SKIP
    """

    precision = "float32"  # of those that were saved before there was a choice

    def __init__(
        self,
        encoder: str,
        *,
        layer: int | str = "auto",
        random_init: bool = False,
        random_state: int = 0,
        device: str = "auto",
        precision: str = "float32",
        cache: FeatureCache | None = None,
        n_jobs: int = 1,
        progress: bool = False,
    ) -> None:
        self.encoder = encoder
        self.layer = layer
        self.random_init = random_init
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.cache = cache
        self.n_jobs = n_jobs
        self.progress = progress

    def availability(self) -> str | None:
        """Return in one line why the encoder or its layer cannot be used here, or None where it can.

        Pretrained weights are read, so that a file that lacks some is refused before any clip is decoded.
        """
        try:
            self.names()
            if not self.random_init:
                self.load()
        except SerError as error:
            return str(error)
        return None

    def names(self) -> tuple[str, ...]:
        """Return the names of the columns.

        Raises
        ------
        FeatureError
            If the encoder has no such layer.
        ModelError
            If the encoder is not here.
        """
        names = _column_names(self._configuration())
        return names if self.layer == "auto" else tuple(names[i] for i in layer_positions(names, self.layer))

    def identity(self) -> str:
        """Return text that determines the values of all layers."""
        family, code = self._configuration().family, code_fingerprint("deep.frozen", libraries=LIBRARIES)
        return f"FrozenEncoder({family}, {self.content()}, precision={self.precision}, code={code})"

    def content(self) -> str:
        """Return text that determines the encoder: what its configuration and its weights hold, wherever they lie.

        Examples
        --------
        >>> FrozenEncoder("FOLDER").content() == FrozenEncoder("FOLDER", layer=1).content()  # doctest: +SKIP
        True
        """
        folder = resolve(self.encoder).folder
        weights = f"random_state={self.random_state}" if self.random_init else _weights_hash(folder)
        try:
            return f"config={content_hash(folder / 'config.json')}, weights={weights}"
        except OSError as error:
            raise ModelError(
                f"{folder}: {error.strerror or error}; expected an encoder in Hugging Face format"
            ) from error

    def extract_good(self, X: Any) -> tuple[FeatureTable, tuple[BadClip, ...]]:
        """Features of those utterances that can be analysed; see `ClipExtractor.extract_good`.

        Examples
        --------
        >>> table, bad = FrozenEncoder("FOLDER", device="cpu").extract_good(["a.wav"])  # doctest: +SKIP
        """
        if self.layer == "auto":
            return super().extract_good(X)
        parameters = {**self.get_params(deep=False), "layer": "auto"}
        every_layer, bad = FrozenEncoder(**parameters).extract_good(X)
        return every_layer.columns(layer_positions(every_layer.names, self.layer)), bad

    def _configuration(self) -> EncoderConfig:
        return read_configuration(resolve(self.encoder).folder)

    def _rows(self, clips: list[Clip]) -> Generator[tuple[int, Row | BadClip]]:
        import os

        import torch

        from deep import runtime
        from deep.batches import ClipDataset, inference_loader, retry_on_oom

        bad = find_bad(clips)
        yield from ((clip.position, clip) for clip in bad)
        good = sorted(set(range(len(clips))) - {clip.position for clip in bad})
        device = runtime.resolve(self.device)
        n_threads = self.n_jobs if self.n_jobs > 0 else os.cpu_count()
        with runtime.threads(n_threads), runtime.quiet(), torch.inference_mode():
            encoder = self.load().to(device).eval()
            began = time.perf_counter()
            for batch in inference_loader(ClipDataset([clips[position] for position in good]), device):
                values = retry_on_oom(batch, lambda pieces: _pooled(encoder, pieces, device, self.precision))
                seconds = (time.perf_counter() - began) * (batch.lengths / batch.lengths.sum()).numpy()
                for i, index in enumerate(batch.positions.tolist()):
                    yield good[index], (values[i], float(seconds[i]))
                began = time.perf_counter()

    def load(self) -> Any:
        """Return the encoder as a network, its weights read or drawn."""
        from deep.encoder import build_encoder
        from deep.loading import load_encoder

        if self.random_init:
            return build_encoder(self._configuration(), seed=self.random_state)
        return load_encoder(self.encoder)


class KeptEncoder(FrozenEncoder):
    """A frozen encoder that reads its weights once, for many short calls; parameters as of `FrozenEncoder`.

    Examples
    --------
    >>> KeptEncoder("facebook/hubert-base-ls960", device="cpu").get_params()["device"]
    'cpu'
    """

    def load(self) -> Any:
        """Return the encoder as a network, which stays in memory."""
        if not hasattr(self, "_network"):
            self._network = super().load()
        return self._network


def _column_names(config: EncoderConfig) -> tuple[str, ...]:
    return tuple(
        f"layer{layer}.{statistic}.{value}"
        for layer in range(config.n_layers + 1)
        for statistic in STATISTICS
        for value in range(config.width)
    )


def _pooled(encoder: Any, pieces: Sequence[Any], device: Any, precision: str) -> np.ndarray:
    """Return mean and deviation of every layer: ndarray of shape (n_clips, (n_layers + 1) * 2 * width)."""
    import torch

    from deep import masking, runtime

    rows = []
    for piece in pieces:
        batch = piece.to(device)
        with runtime.autocast(precision, device):
            hidden, frames = encoder.every_layer(batch.waveforms, batch.lengths)
        both = torch.stack(masking.mean_and_deviation(hidden.float(), frames), dim=1)
        rows.append(both.permute(2, 0, 1, 3).flatten(1).cpu().numpy())
    return np.concatenate(rows)


def layers_of(names: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the layers that some columns come from, sorted.

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

    Returns
    -------
    integer ndarray of shape (2 * width,)

    Raises
    ------
    FeatureError
        If no column is of that layer.

    Examples
    --------
    >>> layer_positions(["layer0.mean.0", "layer1.mean.0", "layer1.deviation.0"], 1).tolist()
    [1, 2]
    """
    positions = [index for index, name in enumerate(names) if name.startswith(f"layer{layer}.")]
    if not positions:
        numbers = ", ".join(str(number) for number in layers_of(names))
        raise FeatureError(f"layer {layer!r} is not in this encoder; expected auto or one of {numbers}")
    return np.array(positions)


def _weights_hash(folder: Path) -> str:
    files = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    return _hash_of(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=8)
def _hash_of(files: tuple[tuple[Path, int, int], ...]) -> str:
    return ",".join(content_hash(path) for path, _, _ in files)
