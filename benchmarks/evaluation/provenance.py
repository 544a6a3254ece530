"""What produced a result: versions, code, machine, revision."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from features.fingerprint import code_fingerprint, installed_version
from features.version import VERSION

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "xgboost", "librosa", "soxr", "soundfile", "numba", "joblib")
DEEP_LIBRARIES = ("torch", "torchaudio", "speechbrain", "transformers", "peft")
CONTRIBUTING = ("features", "classical", "deep")
"""Packages whose code decides results."""


def version_of(library: str) -> str | None:
    """The installed version, None where it is not installed."""
    found = installed_version(library)
    return None if found == "none" else found


def versions() -> dict[str, str]:
    """Versions of Python, of this toolkit and of every library that results depend on."""
    found = {name: version_of(name) for name in (*LIBRARIES, *DEEP_LIBRARIES, "opensmile")}
    installed = {name: version for name, version in found.items() if version}
    return {"python": platform.python_version(), "speech-emotion-baselines": VERSION, **installed}


def code_of(package: str) -> str:
    """Fingerprint of a package's code, of all that it imports, and of the libraries under it.

    Parameters
    ----------
    package : str
        Such as `classical`; empty for an estimator of the user's own, of which only the libraries count.
    """
    libraries = LIBRARIES + (DEEP_LIBRARIES if package == "deep" else ())
    return code_fingerprint(*([package] if package else []), libraries=libraries)


def revision() -> str | None:
    """The git revision of this toolkit's checkout, `+changes` where there are uncommitted ones; None outside of one."""
    folder = Path(__file__).resolve().parent
    try:
        head = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        status = subprocess.run(
            ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return head.stdout.strip() + ("+changes" if status.stdout.strip() else "")


def machine() -> dict[str, object]:
    """The machine in words: system, processor, cores, memory."""
    import psutil  # imports the POSIX-only `resource` where that is expected

    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def peak_memory_mb() -> float:
    """The most memory that this process has used so far, in MB."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset / 1e6)
    import resource  # POSIX only, where psutil knows no peak

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
