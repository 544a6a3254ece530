"""The course's exercises: the checks accept the answer key, and refuse what people get wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from benchmarks.course import check, find
from benchmarks.course.real_voice import kind_of, real_voice
from benchmarks.course.registry import MODULES, exercises
from features.errors import InputError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
FENCED = re.compile(r"```python\n(.*?)```", re.DOTALL)


def answer_key(name: str) -> dict[str, Any]:
    """What the answers to one notebook define."""
    defined: dict[str, Any] = {}
    for code in FENCED.findall((NOTEBOOKS / "answers" / f"{name}.md").read_text(encoding="utf-8")):
        exec(compile(code, name, "exec"), defined)
    return defined


def recalls(truth: np.ndarray, prediction: np.ndarray, labels: np.ndarray) -> list[float]:
    return [float(np.mean(prediction[truth == label] == label)) if (truth == label).any() else 0.0 for label in labels]


def frame(names: list[str], label: int, speaker: int) -> pd.DataFrame:
    parts = [name.removesuffix(".wav").split("_") for name in names]
    return pd.DataFrame({"path": names, "label": [p[label] for p in parts], "speaker": [p[speaker] for p in parts]})


def bare_interval(scores: np.ndarray, groups: np.ndarray, quantile: float) -> tuple[float, float]:
    means = pd.Series(scores).groupby(groups).mean()
    half = quantile * means.std(ddof=1) / np.sqrt(len(means))
    return means.mean() - half, means.mean() + half


WRONG: dict[str, list[Callable[..., Any]]] = {
    "semitones": [
        lambda low, high: high - low,
        lambda low, high: np.log2(high / low),
        lambda low, high: abs(12 * np.log2(high / low)),
    ],
    "level_db": [
        lambda samples: 20 * np.log10(np.mean(samples**2)),
        lambda samples: 10 * np.log10(np.mean(np.abs(samples))),
        lambda samples: 10 * np.log10(np.sum(samples**2)),
    ],
    "voiced_median": [
        lambda f0, voiced: np.median(f0),
        lambda f0, voiced: np.mean(f0[voiced]),
        lambda f0, voiced: np.median(f0 * voiced),
    ],
    "uar": [
        lambda truth, prediction: np.mean(truth == prediction),
        lambda truth, prediction: np.mean(recalls(truth, prediction, np.unique(prediction))),
        lambda truth, prediction: np.mean(recalls(prediction, truth, np.unique(prediction))),
    ],
    "speaker_folds": [
        lambda speakers: [(np.arange(1, len(speakers)), np.arange(1))],
        lambda speakers: [
            (np.flatnonzero(np.arange(len(speakers)) % 2 != k), np.flatnonzero(np.arange(len(speakers)) % 2 == k))
            for k in (0, 1)
        ],
        lambda speakers: [(np.flatnonzero(speakers == s), np.flatnonzero(speakers != s)) for s in np.unique(speakers)],
    ],
    "scaled": [
        lambda train, test: (test - test.mean(axis=0)) / np.maximum(test.std(axis=0), 1e-9),
        lambda train, test: (
            (test - np.vstack([train, test]).mean(axis=0)) / np.maximum(np.vstack([train, test]).std(axis=0), 1e-9)
        ),
        lambda train, test: test - train.mean(axis=0),
    ],
    "shapley": [
        lambda scores, player: scores[frozenset({player})] - scores[frozenset()],
        lambda scores, player: scores[max(scores, key=len)] - scores[max(scores, key=len) - {player}],
        lambda scores, player: np.mean([scores[own | {player}] - scores[own] for own in scores]),
    ],
    "p_value": [
        lambda differences: 0.5 ** len(differences),
        lambda differences: min(1.0, 2 * norm.sf(abs(differences.mean()) / differences.std(ddof=1))),
        lambda differences: float(np.mean(differences < 0)),
    ],
    "speakers_needed": [
        lambda n_tests: int(np.ceil(np.log2(n_tests / 0.05))),
        lambda n_tests: 6,
        lambda n_tests: int(np.ceil(1 + np.log10(n_tests / 0.05))),
    ],
    "sees": [
        lambda kernels, strides: sum(kernels),
        lambda kernels, strides: int(np.prod(strides)),
        lambda kernels, strides: 1 + sum(kernel * int(np.prod(strides[:k])) for k, kernel in enumerate(kernels)),
    ],
    "kept_epoch": [
        lambda rows: rows[-1]["epoch"],
        lambda rows: max(rows, key=lambda row: row["test_uar"])["epoch"],
        lambda rows: min(rows, key=lambda row: row["train_loss"])["epoch"],
    ],
    "mean_over_time": [
        lambda frames, lengths: frames.mean(axis=1),
        lambda frames, lengths: frames.sum(axis=1) / lengths[:, None],
        lambda frames, lengths: frames[:, : lengths.min()].mean(axis=1),
    ],
    "rows": [
        lambda names: frame(names, label=1, speaker=0).drop(columns="speaker"),
        lambda names: frame(names, label=0, speaker=1),
        lambda names: frame(names, label=1, speaker=0).drop_duplicates("speaker"),
    ],
    "windows": [
        lambda seconds, window, hop: [(s, s + window) for s in np.arange(0, seconds, hop)],
        lambda seconds, window, hop: [(s, s + window) for s in np.arange(0, seconds - window + 1e-9, hop)],
        lambda seconds, window, hop: [(s, min(s + window, seconds)) for s in np.arange(0, seconds, window)],
    ],
    "answered": [
        lambda p, labels, least: ((p.max(axis=1) >= least).mean(), np.mean(p.argmax(axis=1) == labels)),
        lambda p, labels, least: (
            (p.max(axis=1) >= least).sum(),
            np.mean((p.argmax(axis=1) == labels)[p.max(axis=1) >= least]),
        ),
        lambda p, labels, least: (
            (p.max(axis=1) > least).mean(),
            np.mean((p.argmax(axis=1) == labels)[p.max(axis=1) > least]),
        ),
    ],
    "heard_speakers": [
        lambda folds: float(
            folds["speaker"][folds["side"] == "test"].isin(folds["speaker"][folds["side"] == "train"]).mean()
        ),
        lambda folds: len(
            set(folds["speaker"][folds["side"] == "test"]) & set(folds["speaker"][folds["side"] == "train"])
        ),
        lambda folds: 0.0,
    ],
    "interval": [
        lambda scores, speakers: bare_interval(scores, np.arange(len(scores)), norm.ppf(0.975)),
        lambda scores, speakers: bare_interval(scores, speakers, norm.ppf(0.975)),
        lambda scores, speakers: bare_interval(scores, speakers, 2.0),
    ],
    "says": [
        lambda low, high: "better" if low + high > 0 else "worse",
        lambda low, high: "not shown",
        lambda low, high: "better" if high > 0 else "worse",
    ],
}
"""What people answer, for each exercise."""


def test_the_real_voice_has_its_words_its_phones_and_its_licence() -> None:
    voice = real_voice()
    phones = voice.phones
    seconds = len(voice.waveform) / 16000
    assert phones["start"].iloc[0] == 0
    np.testing.assert_array_equal(phones["start"][1:], phones["end"][:-1])  # without gaps
    assert phones["end"].iloc[-1] <= seconds < phones["end"].iloc[-1] + 0.05
    assert phones["phone"].map(kind_of).value_counts().drop("pauses").gt(5).all()
    assert " ".join(phones["phone"][1:4]) == "hh iy t"  # "He t(urned)"
    shipped = Path(real_voice.__code__.co_filename).parent / "shipped"
    assert "without fee" in (shipped / "COPYING").read_text(encoding="utf-8")
    assert "without loss" in (shipped / "README.md").read_text(encoding="utf-8")  # the licence wants changes marked


def test_a_pitch_is_found_in_vowels_and_not_in_pauses() -> None:
    shares = real_voice().voiced_shares()
    assert shares["vowels"] > 0.95
    assert shares["pauses"] == 0
    assert shares["vowels"] > shares["voiced consonants"] > shares["voiceless consonants"] + 0.2


@pytest.mark.parametrize("notebook", MODULES)
def test_the_checks_accept_the_answer_key(notebook: str) -> None:
    defined = answer_key(notebook)
    own = [name for name, exercise in exercises().items() if name in defined]
    assert len(own) == 3
    for name in own:
        verdict = check(name, defined[name])
        assert verdict.right, f"{name}: {verdict}"
        assert str(verdict).startswith("Right: ")


@pytest.mark.parametrize("name", exercises())
def test_the_checks_refuse_three_wrong_answers(name: str) -> None:
    assert len(WRONG[name]) == 3
    for number, wrong in enumerate(WRONG[name]):
        verdict = check(name, wrong)
        assert not verdict.right, f"{name}, wrong answer {number}"
        assert " expected " in verdict.says or verdict.says.startswith("of "), verdict
    assert not check(name, lambda *_: ...).right
    assert "raises ZeroDivisionError" in check(name, lambda *_: 1 / 0).says
    assert "no function" in find(name).check("42").says  # type: ignore[arg-type]


def test_every_exercise_is_asked_once_and_its_answer_stands_in_no_page() -> None:
    asked = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
        asked += [name for cell in cells for name in re.findall(r"^check\(\"(\w+)\"", cell, re.MULTILINE)]
        assert not any("<summary>" in cell for cell in cells), path.name
    assert Counter(asked) == Counter(dict.fromkeys(exercises(), 1))
    with pytest.raises(InputError, match="no exercise is called 'pitch'"):
        check("pitch", abs)


def test_an_answer_cannot_change_the_examples() -> None:
    def writes(f0: np.ndarray, voiced: np.ndarray) -> float:
        f0[:] = 0.0
        return 0.0

    assert (
        check("voiced_median", writes).says.split(" it makes")[0]
        == check("voiced_median", lambda f0, voiced: 0.0).says.split(" it makes")[0]
    )


def test_orders_and_not_subsets_are_equally_likely() -> None:
    """The reference of the exercise, on a game whose shares are known: two gloves make a pair."""
    pairs = {
        frozenset(some[:size]): float({"left"} < set(some[:size]))
        for some in permutations(("left", "right", "spare"))
        for size in range(4)
    }
    shapley = answer_key("03_prosody_or_spectrum")["shapley"]
    assert [shapley(pairs, name) for name in ("left", "right", "spare")] == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_the_syllabus_is_that_of_the_pages() -> None:
    """Week, title and file of every page, the papers it names, and the pages it gives to read."""
    page = NOTEBOOKS.parent / "docs" / "course.md"
    rows = re.findall(
        r"^\| (\d) \| \[(.+?)\]\(\.\./notebooks/(.+?)\) \| .+? \| (.+?) \|", page.read_text(encoding="utf-8"), re.M
    )
    assert [f"{week}. {title}" for week, title, _, _ in rows] == [
        nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].removeprefix("# ")
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    ]
    for week, _, name, reading in rows:
        cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
        minutes = int(re.search(r"\*\*About (\d+) minutes", cells[0].source)[1])  # type: ignore[index]
        assert 35 <= minutes <= 45, week
        for link in re.findall(r"\]\((.+?)\)", reading):
            assert (page.parent / link).is_file(), link
        for authors, year in re.findall(r"; ([A-Z][\w ,.]+?) (\d{4})", reading):
            paper = next(line for line in cells[-1].source.split("\n- ") if f"({year})" in line and authors[:4] in line)
            for author in authors.removesuffix(" et al.").split(", "):
                assert author in paper, f"week {week}: {author} {year}"
