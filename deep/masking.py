"""Arithmetic over the valid part of every clip in a padded batch."""

from __future__ import annotations

from collections.abc import Callable

import torch


def mask(lengths: torch.Tensor, size: int) -> torch.Tensor:
    """Return a boolean mask (n_clips, size), true where a position lies inside the clip."""
    return torch.arange(size, device=lengths.device)[None, :] < lengths[:, None]


def over_each(
    function: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor, lengths: torch.Tensor, *, dim: int
) -> torch.Tensor:
    """Apply a function to the valid part of each clip alone, and pad the results with zeros again.

    Parameters
    ----------
    function : callable
        Maps a batch of one clip, shape (1, ...), to the same shape.
    batch : torch.Tensor of shape (n_clips, ...)
        Padded with zeros.
    lengths : integer torch.Tensor of shape (n_clips,)
        Valid size of each clip along `dim`.
    dim : int
        The axis that is padded, counted from the last (-1 is the last one).
    """
    size = batch.shape[dim]
    parts = []
    for index, length in enumerate(lengths.tolist()):
        result = function(batch[index : index + 1].narrow(dim, 0, length))
        parts.append(torch.nn.functional.pad(result, [0, 0] * (-dim - 1) + [0, size - length]))
    return torch.cat(parts)


def mean(hidden: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Return the mean over valid frames: (..., n_clips, n_frames, width) to (..., n_clips, width)."""
    inside = mask(frames, hidden.shape[-2]).unsqueeze(-1)
    return torch.where(inside, hidden, hidden.new_zeros(())).sum(-2) / frames[:, None]


def deviation(hidden: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Return the (biased) standard deviation over valid frames, shaped like `mean`."""
    centred = hidden - mean(hidden, frames).unsqueeze(-2)
    return mean(centred * centred, frames).clamp(min=0).sqrt()


def mean_and_deviation(hidden: torch.Tensor, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `mean` and `deviation` of finite values, faster than one after the other where nothing is learnt.

    Weights of 0 leave out what lies behind a clip's end, so that each sum is a product of matrices.
    """
    inside = mask(frames, hidden.shape[-2]).to(hidden.dtype)
    weights = (inside / frames[:, None]).unsqueeze(-2)
    average = weights @ hidden
    centred = hidden - average
    return average.squeeze(-2), (weights @ centred.square_()).squeeze(-2).sqrt()
