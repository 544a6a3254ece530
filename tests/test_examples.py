"""Examples in docstrings: every public name has one, and all of them run, those too that need files of a user."""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from doc_stand_ins import provide
from fabricated_runs import fabricate_run
from import_graph import modules
from miniatures import sound

FACES = ("features", "classical", "deep", "benchmarks", "benchmarks.corpora")

ABLATION = "time: an ablation takes minutes; test_benchmarks_ablation holds it"
NOT_RUN = {
    "benchmarks.corpora.download.fetch": "network",
    "benchmarks.studies.resampling.resampling": "time: a hundred trainings; test_evidence_retraining holds it",
    "benchmarks.studies.robustness.robustness": "time: thirty conditions; test_robustness holds it",
    "benchmarks.evaluation.brought.with_brought": "the corpus of the run; test_evidence holds it",
    "benchmarks.scoring.retraining.Retrained": "the example of retrained_difference shows it",
    **{
        f"benchmarks.studies.combining.{name}": "runs of two corpora; test_combining holds it"
        for name in ("Combined", "CombinedFamily", "combine")
    },
    "benchmarks.folds.fold.read_folds": "a file of folds of one's own; test_benchmarks_splits holds it",
    "benchmarks.studies.ablation.ablate": ABLATION,
    "benchmarks.reporting.summary.summarise_ablation": ABLATION,
    "benchmarks.reporting.summary.pair_contrasts": ABLATION,
    **{
        f"benchmarks.reporting.plots.ablation.{name}_plot": ABLATION
        for name in ("shapley", "subsets", "emotions", "pairs")
    },
}
"""Examples that are not run, and why."""

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public() -> Iterator[tuple[str, object]]:
    """Classes and functions of the packages' `__all__`; constants and modules have no docstring of their own."""
    for package in FACES:
        module = import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                yield f"{package}.{name}", thing


def members(thing: type) -> list[str]:
    """Methods and properties that a public class defines itself."""
    return [
        name
        for name, value in vars(thing).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, property | classmethod | staticmethod))
    ]


def examples(thing: object) -> str:
    found = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    return "".join(example.source for example in found)


def test_every_public_name_has_examples() -> None:
    pytest.importorskip("speechbrain")
    lacking = [name for name, thing in public() if not examples(thing) or "Examples\n---" not in inspect.getdoc(thing)]
    assert not lacking


def test_the_examples_show_every_method() -> None:
    """In the class's own examples or in those of the method; scikit-learn's own are known to everybody."""
    pytest.importorskip("speechbrain")
    known = {"get_params", "set_params", "recogniser_"}  # scikit-learn's, and an old name that warns
    lacking = [
        f"{name}.{member}"
        for name, thing in public()
        if inspect.isclass(thing)
        for member in members(thing)
        if member not in known and f".{member}" not in examples(thing) and not examples(getattr(thing, member))
    ]
    assert not lacking


UNSEEN = doctest.register_optionflag("UNSEEN")
"""Given here to examples marked +SKIP: their output depends on the user's files and is not shown; they need to run."""


class _Checker(doctest.OutputChecker):
    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return (not want and bool(optionflags & UNSEEN)) or super().check_output(want, got, optionflags)


def given(folder: Path) -> dict[str, object]:
    """What examples of internal functions take for granted: small runs in `folder`, and how they are read."""
    from benchmarks import Run
    from benchmarks.reporting.ranking import rank

    for number, name in enumerate(("results/emodb", "results/ravdess", "elsewhere")):
        skills = {"mine": 1.2} if name == "elsewhere" else {"svm": 1.5, "xgboost": 1.0}
        fabricate_run(folder / name, skills, n_speakers=4, clips=2, random_state=number)
        (folder / name / "learning.csv").write_text(
            "pipeline,speakers,uar,uar_low,uar_high\nsvm,2,0.4,0.3,0.5\nsvm,3,0.6,0.5,0.7\n"
        )
    sound(folder / "kiosk" / "anna_joy_01.wav", seed=1)
    return {"Run": Run, "rank": rank}


def documented() -> list[str]:
    return [name for name, path in modules().items() if ">>>" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("module", documented())
def test_examples_run(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = "speechbrain" if module.startswith("deep") else "opensmile" if module.endswith("opensmile") else "numpy"
    if find_spec(needs) is None:
        pytest.skip(f"needs {needs}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    runner = doctest.DocTestRunner(_Checker(), verbose=False, optionflags=OPTIONS)
    problems: list[str] = []
    names = given(tmp_path) if module.startswith("benchmarks") else {}
    for test in doctest.DocTestFinder(exclude_empty=True).find(import_module(module), module):
        if not test.examples or test.name in NOT_RUN:
            continue
        for example in test.examples:
            example.options |= {UNSEEN: True} if example.options.pop(doctest.SKIP, False) else {}
        provide(re.findall(r"\"([^\"\n]+)\"", test.docstring), tmp_path)
        test.globs |= names
        runner.run(test, out=problems.append)
    assert not problems, "\n".join(problems)
