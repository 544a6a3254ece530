"""The network of every deep pipeline: encoder, mean over the clip's own frames, linear head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from deep import masking
from deep.configuration import EncoderConfig
from deep.encoder import Encoder, build_encoder, configuration_of, with_weights


class EmotionNetwork(torch.nn.Module):
    """A speech encoder with a linear classifier on the mean of its last layer.

    Parameters
    ----------
    encoder : Encoder
        Makes frames out of waveforms.
    n_classes : int
        Number of labels.
    output_norm : bool
        Normalise each clip's frames and values together to mean 0 and deviation 1 before the mean is taken, as
        SpeechBrain's recipe does; over the clip's own frames.

    References
    ----------
    Wang, Boumadane and Heba (2021), A Fine-tuned Wav2vec 2.0/HuBERT Benchmark, https://arxiv.org/abs/2111.02735
    """

    def __init__(self, encoder: Encoder, n_classes: int, *, output_norm: bool = True) -> None:
        super().__init__()
        self.encoder = encoder
        self.output_norm = output_norm
        self.head = torch.nn.Linear(encoder.width, n_classes, bias=False)

    def embed(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return one vector per clip: float32 tensor of shape (n_clips, width)."""
        return self.pool(*self.encoder(waveforms, lengths))

    def pool(self, hidden: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Return one vector per clip, float32 (n_clips, width), of the last layer, (n_clips, n_frames, width)."""
        hidden = hidden.float()
        if self.output_norm:
            hidden = masking.over_each(lambda x: torch.nn.functional.layer_norm(x, x.shape[1:]), hidden, frames, dim=-2)
        return masking.mean(hidden, frames)

    def forward(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits: float32 tensor of shape (n_clips, n_classes).

        Parameters
        ----------
        waveforms : torch.Tensor of shape (n_clips, n_samples)
            16 kHz, zero behind each clip's end.
        lengths : integer torch.Tensor of shape (n_clips,)
            Samples of each clip.
        """
        return self.head(self.embed(waveforms, lengths)).float()

    def trained_parameters(self) -> dict[str, list[torch.nn.Parameter]]:
        """Return what is trained, by the learning rate that it is trained at."""
        return {
            "encoder": [parameter for parameter in self.encoder.parameters() if parameter.requires_grad],
            "head": list(self.head.parameters()),
        }

    def settings(self) -> dict[str, Any]:
        """Return what a saved model says of the network beside its encoder and its labels."""
        return {"output_norm": self.output_norm}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as shape and tensors: torch refuses to pickle the weight norm of the positional convolution."""
        tensors = {name: tensor.cpu() for name, tensor in self.state_dict().items()}
        return restored, (configuration_of(self.encoder), self.head.out_features, self.output_norm, tensors)


def restored(
    config: EncoderConfig, n_classes: int, output_norm: bool, tensors: Mapping[str, torch.Tensor]
) -> EmotionNetwork:
    """Return a network with given weights, on the CPU.

    Parameters
    ----------
    config : EncoderConfig
        Architecture of its encoder.
    n_classes : int
        Number of labels.
    output_norm : bool
        As in `EmotionNetwork`.
    tensors : mapping of str to torch.Tensor
        Its state.

    Returns
    -------
    EmotionNetwork
        In evaluation mode.

    Raises
    ------
    ModelError
        If the tensors do not fit the architecture.
    """
    return with_weights(EmotionNetwork(build_encoder(config, seed=0), n_classes, output_norm=output_norm), tensors)
