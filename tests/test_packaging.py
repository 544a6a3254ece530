"""The public face: typed for a user, reachable by console scripts, true to its old names for one version."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from email.message import Message
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from doc_stand_ins import own_corpus
from sklearn.dummy import DummyClassifier

import benchmarks
from benchmarks import corpora
from benchmarks.evaluation.provenance import versions
from features.fingerprint import installed_version

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("features", "classical", "deep", "benchmarks")

PAGE = """
from pathlib import Path

import benchmarks
from benchmarks import corpora
from features import FeatureExtractor, load

waveform = load("clip.wav", start=0.5)
extractor = FeatureExtractor(groups="prosodic")
corpus = corpora.load("synthetic")
run = benchmarks.evaluate(corpus, pipelines=["svm"], seeds=(0, 1), jobs=2, out=Path("out"))
table = run.scores.sort_values("uar")
folds = benchmarks.make_folds(corpus.utterances, "speaker")
"""
WRONG = {
    'load("clip.wav", begin=0.5)': "Unexpected keyword argument",
    "load(3.5)": "incompatible type",
    'benchmarks.evaluate(corpus, pipelines=["svm"], jobs="two")': "incompatible type",
    'benchmarks.evaluate("synthetic")': "incompatible type",
    "run.score": "has no attribute",
    "benchmarks.evalute": "has no attribute",
    "corpora.load(7)": "incompatible type",
}

MYPY = """
[mypy]
strict = True
[mypy-torch.*,torchaudio.*,transformers.*,speechbrain.*,matplotlib.*,xgboost.*,sklearn.*,scipy.*,librosa.*,numba.*]
follow_imports = skip
"""


def test_a_users_type_checker_sees_real_types(tmp_path: Path) -> None:
    """One run of `mypy --strict` over a good page and a wrong one; outside of this folder, as a user has it.

    Of the libraries only numpy and pandas are read: no public type on the page is of another one, and torch alone takes
    longer than all else. The messages are the same with all of them, in four times the time.
    """
    (tmp_path / "good.py").write_text(PAGE)
    (tmp_path / "mypy.ini").write_text(MYPY)
    (tmp_path / "wrong.py").write_text(PAGE + "\n".join(WRONG) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "good.py", "wrong.py"],
        cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": "", "MYPY_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stdout.splitlines() if line.startswith(("good.py", "wrong.py"))]
    assert not [line for line in ours if line.startswith("good.py")], ours
    first = PAGE.count("\n") + 1
    for position, (code, says) in enumerate(WRONG.items()):
        found = [line for line in ours if line.startswith(f"wrong.py:{first + position}:")]
        assert any(says in line for line in found), (code, found, done.stderr)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed_and_say_their_version(package: str) -> None:
    module = import_module(package)
    assert (ROOT / package / "py.typed").exists()
    assert module.__version__ == import_module("features").__version__
    for name in module.__all__:
        assert getattr(module, name) is not None


def scripts() -> dict[str, str]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = setup["options.entry_points"]["console_scripts"].split("\n")
    return {name.strip(): target.strip() for name, _, target in (line.partition("=") for line in lines if line.strip())}


@pytest.mark.parametrize("script", scripts())
def test_console_scripts_answer(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    module, _, name = scripts()[script].partition(":")
    main = getattr(import_module(module), name)
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert import_module("features").__version__ in capsys.readouterr().out


def test_a_folder_called_features_breaks_no_console_script(tmp_path: Path) -> None:
    """A console script does not look into the working directory, and neither do its workers."""
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "__init__.py").write_text("raise RuntimeError('the wrong features')\n")
    (tmp_path / "benchmarks.py").write_text("raise RuntimeError('the wrong benchmarks')\n")
    script = Path(sys.executable).parent / "ser-run"
    if not script.exists():
        pytest.skip("needs the package installed: make test")
    done = subprocess.run(
        [script, "--pipelines", "logistic@timing", "--jobs", "2", "--folds", "3", "--out", "out"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "predictions.csv").exists()


OLD_NAMES = {
    "features.extractor:FeatureExtractor": "features:FeatureExtractor",
    "features.windows:cut": "features.utterances:cut",
    "features.descriptors.grid:HOP": "features.descriptors.frames:HOP",
    "classical.pipelines:SpeechClassifier": "classical:SpeechClassifier",
    "classical.pipelines:build": "classical:build",
    "deep.devices:visible": "deep.runtime:visible",
    "benchmarks.harness:evaluate": None,
    "benchmarks.metrics:uar": "benchmarks.scoring.metrics:uar",
    "benchmarks.stored_run:load_run": "benchmarks:load_run",
    "benchmarks:Result": "benchmarks:Run",
}


@pytest.mark.parametrize("old", OLD_NAMES)
def test_old_names_warn_and_lead_to_the_new_ones(old: str) -> None:
    module, _, name = old.partition(":")
    code = (
        "import warnings, sys\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        f"    from {module} import {name}\n"
        "assert any(issubclass(w.category, FutureWarning) and 'is now' in str(w.message) for w in caught), caught\n"
    )
    new = OLD_NAMES[old]
    if new:
        home, _, target = new.partition(":")
        code += f"from {home} import {target} as new\nassert new is {name}\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if new is None and "has no attribute" in done.stderr:
        pytest.fail(done.stderr)
    assert done.returncode == 0, done.stderr


def copy_for_a_wheel(folder: Path) -> Path:
    """The files that a wheel is made of; setuptools leaves a `build/` beside them."""
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def wheel(folder: Path) -> zipfile.ZipFile:
    """Built with the setuptools that is installed; nothing is fetched."""
    pytest.importorskip("setuptools", minversion="70.1")
    code = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, "wheels"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next((folder / "wheels").glob("*.whl")))


def metadata_of(built: zipfile.ZipFile) -> Message:
    name = next(name for name in built.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(built.read(name))


def test_the_wheel_says_who_made_it_and_invents_no_address(tmp_path: Path) -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    built = wheel(copy_for_a_wheel(tmp_path))
    found = metadata_of(built)
    assert found["Author"] == ", ".join(author["name"] for author in cited["authors"])
    assert found["Version"] == cited["version"] == import_module("features").__version__
    assert (found["License-Expression"] or found["License"]) == cited["license"]
    classifiers = found.get_all("Classifier")
    assert {"Programming Language :: Python :: 3.11", "Typing :: Typed"} <= set(classifiers)
    assert [line for line in classifiers if line.startswith("Intended Audience")]
    assert not found.get_all("Project-URL")
    assert not found.get_all("Home-page")
    assert "repository-code" not in cited
    inside = set(built.namelist())
    assert {
        f"benchmarks/course/shipped/{name}" for name in ("arctic_a0009.flac", "arctic_a0009.csv", "COPYING")
    } <= inside
    for package in PACKAGES:
        assert {f"{package}/py.typed", f"{package}/__init__.pyi"} <= inside
    assert "benchmarks/reporting/templates/report.html" in inside
    assert not [name for name in inside if name.startswith(("tests/", "docs/"))]


ADDRESS = "https://example.org/ser"


def test_the_address_of_the_repository_is_set_in_one_place(tmp_path: Path) -> None:
    copy = copy_for_a_wheel(tmp_path)
    version = copy / "features" / "version.py"
    text = version.read_text(encoding="utf-8")
    version.write_text(text.replace('REPOSITORY = ""', f'REPOSITORY = "{ADDRESS}"'), encoding="utf-8")
    assert metadata_of(wheel(copy)).get_all("Project-URL") == [f"Repository, {ADDRESS}"]
    shutil.copytree(ROOT / "docs", copy / "docs", ignore=shutil.ignore_patterns("_*"))
    code = "from features.cards import render_card; print(render_card('a', {}, about={}))\n"
    if find_spec("sphinx"):
        code += "import conf; print(conf.html_theme_options['footer_icons'][0]['url'])\n"
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path[:0] = ['.', 'docs']\n{code}"],
        cwd=copy, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"({ADDRESS})" in done.stdout
    assert (f"\n{ADDRESS}" in done.stdout) == bool(find_spec("sphinx"))


@pytest.mark.parametrize("address", ["", ADDRESS])
def test_a_report_shows_the_address_where_one_is_set(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.evaluation.record.REPOSITORY", address)
    own_corpus(tmp_path / "my.csv")
    benchmarks.evaluate(
        corpora.load("manifest", tmp_path / "my.csv"), pipelines=[("prior", DummyClassifier())], out=tmp_path, jobs=1
    )
    benchmarks.write_report(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ("<dt>Toolkit</dt>" in page) == bool(address)
    assert f'href="{address}"' in page or not address


def test_a_build_of_xgboost_without_a_gpu_counts_as_xgboost(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "xgboost-cpu":
            return "3.2.0"
        raise PackageNotFoundError(name)

    monkeypatch.setattr("features.fingerprint.version", version)
    assert installed_version("xgboost") == versions()["xgboost"] == "3.2.0"
    assert installed_version("scipy") == "none"
