"""Energy that a GPU has taken, where NVIDIA's management library is installed and the GPU counts it."""

from __future__ import annotations


def gpu_joules(device: str) -> float | None:
    """Joules that a GPU has taken since its driver was loaded; None where nothing tells.

    Parameters
    ----------
    device : str
        `cuda` or `cuda:N`, N as torch counts the GPUs that it may see.

    References
    ----------
    `nvmlDeviceGetTotalEnergyConsumption`, of Volta GPUs and newer, in millijoules; package nvidia-ml-py.

    Examples
    --------
    >>> gpu_joules("cpu") is None
    True
    """
    if not device.startswith("cuda"):
        return None
    try:
        import pynvml
    except ImportError:
        return None
    import torch

    try:
        pynvml.nvmlInit()
        number = int(device.partition(":")[2] or 0)
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(number).uuid}")
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000
    except pynvml.NVMLError:  # no driver, or a GPU that does not count
        return None
