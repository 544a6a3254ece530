"""Attentive statistics pooling: a mean and a deviation over frames whose weights are learnt."""

from __future__ import annotations

from typing import Any

import torch

from deep import masking

LEAST_VARIANCE = 1e-6
"""Below which the root's slope would be of no use."""


class AttentiveHead(torch.nn.Module):
    """What `attentive` learns: weights of layers and of frames, a projection, a linear classifier.

    The layers, each value scaled, are summed with weights that are positive and sum to 1, and projected. Every frame's
    weight comes from its projected values by a small network; the weights of a clip's own frames are positive and sum
    to 1. The classifier reads the weighted mean and the weighted standard deviation.

    Parameters
    ----------
    n_layers : int
        Number of layers, the input of the first one included.
    width : int
        Values of a layer.
    n_classes : int
        Number of labels.
    projection : int
        Values of a frame that are pooled.
    attention : int
        Values between the two linear maps that give a frame's weight.

    References
    ----------
    Okabe, Koshinaka and Shinoda (2018), Attentive Statistics Pooling for Deep Speaker Embedding,
    https://arxiv.org/abs/1803.10963, equations 4 to 6
    """

    centre: torch.Tensor
    scale: torch.Tensor

    def __init__(self, n_layers: int, width: int, n_classes: int, *, projection: int, attention: int) -> None:
        super().__init__()
        self.layer_logits = torch.nn.Parameter(torch.zeros(n_layers))
        self.projector = torch.nn.Linear(width, projection)
        self.attend = torch.nn.Linear(projection, attention)
        self.weigh = torch.nn.Linear(attention, 1, bias=False)
        self.classifier = torch.nn.Linear(2 * projection, n_classes)
        self.register_buffer("centre", torch.zeros(n_layers, width))
        self.register_buffer("scale", torch.ones(n_layers, width))

    def standardise_by(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        """Scale every value by its mean and deviation over the frames of training clips, each (n_layers, width)."""
        self.centre.copy_(mean)
        self.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))

    def forward(self, hidden: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (n_clips, n_classes), of all layers' frames, (n_clips, n_frames, n_layers, width)."""
        factors = self.layer_logits.softmax(dim=0)[:, None] / self.scale
        summed = (hidden * factors).sum(dim=2) - (self.centre * factors).sum(dim=0)
        projected = self.projector(summed)
        inside = masking.mask(frames, projected.shape[1])
        projected = torch.where(inside[:, :, None], projected, projected.new_zeros(()))
        importance = self.weigh(torch.tanh(self.attend(projected))).squeeze(-1)
        weights = importance.masked_fill(~inside, -torch.inf).softmax(dim=1)[:, :, None]
        mean = (weights * projected).sum(dim=1)
        variance = (weights * (projected - mean[:, None]).square()).sum(dim=1)
        return self.classifier(torch.cat([mean, variance.clamp(min=LEAST_VARIANCE).sqrt()], dim=1)).float()

    def of_layers(self, hidden: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Return logits of what `every_layer` of an encoder gives, (n_layers, n_clips, n_frames, width)."""
        return self(hidden.permute(1, 2, 0, 3), frames)

    def trained_parameters(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return what is trained, by the learning rate that it is trained at."""
        return {"head": list(self.parameters())}

    def settings(self) -> dict[str, Any]:
        """Return what a saved model says of it."""
        return {"projection": self.projector.out_features, "attention": self.attend.out_features}
