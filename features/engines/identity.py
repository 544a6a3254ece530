"""What has to be the same on every machine that works, for its answers to be the same."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import lru_cache

from features.version import VERSION

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "xgboost", "librosa", "soxr", "soundfile", "numba", "torch")


@lru_cache(maxsize=1)
def identity() -> dict[str, str]:
    """Versions of this process: Python, the toolkit with its code, the libraries that results depend on.

    Examples
    --------
    >>> sorted(identity())[:2]
    ['librosa', 'numba']
    """
    from features.fingerprint import code_fingerprint, installed_version

    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    found |= {name: installed_version(name) for name in LIBRARIES}
    return found | {"toolkit": f"{VERSION} ({code_fingerprint('features', 'classical', 'deep', 'benchmarks')})"}


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """What differs, in words; empty where nothing does.

    Examples
    --------
    >>> differences({"numpy": "2.1", "python": "3.12"}, {"numpy": "2.0", "python": "3.12"})
    'numpy 2.0 (here 2.1)'
    """
    return ", ".join(
        f"{name} {found.get(name, 'none')} (here {value})"
        for name, value in expected.items()
        if found.get(name, "none") != value
    )
