"""Other F0 trackers beside this toolkit's: pyin, Praat, swift-f0 and torchcrepe, over the same range and grid."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.accuracy import pyin
from features.descriptors.f0 import F0_MAX, F0_MIN
from features.descriptors.frames import HOP, n_frames
from features.sampling import RATE

# Settings are those of torchcrepe's README; a process of its own, for torch is only imported in `deep`.
_TORCHCREPE = """
import sys, time
import numpy, torch, torchcrepe
torch.set_num_threads(1)
torch.set_num_interop_threads(1)
folder, f0_min, f0_max, hop, rate = sys.argv[1], *map(float, sys.argv[2:4]), *map(int, sys.argv[4:6])
def follow(waveform):
    f0, periodicity = torchcrepe.predict(
        torch.from_numpy(waveform)[None], rate, hop, f0_min, f0_max, "tiny", batch_size=512, return_periodicity=True
    )
    return torchcrepe.threshold.At(0.21)(f0, torchcrepe.filter.median(periodicity, 3))[0].numpy()
waveforms = numpy.load(folder + "/waveforms.npz")
follow(waveforms["0"])
start = time.process_time()
found = {name: follow(waveforms[name]) for name in waveforms}
numpy.savez(folder + "/found.npz", seconds=time.process_time() - start, **found)
"""


@dataclass(frozen=True)
class Followed:
    """F0 of some waveforms in Hz on the 10 ms grid, NaN where unvoiced, and CPU seconds that it took."""

    f0: tuple[np.ndarray, ...]
    seconds: float


@dataclass(frozen=True)
class Peer:
    """A tracker: its name, the module and the package that it needs, and what follows waveforms at 16 kHz."""

    name: str
    module: str
    package: str
    follow: Callable[[Sequence[np.ndarray]], Followed]

    @property
    def missing(self) -> str | None:
        """What is said where it is not installed."""
        return None if find_spec(self.module) else f"{self.name}: not installed; python -m pip install {self.package}"


def one_by_one(tracker: Callable[[np.ndarray], np.ndarray]) -> Callable[[Sequence[np.ndarray]], Followed]:
    """Time a tracker of single waveforms, after a first call that does not count."""

    def follow(waveforms: Sequence[np.ndarray]) -> Followed:
        tracker(waveforms[0])
        start = time.process_time()
        f0 = tuple(tracker(waveform) for waveform in waveforms)
        return Followed(f0, time.process_time() - start)

    return follow


def praat_pitch(waveform: np.ndarray) -> np.ndarray:
    """F0 by Praat's "Sound: To Pitch (ac)"."""
    import parselmouth

    sound = parselmouth.Sound(waveform.astype(np.float64), RATE)
    pitch = sound.to_pitch_ac(time_step=HOP / RATE, pitch_floor=F0_MIN, pitch_ceiling=F0_MAX)
    found = pitch.selected_array["frequency"]
    return _on_the_grid(waveform, pitch.xs(), np.where(found > 0, found, np.nan))


def swift_f0(waveform: np.ndarray) -> np.ndarray:
    """F0 by swift-f0, whose own grid has steps of 16 ms."""
    found = _detector().detect(waveform, RATE, F0_MIN, F0_MAX)
    return _on_the_grid(waveform, found.timestamps, np.where(found.confidence >= 0.5, found.pitch_hz, np.nan))


@lru_cache(maxsize=1)
def _detector() -> Any:
    from swift_f0 import SwiftF0

    return SwiftF0(threads=1, spin=False)


def torchcrepe_tiny(waveforms: Sequence[np.ndarray]) -> Followed:
    """F0 by torchcrepe's model `tiny` on one thread."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        np.savez(path / "waveforms.npz", **{str(i): waveform for i, waveform in enumerate(waveforms)})  # type: ignore[arg-type]
        arguments = [str(value) for value in (folder, F0_MIN, F0_MAX, HOP, RATE)]
        subprocess.run([sys.executable, "-W", "ignore", "-c", _TORCHCREPE, *arguments], check=True)
        with np.load(path / "found.npz") as found:
            return Followed(tuple(found[str(i)] for i in range(len(waveforms))), float(found["seconds"]))


def _on_the_grid(waveform: np.ndarray, times: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """The value of the nearest time, on the 10 ms grid; NaN beyond the first and the last."""
    grid = np.arange(n_frames(len(waveform))) * (HOP / RATE)
    if len(times) < 2:
        return np.full(len(grid), np.nan)
    step = times[1] - times[0]
    nearest = np.rint((grid - times[0]) / step).astype(int)
    inside = (nearest >= 0) & (nearest < len(times))
    return np.where(inside, f0[np.clip(nearest, 0, len(times) - 1)], np.nan)


PEERS = (
    Peer("pyin", "librosa", "librosa", one_by_one(pyin)),
    Peer("Praat", "parselmouth", "praat-parselmouth", one_by_one(praat_pitch)),
    Peer("swift-f0", "swift_f0", "swift-f0", one_by_one(swift_f0)),
    Peer("torchcrepe tiny", "torchcrepe", "torchcrepe", torchcrepe_tiny),
)
