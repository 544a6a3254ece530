"""Hidden states between the layers of a transformer."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any

import torch


class HiddenStates:
    """Record the input of the first layer and the output of every layer while the block runs.

    Parameters
    ----------
    layers : iterable of torch.nn.Module
        Layers of the transformer, in order.
    """

    def __init__(self, layers: Iterable[torch.nn.Module]) -> None:
        self._layers = list(layers)
        self._states: list[torch.Tensor] = []
        self._hooks: list[Any] = []

    def __enter__(self) -> HiddenStates:
        self._hooks.append(self._layers[0].register_forward_pre_hook(self._before))
        self._hooks.extend(layer.register_forward_hook(self._after) for layer in self._layers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()

    def _before(self, _layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._states.append(inputs[0])

    def _after(self, _layer: torch.nn.Module, _inputs: Any, output: Any) -> None:
        self._states.append(output[0] if isinstance(output, tuple) else output)

    def stacked(self, last: torch.Tensor) -> torch.Tensor:
        """Return the recorded states of shape (n_layers + 1, ...), the last one replaced by its normalised form.

        Parameters
        ----------
        last : torch.Tensor
            Output of the last layer after the transformer's final norm.
        """
        return torch.stack([*self._states[:-1], last])
