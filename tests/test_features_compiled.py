"""Compiled loops: kept where that can be written, compiled again where what was kept is damaged."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import pytest

from features.compiled import to_be_compiled
from features.places import cache_folder

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
