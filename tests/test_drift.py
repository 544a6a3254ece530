"""Drift between the speech of a training and new speech: how often it is found where there is none, and where it is."""

from __future__ import annotations

import json

import numpy as np
import pytest

import classical
from benchmarks import corpora
from benchmarks.evaluation.final_model import train
from features.drift import WATCHED, Drift, TrainingSpeech, compare, drift
from features.errors import ModelError
from features.sampling import RATE


def speakers(rng: np.random.Generator, n: int, n_clips: int, *, heavy: bool = False) -> list[np.ndarray]:
    """Clips of n people who differ, and whose own clips differ; with `heavy` by a distribution with far values."""
    size = (n, 1, len(WATCHED))
    people = rng.standard_t(2, size=size) if heavy else rng.normal(size=size)
    return list(people + rng.normal(size=(n, n_clips, len(WATCHED))))


@pytest.mark.parametrize(
    ("n_training", "n_new", "n_clips", "heavy"), [(10, 3, 5, False), (24, 2, 1, True), (24, 6, 20, True)]
)
def test_false_alarms_are_as_rare_as_is_stated(n_training: int, n_new: int, n_clips: int, heavy: bool) -> None:
    rng = np.random.default_rng(0)
    repeats = 200
    alarms = sum(
        compare(speakers(rng, n_training, 20, heavy=heavy), speakers(rng, n_new, n_clips, heavy=heavy), seed=k).found
        for k in range(repeats)
    )
    assert alarms / repeats <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / repeats)


def test_a_drift_is_found_and_named() -> None:
    rng = np.random.default_rng(1)
    shift = np.zeros(len(WATCHED))
    shift[4] = -3.0
    found = [compare(speakers(rng, 20, 10), [own + shift for own in speakers(rng, 5, 10)], seed=k) for k in range(40)]
    assert np.mean([one.found for one in found]) > 0.8
    assert all(one.shifts[0].feature == "energy.rms_db.p05.all" for one in found if one.found)
    sentence = next(str(one) for one in found if one.found)
    assert sentence.startswith("drift: 5 new speakers beside 20 of the training, p = 0.0")
    assert "level of the quietest frames lower by" in sentence


def test_too_few_speakers_are_called_so() -> None:
    rng = np.random.default_rng(2)
    one = compare(speakers(rng, 10, 5), [own + 50 for own in speakers(rng, 1, 5)])
    assert one.p == pytest.approx(1 / 11)
    assert str(one).startswith("no drift can be found: 1 new speaker beside 10 of the training allow no p below 0.091")


def test_values_that_no_clip_has_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    training, new = speakers(rng, 12, 4), speakers(rng, 4, 4)
    training[0][:, 2] = np.nan
    for own in (*training, *new):
        own[:, 5] = np.nan
    result = compare(training, new)
    assert not result.found
    assert np.isfinite([shift.difference for shift in result.shifts]).all()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> TrainingSpeech:
    """What a model of the embedded corpus keeps, as it comes back from its file."""
    path = tmp_path_factory.mktemp("model") / "model.skops"
    train(corpora.load("synthetic"), "logistic@timing", path, jobs=1)
    return TrainingSpeech.of_json(json.loads(json.dumps(classical.load(path).metadata["speech"])))


def test_a_saved_model_finds_noise_and_not_its_own_voices(kept: TrainingSpeech) -> None:
    table = corpora.load("synthetic").utterances
    names = table.index.get_level_values("speaker")
    some = [k for name in sorted(set(names))[:4] for k in np.flatnonzero(names == name)[:3]]
    assert len(kept.clips) == len(set(names))
    assert not drift(kept, table.iloc[some], names[some]).found
    rng = np.random.default_rng(0)
    noise = [(0.1 * rng.normal(size=RATE), RATE) for _ in some]
    result = drift(kept, noise, names[some])
    assert result.found
    assert isinstance(result, Drift)


@pytest.mark.parametrize(("stored", "says"), [(None, "train it again"), ([[[1.0]]], "damaged"), ("x", "damaged")])
def test_what_is_not_kept_is_one_line(stored: object, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        TrainingSpeech.of_json(stored)
