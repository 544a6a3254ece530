"""Batches of clips of like length, under a budget of samples, decoded by worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from features.audio import RATE
from features.clips import Clip
from features.utterances import duration

KEPT_SAMPLES = 2**27


@dataclass(frozen=True)
class Batch:
    """Some clips, padded with zeros to the longest of them.

    Attributes
    ----------
    positions : torch.Tensor
        Integer, shape (n_clips,): where each clip stands in the data set.
    waveforms : torch.Tensor
        float32, shape (n_clips, n_samples), 16 kHz.
    lengths : torch.Tensor
        Integer, shape (n_clips,): samples of each clip.
    targets : torch.Tensor
        Integer, shape (n_clips,): the label's position among the classes; 0 where labels are unknown.
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
    """Clips that are decoded when they are asked for, and kept in memory where all of them fit.

    Parameters
    ----------
    clips : sequence of Clip
        What to decode.
    targets : sequence of int, optional
        The label's position among the classes, one a clip.
    keep : bool
        Keep decoded waveforms for the next epoch, if all clips together stay under 2**27 samples (512 MiB).
    """

    def __init__(self, clips: Sequence[Clip], targets: Sequence[int] | None = None, *, keep: bool = False) -> None:
        self.clips = list(clips)
        self.targets = [0] * len(self.clips) if targets is None else [int(target) for target in targets]
        self.n_samples = np.array([expected_samples(clip) for clip in self.clips], dtype=np.int64)
        self._keeps = keep and int(self.n_samples.sum()) <= KEPT_SAMPLES
        self._kept: dict[int, torch.Tensor] = {}

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, position: int) -> tuple[int, torch.Tensor, int]:
        waveform = self._kept.get(position)
        if waveform is None:
            waveform = torch.from_numpy(self.clips[position].samples())
            if self._keeps:
                self._kept[position] = waveform
        return position, waveform, self.targets[position]


class LengthBuckets(Sampler):
    """Batches of clips of like length, each at most `budget` samples with its padding.

    A clip that is longer than the budget makes a batch of its own. With a seed, ties and neighbours are shuffled and
    the batches come in a random order, another one in every epoch and the same one whenever that epoch is repeated;
    without, they come in order of length, the longest first, so that memory that is too small is noticed at once.

    Parameters
    ----------
    n_samples : np.ndarray
        Integer, shape (n_clips,): samples of each clip.
    budget : int
        Samples in a batch, padding included.
    seed : int, optional
        Of the order.
    least_share : float
        A clip shorter than this part of a batch's longest goes into another batch, 0 to 1. On a CPU padding costs what
        sound costs, and a batch of two is hardly faster than two batches.
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


def loader(dataset: ClipDataset, buckets: LengthBuckets, *, workers: int, pinned: bool, step: int = 1) -> DataLoader:
    """Return a loader of batches, as wide as a multiple of `step` samples.

    It decodes in `workers` processes (0: in this one), into pinned memory if wanted.
    """
    return DataLoader(
        dataset,
        batch_sampler=buckets,
        collate_fn=partial(collate, step=step),
        num_workers=workers,
        pin_memory=pinned,
        persistent_workers=workers > 0,
        generator=torch.Generator(),  # its own, or it draws from the one that everybody shares
    )


def expected_samples(clip: Clip) -> int:
    """Return how many samples a clip has at 16 kHz, read from its header, to within one.

    Raises
    ------
    AudioError
        When the file is not there or not audio.
    """
    if clip.path is None:
        return 0 if clip.waveform is None else round(clip.waveform.shape[-1] * RATE / clip.rate)
    seconds = duration(clip.path)
    start = clip.start or 0.0
    end = seconds if clip.end is None else min(clip.end, seconds)
    return max(round((end - start) * RATE), 1)
