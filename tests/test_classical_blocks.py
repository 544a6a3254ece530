"""Weighted blocks of features in the SVM, screening before trees, and logistic regression in the span of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.feature_selection import f_classif
from sklearn.linear_model import LogisticRegression

from classical.blocks import blocks_of, scale_of, weights_to_try
from classical.boosting import BoostingClassifier
from classical.logistic import LogisticClassifier
from classical.screening import f_ratio, screened
from classical.svm import SvmClassifier
from features.errors import PipelineError

SPEAKERS = np.repeat(["a", "b", "c", "d"], 60)
LABELS = np.tile(np.repeat(["ang", "hap", "sad"], 20), 4)
BLOCKS = np.array(["useful"] * 4 + ["noise"] * 40 + ["also"] * 3)


@pytest.fixture(scope="module")
def X() -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    codes = np.unique(LABELS, return_inverse=True)[1]
    values = rng.normal(size=(len(LABELS), len(BLOCKS)))
    values[:, :4] += 0.4 * np.eye(3)[codes] @ rng.normal(size=(3, 4))
    values[:, -3:] += 0.9 * np.eye(3)[codes]
    return values


def test_a_block_that_is_noise_weighs_nothing(X: NDArray[np.float64]) -> None:
    model = SvmClassifier(blocks=BLOCKS).fit(X, LABELS, groups=SPEAKERS)
    weights = model.best_params_["weights"]
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["noise"] < min(weights["useful"], weights["also"])
    assert model.n_candidates_ == 15 + len(weights_to_try(["a", "b", "c"])) - 1


def test_weights_are_those_of_squared_distances(X: NDArray[np.float64]) -> None:
    """The Gram matrix of the search is that of the scaled features which the fitted model uses."""
    blocks = blocks_of(BLOCKS, X.shape[1])
    weights = {"useful": 0.5, "noise": 0.25, "also": 0.25}
    scaled = X * scale_of(blocks, weights)
    distance = np.sum((scaled[0] - scaled[1]) ** 2) / X.shape[1]
    by_block = {name: np.mean((X[0] - X[1])[name == BLOCKS] ** 2) for name in blocks.names}
    assert distance == pytest.approx(sum(weights[name] * by_block[name] for name in weights))


def test_repeating_the_features_of_a_block_changes_nothing(X: NDArray[np.float64]) -> None:
    twice, blocks = np.hstack([X, X[:, 4:44]]), np.concatenate([BLOCKS, ["noise"] * 40])
    once = SvmClassifier(blocks=BLOCKS).fit(X, LABELS, groups=SPEAKERS)
    more = SvmClassifier(blocks=blocks).fit(twice, LABELS, groups=SPEAKERS)
    assert more.best_params_["weights"] == once.best_params_["weights"]
    np.testing.assert_allclose(more.predict_proba(twice), once.predict_proba(X), atol=1e-3)  # libsvm's tolerance


def test_one_block_is_the_plain_classifier(X: NDArray[np.float64]) -> None:
    plain = SvmClassifier().fit(X, LABELS, groups=SPEAKERS)
    one = clone(SvmClassifier(blocks=np.array(["x"] * X.shape[1]))).fit(X, LABELS, groups=SPEAKERS)
    assert one.predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()
    assert "weights" not in one.best_params_


def test_blocks_are_counted(X: NDArray[np.float64]) -> None:
    with pytest.raises(PipelineError, match="46 blocks for 47 features"):
        SvmClassifier(blocks=BLOCKS[1:]).fit(X, LABELS, groups=SPEAKERS)


def test_the_f_ratio_is_that_of_an_analysis_of_variance(X: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(f_ratio(X, LABELS), f_classif(X, LABELS)[0], rtol=1e-9)
    holed = X.copy()
    holed[::7, 3] = np.nan
    kept = np.isfinite(holed[:, 3])
    assert f_ratio(holed, LABELS)[3] == pytest.approx(f_classif(X[kept, 3:4], LABELS[kept])[0][0])
    assert f_ratio(np.ones((len(LABELS), 1)), LABELS)[0] == 0


def test_screening_sees_the_utterances_fitted_on_alone(X: NDArray[np.float64]) -> None:
    assert set(screened(X, LABELS, most=3)) <= set(range(4)) | set(range(44, 47))
    model = BoostingClassifier(n_screened=6, max_rounds=10, device="cpu").fit(X, LABELS, groups=SPEAKERS)
    assert len(model.columns_) == 6
    changed = X.copy()
    unused = np.setdiff1d(np.arange(X.shape[1]), model.columns_)
    changed[:, unused] = 99
    assert model.predict_proba(changed).tobytes() == model.predict_proba(X).tobytes()
    contributions = model.contributions(X)
    assert contributions.shape == (len(LABELS), 3, X.shape[1] + 1)
    np.testing.assert_allclose(contributions.sum(axis=2), model.class_scores(X), atol=1e-4)
    assert not contributions[:, :, unused].any()


def test_logistic_regression_on_more_features_than_utterances_is_the_same_optimum() -> None:
    rng = np.random.default_rng(1)
    wide = rng.normal(size=(len(LABELS), 400)) + 0.5 * np.eye(3)[
        np.unique(LABELS, return_inverse=True)[1]
    ] @ rng.normal(size=(3, 400))
    model = LogisticClassifier(Cs=(0.01,)).fit(wide, LABELS, groups=SPEAKERS)
    reference = LogisticRegression(C=0.01, class_weight="balanced", tol=1e-8, max_iter=2000).fit(wide, LABELS)
    np.testing.assert_allclose(model.coef_, reference.coef_, atol=2e-3)


@pytest.mark.parametrize("gammas", [(0.3,), ()])
def test_occluding_features_one_by_one_is_what_it_says(gammas: tuple[float, ...], X: NDArray[np.float64]) -> None:
    model = SvmClassifier(blocks=BLOCKS, gammas=gammas).fit(X, LABELS, groups=SPEAKERS)
    without = np.tile(X[7], (X.shape[1], 1))
    np.fill_diagonal(without, 0.0)
    np.testing.assert_allclose(model.scores_without(X[7]), model.class_scores(without), atol=1e-9)
