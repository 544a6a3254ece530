"""Energy that a job takes, where the machine counts it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deep.energy import gpu_joules

POWERCAP = Path("/sys/class/powercap")
STAT = Path("/proc/stat")


@dataclass(frozen=True)
class Counted:
    """What a machine has counted up to a moment.

    Attributes
    ----------
    packages : mapping of str to (float, float)
        Of every processor package, the joules counted, and those at which the counter starts again.
    busy_seconds, own_seconds : float
        CPU time of all processes, and of this one with its threads and the processes that it has waited for.
    gpu_joules : float or None
        What the GPU of the job has taken.
    """

    packages: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    busy_seconds: float = 0.0
    own_seconds: float = 0.0
    gpu_joules: float | None = None

    def joules_since(self, before: Counted) -> float | None:
        """Joules from another moment to this one; None where nothing is counted.

        A processor counts for all that runs on it. This process is told the part that is its share of the CPU time that
        was busy, so that jobs side by side do not count each other's. A GPU counts whole, for each of the jobs on it.

        Examples
        --------
        >>> before = Counted({"package-0": (100.0, 1000.0)}, busy_seconds=10.0, own_seconds=2.0)
        >>> Counted({"package-0": (160.0, 1000.0)}, busy_seconds=14.0, own_seconds=4.0).joules_since(before)
        30.0
        >>> Counted().joules_since(Counted()) is None
        True
        """
        both = [name for name in self.packages if name in before.packages]
        parts: list[float] = []
        if both:
            whole = sum(_risen(before.packages[name][0], *self.packages[name]) for name in both)
            busy, own = self.busy_seconds - before.busy_seconds, self.own_seconds - before.own_seconds
            parts.append(whole * min(1.0, own / busy) if busy > 0 else 0.0)
        if self.gpu_joules is not None and before.gpu_joules is not None:
            parts.append(self.gpu_joules - before.gpu_joules)
        return sum(parts) if parts else None


def _risen(before: float, now: float, most: float) -> float:
    """How far a counter has risen that has started again at 0 beyond `most` once at most; more often is not seen."""
    return now - before if now >= before else now - before + most


def counted(device: str = "", *, powercap: Path = POWERCAP, stat: Path = STAT) -> Counted:
    """Read the counters of this machine: RAPL's on Linux, where they may be read, and NVML's of a GPU.

    On most machines the processors' counters can be read by root alone, and in a virtual machine there are none.

    Parameters
    ----------
    device : str
        The job's, as `cuda:0`.
    powercap, stat : Path
        Where Linux shows the counters of its processors, and their CPU time.

    References
    ----------
    https://docs.kernel.org/power/powercap/powercap.html

    Examples
    --------
    >>> counted().own_seconds > 0
    True
    """
    packages = {}
    for zone in sorted(powercap.glob("*-rapl:*")):
        if zone.name.count(":") == 1:  # most deeper zones are parts of these
            with suppress(OSError, ValueError):
                packages[zone.name] = _joules(zone / "energy_uj"), _joules(zone / "max_energy_range_uj")
    times = os.times()
    own = time.process_time() + times.children_user + times.children_system
    return Counted(packages, _busy_seconds(stat) if packages else 0.0, own, gpu_joules(device))


def _joules(path: Path) -> float:
    return int(path.read_text(encoding="ascii")) / 1e6


def _busy_seconds(stat: Path) -> float:
    """CPU time of all processes; the fourth and fifth numbers are idle, the last two are in the first two already."""
    ticks = [int(number) for number in stat.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
