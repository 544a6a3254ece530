"""Collect the hidden states between the layers of a transformer."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any

import torch


class EveryLayer:
    """Records what goes into the first layer and what comes out of each, while the block runs.

    Parameters
    ----------
    layers : iterable of torch.nn.Module
        The transformer's layers, in order.
    wanted : bool
        Nothing is recorded where it is false.
    """

    def __init__(self, layers: Iterable[torch.nn.Module], *, wanted: bool) -> None:
        self._layers = list(layers) if wanted else []
        self._states: list[torch.Tensor] = []
        self._hooks: list[Any] = []

    def __enter__(self) -> EveryLayer:
        if self._layers:
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
        """Return all recorded states, the last replaced by `last` (it has passed the final norm), or `last` alone."""
        return torch.stack([*self._states[:-1], last]) if self._states else last
