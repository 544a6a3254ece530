"""The network of a probe: a frozen encoder, and a trained head that reads all its layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from deep import masking
from deep.attentive_head import AttentiveHead
from deep.configuration import EncoderConfig
from deep.encoder import Encoder, build_encoder, configuration_of, with_weights


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

    def of_layers(self, hidden: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Return logits of what `every_layer` of an encoder gives, (n_layers, n_clips, n_frames, width)."""
        return self(masking.mean(hidden, frames).transpose(0, 1))

    def trained_parameters(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return what is trained, by the learning rate that it is trained at."""
        return {"head": list(self.parameters())}

    def settings(self) -> dict[str, Any]:
        """Return what a saved model says of it."""
        return {"projection": self.projector.out_features}


class ProbeNetwork(torch.nn.Module):
    """A frozen speech encoder with a trained head: waveforms to logits, as `EmotionNetwork`.

    Parameters
    ----------
    encoder : Encoder
        Makes frames out of waveforms.
    head : ProbeHead or AttentiveHead
        Of as many layers and values.
    """

    def __init__(self, encoder: Encoder, head: ProbeHead | AttentiveHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits: float32 tensor of shape (n_clips, n_classes)."""
        hidden, frames = self.encoder.every_layer(waveforms, lengths)
        return self.head.of_layers(hidden.float(), frames)

    def settings(self) -> dict[str, Any]:
        """Return what a saved model says of the network beside its encoder and its labels."""
        return self.head.settings()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as shape and tensors, as `EmotionNetwork` does."""
        tensors = {name: tensor.cpu() for name, tensor in self.state_dict().items()}
        restore = partial(restored_probe, **self.settings())
        return restore, (configuration_of(self.encoder), self.head.classifier.out_features, tensors)


def restored_probe(
    config: EncoderConfig,
    n_classes: int,
    tensors: Mapping[str, torch.Tensor],
    *,
    projection: int,
    attention: int | None = None,
) -> ProbeNetwork:
    """Return a probe with given weights, on the CPU.

    Parameters
    ----------
    config, n_classes, tensors
        As of `deep.network.restored`, which raises what this raises.
    projection : int
        As of its head.
    attention : int, optional
        As of an `AttentiveHead`; None for a `ProbeHead`.
    """
    sizes = config.n_layers + 1, config.width, n_classes
    head: ProbeHead | AttentiveHead = (
        ProbeHead(*sizes, projection=projection)
        if attention is None
        else AttentiveHead(*sizes, projection=projection, attention=attention)
    )
    return with_weights(ProbeNetwork(build_encoder(config, seed=0), head), tensors)
