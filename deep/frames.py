"""What a frozen part of an encoder makes of clips, frame by frame: computed once a clip, and kept on the disk."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from deep.batches import CACHED_SAMPLES, expected_samples
from features.cache import FeatureCache
from features.clips import Clip
from features.errors import CacheError
from features.files import content_hash

FORMAT = 1
"""Of the stored bytes: frames as little-endian float32."""
Encode = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class FrozenFrames:
    """Frames of clips by a frozen part of an encoder.

    Every clip is encoded by itself: in a batch of padded clips each is rounded a little differently (up to 3e-6 in the
    hidden states of small wav2vec 2.0, HuBERT and WavLM encoders), and a training makes more of it the longer it is.
    What is kept does not depend on what it was computed beside, so that a training has the same bytes whether frames
    come from the cache or not.

    They are kept as float32. float16 would take half of the disk; it rounds what varies little about a large mean by up
    to 1.3 % of its deviation (Whisper tiny, EmoDB), and a training from the cache would end elsewhere than one without.

    Parameters
    ----------
    encode : callable
        `(waveforms, lengths) -> frames`, for a batch of one clip: (1, n_samples), (1,) to (1, n_frames, ...).
    shape : tuple of int
        Of one frame.
    identity : str
        Text that determines what `encode` makes of a sound.
    cache : FeatureCache or None
        Where frames are kept; None computes them on every access.
    device : torch.device
        Where `encode` computes.
    """

    def __init__(
        self, encode: Encode, *, shape: tuple[int, ...], identity: str, cache: FeatureCache | None, device: torch.device
    ) -> None:
        self.encode = encode
        self.shape = shape
        self.cache = cache
        self.device = device
        self._context = blake2b(f"frames {FORMAT} {shape} {identity}".encode(), digest_size=16).digest()
        self._left = CACHED_SAMPLES

    @torch.inference_mode()
    def of(self, clip: Clip) -> torch.Tensor:
        """Compute the frames of a clip, float32 of shape (n_frames, *shape), on the CPU."""
        waveform = torch.from_numpy(clip.recorded()).to(self.device)
        frames = self.encode(waveform[None], torch.tensor([len(waveform)], device=self.device))
        return frames[0].float().cpu().contiguous()

    def keys(self, clips: Sequence[Clip]) -> list[bytes]:
        """Return what each clip's frames are kept under: the sound, and all that determines the frames."""
        contents = {clip.path: content_hash(clip.path) for clip in clips if clip.path is not None}
        return [self._context + clip.digest(contents[clip.path] if clip.path else None) for clip in clips]

    def stored(self, key: bytes) -> torch.Tensor | None:
        """Read the frames of a key; None where they are not kept, or damaged."""
        packed = None if self.cache is None else self.cache.get_many([key]).get(key)
        if packed is None or len(packed) % (4 * int(np.prod(self.shape))):
            return None
        return torch.from_numpy(np.frombuffer(bytearray(packed), dtype="<f4").reshape(-1, *self.shape))

    def holds(self, frames: torch.Tensor) -> bool:
        """Take room in memory for some frames, of 2**27 numbers (512 MiB) for all; False where there is none left."""
        self._left -= frames.numel()
        return self._left >= 0


class FrameDataset(Dataset):
    """Clips as their frames: those that the cache lacks are computed at once and kept there.

    As many as have room are held in memory, the others are read anew in every epoch.

    Parameters
    ----------
    frames : FrozenFrames
        Where frames come from.
    clips : sequence of Clip
    targets : sequence of int
        Index of each clip's label among the classes.

    Raises
    ------
    AudioError
        If a file cannot be read.
    CacheError
        If the cache's folder cannot be used.
    """

    decodes = False

    def __init__(self, frames: FrozenFrames, clips: Sequence[Clip], targets: Sequence[int]) -> None:
        self.frames = frames
        self.clips = list(clips)
        self.targets = [int(target) for target in targets]
        self.n_samples = np.array([expected_samples(clip) for clip in self.clips], dtype=np.int64)
        self._held: dict[int, torch.Tensor] = {}
        self._keys: list[bytes] = []
        if frames.cache is not None:
            self._keys = frames.keys(self.clips)
            self._fill(frames.cache)

    def _fill(self, cache: FeatureCache) -> None:
        with cache.writer() as writer:
            for position, (key, clip) in enumerate(zip(self._keys, self.clips)):
                values = self.frames.stored(key)
                if values is None:
                    values = self.frames.of(clip)
                    writer.put_many({key: values.numpy().astype("<f4").tobytes()})
                if self.frames.holds(values):
                    self._held[position] = values

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, position: int) -> tuple[int, torch.Tensor, int]:
        values = self._held.get(position)
        if values is None and self.frames.cache is not None:
            values = self.frames.stored(self._keys[position])
            if values is None:
                raise CacheError(
                    f"{self.frames.cache.path} lost the frames of {self.clips[position].name}; expected it to be left "
                    "alone during a training: run again"
                )
        return position, self.frames.of(self.clips[position]) if values is None else values, self.targets[position]


@contextmanager
def kept_in(cache: FeatureCache | None) -> Iterator[FeatureCache]:
    """Give the cache, or where there is none, one in a folder that goes with the block."""
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory(prefix="frames-", ignore_cleanup_errors=True) as folder:
        yield FeatureCache(Path(folder))
