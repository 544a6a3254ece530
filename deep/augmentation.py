"""Augment training clips by SpeechBrain's own augmentations: speed, noise, dropped segments and frequencies."""

from __future__ import annotations

import torch
from speechbrain.augment.augmenter import Augmenter
from speechbrain.augment.time_domain import AddNoise, DropChunk, DropFreq, SpeedPerturb

from deep import masking
from deep.runtime import settle_lazy_modules
from features.audio import RATE

settle_lazy_modules()

SPEEDS = (95, 100, 105)
SNR_LOW, SNR_HIGH = 10.0, 30.0


class Augmentation(torch.nn.Module):
    """Speed (95, 100 or 105 %), white noise (10 to 30 dB), notches, dropped segments of 60 to 120 ms.

    Every batch gets one to four of these, in this order. What it draws comes from torch's generator.

    References
    ----------
    Ko et al. (2015), Audio augmentation for speech recognition; Park et al. (2019), SpecAugment.
    """

    def __init__(self) -> None:
        super().__init__()
        self._augmenter = Augmenter(
            min_augmentations=1,
            max_augmentations=4,
            augmentations=[
                SpeedPerturb(orig_freq=RATE, speeds=list(SPEEDS)),
                AddNoise(snr_low=SNR_LOW, snr_high=SNR_HIGH),
                DropFreq(),
                DropChunk(drop_length_low=RATE * 60 // 1000, drop_length_high=RATE * 120 // 1000, drop_count_high=5),
            ],
        )

    def forward(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return changed waveforms, shape (n_clips, n_samples), and their lengths in samples."""
        size = waveforms.shape[1]
        with torch.no_grad():
            changed, shares = self._augmenter(waveforms, lengths / size)
            changed_lengths = (shares * changed.shape[1]).round().long().clamp(1, changed.shape[1])
            inside = masking.mask(changed_lengths, changed.shape[1])
        return changed * inside, changed_lengths
