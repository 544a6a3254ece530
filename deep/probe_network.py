"""The network of the linear probe: a frozen encoder, a learnt sum of the means of its layers, a linear head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from deep import masking
from deep.configuration import EncoderConfig
from deep.encoder import Encoder, build_encoder, with_weights


class ProbeHead(torch.nn.Module):
    """What the probe learns: weights of the layers, a projection, a linear classifier.

    The mean over frames and the sum over layers are both linear, so that the sum of the layers' means is the mean of
    the summed layers: the encoder has to be run once for each clip.

    Parameters
    ----------
    n_layers : int
        Number of layers, the input of the first one included.
    width : int
        Values of a layer.
    n_classes : int
        Number of labels.
    projection : int
        Values between the two linear maps.

    References
    ----------
    Yang et al. (2021), SUPERB: Speech processing Universal PERformance Benchmark, https://arxiv.org/abs/2105.01051
    """

    centre: torch.Tensor
    scale: torch.Tensor

    def __init__(self, n_layers: int, width: int, n_classes: int, *, projection: int) -> None:
        super().__init__()
        self.layer_logits = torch.nn.Parameter(torch.zeros(n_layers))
        self.projector = torch.nn.Linear(width, projection)
        self.classifier = torch.nn.Linear(projection, n_classes)
        self.register_buffer("centre", torch.zeros(n_layers, width))
        self.register_buffer("scale", torch.ones(n_layers, width))

    def standardise_by(self, means: torch.Tensor) -> None:
        """Scale every value by its mean and deviation over training clips, shape (n_clips, n_layers, width)."""
        deviation = means.std(dim=0, correction=0)
        self.centre.copy_(means.mean(dim=0))
        self.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))

    def forward(self, means: torch.Tensor, _lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits, shape (n_clips, n_classes), of means, (n_clips, n_layers * width) or with both axes."""
        standardised = (means.reshape(len(means), *self.centre.shape) - self.centre) / self.scale
        summed = torch.einsum("l,nlw->nw", self.layer_logits.softmax(dim=0), standardised)
        return self.classifier(self.projector(summed)).float()

    def trained_parameters(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return what is trained, by the learning rate that it is trained at."""
        return {"head": list(self.parameters())}


class ProbeNetwork(torch.nn.Module):
    """A frozen speech encoder with a trained `ProbeHead`: waveforms to logits, as `EmotionNetwork`.

    Parameters
    ----------
    encoder : Encoder
        Makes frames out of waveforms.
    head : ProbeHead
        Of as many layers and values.
    """

    def __init__(self, encoder: Encoder, head: ProbeHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits: float32 tensor of shape (n_clips, n_classes)."""
        hidden, frames = self.encoder.every_layer(waveforms, lengths)
        return self.head(masking.mean(hidden.float(), frames).transpose(0, 1))

    def settings(self) -> dict[str, Any]:
        """Return what a saved model says of the network beside its encoder and its labels."""
        return {"projection": self.head.projector.out_features}


def restored_probe(
    config: EncoderConfig, n_classes: int, projection: int, tensors: Mapping[str, torch.Tensor]
) -> ProbeNetwork:
    """Return a probe with given weights, on the CPU; parameters and errors as of `deep.network.restored`."""
    head = ProbeHead(config.n_layers + 1, config.width, n_classes, projection=projection)
    return with_weights(ProbeNetwork(build_encoder(config, seed=0), head), tensors)
