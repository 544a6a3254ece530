"""Defects that were found in `features`, each held by a command or a public name that was there before."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import corpora
from features.extract import main as extract

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("mark", "separator"), [("", ","), ("", ";"), ("", "\t"), ("\ufeff", ",")], ids=["comma", "semicolon", "tab", "BOM"]
)
def test_b2_extract_and_the_corpus_reader_read_the_same_csv(
    mark: str, separator: str, tmp_path: Path, emodb_root: Path
) -> None:
    """Only the corpus reader took semicolons, tabs and a byte order mark, and extract lost an utterance called NA."""
    first, second = sorted((emodb_root / "wav").glob("*.wav"))[:2]
    rows = ["id,path,label,speaker", f"NA,{first},joy,01", f"007,{second},rage,02"]
    manifest = tmp_path / "list.csv"
    manifest.write_text(mark + "\n".join(rows).replace(",", separator) + "\n", encoding="utf-8")
    assert extract([str(manifest), str(tmp_path / "out.csv"), "--groups", "timing", "--no-cache"]) == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert ids == ["NA", "007"]
    assert set(ids) == set(corpora.load("manifest", manifest).utterances.index.get_level_values("id"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in ("features", "classical", "deep", "benchmarks"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def identity(folder: Path) -> str:
    code = "import sys; sys.path.insert(0, '.'); from features import FeatureExtractor as F; print(F().identity())"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return done.stdout


def test_b9_cached_features_are_stale_when_code_they_depend_on_changes(copy: Path) -> None:
    """The list of files that was kept by hand lacked clips.py: a change there served stale rows."""
    seen = identity(copy)
    for changed, matters in (
        ("features/extract.py", False),
        ("classical/svm.py", False),
        ("features/clips.py", True),
        ("features/errors.py", True),
        ("features/descriptors/pitch.py", True),
    ):
        with (copy / changed).open("a", encoding="utf-8") as file:
            file.write("\nCHANGED = True\n")
        before, seen = seen, identity(copy)
        assert (seen != before) == matters, changed


def test_b11_importing_a_package_leaves_the_users_warnings_alone() -> None:
    """`import features` put a filter of its own into the user's list."""
    code = (
        "import warnings\nbefore = list(warnings.filters)\n"
        "import features, classical, deep, benchmarks\nassert warnings.filters == before, warnings.filters[0]\n"
        "features.FeatureExtractor\n"
        "assert [f for f in warnings.filters if 'IProgress' in str(f[1])] == []\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
