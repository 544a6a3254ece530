"""wav2vec 2.0, HuBERT and WavLM: a forward pass in which clips of a batch do not touch each other."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import layer_norm

from deep import masking as validframes
from deep.layers import EveryLayer
from features.errors import ModelError


class WaveformEncoder(torch.nn.Module):
    """An encoder of raw 16 kHz waveforms behind one of SpeechBrain's classes.

    SpeechBrain's own forward pass normalises the waveform, the first convolution and the output over padded rows, so
    that a clip's answer depends on its batch. Here each of these is computed over the clip's own samples and frames.

    Parameters
    ----------
    lobe : speechbrain.integrations.huggingface.wav2vec2.Wav2Vec2 or a subclass of it
        Holds the transformers model (`lobe.model`) and whether it wants normalised waveforms (`lobe.normalize_wav`).

    References
    ----------
    Baevski et al. (2020), wav2vec 2.0, https://arxiv.org/abs/2006.11477
    """

    lobe: Any

    def __init__(self, lobe: torch.nn.Module) -> None:
        super().__init__()
        model: Any = lobe.model
        if getattr(model, "adapter", None) is not None:
            raise ModelError("an encoder with an adapter (add_adapter=true) is not supported: use one without")
        if getattr(model.config, "conv_pos_batch_norm", False):
            raise ModelError("an encoder with conv_pos_batch_norm=true is not supported: use one with weight norm")
        self.lobe = lobe
        self.normalises_waveforms = bool(lobe.normalize_wav)
        self.receptive_field, self.hop = _geometry(model.config)

    @property
    def width(self) -> int:
        """Number of values in a frame."""
        return int(self._model.config.hidden_size)

    @property
    def n_layers(self) -> int:
        """Number of transformer layers."""
        return int(self._model.config.num_hidden_layers)

    @property
    def _model(self) -> Any:
        return self.lobe.model

    def freeze_front_end(self) -> None:
        """Keep the convolutional front end as it is during training."""
        for parameter in self._model.feature_extractor.parameters():
            parameter.requires_grad = False

    def forward(
        self, waveforms: torch.Tensor, lengths: torch.Tensor, *, every_layer: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a padded batch.

        Parameters
        ----------
        waveforms : torch.Tensor
            Shape (n_clips, n_samples), 16 kHz, zero behind each clip's end.
        lengths : torch.Tensor
            Integer, shape (n_clips,): samples of each clip.
        every_layer : bool
            Return the input of the first layer and the output of every layer, not only the last.

        Returns
        -------
        hidden : torch.Tensor
            Shape (n_clips, n_frames, width), or (n_layers + 1, n_clips, n_frames, width).
        frames : torch.Tensor
            Integer, shape (n_clips,): valid frames of each clip; what lies behind them has no meaning.
        """
        if self.normalises_waveforms:
            waveforms = validframes.over_each(lambda x: layer_norm(x, x.shape[1:]), waveforms, lengths, dim=-1)
        waveforms, lengths = self._at_least_one_frame(waveforms, lengths)
        front_end_learns = any(p.requires_grad for p in self._model.feature_extractor.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and front_end_learns):
            local, frames = self._convolve(waveforms, lengths)
        projected = self._model.feature_projection(local.transpose(1, 2))
        hidden = projected[0] if isinstance(projected, tuple) else projected
        inside = validframes.mask(frames, hidden.shape[1])
        attention_mask = None if bool(inside.all()) else inside
        with EveryLayer(self._model.encoder.layers, wanted=every_layer) as layers:
            last = self._model.encoder(hidden, attention_mask=attention_mask).last_hidden_state
        return layers.stacked(last), frames

    def _at_least_one_frame(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        missing = self.receptive_field - waveforms.shape[1]
        if missing > 0:
            waveforms = torch.nn.functional.pad(waveforms, (0, missing))
        return waveforms, lengths.clamp(min=self.receptive_field)

    def _convolve(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = waveforms[:, None]
        for layer in self._model.feature_extractor.conv_layers:
            conv = layer.conv
            lengths = torch.div(lengths - conv.kernel_size[0], conv.stride[0], rounding_mode="floor") + 1
            norm = getattr(layer, "layer_norm", None)
            if isinstance(norm, torch.nn.GroupNorm):
                hidden = layer.activation(validframes.over_each(norm, conv(hidden), lengths, dim=-1))
            else:
                hidden = layer(hidden)
        return hidden, lengths


def _geometry(config: Any) -> tuple[int, int]:
    """Return the samples that one frame sees, and the samples from one frame to the next."""
    field, hop = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        field += (kernel - 1) * hop
        hop *= stride
    return field, hop
