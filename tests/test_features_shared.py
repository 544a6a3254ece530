"""What the packages share: the command wrapper, and atomic writing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.command import command, make_parser
from features.errors import InputError
from features.files import content_hash, replacing, write_atomically
from features.fingerprint import code_fingerprint, sources

ROOT = Path(__file__).resolve().parent.parent


def run(outcome: BaseException | int | None) -> int:
    def execute(_):
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return command(lambda: make_parser("features.x", "Do.", examples="x"), execute, on_interrupt="stopped here")([])


@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [
        (None, 0, ""),
        (1, 1, ""),
        (InputError("no input; give one"), 2, "error: no input; give one\n"),
        (KeyboardInterrupt(), 130, "stopped here\n"),
    ],
)
def test_a_command_ends_with_a_status_and_one_line(outcome, status, said, capsys) -> None:
    assert run(outcome) == status
    assert capsys.readouterr().err == said


def test_an_error_of_the_disk_is_one_line_and_a_bug_is_not(capsys) -> None:
    assert run(PermissionError(13, "Permission denied", "out.csv")) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: out.csv: Permission denied")
    assert error.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        run(ZeroDivisionError())


def test_every_command_tells_its_version(capsys) -> None:
    with pytest.raises(SystemExit, match="0"):
        command(lambda: make_parser("features.x", "Do.", examples="x"), lambda _: None)(["--version"])
    assert capsys.readouterr().out.startswith("speech-emotion-baselines ")


def test_a_reader_that_goes_away_ends_a_command_quietly(tmp_path: Path) -> None:
    """The reader is gone before the command writes."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "features.cache", "--folder", str(tmp_path)],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        cwd=ROOT,
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 141


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "a.txt", "old ä")
    with pytest.raises(TypeError), replacing(tmp_path / "new" / "a.txt") as part:
        part.write_text(b"no text")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
    assert (tmp_path / "new" / "a.txt").read_bytes() == "old ä".encode()
    write_atomically(tmp_path / "new" / "a.txt", b"new")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"new"


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for content in ("one", "two"):
        with replacing(tmp_path / "model") as part:
            part.mkdir()
            (part / content).write_text(content)
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["two"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_equal_content_has_an_equal_hash(tmp_path: Path) -> None:
    for name in "ab":
        write_atomically(tmp_path / name, b"same")
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b")


def test_imports_are_followed_into_functions_and_registries_but_not_for_type_checkers() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in sources("features.compute")}
    assert {
        "features/compute.py",
        "features/clips.py",
        "features/sound_file.py",
        "features/descriptors/mfcc.py",
    } <= names
    assert "features/plots.py" not in names
    assert "features/cache.py" not in names


def test_a_package_stands_for_its_modules_and_versions_count() -> None:
    assert ROOT / "features" / "descriptors" / "pitch.py" in sources("features.descriptors")
    assert code_fingerprint("features.files") == code_fingerprint("features.files")
    assert code_fingerprint("features.files") != code_fingerprint("features.files", libraries=("numpy",))
    with pytest.raises(ModuleNotFoundError, match=r"features\.no_such"):
        code_fingerprint("features.no_such")
