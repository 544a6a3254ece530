"""Gradient-boosted trees by XGBoost: histograms, sampled columns, rounds and shape chosen on inner speakers."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from classical.calibration import CalibratedMixin, learn_sharpness, probabilities
from classical.tuning import InnerFolds, balanced_weights, encode, inner_folds, uar
from features.errors import PipelineError


@dataclass(frozen=True)
class _Found:
    """The best setting of a search, its rounds, and the margins it gave to clips that it was not fitted on."""

    setting: Mapping[str, Any]
    rounds: int
    margins: NDArray[np.float64]


class BoostingClassifier(CalibratedMixin, BaseEstimator):
    """XGBoost with balanced class weights; depth and number of rounds chosen on inner speakers.

    Every setting grows trees on each inner fold until the weighted log loss of the held-out speakers has not fallen for
    `patience` rounds. The mean of the best numbers of rounds is kept, the setting is judged by its UAR at that number,
    and the final trees are grown on all clips.

    Parameters
    ----------
    depths
        Depths of trees to try.
    column_shares
        Shares of the features that a split may choose from, to try.
    learning_rate
        Weight of each tree.
    row_share
        Share of the clips that a tree is grown on.
    min_child_weight, l2
        Least weight in a leaf, and penalty on leaf values.
    bins
        Number of bins of the histograms.
    max_rounds, patience
        Most rounds, and rounds without improvement after which a fit stops.
    n_inner
        Number of inner folds.
    random_state
        Seed of the sampling of rows and columns.
    n_jobs
        Threads of XGBoost.
    device
        ``'cpu'``, ``'cuda'``, ``'cuda:N'``, or ``'auto'``: a GPU where there is one.

    Attributes
    ----------
    classes_ : ndarray of str
    booster_ : xgboost.Booster
    sharpness_ : float
        See `classical.calibration.learn_sharpness`.
    chosen_, n_settings_, tuning_cpu_seconds_, notes_, inner_probability_
        As of `classical.svm.SvmClassifier`.
    """

    def __init__(
        self,
        *,
        depths: tuple[int, ...] = (2, 4),
        column_shares: tuple[float, ...] = (0.05,),
        learning_rate: float = 0.2,
        row_share: float = 0.7,
        min_child_weight: float = 2.0,
        l2: float = 1.0,
        bins: int = 32,
        max_rounds: int = 300,
        patience: int = 15,
        n_inner: int = 3,
        random_state: int = 0,
        n_jobs: int = 1,
        device: str = "auto",
    ) -> None:
        self.depths = depths
        self.column_shares = column_shares
        self.learning_rate = learning_rate
        self.row_share = row_share
        self.min_child_weight = min_child_weight
        self.l2 = l2
        self.bins = bins
        self.max_rounds = max_rounds
        self.patience = patience
        self.n_inner = n_inner
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.device = device

    def fit(self, X: NDArray, y: NDArray, *, groups: NDArray | None = None) -> BoostingClassifier:
        """Choose a setting and a number of rounds on inner folds and grow the trees on all clips.

        Parameters
        ----------
        X : (n_utterances, n_features)
            Features.
        y : (n_utterances,)
            Labels.
        groups : (n_utterances,)
            Speakers, which inner folds keep together.

        Raises
        ------
        PipelineError
            If there are fewer than two labels, or a GPU is asked for and there is none.
        """
        X = np.asarray(X, dtype=np.float32)
        self.classes_, codes = encode(y)
        self.device_ = choose_device(self.device)
        started = time.process_time()
        inner = inner_folds(codes, groups, n_folds=self.n_inner)
        found = self._search(X, codes, inner)
        self.tuning_cpu_seconds_ = time.process_time() - started
        self.chosen_ = {**found.setting, "rounds": found.rounds}
        self.notes_ = list(inner.notes)
        self.sharpness_ = learn_sharpness(found.margins, codes)
        self.inner_probability_ = probabilities(found.margins, self.sharpness_)
        self.booster_ = self._grow(found.setting, self._matrix(X, codes), rounds=found.rounds)
        return self

    def decision_function(self, X: NDArray) -> NDArray[np.float64]:
        """Margin of every class before calibration, shape (n_utterances, n_classes)."""
        check_is_fitted(self, "booster_")
        return _margins(self.booster_, np.asarray(X, dtype=np.float32))

    def contributions(self, X: NDArray) -> NDArray[np.float64]:
        """Exact TreeSHAP values of the margins, shape (n_utterances, n_classes, n_features + 1); the last is the bias.

        They sum to `decision_function` over the last axis (S. Lundberg et al., "From local explanations to global
        understanding with explainable AI for trees", Nature Machine Intelligence 2020).
        """
        check_is_fitted(self, "booster_")
        matrix = xgboost.DMatrix(np.asarray(X, dtype=np.float32), nthread=self.n_jobs)
        return self.booster_.predict(matrix, pred_contribs=True, strict_shape=True).astype(np.float64)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "booster_" in state:
            state["trees_"] = state.pop("booster_").save_raw("json").decode()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        trees = state.pop("trees_", None)
        super().__setstate__(state)
        if trees is not None:
            self.booster_ = xgboost.Booster({"nthread": self.n_jobs}, model_file=bytearray(trees, "utf-8"))

    def _options(self, setting: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "objective": "multi:softprob",
            "num_class": len(self.classes_),
            "eval_metric": "mlogloss",
            "tree_method": "hist",
            "max_bin": self.bins,
            "max_depth": setting["depth"],
            "colsample_bynode": setting["column_share"],
            "learning_rate": self.learning_rate,
            "subsample": self.row_share,
            "min_child_weight": self.min_child_weight,
            "reg_lambda": self.l2,
            "seed": self.random_state,
            "nthread": self.n_jobs,
            "device": self.device_,
        }

    def _matrix(self, X: NDArray, codes: NDArray, like: xgboost.DMatrix | None = None) -> xgboost.QuantileDMatrix:
        weight = balanced_weights(codes, len(self.classes_))
        return xgboost.QuantileDMatrix(X, codes, weight=weight, max_bin=self.bins, nthread=self.n_jobs, ref=like)

    def _search(self, X: NDArray, codes: NDArray, inner: InnerFolds) -> _Found:
        settings = [{"depth": d, "column_share": share} for d in self.depths for share in self.column_shares]
        self.n_settings_ = len(settings)
        if not inner.folds:
            return _Found(settings[0], min(50, self.max_rounds), np.full((len(X), len(self.classes_)), np.nan))
        matrices = []
        for fit_on, held_out in inner.folds:
            grown_on = self._matrix(X[fit_on], codes[fit_on])
            matrices.append((grown_on, self._matrix(X[held_out], codes[held_out], like=grown_on), held_out))
        found, highest = None, -1.0
        for setting in settings:
            boosters = [self._grow(setting, own, judged, rounds=self.max_rounds) for own, judged, _ in matrices]
            rounds = max(1, round(float(np.mean([booster.best_iteration + 1 for booster in boosters]))))
            margins = np.full((len(X), len(self.classes_)), np.nan)
            for booster, (_, _, held_out) in zip(boosters, matrices):
                last = min(rounds, booster.num_boosted_rounds())
                margins[held_out] = _margins(booster, X[held_out], rounds=last)
            reached = uar(codes, margins)
            if reached > highest + 1e-12:
                found, highest = _Found(setting, rounds, margins), reached
        assert found is not None
        return found

    def _grow(
        self,
        setting: Mapping[str, Any],
        grown_on: xgboost.DMatrix,
        judged_on: xgboost.DMatrix | None = None,
        *,
        rounds: int,
    ) -> xgboost.Booster:
        """Grow trees for some rounds, or until they no longer help on `judged_on`."""
        watched: dict[str, Any] = {}
        if judged_on is not None:
            watched = {"evals": [(judged_on, "held_out")], "early_stopping_rounds": self.patience}
        booster = xgboost.train(self._options(setting), grown_on, num_boost_round=rounds, verbose_eval=False, **watched)
        booster.set_param({"device": "cpu"})  # answers are wanted for arrays in the main memory
        return booster


def _margins(booster: xgboost.Booster, X: NDArray[np.float32], *, rounds: int = 0) -> NDArray[np.float64]:
    margins = booster.inplace_predict(X, iteration_range=(0, rounds), predict_type="margin", strict_shape=True)
    return np.asarray(margins, dtype=np.float64)


def choose_device(wanted: str) -> str:
    """Name of the device that XGBoost is to use.

    Raises
    ------
    PipelineError
        If a GPU is asked for and this XGBoost or this machine has none.
    """
    if wanted == "cpu":
        return "cpu"
    available = bool(xgboost.build_info().get("USE_CUDA")) and count_gpus() > 0
    if wanted == "auto":
        return "cuda" if available else "cpu"
    if not wanted.startswith("cuda"):
        raise PipelineError(f"device {wanted!r} is unknown: choose auto, cpu, cuda or cuda:N")
    if not available:
        raise PipelineError(f"device {wanted!r} was asked for, but XGBoost finds no GPU here: choose auto or cpu")
    return wanted


def count_gpus() -> int:
    """Number of GPUs that the CUDA driver shows to this process; 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
