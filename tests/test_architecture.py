"""The rooms and their arrows: who imports whom, what is called what, and what a command line may cost to start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from import_graph import circles, graph, levels, modules

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "features": {"features"},
    "classical": {"classical", "features"},
    "deep": {"deep", "features"},
    "benchmarks": {"benchmarks", "classical", "deep", "features"},
}
TORCH = {"torch", "torchaudio", "speechbrain", "transformers", "safetensors", "huggingface_hub"}
COMMANDS = [
    "benchmarks.run",
    "benchmarks.report",
    "benchmarks.compare",
    "benchmarks.ablation",
    "benchmarks.audit",
    "benchmarks.train",
    "benchmarks.speed",
    "features.extract",
    "classical.predict",
    "deep.predict",
]
HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "xgboost",
    "librosa",
    "numba",
    "matplotlib",
    "joblib",
    "torch",
    "soundfile",
)


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """First words of everything a module imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_arrows_point_one_way(room: str) -> None:
    assert sources(room)
    for path in sources(room):
        foreign = imports(path) & set(ALLOWED) - ALLOWED[room]
        assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


@pytest.mark.parametrize("room", ["features", "classical", "benchmarks"])
def test_torch_stays_in_deep(room: str) -> None:
    for path in sources(room):
        assert not imports(path) & TORCH, path.relative_to(ROOT)


def test_names_say_what_is_inside() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    for room in ALLOWED:
        for path in sources(room):
            assert not vague & set(path.relative_to(ROOT).with_suffix("").parts), path


def test_packages_are_named_in_setup_cfg() -> None:
    listed = (
        (ROOT / "setup.cfg")
        .read_text(encoding="utf-8")
        .partition("packages =")[2]
        .partition("install_requires")[0]
        .split()
    )
    found = {
        ".".join(path.parent.relative_to(ROOT).parts) for room in ALLOWED for path in (ROOT / room).rglob("__init__.py")
    }
    assert set(listed) == found


def module_of(command: str) -> str:
    """The module that `python -m COMMAND` runs."""
    return command if (ROOT / (command.replace(".", "/") + ".py")).exists() else f"{command}.__main__"


def modules_after(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split()[-5000:])


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_quick_and_has_an_example(name: str) -> None:
    """What makes a start slow is imports; without these `--help` answers in a tenth of a second."""
    code = (
        f"from importlib import import_module\ncommand = import_module({module_of(name)!r})\n"
        "text = command.build_parser().format_help()\nassert 'example' in text.lower(), text"
    )
    loaded = modules_after(code)
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_use_ends_with_2_and_no_traceback(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", name, "--no-such-option"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_running_the_harness_needs_no_torch() -> None:
    loaded = modules_after("import benchmarks.run, benchmarks.evaluation.evaluate, benchmarks.reporting.listing")
    assert not loaded & TORCH


def test_modules_are_small() -> None:
    for room in ALLOWED:
        for path in sources(room):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 450, path.relative_to(ROOT)


def test_no_pickle_is_ever_loaded() -> None:
    for room in ALLOWED:
        for path in sources(room):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                ):
                    called = f"{node.func.value.id}.{node.func.attr}"
                    assert called not in {"pickle.load", "pickle.loads", "joblib.load"}, path.relative_to(ROOT)


def test_every_public_thing_has_a_docstring() -> None:
    for room in ALLOWED:
        for path in sources(room):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert ast.get_docstring(tree), path.relative_to(ROOT)


GROUND = {"auditing", "conditions", "corpora", "folds", "pipelines", "scoring"}
UPWARDS = {
    **{name: {name} for name in sorted(GROUND)},
    "auditing": {"auditing", "folds"},
    "evaluation": {"evaluation", *GROUND},
    "reporting": {"reporting", "evaluation", *GROUND},
    "studies": {"studies", "reporting", "evaluation", *GROUND},
}
"""Packages of benchmarks, and which of them each may import."""


def test_no_imports_run_in_a_circle() -> None:
    """Function-level imports count, and names that a package hands on lazily lead to where they are defined."""
    assert circles(graph()) == []


@pytest.mark.parametrize("package", ALLOWED)
def test_no_import_level_is_deeper_than_eight(package: str) -> None:
    assert max(levels(graph(), package).values()) <= 8


@pytest.mark.parametrize("package", UPWARDS)
def test_arrows_inside_benchmarks_point_one_way(package: str) -> None:
    for module, targets in graph().items():
        if module.startswith(f"benchmarks.{package}."):
            inside = {target.split(".")[1] for target in targets if target.startswith("benchmarks.")}
            assert inside <= UPWARDS[package], f"{module} imports {sorted(inside - UPWARDS[package])}"


def test_the_root_of_benchmarks_holds_commands_only() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    assert files == {
        "__init__",
        "ablation",
        "abstention",
        "attributions",
        "audit",
        "combine",
        "command",
        "compare",
        "cross",
        "drift",
        "enrolment",
        "heard",
        "known_people",
        "layers",
        "learning",
        "length",
        "report",
        "people",
        "pretraining",
        "resampling",
        "robustness",
        "run",
        "sentences",
        "train",
        "verify",
    }


def test_no_command_imports_a_command() -> None:
    found = {module_of(name) for name in COMMANDS}
    for module in found:
        assert not graph()[module] & found - {module}, module


def test_every_module_imports_where_there_is_no_posix() -> None:
    code = (
        "import importlib, sys\nsys.modules['fcntl'] = sys.modules['resource'] = None\n"
        f"for name in {sorted(name for name in modules() if not name.endswith('__main__'))!r}:\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
