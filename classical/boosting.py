"""Gradient-boosted trees by XGBoost: histograms, sampled columns, rounds and shape chosen on inner speakers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from classical.inner_folds import InnerFolds
from classical.labels import balanced_weights
from classical.screening import screened
from classical.tuning import Candidate, TunedClassifier, check_arrays
from features.errors import PipelineError


@dataclass(frozen=True, eq=False)
class Part:
    """Some utterances and some features of a table.

    Attributes
    ----------
    X : ndarray of shape (n_utterances, n_features)
    codes : ndarray of shape (n_utterances,)
        Classes.
    rows, columns : ndarray of int
        Those that are meant.
    """

    X: NDArray
    codes: NDArray
    rows: NDArray
    columns: NDArray

    @property
    def labels(self) -> NDArray:
        """Classes of the rows."""
        return self.codes[self.rows]

    def values(self, some: slice = slice(None)) -> NDArray:
        """A copy of the values, or of some of its rows."""
        return self.X[np.ix_(self.rows[some], self.columns)]


class BoostingClassifier(TunedClassifier):
    """XGBoost with balanced class weights; depth and number of rounds chosen on inner speakers.

    Every candidate grows trees on each inner fold until the weighted log loss of the held-out speakers has not fallen
    for `patience` rounds. The mean of the best numbers of rounds is kept, the candidate is judged by its UAR at that
    number, and the final trees are grown on all utterances. The trees are those of `xgboost.XGBModel`, since
    `xgboost.XGBClassifier` refuses inner folds that lack a class.

    Parameters
    ----------
    depths : tuple of int
        Depths of trees to try.
    column_shares : tuple of float
        Shares of the features that a split may choose from, to try.
    learning_rate : float
        Weight of each tree.
    row_share : float
        Share of the utterances that a tree is grown on.
    min_child_weight, l2 : float
        Least weight in a leaf, and penalty on leaf values.
    bins : int
        Number of bins of the histograms.
    max_rounds, patience : int
        Most rounds, and rounds without improvement after which a fit stops.
    n_screened : int or None
        Most features to grow trees on: those with the highest F ratio among the utterances that a model is fitted on,
        on inner folds too. None uses all.
    n_inner : int
        Number of inner folds.
    random_state : int
        Seed of the sampling of rows and columns.
    n_jobs : int
        Threads of XGBoost.
    device : str
        ``'cpu'``, ``'cuda'``, ``'cuda:N'``, or ``'auto'``: a GPU where there is one.

    Attributes
    ----------
    columns_ : ndarray of shape (n_features used,)
        Indices of the features that the trees are grown on.
    booster_ : xgboost.Booster
    classes_, n_features_in_, feature_names_in_, best_params_, n_candidates_, search_time_, notes_, oof_proba_, \
inverse_temperature_
        As of `classical.tuning.TunedClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 8, axis=0), np.repeat([False, True], 8)
    >>> model = BoostingClassifier(device="cpu").fit(X, y, groups=np.tile(["ann", "bob"], 8))
    >>> model.predict([[1.2, 0.0]])
    array([ True])
    """

    _input = {"dtype": np.float32, "ensure_all_finite": "allow-nan"}

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
        n_screened: int | None = 700,
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
        self.n_screened = n_screened
        self.n_inner = n_inner
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.device = device

    def _search(self, X: NDArray, codes: NDArray, inner: InnerFolds) -> Iterator[Candidate]:
        for depth in self.depths:
            for share in self.column_shares:
                yield self._candidate({"max_depth": depth, "colsample_bynode": share}, X, codes, inner)

    def _candidate(self, params: Mapping[str, Any], X: NDArray, codes: NDArray, inner: InnerFolds) -> Candidate:
        """Grow trees on every inner fold, and score each fold's held-out utterances at the mean of the best rounds."""
        columns = [screened(X[fit_on], codes[fit_on], most=self.n_screened) for fit_on, _ in inner.folds]
        boosters = [
            self._grow(params, Part(X, codes, fit_on, which), self.max_rounds, stop_on=Part(X, codes, held_out, which))
            for which, (fit_on, held_out) in zip(columns, inner.folds)
        ]
        rounds = min(50, self.max_rounds)
        if boosters:
            rounds = max(1, round(float(np.mean([booster.best_iteration + 1 for booster in boosters]))))
        scores = np.full((len(X), len(self.classes_)), np.nan)
        for booster, which, (_, held_out) in zip(boosters, columns, inner.folds):
            grown = min(rounds, booster.num_boosted_rounds())
            scores[held_out] = _margins(booster, X[np.ix_(held_out, which)], rounds=grown)
        return Candidate({**params, "rounds": rounds}, scores)

    def _refit(self, X: NDArray, codes: NDArray) -> None:
        params = {name: value for name, value in self.best_params_.items() if name != "rounds"}
        self.columns_ = screened(X, codes, most=self.n_screened)
        everything = Part(X, codes, np.arange(len(X)), self.columns_)
        self.booster_ = self._grow(params, everything, self.best_params_["rounds"])

    def _grow(
        self, params: Mapping[str, Any], part: Part, rounds: int, *, stop_on: Part | None = None
    ) -> xgboost.Booster:
        """Grow trees for some rounds, or until they no longer help on `stop_on`."""
        model = self._model(params, rounds)
        if stop_on is not None:
            model.set_params(early_stopping_rounds=self.patience)
        n_classes = len(self.classes_)
        model.fit(
            part.values(),
            part.labels,
            sample_weight=balanced_weights(part.labels, n_classes),
            eval_set=None if stop_on is None else [(stop_on.values(), stop_on.labels)],
            sample_weight_eval_set=None if stop_on is None else [balanced_weights(stop_on.labels, n_classes)],
            verbose=False,
        )
        booster = model.get_booster()
        booster.set_param({"device": "cpu"})  # predictions are for arrays in main memory
        return booster

    def _model(self, params: Mapping[str, Any], rounds: int) -> xgboost.XGBModel:
        return xgboost.XGBModel(
            objective="multi:softprob",
            num_class=len(self.classes_),
            eval_metric="mlogloss",
            tree_method="hist",
            n_estimators=rounds,
            max_bin=self.bins,
            learning_rate=self.learning_rate,
            subsample=self.row_share,
            min_child_weight=self.min_child_weight,
            reg_lambda=self.l2,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            device=choose_device(self.device),
            **params,
        )

    def _scores(self, X: NDArray) -> NDArray[np.float64]:
        return _margins(self.booster_, X[:, self.columns_])

    def contributions(self, X: Any) -> NDArray[np.float64]:
        """Exact TreeSHAP values of the class scores.

        They sum to `class_scores` over the last axis (S. Lundberg et al., "From local explanations to global
        understanding with explainable AI for trees", Nature Machine Intelligence 2020).

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)

        Returns
        -------
        ndarray of shape (n_utterances, n_classes, n_features + 1)
            The last column is the bias; 0 for features that were screened out.
        """
        check_is_fitted(self)
        X = check_arrays(self, X, reset=False, **self._input)
        matrix = xgboost.DMatrix(X[:, self.columns_], nthread=self.n_jobs)
        values = self.booster_.predict(matrix, pred_contribs=True, strict_shape=True).astype(np.float64)
        result = np.zeros((*values.shape[:2], X.shape[1] + 1))
        result[:, :, [*self.columns_, -1]] = values
        return result

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

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


def _margins(booster: xgboost.Booster, X: NDArray[np.float32], *, rounds: int = 0) -> NDArray[np.float64]:
    margins = booster.inplace_predict(X, iteration_range=(0, rounds), predict_type="margin", strict_shape=True)
    return np.asarray(margins, dtype=np.float64)


def choose_device(device: str) -> str:
    """Name of the device that XGBoost is to use.

    Parameters
    ----------
    device : str
        ``'auto'``, ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.

    Returns
    -------
    str
        The same, with ``'auto'`` resolved.

    Raises
    ------
    PipelineError
        If a GPU is asked for and this XGBoost or this machine has none.

    Examples
    --------
    >>> choose_device("cpu")
    'cpu'
    """
    if device == "cpu":
        return "cpu"
    if device == "auto":
        return "cuda" if has_gpu() else "cpu"
    if not device.startswith("cuda"):
        raise PipelineError(f"device {device!r} is unknown: choose auto, cpu, cuda or cuda:N")
    if not has_gpu():
        raise PipelineError(f"device {device!r} was asked for, but XGBoost finds no GPU here: choose auto or cpu")
    return device


@lru_cache
def has_gpu() -> bool:
    """Whether XGBoost trains on a GPU here, by growing one tree and asking where that was."""
    if not xgboost.build_info().get("USE_CUDA"):
        return False
    with xgboost.config_context(verbosity=0):
        tree = xgboost.train(
            {"device": "cuda", "nthread": 1}, xgboost.DMatrix(np.eye(2), label=np.arange(2.0)), num_boost_round=1
        )
    return json.loads(tree.save_config())["learner"]["generic_param"]["device"].startswith("cuda")
