"""The upper layers of an encoder and the head, trained from the frames that the frozen lower layers make."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from deep.network import EmotionNetwork


class UpperLayers(torch.nn.Module):
    """Part of a network that is trained, from the input of a layer to logits.

    It holds what is trained, so that its checkpoints hold no more, and changes it in the network itself. The layers
    below stay as they are, in evaluation mode.

    Parameters
    ----------
    network : EmotionNetwork
        Whose parameters are all frozen but those that are to be trained.
    layer : int
        From 0, the first layer.
    trained : iterable of torch.nn.Module
        What of the encoder is trained.
    """

    def __init__(self, network: EmotionNetwork, layer: int, trained: Iterable[torch.nn.Module]) -> None:
        super().__init__()
        self.trained = torch.nn.ModuleList(trained)
        self.head = network.head
        self.layer = layer
        self._whole = (network,)  # a tuple, so that torch takes it for no part of this

    @property
    def network(self) -> EmotionNetwork:
        """The whole network, from sound to logits."""
        return self._whole[0]

    def train(self, mode: bool = True) -> UpperLayers:
        """Set the mode of the layers that are passed through, trained or not: of their dropout."""
        super().train(mode)
        for module in self.network.encoder.tuned_from(self.layer):
            module.train(mode)
        return self

    def forward(self, hidden: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (n_clips, n_classes), of the input of the layer, (n_clips, n_frames, width)."""
        last = self.network.encoder.from_layer(hidden, frames, self.layer)
        return self.head(self.network.pool(last, frames)).float()

    def trained_parameters(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return what is trained, by the learning rate that it is trained at."""
        return {
            "encoder": [parameter for parameter in self.trained.parameters() if parameter.requires_grad],
            "head": list(self.head.parameters()),
        }
