"""wav2vec 2.0, HuBERT and WavLM: a forward pass in which clips of a batch do not affect each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn.functional import layer_norm

from deep import masking
from deep.hidden_states import HiddenStates
from features.errors import ModelError


class WaveformEncoder(torch.nn.Module):
    """An encoder of raw 16 kHz waveforms: wav2vec 2.0, HuBERT or WavLM.

    The forward pass of `transformers` normalises the waveform and the first convolution over padded rows, so that the
    result of a clip depends on its batch. Here both are computed over the clip's own samples and frames.

    Parameters
    ----------
    model : torch.nn.Module
        Wav2Vec2Model, HubertModel or WavLMModel of `transformers`.
    preprocessor : mapping
        Content of `preprocessor_config.json`; says whether waveforms are normalised.

    Raises
    ------
    ModelError
        If the model has an adapter, or batch norm in its positional convolution.

    References
    ----------
    Baevski et al. (2020), wav2vec 2.0, https://arxiv.org/abs/2006.11477
    """

    model: Any

    def __init__(self, model: torch.nn.Module, preprocessor: Mapping[str, Any]) -> None:
        super().__init__()
        config: Any = model.config
        if getattr(model, "adapter", None) is not None:
            raise ModelError("an encoder with an adapter (add_adapter=true) is not supported: use one without")
        if getattr(config, "conv_pos_batch_norm", False):
            raise ModelError("an encoder with conv_pos_batch_norm=true is not supported: use one with weight norm")
        self.model = model
        self.preprocessor = dict(preprocessor)
        self.normalises_waveforms = bool(preprocessor.get("do_normalize", True))
        self.receptive_field = _receptive_field(config)

    @property
    def width(self) -> int:
        """Number of values in a frame."""
        return int(self.model.config.hidden_size)

    def freeze_front_end(self) -> None:
        """Keep the convolutional front end as it is during training."""
        for parameter in self.model.feature_extractor.parameters():
            parameter.requires_grad = False

    def forward(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a padded batch.

        Parameters
        ----------
        waveforms : torch.Tensor of shape (n_clips, n_samples)
            16 kHz, zero behind each clip's end.
        lengths : integer torch.Tensor of shape (n_clips,)
            Samples of each clip.

        Returns
        -------
        hidden : torch.Tensor of shape (n_clips, n_frames, width)
            Output of the last layer.
        frames : integer torch.Tensor of shape (n_clips,)
            Valid frames of each clip; what lies behind them has no meaning.
        """
        hidden, attention_mask, frames = self._front_end(waveforms, lengths)
        return self._transform(hidden, attention_mask), frames

    def every_layer(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a padded batch and keep every layer.

        Parameters
        ----------
        waveforms, lengths : torch.Tensor
            As in `forward`.

        Returns
        -------
        hidden : torch.Tensor of shape (n_layers + 1, n_clips, n_frames, width)
            Input of the first layer and output of every layer.
        frames : integer torch.Tensor of shape (n_clips,)
            Valid frames of each clip.
        """
        hidden, attention_mask, frames = self._front_end(waveforms, lengths)
        with HiddenStates(self.model.encoder.layers) as states:
            last = self._transform(hidden, attention_mask)
        return states.stacked(last), frames

    def before_layer(
        self, waveforms: torch.Tensor, lengths: torch.Tensor, layer: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a padded batch up to the input of a transformer layer, which later layers have no part in.

        Parameters
        ----------
        waveforms, lengths : torch.Tensor
            As in `forward`.
        layer : int
            From 0, the first layer.

        Returns
        -------
        hidden : torch.Tensor of shape (n_clips, n_frames, width)
        frames : integer torch.Tensor of shape (n_clips,)
            Valid frames of each clip.
        """
        hidden, inside, frames = self._front_end(waveforms, lengths)
        encoder = self.model.encoder
        if inside is not None:
            hidden = hidden.masked_fill(~inside[:, :, None], 0.0)
        hidden = hidden + encoder.pos_conv_embed(hidden)
        hidden = encoder.dropout(hidden if self._norm_comes_last else encoder.layer_norm(hidden))
        return self._layers(hidden, frames, 0, layer), frames

    def from_layer(self, hidden: torch.Tensor, frames: torch.Tensor, layer: int) -> torch.Tensor:
        """Go on from the input of a transformer layer to the output of the last; no layer is dropped in training.

        Parameters
        ----------
        hidden, frames, layer
            As of `before_layer`.

        Returns
        -------
        torch.Tensor of shape (n_clips, n_frames, width)
            As of `forward`.
        """
        hidden = self._layers(hidden, frames, layer, len(self.model.encoder.layers))
        return self.model.encoder.layer_norm(hidden) if self._norm_comes_last else hidden

    @property
    def layers(self) -> Any:
        """The layers of the transformer."""
        return self.model.encoder.layers

    def tuned_from(self, layer: int) -> list[torch.nn.Module]:
        """Return what `from_layer` has of its own: the layers from this one on, and the norm behind the last."""
        return [*self.layers[layer:], *([self.model.encoder.layer_norm] if self._norm_comes_last else [])]

    @property
    def _norm_comes_last(self) -> bool:
        return bool(getattr(self.model.config, "do_stable_layer_norm", False))

    def _layers(self, hidden: torch.Tensor, frames: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """Apply the layers from `start` to before `stop`."""
        from transformers.masking_utils import create_bidirectional_mask

        config = self.model.config
        inside = masking.mask(frames, hidden.shape[1])
        mask: Any = None if bool(inside.all()) else inside
        more: dict[str, Any] = {}
        if config.model_type == "wavlm":  # its first layer holds the bias by distance of all layers
            bias = self.layers[0].attention.compute_bias(hidden.shape[1], hidden.shape[1])
            more["position_bias"] = bias.repeat(len(hidden), 1, 1)
        elif mask is not None:
            mask = create_bidirectional_mask(config=config, inputs_embeds=hidden, attention_mask=inside)
        for layer in self.layers[start:stop]:
            output = layer(hidden, attention_mask=mask, **more)
            hidden = output[0] if isinstance(output, tuple) else output
        return hidden

    def _front_end(
        self, waveforms: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        if self.normalises_waveforms:
            waveforms = masking.over_each(lambda x: layer_norm(x, x.shape[1:]), waveforms, lengths, dim=-1)
        waveforms, lengths = self._at_least_one_frame(waveforms, lengths)
        front_end_learns = any(p.requires_grad for p in self.model.feature_extractor.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and front_end_learns):
            local, frames = self._convolve(waveforms, lengths)
        projected = self.model.feature_projection(local.transpose(1, 2))
        hidden = projected[0] if isinstance(projected, tuple) else projected
        inside = masking.mask(frames, hidden.shape[1])
        return hidden, None if bool(inside.all()) else inside, frames

    def _transform(self, hidden: torch.Tensor, attention_mask: torch.Tensor | None) -> torch.Tensor:
        return self.model.encoder(hidden, attention_mask=attention_mask).last_hidden_state

    def _at_least_one_frame(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        missing = self.receptive_field - waveforms.shape[1]
        if missing > 0:
            waveforms = torch.nn.functional.pad(waveforms, (0, missing))
        return waveforms, lengths.clamp(min=self.receptive_field)

    def _convolve(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = waveforms[:, None]
        for layer in self.model.feature_extractor.conv_layers:
            conv = layer.conv
            lengths = torch.div(lengths - conv.kernel_size[0], conv.stride[0], rounding_mode="floor") + 1
            norm = getattr(layer, "layer_norm", None)
            if isinstance(norm, torch.nn.GroupNorm):
                hidden = layer.activation(masking.over_each(norm, conv(hidden), lengths, dim=-1))
            else:
                hidden = layer(hidden)
        return hidden, lengths


def _receptive_field(config: Any) -> int:
    """Return the samples that one frame sees."""
    field, hop = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        field += (kernel - 1) * hop
        hop *= stride
    return field
