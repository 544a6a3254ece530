"""Train a small speech encoder on what the toolkit measures in sound: contours by frame, and statistics by clip.

No label of any kind is told to the encoder: it learns to say of a waveform what `features` computes from it. Each of
the groups of features weighs the same, however many contours it has.

References
----------
Pascual et al. (2019), Learning Problem-agnostic Speech Representations from Multiple Self-supervised Tasks, Interspeech
(regression of MFCC, prosody and spectra as pretraining). Zeghidour et al. (2021), LEAF, ICLR (a filter bank as the
first weights of a convolution that is learnt).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from deep import masking
from deep.batches import Batch, ClipDataset, LengthBuckets, loader
from deep.configuration import EncoderConfig
from deep.encoder import Encoder, build_encoder
from deep.runtime import quiet, threads
from deep.tiny import narrow
from features.audio import RATE
from features.clips import Clip

N_BANDS, N_PHASES = 32, 4
FRAMES = 2
"""Frames of contours, 10 ms each, to a frame of the encoder."""


@dataclass(frozen=True)
class Recipe:
    """Everything that determines the weights, beside the sounds.

    Attributes
    ----------
    seed : int
        Of the sounds, the first weights and the order of the clips.
    n_clips : int
        Clips to speak.
    epochs : int
        Times that each is heard.
    batch_seconds : float
        Seconds of sound in a batch.
    rate : float
        Largest learning rate; it rises over `warm_up` batches and falls along a cosine.
    warm_up : int
        Batches.
    decay : float
        Weight decay of AdamW.
    statistics : float
        Weight of the loss on statistics beside 1 of that on contours.

    Examples
    --------
    >>> Recipe().identity() == Recipe(epochs=1).identity()
    False
    """

    seed: int = 7
    n_clips: int = 8000
    epochs: int = 12
    batch_seconds: float = 48.0
    rate: float = 2e-3
    warm_up: int = 100
    decay: float = 1e-2
    statistics: float = 1.5

    def identity(self) -> str:
        """Hash of the recipe and of the architecture, 16 hexadecimal digits."""
        text = json.dumps([asdict(self), dict(configuration().model)], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Targets:
    """What the encoder learns to say of each clip, standardised over all clips.

    Attributes
    ----------
    contours : sequence of ndarray of shape (n_frames, n_contours)
        By clip, 10 ms a frame; NaN where a contour has no value.
    contour_weights : ndarray of shape (n_contours,)
        Their sum is 1.
    statistics : ndarray of shape (n_clips, n_statistics)
        float32.
    statistic_weights : ndarray of shape (n_statistics,)
        Their sum is 1.
    """

    contours: Sequence[np.ndarray]
    contour_weights: np.ndarray
    statistics: np.ndarray
    statistic_weights: np.ndarray


def configuration() -> EncoderConfig:
    """Return the architecture: wav2vec 2.0 with two narrow layers, 20 ms a frame.

    Unlike that of `wav2vec2-tiny`, its front end does not standardise each filter over time, which would take the
    average spectrum, and with it much of what a voice expresses, out of the sound.
    """
    return narrow(
        hidden_size=96,
        intermediate_size=192,
        conv_dim=(N_BANDS * N_PHASES, 64),
        conv_kernel=(400, 4),
        conv_stride=(160, FRAMES),
        conv_bias=True,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        hidden_dropout=0.0,
    )


def filter_bank() -> torch.Tensor:
    """Return the first weights of the first convolution: Gabor filters on the mel scale, each in four phases.

    Returns
    -------
    torch.Tensor of shape (128, 1, 400)
        From 60 Hz to 7.9 kHz; higher bands are louder, since voices fall towards them.
    """
    size = 400
    lowest, highest = 2595.0 * np.log10(1.0 + np.array([60.0, 7900.0]) / 700.0)
    edges = np.linspace(lowest, highest, N_BANDS + 2)
    hertz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    centres, widths = hertz[1:-1], (hertz[2:] - hertz[:-2]) / 2.0
    time = (np.arange(size) - (size - 1) / 2.0) / RATE
    spread = 2.35 / (2.0 * np.pi * widths)[:, None]
    envelope = np.exp(-(time**2) / (2.0 * spread**2)) * np.hanning(size + 2)[1:-1]
    envelope *= np.sqrt(1.0 + (centres / 500.0) ** 2)[:, None] / np.linalg.norm(envelope, axis=1, keepdims=True)
    phases = 2.0 * np.pi * np.arange(N_PHASES) / N_PHASES
    filters = envelope[:, None] * np.cos(2.0 * np.pi * centres[:, None, None] * time + phases[:, None])
    return torch.from_numpy(filters.reshape(-1, 1, size).astype(np.float32))


class _Heads(torch.nn.Module):
    """Linear maps from the encoder's frames to contours, and from their mean and deviation to statistics."""

    def __init__(self, encoder: Encoder, targets: Targets) -> None:
        super().__init__()
        self.targets = targets
        self.contours = torch.nn.Linear(encoder.width, len(targets.contour_weights))
        self.statistics = torch.nn.Linear(2 * encoder.width, len(targets.statistic_weights))
        self.register_buffer("contour_weights", torch.from_numpy(targets.contour_weights).float())
        self.register_buffer("statistic_weights", torch.from_numpy(targets.statistic_weights).float())

    def losses(self, encoder: Encoder, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Weighted mean squared errors of contours and of statistics."""
        hidden, frames = encoder(batch.waveforms, batch.lengths)
        rows = batch.positions.tolist()
        told = self._by_frame(rows, hidden.shape[1])
        known = torch.isfinite(told) & masking.mask(frames, hidden.shape[1])[..., None]
        errors = (self.contours(hidden) - torch.nan_to_num(told)) ** 2 * known
        by_contour = errors.sum((0, 1)) / known.sum((0, 1)).clamp(min=1)
        pooled = torch.cat([masking.mean(hidden, frames), masking.deviation(hidden, frames)], dim=1)
        wrong = (self.statistics(pooled) - torch.from_numpy(self.targets.statistics[rows])) ** 2
        return (by_contour * self.contour_weights).sum(), (wrong * self.statistic_weights).sum(1).mean()

    def _by_frame(self, rows: Sequence[int], n_frames: int) -> torch.Tensor:
        """Contours at the encoder's frames: of two frames of 10 ms the mean of what is known."""
        told = np.full((len(rows), FRAMES * n_frames, len(self.targets.contour_weights)), np.nan, dtype=np.float32)
        for i, row in enumerate(rows):
            contours = self.targets.contours[row][1 : 1 + FRAMES * n_frames]  # the first is centred on the start
            told[i, : len(contours)] = contours
        first, second = torch.from_numpy(told).unflatten(1, (n_frames, FRAMES)).unbind(2)
        mean = torch.where(torch.isfinite(second), (first + second) / 2.0, first)
        return torch.where(torch.isfinite(first), mean, second)


def pretrain(
    clips: Sequence[Clip], targets: Targets, recipe: Recipe, *, n_jobs: int = 1, report: Callable[[str], None]
) -> Encoder:
    """Train an encoder to say contours and statistics.

    Parameters
    ----------
    clips : sequence of Clip
    targets : Targets
        Of these clips, in their order.
    recipe : Recipe
    n_jobs : int, default=1
        CPU threads; the weights are the same bytes on any number of runs with the same.
    report : callable
        Called with a line after every epoch.

    Returns
    -------
    WaveformEncoder
        In evaluation mode.
    """
    dataset = ClipDataset(clips)
    buckets = LengthBuckets(dataset.n_samples, budget=round(recipe.batch_seconds * RATE), seed=recipe.seed)
    with threads(n_jobs), quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = build_encoder(configuration(), seed=recipe.seed)
        with torch.no_grad():
            encoder.model.feature_extractor.conv_layers[0].conv.weight.copy_(filter_bank())
        heads = _Heads(encoder, targets)
        parameters = [*encoder.parameters(), *heads.parameters()]
        optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=recipe.decay)
        n_steps = 0
        for epoch in range(recipe.epochs):
            buckets.set_epoch(epoch)
            seen = []
            for index, batch in enumerate(loader(dataset, buckets, workers=0, pinned=False, step=RATE // 4)):
                n_steps += 1
                for group in optimizer.param_groups:
                    group["lr"] = _rate(recipe, n_steps, (epoch + index / len(buckets)) / recipe.epochs)
                by_frame, by_clip = heads.losses(encoder, batch)
                optimizer.zero_grad()
                (by_frame + recipe.statistics * by_clip).backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                seen.append((float(by_frame.detach()), float(by_clip.detach())))
            by_frame_mean, by_clip_mean = np.mean(seen, axis=0)
            report(f"epoch {epoch + 1} of {recipe.epochs}: contours {by_frame_mean:.3f}, statistics {by_clip_mean:.3f}")
    return encoder.eval()


def _rate(recipe: Recipe, n_steps: int, share: float) -> float:
    """The learning rate of a batch: up over the first ones, then down along half a cosine."""
    return recipe.rate * min(1.0, n_steps / recipe.warm_up) * (0.5 + 0.5 * math.cos(math.pi * share))


def write_encoder(encoder: Encoder, folder: Path, card: str) -> None:
    """Write an encoder in Hugging Face format, and its card.

    Parameters
    ----------
    encoder : WaveformEncoder
    folder : Path
        Made where it is missing.
    card : str
        Markdown of `README.md`.
    """
    with quiet():
        encoder.model.save_pretrained(folder)
    text = json.dumps(encoder.preprocessor, indent=2, sort_keys=True) + "\n"
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(card, encoding="utf-8")
