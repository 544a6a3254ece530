"""Fixtures shared by all tests: where real speech and the real encoder are, if they are here at all."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from commands import Commands


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let Hypothesis ask every module for its file: SpeechBrain's lazy ones would import what is not installed."""
    imports = sys.modules.get("speechbrain.utils.importutils")
    if imports is not None and item.get_closest_marker("hypothesis"):
        for module in list(sys.modules.values()):
            if issubclass(type(module), imports.LazyModule):
                vars(module).setdefault("__file__", None)


def _folder(variable: str, name: str) -> Path:
    root = os.environ.get(variable, "")
    folder = Path(root) / name
    if not root or not folder.is_dir():
        pytest.skip(f"needs {name}: set {variable} to the folder that holds it")
    return folder.resolve()


@pytest.fixture(scope="session")
def emodb_root() -> Path:
    """The Berlin Database of Emotional Speech, the folder that holds `wav/`."""
    return _folder("SER_CORPORA", "emodb")


@pytest.fixture(scope="session")
def ravdess_root() -> Path:
    """RAVDESS speech, the folder that holds `Actor_01/` to `Actor_24/`."""
    return _folder("SER_CORPORA", "ravdess")


@pytest.fixture(scope="session")
def whisper_folder() -> Path:
    """The encoder of Whisper tiny.en in Hugging Face format."""
    return _folder("SER_MODELS", "whisper-tiny.en-encoder")


@pytest.fixture(scope="session")
def faults_root() -> Path:
    """Small hostile inputs, each in a folder with the right behaviour beside it."""
    return _folder("SER_FAULTS", ".")


@pytest.fixture(scope="session")
def published_folds() -> Path:
    """Folds that others published, each board in a folder."""
    return _folder("SER_FOLDS", ".")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests away from the user's own cache folder; all test processes of a session have one in common."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    # of this machine's fonts: made once, and not by every command that a test starts with a cache of its own
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str]) -> Commands:
    """Commands of the toolkit, run in this process."""
    return Commands(capsys)


@pytest.fixture
def fault(request: pytest.FixtureRequest, faults_root: Path, tmp_path: Path) -> Path:
    """A copy of one folder of the faults, named by its number."""
    return Path(shutil.copytree(next(faults_root.glob(f"{request.param}-*")), tmp_path / "fault"))
