"""Batches of clips of like length, under a budget of samples, decoded by worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from features.audio import RATE
from features.clips import Clip
from features.errors import ModelError
from features.utterances import duration

CACHED_SAMPLES = 2**27
SECONDS_PER_BATCH = {"cpu": 16.0, "cuda": 320.0}
WORKERS = {"cpu": 0, "cuda": 4}
LEAST_SHARE = {"cpu": 0.95, "cuda": 0.5}
"""Smallest share of a batch's longest clip: on a CPU padding costs what sound costs, a GPU gains from full batches."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Batch:
    """Some clips, padded with zeros to the longest of them.

    Attributes
    ----------
    positions : integer torch.Tensor of shape (n_clips,)
        Index of each clip in the data set.
    waveforms : float32 torch.Tensor of shape (n_clips, n_samples)
        16 kHz.
    lengths : integer torch.Tensor of shape (n_clips,)
        Samples of each clip.
    targets : integer torch.Tensor of shape (n_clips,)
        Index of the label among the classes; 0 where labels are unknown.
    """

    positions: torch.Tensor
    waveforms: torch.Tensor
    lengths: torch.Tensor
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.positions)

    def to(self, device: torch.device | str) -> Batch:
        """Copy to a device, without waiting where the memory is pinned."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self._tensors()))

    def pin_memory(self) -> Batch:
        """Copy to pinned memory (called by `DataLoader`)."""
        return Batch(*(tensor.pin_memory() for tensor in self._tensors()))

    def halves(self) -> tuple[Batch, Batch]:
        """Cut into two batches of half as many clips, each padded no further than it needs."""
        middle = (len(self) + 1) // 2
        return self._part(slice(0, middle)), self._part(slice(middle, None))

    def _part(self, rows: slice) -> Batch:
        lengths = self.lengths[rows]
        waveforms = self.waveforms[rows, : int(lengths.max())]
        return Batch(self.positions[rows], waveforms, lengths, self.targets[rows])

    def _tensors(self) -> tuple[torch.Tensor, ...]:
        return self.positions, self.waveforms, self.lengths, self.targets


class ClipDataset(Dataset):
    """Clips that are decoded on access, and cached in memory where all of them fit.

    Parameters
    ----------
    clips : sequence of Clip
        What to decode.
    targets : sequence of int, optional
        Index of each clip's label among the classes.
    keep : bool
        Keep decoded waveforms for the next epoch, if all clips together stay under 2**27 samples (512 MiB).
    """

    decodes = True

    def __init__(self, clips: Sequence[Clip], targets: Sequence[int] | None = None, *, keep: bool = False) -> None:
        self.clips = list(clips)
        self.targets = [0] * len(self.clips) if targets is None else [int(target) for target in targets]
        self.n_samples = np.array([expected_samples(clip) for clip in self.clips], dtype=np.int64)
        self._caches = keep and int(self.n_samples.sum()) <= CACHED_SAMPLES
        self._cache: dict[int, torch.Tensor] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, position: int) -> tuple[int, torch.Tensor, int]:
        waveform = self._cache.get(position)
        if waveform is None:
            waveform = torch.from_numpy(self.clips[position].recorded())
            if self._caches:
                self._cache[position] = waveform
        return position, waveform, self.targets[position]


class LayerMeans(Dataset):
    """The means of an encoder's layers, computed before, in place of the clips' sound.

    Parameters
    ----------
    values : float32 ndarray of shape (n_clips, n_values)
        One row a clip.
    targets : sequence of int
        Index of each clip's label among the classes.
    """

    decodes = False

    def __init__(self, values: np.ndarray, targets: Sequence[int]) -> None:
        self.values = torch.from_numpy(np.array(values, dtype=np.float32))
        self.targets = [int(target) for target in targets]
        self.n_samples = np.full(len(self.values), self.values.shape[1], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, position: int) -> tuple[int, torch.Tensor, int]:
        return position, self.values[position], self.targets[position]


class SizedClips(Protocol):
    """What is trained on: each clip's waveform, or what was computed of it.

    Attributes
    ----------
    n_samples : integer ndarray of shape (n_clips,)
        By which clips are put into batches.
    decodes : bool
        Whether sound is decoded on access, which is worth processes of its own beside a GPU.
    """

    n_samples: np.ndarray
    decodes: bool

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> tuple[int, torch.Tensor, int]: ...


class LengthBuckets(Sampler):
    """Batches of clips of like length, each at most `budget` samples with its padding.

    A clip that is longer than the budget makes a batch by itself. With a seed, ties and neighbours are shuffled and
    the batches come in a random order, another one in every epoch and the same one whenever that epoch is repeated;
    without, they come in order of length, the longest first, so that memory that is too small is noticed at once.

    Parameters
    ----------
    n_samples : integer ndarray of shape (n_clips,)
        Samples of each clip.
    budget : int
        Samples in a batch, padding included.
    seed : int, optional
        Of the order.
    least_share : float
        A clip shorter than this share of a batch's longest goes into another batch, 0 to 1.
    """

    def __init__(
        self, n_samples: np.ndarray, *, budget: int, seed: int | None = None, least_share: float = 0.0
    ) -> None:
        self._n_samples = np.asarray(n_samples)
        self._budget = budget
        self._seed = seed
        self._least_share = least_share
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration has (called by `speechbrain.Brain`)."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._batches())

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches())

    def _batches(self) -> list[list[int]]:
        if self._seed is None:
            order = np.argsort(-self._n_samples, kind="stable")
            return cut_by_length(self._n_samples, order, self._budget, self._least_share)
        rng = np.random.default_rng((self._seed, self._epoch))
        about = self._n_samples * rng.uniform(0.9, 1.1, len(self._n_samples))
        batches = cut_by_length(self._n_samples, np.argsort(-about, kind="stable"), self._budget, self._least_share)
        return [batches[index] for index in rng.permutation(len(batches))]


def cut_by_length(n_samples: np.ndarray, order: np.ndarray, budget: int, least_share: float = 0.0) -> list[list[int]]:
    """Cut clips, taken in the given order, into batches whose padded size stays within the budget."""
    batches: list[list[int]] = []
    longest = 0
    for position in order.tolist():
        size = int(n_samples[position])
        longest = max(longest, size)
        if batches and longest * (len(batches[-1]) + 1) <= budget and size >= least_share * longest:
            batches[-1].append(position)
        else:
            batches.append([position])
            longest = size
    return batches


def collate(items: Sequence[tuple[int, torch.Tensor, int]], *, step: int = 1) -> Batch:
    """Pad decoded clips to the longest of them, and that to a multiple of `step` samples."""
    positions, waveforms, targets = zip(*items, strict=True)
    padded = torch.nn.utils.rnn.pad_sequence(list(waveforms), batch_first=True)
    return Batch(
        positions=torch.tensor(positions),
        waveforms=torch.nn.functional.pad(padded, (0, -padded.shape[1] % step)),
        lengths=torch.tensor([len(waveform) for waveform in waveforms]),
        targets=torch.tensor(targets),
    )


def rounded_up(n_samples: np.ndarray, step: int) -> np.ndarray:
    """Return each length as the next multiple of `step` samples."""
    return -(-np.asarray(n_samples) // step) * step


def loader(dataset: SizedClips, buckets: LengthBuckets, *, workers: int, pinned: bool, step: int = 1) -> DataLoader:
    """Return a loader of batches, as wide as a multiple of `step` samples.

    It decodes in `workers` processes (0: in this one), into pinned memory if wanted.
    """
    clips: Any = dataset
    return DataLoader(
        clips,
        batch_sampler=buckets,
        collate_fn=partial(collate, step=step),
        num_workers=workers,
        pin_memory=pinned,
        persistent_workers=workers > 0,
        generator=torch.Generator(),  # separate, so that the global state of random numbers is untouched
    )


def inference_loader(
    dataset: ClipDataset, device: torch.device, *, batch_seconds: float | None = None, step: int = 1
) -> DataLoader:
    """Return a loader of all clips, the longest first, in batches that suit the device.

    Parameters
    ----------
    dataset : ClipDataset
        Clips to compute on.
    device : torch.device
        Where.
    batch_seconds : float, default=None
        Seconds of sound in a batch, padding included; None for 16 on a CPU and 320 on a GPU.
    step : int, default=1
        Pad every batch to a multiple of this many samples.
    """
    kind = device.type
    seconds = SECONDS_PER_BATCH[kind] if batch_seconds is None else batch_seconds
    widths = rounded_up(dataset.n_samples, step)
    buckets = LengthBuckets(widths, budget=round(seconds * RATE), least_share=LEAST_SHARE[kind])
    workers = WORKERS[kind] if len(buckets) > WORKERS[kind] else 0
    return loader(dataset, buckets, workers=workers, pinned=kind == "cuda", step=step)


def expected_samples(clip: Clip) -> int:
    """Return how many samples a clip has at 16 kHz, read from its header, to within one.

    Raises
    ------
    AudioError
        If the file is not there or not audio.
    """
    if clip.path is None:
        return 0 if clip.waveform is None else round(clip.waveform.shape[-1] * RATE / clip.rate)
    seconds = duration(clip.path)
    start = clip.start or 0.0
    end = seconds if clip.end is None else min(clip.end, seconds)
    return max(round((end - start) * RATE), 1)


def retry_on_oom(batch: Batch, work: Callable[[Sequence[Batch]], Result]) -> Result:
    """Do some work on a batch; after an out-of-memory error, retry it in smaller pieces.

    Parameters
    ----------
    batch : Batch
        Handed on whole at first, then in halves, quarters, ...
    work : callable
        `(pieces) -> result`; called afresh after it ran out of memory, so it must undo what an earlier call left.

    Returns
    -------
    object
        Result of `work`.

    Raises
    ------
    ModelError
        If a single clip does not fit into the device's memory.
    """
    pieces = [batch]
    while True:
        try:
            return work(pieces)
        except torch.OutOfMemoryError as error:
            if max(len(piece) for piece in pieces) == 1:
                seconds = batch.waveforms.shape[1] / RATE
                message = f"a clip of {seconds:.1f} s does not fit into the device's memory: cut it, or use device=cpu"
                raise ModelError(message) from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        pieces = [half for piece in pieces for half in (piece.halves() if len(piece) > 1 else (piece,))]
