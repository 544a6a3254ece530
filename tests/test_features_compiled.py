"""Compiled loops: kept where that can be written, compiled again where what was kept is damaged."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from joblib import cpu_count
from numba.core.dispatcher import Dispatcher

from features.compiled import to_be_compiled
from features.compute import _compiled_modules, compile_voice_and_shapes, features_of, warm_up
from features.groups import PARTS
from features.places import cache_folder
from features.sampling import RATE

SOURCE = """
from features.compiled import compiled

@compiled()
def total(values):
    result = 0.0
    for value in values:
        result += value
    return result
"""


def loaded(path: Path) -> ModuleType:
    """The module of a file, anew, as another process has it."""
    spec: Any = importlib.util.spec_from_file_location("loops", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_kept_is_found_and_what_is_damaged_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    source = tmp_path / "loops.py"
    source.write_text(SOURCE)
    first = loaded(source)
    assert to_be_compiled([first]) == ["loops.total"]
    assert first.total((1.0, 2.0)) == 3.0
    assert to_be_compiled([loaded(source)]) == []
    for pattern, content in (("*.nbc", b""), ("*.nbc", b"\x80\x04garbage"), ("*.nbi", b"garbage")):
        for file in (tmp_path / "kept").rglob(pattern):
            file.write_bytes(content)
        assert loaded(source).total((1.0, 2.0)) == 3.0
    assert to_be_compiled([loaded(source)]) == []


def test_a_user_whose_cache_folder_cannot_be_written_has_a_private_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))
    folder = cache_folder()
    assert folder is not None
    assert folder.stat().st_mode & 0o077 == 0


def signatures() -> dict[str, list[Any]]:
    """What every loop of the features has been compiled for in this process."""
    loops = ((name, loop) for module in _compiled_modules() for name, loop in vars(import_module(module)).items())
    return {f"{id(loop)} {name}": list(loop.signatures) for name, loop in loops if isinstance(loop, Dispatcher)}


def test_what_another_process_compiles_is_what_clips_need() -> None:
    """Made-up tracks and spectra have the types of real ones: nothing is compiled for them alone."""
    warm_up()
    before = signatures()
    compile_voice_and_shapes()
    assert signatures() == before


def test_a_clip_of_any_length_needs_what_a_short_one_needs() -> None:
    """Blocks of longer clips have another layout than the only block of a short one."""
    warm_up()
    before = signatures()
    features_of(np.random.default_rng(0).normal(size=5 * RATE).astype(np.float32) / 10, PARTS)
    assert signatures() == before


@pytest.mark.long
@pytest.mark.long
def test_the_first_preparation_shares_the_work_with_another_process(tmp_path: Path) -> None:
    program = (
        "from features.compute import prepare\nfrom features.descriptors import formants, stft\nprepare()\n"
        "print(*(sum(loop.stats.cache_hits.values()) for loop in (formants._fill, stft._shape)))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1" if cpu_count() > 1 else "0", "0"]
