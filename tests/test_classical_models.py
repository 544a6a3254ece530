from __future__ import annotations

import json
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from made_up_speakers import StoredFeatures, speak
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight

from classical.boosting import BoostingClassifier, choose_device, has_gpu
from classical.inner_folds import uar
from classical.kernels import Kernel, class_scores, fit_ovo, squared_lengths
from classical.models import MODELS, build
from classical.speech_classifier import SpeechClassifier
from classical.svm import SvmClassifier, note_on_size
from features.errors import PipelineError

TUNED = ("svm", "svm~nystroem", "xgboost", "logistic")


def sides(table, labels, *, test="s00"):
    held_out = table.index.get_level_values("speaker") == test
    return table[~held_out], labels[~held_out], table[held_out], labels[held_out]


@pytest.mark.parametrize("normalise", ["global", "speaker"])
@pytest.mark.parametrize("name", MODELS)
def test_every_model_keeps_the_contract_of_pipelines(name, normalise):
    table, labels, features = speak()
    X, y, later, _ = sides(table.assign(side="train"), labels)
    pipeline = build(name, features=features, normalise=normalise, random_state=3)
    assert pipeline.fit(X, y) is pipeline
    found = pipeline.predict_proba(later)
    assert pipeline.classes_.tolist() == ["ang", "hap", "neu", "sad"]
    assert found.dtype == np.float64
    assert found.shape == (len(later), 4)
    assert np.allclose(found.sum(1), 1, atol=1e-9)
    assert (pipeline.predict(later) == pipeline.classes_[found.argmax(1)]).all()
    assert pipeline.oof_proba_.shape == (len(X), 4)
    assert pipeline.n_candidates_ >= 1
    assert pipeline.search_time_ >= 0
    assert all(isinstance(note, str) for note in pipeline.notes_)
    json.dumps([pipeline.best_params_, pipeline.n_candidates_, pipeline.search_time_, pipeline.notes_])
    again = clone(pipeline).fit(X, y)
    assert (again.predict_proba(later) == found).all()


@pytest.mark.parametrize("name", TUNED)
def test_tuned_models_learn_and_their_inner_probabilities_are_honest(name):
    table, labels, features = speak(n_speakers=7)
    X, y, later, truth = sides(table, labels)
    pipeline = build(name, features=features).fit(X, y)
    reached = (pipeline.predict(later) == truth).mean()
    inner = pipeline.oof_proba_
    judged = (pipeline.classes_[inner.argmax(1)] == y).mean()
    fitted = (pipeline.predict(X) == y).mean()
    assert reached > 0.6
    assert 0.6 < judged < fitted
    assert log_loss(y, inner, labels=pipeline.classes_) < log_loss(
        y, np.full_like(inner, 0.25), labels=pipeline.classes_
    )


@pytest.mark.parametrize("name", TUNED)
def test_inner_probabilities_come_from_fits_without_the_speaker(name):
    """Features that name the speaker and no more: only who has heard the speaker can tell their one class."""
    rng = np.random.default_rng(0)
    table, _, _ = speak(n_speakers=8, n_each=4)
    speakers = table.index.get_level_values("speaker")
    own = {speaker: rng.normal(0, 5, 12) for speaker in speakers.unique()}
    values = np.array([own[speaker] for speaker in speakers]) + rng.normal(0, 0.1, (len(table), 12))
    labels = np.array(["ang" if int(speaker[1:]) % 2 else "sad" for speaker in speakers])
    features = StoredFeatures(pd.DataFrame(values, index=table.index, columns=[f"mfcc.{k}" for k in range(12)]))
    pipeline = build(name, features=features).fit(table, labels)
    fitted = (pipeline.predict(table) == labels).mean()
    judged = (pipeline.classes_[pipeline.oof_proba_.argmax(1)] == labels).mean()
    assert fitted == 1.0
    assert judged < 0.9


@pytest.mark.parametrize("name", TUNED)
def test_permuted_labels_land_at_chance(name):
    table, labels, features = speak(n_speakers=10, n_each=5)
    labels = np.random.default_rng(4).permutation(labels)
    hits = []
    for test in ("s00", "s03", "s06", "s09"):
        X, y, later, truth = sides(table, labels, test=test)
        hits.extend(build(name, features=features).fit(X, y).predict(later) == truth)
    assert abs(np.mean(hits) - 0.25) < 1.96 * np.sqrt(0.25 * 0.75 / len(hits))


def test_speaker_normalisation_helps_where_speakers_differ():
    table, labels, features = speak(apart=2.5, speaker_spread=8.0, seed=2)
    X, y, later, truth = sides(table, labels)
    reached = {
        scope: (build("svm", features=features, normalise=scope).fit(X, y).predict(later) == truth).mean()
        for scope in ("global", "speaker")
    }
    assert reached["speaker"] > reached["global"] + 0.2


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("kernel", [Kernel("rbf", 0.2), Kernel("linear", 0.3)])
def test_plain_arrays_decide_as_scikit_learns_machine(kernel, n_classes):
    rng = np.random.default_rng(0)
    codes = np.arange(60) % n_classes
    X = rng.normal(size=(60, 6)) + codes[:, None]
    later = rng.normal(size=(40, 6)) + 1
    machine = fit_ovo(kernel(X, X), codes, n_classes=n_classes, C=2.0)
    found = kernel(later, X[machine.support]) @ machine.dual_coef + machine.intercept
    peer = SVC(C=2.0, kernel="precomputed", class_weight="balanced", decision_function_shape="ovo").fit(
        kernel(X, X), codes
    )
    expected = peer.decision_function(kernel(later, X)).reshape(40, -1)
    assert np.allclose(found, -expected if n_classes == 2 else expected, atol=1e-8)


def test_scores_agree_with_votes_where_votes_are_clear():
    rng = np.random.default_rng(0)
    decisions = rng.choice([-1.0, 1.0], size=(300, 6)) * rng.uniform(1, 2, (300, 6))
    votes = np.zeros((300, 4))
    for column, (i, j) in enumerate([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]):
        votes[:, i] += decisions[:, column] > 0
        votes[:, j] += decisions[:, column] < 0
    unanimous = votes.max(1) == 3
    assert (class_scores(decisions, 4).argmax(1) == votes.argmax(1))[unanimous].all()


def test_kernels_from_products_are_kernels():
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    expected = np.exp(-0.7 * ((A[:, None] - B) ** 2).sum(2))
    assert np.allclose(Kernel("rbf", 0.7)(A, B), expected)
    assert np.allclose(Kernel("linear", 0.7)(A, B), 0.7 * A @ B.T)
    assert np.allclose(squared_lengths(A), (A**2).sum(1))


def test_calibration_costs_the_svm_no_recall():
    table, labels, features = speak(apart=0.8, n_speakers=8)
    X, y, later, truth = sides(table, labels)
    pipeline = build("svm", features=features).fit(X, y)
    codes = np.searchsorted(pipeline.classes_, truth)
    scores = pipeline.model_.decision_function(pipeline.standardise(later))
    assert abs(uar(codes, scores) - uar(codes, pipeline.predict_proba(later))) <= 0.005


@pytest.mark.parametrize("name", TUNED)
@pytest.mark.parametrize("case", ["one speaker", "two clips", "a rare class", "a class of one speaker", "two classes"])
def test_small_and_lopsided_training_sets(name, case):
    table, labels, features = speak(n_speakers=4, n_each=3)
    speakers = table.index.get_level_values("speaker").to_numpy()
    keep = {
        "one speaker": speakers == "s00",
        "two clips": np.isin(np.arange(len(labels)), [0, 20]),
        "a rare class": (labels != "sad") | (np.arange(len(labels)) == np.flatnonzero(labels == "sad")[0]),
        "a class of one speaker": (labels != "sad") | (speakers == "s01"),
        "two classes": np.isin(labels, ["ang", "sad"]),
    }[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline = build(name, features=features).fit(table[keep], labels[keep])
        found = pipeline.predict_proba(table)
    assert np.isfinite(found).all()
    assert pipeline.classes_.tolist() == sorted(set(labels[keep]))
    if case == "one speaker":
        assert any("one training speaker" in note for note in pipeline.notes_)


def test_a_speaker_with_few_clips_is_noted():
    table, labels, features = speak(n_speakers=3, n_each=3)
    keep = (table.index.get_level_values("speaker") != "s01") | (np.arange(len(table)) % 6 == 0)
    pipeline = build("majority", features=features, normalise="speaker").fit(table[keep], labels[keep])
    assert "speaker s01" in pipeline.notes_[0]


def test_speakers_are_asked_for_where_they_are_needed():
    table, labels, features = speak(n_speakers=3, n_each=3)
    pipeline = build("majority", features=features, normalise="speaker").fit(table, labels)
    with pytest.raises(PipelineError, match="not all of these have a speaker"):
        pipeline.predict(table.droplevel("speaker"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda table, labels: (table, labels[:-1]), "72 utterances but 71 labels"),
        (lambda table, labels: (table, np.full(len(labels), "sad")), "one class"),
        (lambda table, labels: (table.droplevel("speaker"), labels), "level 'speaker'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(spoil, words):
    table, labels, features = speak(n_each=3)
    with pytest.raises(PipelineError, match=words):
        build("svm", features=features).fit(*spoil(table, labels))


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(PipelineError, match="'forest' is unknown: choose one of svm"):
        build("forest", features=None)


@pytest.mark.parametrize("setting", ["random_state", "n_jobs", "device"])
def test_settings_reach_the_model(setting):
    table, labels, features = speak(n_speakers=3, n_each=3)
    value = {"random_state": 7, "n_jobs": 2, "device": "cpu"}[setting]
    pipeline = build("xgboost", features=features).set_params(**{setting: value}).fit(table, labels)
    assert getattr(pipeline.model_, setting) == value
    assert isinstance(pipeline, SpeechClassifier)


def test_boosting_is_the_same_for_any_number_of_threads_and_differs_by_seed():
    table, labels, features = speak()
    found = [
        build("xgboost", features=features, random_state=seed, n_jobs=jobs).fit(table, labels).predict_proba(table)
        for seed, jobs in [(0, 1), (0, 2), (1, 1)]
    ]
    assert np.allclose(found[0], found[1], atol=1e-6)
    assert not np.allclose(found[0], found[2], atol=1e-3)


def test_boosting_survives_being_pickled_within_a_process_pool():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)).astype(np.float32), np.arange(60) % 3
    model = BoostingClassifier(device="cpu").fit(X, y.astype(str))
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(X) == model.predict_proba(X)).all()


def test_devices_are_named_or_refused():
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") in ("cpu", "cuda")
    with pytest.raises(PipelineError, match="'tpu' is unknown"):
        choose_device("tpu")
    if not has_gpu():
        with pytest.raises(PipelineError, match="finds no GPU"):
            choose_device("cuda")


@pytest.mark.gpu
def test_boosting_on_a_gpu_agrees_with_the_cpu():
    if not has_gpu():
        pytest.skip("needs a CUDA device")
    table, labels, features = speak(n_each=20)
    found = {
        device: build("xgboost", features=features).set_params(device=device).fit(table, labels).predict_proba(table)
        for device in ("cpu", "cuda")
    }
    assert (found["cpu"].argmax(1) == found["cuda"].argmax(1)).mean() > 0.9


def test_the_search_of_the_svm_is_as_wide_as_it_says():
    table, labels, features = speak(n_speakers=3, n_each=3)
    pipeline = build("svm", features=features).fit(table, labels)
    space = SvmClassifier()
    assert pipeline.n_candidates_ == len(space.gammas) * len(space.Cs) + len(space.linear_Cs)


@pytest.mark.parametrize("name", ["svm", "logistic", "majority"])
def test_one_group_of_features_is_chosen_on_inner_folds(name):
    table, labels, features = speak(apart=2.0)
    X, y, later, truth = sides(table, labels)
    pipeline = build(name, features=features, choose_group=True).fit(X, y)
    assert {feature.partition(".")[0] for feature in pipeline.feature_names_} == {pipeline.best_params_["group"]}
    assert pipeline.standardise(later).shape == (len(later), len(pipeline.feature_names_))
    if name != "majority":
        assert pipeline.best_params_["group"] == "pitch"
        assert (pipeline.predict(later) == truth).mean() > 0.6
        assert pipeline.n_candidates_ == 3 * build(name, features=features).fit(X, y).n_candidates_


def test_random_draws_by_the_shares_of_training_and_anew_in_every_fold():
    table, labels, features = speak(n_speakers=40, n_each=1, classes=("ang", "hap", "neu", "sad", "sad_"))
    labels = np.where(labels == "sad_", "sad", labels)
    draws = []
    for test in ("s00", "s01", "s02", "s03"):
        X, y, _, _ = sides(table, labels, test=test)
        draws.append(build("random", features=features).fit(X, y).predict(table))
        assert (draws[-1] == build("random", features=features).fit(X, y).predict(table)).all()
    assert all((a != b).mean() > 0.5 for k, a in enumerate(draws) for b in draws[:k])
    shares = np.mean([np.concatenate(draws) == label for label in ("ang", "sad")], axis=1)
    assert shares == pytest.approx([0.2, 0.4], abs=0.06)


def test_majority_gives_the_shares_of_training():
    table, labels, features = speak(n_speakers=3, n_each=2, classes=("ang", "hap"))
    labels[:2] = "hap"
    found = build("majority", features=features).fit(table, labels).predict_proba(table)
    assert (found == np.array([4, 8]) / 12).all()


def test_with_all_utterances_it_is_the_machine_on_the_whole_kernel():
    """Least squares on the kernel's own eigenvectors, by another way than scikit-learn's Nystroem."""
    table, labels, features = speak(n_speakers=7, apart=1.0, n_each=8)
    X, y, later, _ = sides(table, labels)
    few, whole = (
        build("svm~nystroem", features=features, random_state=1)
        .set_params(model__n_components=number, model__gammas=(0.3,), model__Cs=(1.0,))
        .fit(X, y)
        for number in (20, len(X))
    )
    assert few.model_.components_.shape[0] == 20
    kernel = Kernel("rbf", 0.3 / whole.model_.n_features_in_)
    standardised, new = whole.standardise(X), whole.standardise(later)
    codes = np.searchsorted(whole.classes_, y)
    weights = compute_sample_weight("balanced", y)
    values, vectors = np.linalg.eigh(kernel(standardised, standardised))
    exact = vectors * np.sqrt(np.maximum(values, 0))  # features whose inner products are the kernel
    machine = Ridge(alpha=0.5).fit(exact, 2.0 * (codes[:, None] == np.arange(4)) - 1, sample_weight=weights)
    mapped = kernel(new, standardised) @ vectors / np.sqrt(np.maximum(values, 1e-12))
    np.testing.assert_allclose(whole.model_.class_scores(new), machine.predict(mapped), atol=1e-5)


def test_another_machine_is_offered_where_the_gram_matrix_is_large():
    assert note_on_size(9_999) == ""
    assert "svm~nystroem" in note_on_size(10_000)
