"""Where a network runs: device, number type, CPU threads, and the libraries' own output kept quiet."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from features.errors import ModelError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "float32", "bfloat16")
QUIET_LIBRARIES = ("speechbrain", "transformers", "huggingface_hub")


def resolve(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Parameters
    ----------
    name : str
        `auto` (the first CUDA device where there is one, else the CPU), `cpu`, `cuda` or `cuda:N`.

    Raises
    ------
    ModelError
        If the name is unknown, or this machine has no such device.
    """
    import torch

    devices = visible()
    if name == "auto":
        return torch.device(devices[0])
    if name == "cuda" and torch.cuda.is_available():
        return torch.device("cuda:0")
    if name == "cpu" or name in devices:
        return torch.device(name)
    if name == "cuda" or name.startswith("cuda:"):
        raise ModelError(f"device {name!r} is not on this machine, which has {', '.join(devices)}: choose one of these")
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
        If `precision` is none of these.
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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence logs, progress bars and warnings of SpeechBrain and transformers, and restore them afterwards.

    Their errors are still logged, and exceptions pass through untouched.
    """
    from transformers.utils import logging as transformers_logging

    levels = {name: logging.getLogger(name).level for name in QUIET_LIBRARIES}
    bars = transformers_logging.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for name in QUIET_LIBRARIES:
                logging.getLogger(name).setLevel(logging.ERROR)
            transformers_logging.disable_progress_bar()
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            if bars:
                transformers_logging.enable_progress_bar()


def settle_lazy_modules() -> None:
    """Prevent SpeechBrain's lazy modules from being imported by attribute access.

    Hypothesis, debuggers and notebook reloaders ask every module for its file; SpeechBrain's placeholder for k2 then
    raises ImportError in the middle of them. With a `__file__` of None they do not.
    """
    from speechbrain.utils.importutils import LazyModule

    for module in list(sys.modules.values()):
        if isinstance(module, LazyModule):
            vars(module).setdefault("__file__", None)
