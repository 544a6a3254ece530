"""Whisper's encoder over each clip's own frames: no padding to 30 s, and clips of a batch do not affect each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn.functional import gelu, pad

from deep import masking
from deep.hidden_states import HiddenStates


class MelEncoder(torch.nn.Module):
    """The encoder half of Whisper: log-mel frames of 10 ms in, one frame per 20 ms out.

    Whisper pads every clip to 30 s. Attention to that padding costs most of the time; here a clip of `n` samples makes
    `ceil(n / 320)` frames and attends to these alone. A longer clip than 30 s is cut into pieces of 30 s, as Whisper
    itself does, and their frames are joined.

    Parameters
    ----------
    model : torch.nn.Module
        The encoder of a WhisperModel of `transformers`.
    preprocessor : mapping
        Content of `preprocessor_config.json`.

    References
    ----------
    Radford et al. (2022), Robust Speech Recognition via Large-Scale Weak Supervision, section 2.2.
    """

    model: Any
    mel_filters: torch.Tensor

    def __init__(self, model: torch.nn.Module, preprocessor: Mapping[str, Any]) -> None:
        from transformers import WhisperFeatureExtractor

        super().__init__()
        extractor: Any = WhisperFeatureExtractor.from_dict(dict(preprocessor))
        self.model = model
        self.preprocessor: dict[str, Any] = extractor.to_dict()
        self.n_fft, self.step = int(extractor.n_fft), int(extractor.hop_length)
        self.hop = 2 * self.step
        mel_filters = torch.as_tensor(extractor.mel_filters.T, dtype=torch.float32)
        self.register_buffer("mel_filters", mel_filters, persistent=False)

    @property
    def width(self) -> int:
        """Number of values in a frame."""
        return int(self.model.config.d_model)

    def freeze_front_end(self) -> None:
        """Keep the two convolutions as they are during training."""
        for conv in (self.model.conv1, self.model.conv2):
            for parameter in conv.parameters():
                parameter.requires_grad = False

    def forward(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a padded batch; parameters and result as in `WaveformEncoder.forward`."""
        return self._in_pieces(waveforms, lengths, self._encode)

    def every_layer(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a padded batch and keep every layer, as `WaveformEncoder.every_layer`."""
        return self._in_pieces(waveforms, lengths, self._encode_every_layer)

    def before_layer(
        self, waveforms: torch.Tensor, lengths: torch.Tensor, layer: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a padded batch up to the input of a layer, as `WaveformEncoder.before_layer`."""

        def lower(mels: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
            return self._layers(self._embed(mels, frames), frames, 0, layer)

        return self._in_pieces(waveforms, lengths, lower)

    def from_layer(self, hidden: torch.Tensor, frames: torch.Tensor, layer: int) -> torch.Tensor:
        """Go on from the input of a layer, as `WaveformEncoder.from_layer`."""

        def upper(part: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
            return self.model.layer_norm(self._layers(part.transpose(1, 2), sizes, layer, len(self.layers)))

        return self._joined(hidden.transpose(1, 2), frames, upper, per_frame=1)

    @property
    def layers(self) -> Any:
        """The layers of the transformer."""
        return self.model.layers

    def tuned_from(self, layer: int) -> list[torch.nn.Module]:
        """Return what `from_layer` has of its own, as `WaveformEncoder.tuned_from`."""
        return [*self.layers[layer:], self.model.layer_norm]

    def _in_pieces(
        self,
        waveforms: torch.Tensor,
        lengths: torch.Tensor,
        encode: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode pieces of at most 30 s and join their frames."""
        frames = torch.div(lengths + self.hop - 1, self.hop, rounding_mode="floor").clamp(min=1)
        return self._joined(self._log_mel(waveforms, frames), frames, encode, per_frame=2), frames

    def _joined(
        self,
        values: torch.Tensor,
        frames: torch.Tensor,
        encode: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        *,
        per_frame: int,
    ) -> torch.Tensor:
        """Encode values of shape (n_clips, n_values, per_frame * n_frames) in pieces, and join their frames."""
        most = self.model.embed_positions.num_embeddings
        pieces = -(-values.shape[-1] // (per_frame * most))
        if pieces == 1:
            return encode(values, frames)
        values = pad(values, (0, pieces * per_frame * most - values.shape[-1]))
        cut = values.unflatten(-1, (pieces, per_frame * most)).transpose(1, 2).flatten(0, 1)
        sizes = (frames[:, None] - most * torch.arange(pieces, device=frames.device)).clamp(0, most).flatten()
        full = sizes > 0
        encoded = encode(cut[full], sizes[full])
        joined = encoded.new_zeros(*encoded.shape[:-3], len(sizes), *encoded.shape[-2:])
        joined[..., full, :, :] = encoded
        return joined.unflatten(-3, (len(frames), pieces)).flatten(-3, -2)

    def _log_mel(self, waveforms: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Return log-mel frames (n_clips, n_mels, 2 * most frames), each clip scaled by its own maximum."""
        n_fft, step = self.n_fft, self.step
        n_mels = 2 * int(frames.max())
        waveforms = pad(waveforms, (0, max(0, n_mels * step + n_fft - waveforms.shape[1])))[:, : n_mels * step + n_fft]
        window = torch.hann_window(n_fft, device=waveforms.device)
        with torch.autocast(waveforms.device.type, enabled=False):
            spectrum = torch.stft(waveforms.float(), n_fft, step, window=window, return_complex=True)[..., :n_mels]
            power = self.mel_filters @ (spectrum.real**2 + spectrum.imag**2)
        inside = masking.mask(2 * frames, n_mels)[:, None, :]
        log_power = power.clamp(min=1e-10).log10().masked_fill(~inside, -10.0)
        loudest = log_power.amax(dim=(1, 2), keepdim=True)
        return ((torch.maximum(log_power, loudest - 8.0) + 4.0) / 4.0) * inside

    def _encode_every_layer(self, mels: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        with HiddenStates(self.model.layers) as states:
            last = self._encode(mels, frames)
        return states.stacked(last)

    def _encode(self, mels: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        return self.model.layer_norm(self._layers(self._embed(mels, frames), frames, 0, len(self.layers)))

    def _embed(self, mels: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Return the input of the first layer."""
        model = self.model
        local = gelu(model.conv1(mels)) * masking.mask(2 * frames, mels.shape[-1])[:, None, :]
        hidden = gelu(model.conv2(local)).transpose(1, 2)
        hidden = hidden + model.embed_positions.weight[: hidden.shape[1]]
        return torch.nn.functional.dropout(hidden, p=model.dropout, training=self.training)

    def _layers(self, hidden: torch.Tensor, frames: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """Apply the layers from `start` to before `stop`."""
        from transformers.masking_utils import create_bidirectional_mask

        inside = masking.mask(frames, hidden.shape[1])
        mask = None
        if not bool(inside.all()):
            mask = create_bidirectional_mask(config=self.model.config, inputs_embeds=hidden, attention_mask=inside)
        for layer in self.layers[start:stop]:
            output = layer(hidden, mask)
            hidden = output[0] if isinstance(output, tuple) else output
        return hidden
