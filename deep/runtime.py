"""Where a network runs: the device by name, the number type it computes in, the threads it may use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from features.errors import ModelError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "float32", "bfloat16")


def resolve(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Parameters
    ----------
    name : str
        `auto` (the first CUDA device where there is one, else the CPU), `cpu`, `cuda` or `cuda:N`.

    Raises
    ------
    ModelError
        When the name is unknown, or this machine has no such device.
    """
    import torch

    found = visible()
    if name == "auto":
        return torch.device(found[0])
    if name == "cuda" and torch.cuda.is_available():
        return torch.device("cuda:0")
    if name == "cpu" or name in found:
        return torch.device(name)
    if name == "cuda" or name.startswith("cuda:"):
        raise ModelError(f"device {name!r} is not on this machine, which has {', '.join(found)}: choose one of these")
    raise ModelError(f"device {name!r} is unknown; expected auto, cpu, cuda or cuda:N")


def visible() -> list[str]:
    """Return the devices that runs can be spread over: every visible GPU (`cuda:0`, ...), or else `cpu`."""
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


def number_type(precision: str, device: torch.device) -> torch.dtype:
    """Return the type that a network computes in under autocast.

    Parameters
    ----------
    precision : str
        `float32`, `bfloat16`, or `auto`: bfloat16 on a GPU that has it, float32 elsewhere.
    device : torch.device
        The device that it computes on.

    Raises
    ------
    ModelError
        When `precision` is none of these.
    """
    import torch

    if precision not in PRECISIONS:
        raise ModelError(f"precision {precision!r} is unknown; expected one of {', '.join(PRECISIONS)}")
    if precision == "auto":
        native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


@contextlib.contextmanager
def autocast(precision: str, device: torch.device) -> Iterator[None]:
    """Compute in the number type of `number_type` inside the block."""
    import torch

    dtype = number_type(precision, device)
    with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
        yield


@contextlib.contextmanager
def threads(n_jobs: int | None) -> Iterator[None]:
    """Let torch use `n_jobs` CPU threads inside the block (None: as many as before)."""
    import torch

    before = torch.get_num_threads()
    if n_jobs is not None and n_jobs > 0:
        torch.set_num_threads(n_jobs)
    try:
        yield
    finally:
        torch.set_num_threads(before)
