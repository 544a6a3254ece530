"""scikit-learn's contract: its own checks for every estimator on arrays, and its tools on arrays and utterances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from made_up_speakers import speak
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from classical.boosting import BoostingClassifier
from classical.external_boosting import ExternalBoostingClassifier
from classical.fusion import FusionClassifier
from classical.logistic import LogisticClassifier
from classical.models import MODELS, RandomClassifier, build, model_class
from classical.normalise import Normaliser
from classical.nystroem import NystroemClassifier
from classical.svm import SvmClassifier
from features.errors import PipelineError, SerError

# As scikit-learn excuses its own DummyClassifier.
DRAWN = {
    "check_methods_subset_invariance": "a draw depends on the position of the row",
    "check_methods_sample_order_invariance": "a draw depends on the position of the row",
}
TUNED = {
    "svm": SvmClassifier(),
    "svm~nystroem": NystroemClassifier(gammas=(0.3,), Cs=(1.0,)),
    "logistic": LogisticClassifier(),
    "xgboost": BoostingClassifier(device="cpu", column_shares=(1.0,)),
    "xgboost~external": ExternalBoostingClassifier(device="cpu", column_shares=(1.0,), max_rounds=20),
    "fusion": FusionClassifier([("svm", SvmClassifier()), ("logistic", LogisticClassifier())]),
}
CHECKED = [*TUNED.values(), RandomClassifier(), Normaliser()]


def test_every_model_and_transformer_on_arrays_is_checked():
    ours = {model_class(name) for name in MODELS if MODELS[name].startswith("classical.")} | {Normaliser}
    assert ours <= {type(estimator) for estimator in CHECKED}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", CHECKED, ids=lambda estimator: type(estimator).__name__)
def test_scikit_learns_checks(estimator):
    excused = DRAWN if isinstance(estimator, RandomClassifier) else {}
    results = check_estimator(estimator, expected_failed_checks=excused, on_fail=None, on_skip=None)
    assert len(results) > 40
    assert not [(entry["check_name"], entry["exception"]) for entry in results if entry["status"] == "failed"]
    assert {entry["check_name"] for entry in results if entry["status"] == "xfail"} == set(excused)


def clusters(labels, *, n_each=12, n_features=6, n_speakers=4, seed=0):
    """Separable clusters, one per label, dealt out to speakers."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(labels)), n_each)
    centres = rng.normal(0, 6, (len(labels), n_features))
    groups = np.array([f"s{k % n_speakers}" for k in range(len(codes))])
    return centres[codes] + rng.normal(size=(len(codes), n_features)), np.asarray(labels)[codes], groups


def on_utterances(labels, **options):
    """The same as an utterances table, with a pipeline."""
    table, text, features = speak(classes=tuple(f"{k:02d}" for k in range(len(labels))), apart=4.0, **options)
    return table, np.asarray(labels)[text.astype(int)], build("svm", features=features)


LABELS = {
    "text": ["ang", "hap", "neu"],
    "integer": [7, -1, 3],
    "bool": [False, True],
    "twelve integers": list(range(12)),
    "twelve floats": [float(k) for k in range(12)],
    "two integers": [10, 2],
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("name", TUNED)
def test_labels_keep_their_type_and_columns_their_order(name, kind):
    X, y, groups = clusters(LABELS[kind])
    model = clone(TUNED[name]).fit(X, y, groups=groups)
    assert model.classes_.dtype == y.dtype
    assert model.classes_.tolist() == sorted(set(LABELS[kind]))
    assert model.predict(X).dtype == y.dtype
    assert model.score(X, y) > 0.95
    assert (model.classes_[model.predict_proba(X).argmax(axis=1)] == model.predict(X)).all()


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_utterances_keep_their_type(kind):
    X, y, pipeline = on_utterances(LABELS[kind])
    pipeline.fit(X, y)
    assert pipeline.classes_.dtype == y.dtype
    assert pipeline.classes_.tolist() == sorted(set(LABELS[kind]))
    assert pipeline.score(X, y) > 0.9


@pytest.mark.parametrize("name", TUNED)
@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_missing_label_is_no_class(name, missing):
    X, y, groups = clusters(["ang", "hap"])
    y = y.astype(object)
    y[3] = missing
    with pytest.raises(PipelineError, match=r"missing|NaN|NoneType"):
        clone(TUNED[name]).fit(X, y, groups=groups)
    table, _, pipeline = on_utterances(["ang", "hap"])
    text = np.repeat(["ang", "hap"], len(table) // 2).astype(object)
    text[3] = missing
    with pytest.raises(PipelineError, match="1 of 72 labels are missing"):
        pipeline.fit(table, text)


@pytest.mark.parametrize("name", TUNED)
def test_columns_of_a_data_frame_in_another_order_are_refused(name):
    X, y, groups = clusters(["ang", "hap", "neu"])
    frame = pd.DataFrame(X, columns=[f"f{k}" for k in range(X.shape[1])])
    model = clone(TUNED[name]).fit(frame, y, groups=groups)
    assert model.feature_names_in_.tolist() == list(frame.columns)
    assert model.n_features_in_ == X.shape[1]
    with pytest.raises(ValueError, match="should match those that were passed during fit"):
        model.predict(frame[frame.columns[::-1]])


@pytest.mark.parametrize("name", TUNED)
def test_two_classes_have_one_decision_and_errors_are_of_both_families(name):
    X, y, groups = clusters([0, 1])
    model = clone(TUNED[name])
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(ValueError, match="one class") as refused:
        model.fit(X, np.zeros(len(X)), groups=groups)
    assert isinstance(refused.value, SerError)
    if name != "fusion":
        assert model.fit(X, y).decision_function(X).shape == (len(X),)


TWELVE = list(range(12))


@pytest.mark.parametrize("name", TUNED)
@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_cross_val_predict_of_twelve_classes(name, method):
    X, y, groups = clusters(TWELVE)
    model = clone(TUNED[name])
    found = cross_val_predict(model, X, y, groups=groups, params={"groups": groups}, cv=GroupKFold(4), method=method)
    found = found if method == "predict" else np.unique(y)[found.argmax(axis=1)]
    assert (found == y).mean() > 0.95


def test_cross_val_predict_of_utterances():
    X, y, pipeline = on_utterances(TWELVE, n_speakers=4, n_each=3)
    speakers = X.index.get_level_values("speaker")
    found = cross_val_predict(pipeline, X, y, groups=speakers, cv=GroupKFold(4), method="predict_proba")
    assert (found.argmax(axis=1) == y).mean() > 0.8


@pytest.mark.parametrize("where", ["arrays", "utterances"])
def test_groups_are_routed(where):
    """With metadata routing one `params` gives groups to the splitter and to every fit that asks for them."""
    if where == "arrays":
        X, y, groups = clusters([3, 1, 2])
        model, grid = SvmClassifier(), {"n_inner": [2, 3]}
    else:
        X, y, model = on_utterances([3, 1, 2], n_speakers=4)
        groups = X.index.get_level_values("speaker").to_numpy()
        X, grid = X.droplevel("speaker"), {"model__n_inner": [2, 3]}
        model.features.values = model.features.values.droplevel("speaker")
    with sklearn.config_context(enable_metadata_routing=True):
        model = clone(model).set_fit_request(groups=True)
        found = cross_val_predict(model, X, y, params={"groups": groups}, cv=GroupKFold(4))
        assert (found == y).mean() > 0.8
        search = GridSearchCV(model, grid, cv=GroupKFold(4)).fit(X, y, groups=groups)
        assert search.best_score_ > 0.8
        assert "one training speaker" not in " ".join(search.best_estimator_.notes_)


@pytest.mark.parametrize("where", ["arrays", "utterances"])
def test_grid_search_without_routing(where):
    X, y, groups = clusters([3, 1, 2])
    model, grid = SvmClassifier(), {"linear_Cs": [(0.1,), (1.0,)]}
    if where == "utterances":
        X, y, model = on_utterances([3, 1, 2], n_speakers=4)
        groups, grid = X.index.get_level_values("speaker"), {"normalise": ["global", "speaker"]}
    search = GridSearchCV(model, grid, cv=GroupKFold(4), scoring="balanced_accuracy").fit(X, y, groups=groups)
    assert search.best_score_ > 0.8
    assert search.predict(X).dtype == y.dtype


@pytest.mark.parametrize("where", ["arrays", "utterances"])
def test_voting_of_twelve_classes(where):
    if where == "arrays":
        X, y, _ = clusters(TWELVE)
        members = [("svm", SvmClassifier()), ("logistic", LogisticClassifier())]
    else:
        X, y, pipeline = on_utterances(TWELVE, n_speakers=3, n_each=3)
        members = [("svm", pipeline), ("logistic", build("logistic", features=pipeline.features))]
    for voting in ("hard", "soft"):
        assert VotingClassifier(members, voting=voting).fit(X, y).score(X, y) > 0.9


def test_bagging_of_twelve_classes():
    X, y, _ = clusters(TWELVE)
    assert BaggingClassifier(LogisticClassifier(), n_estimators=3, random_state=0).fit(X, y).score(X, y) > 0.95


@pytest.mark.parametrize("where", ["arrays", "utterances"])
@pytest.mark.parametrize("labels", [[0, 1], TWELVE], ids=["two classes", "twelve classes"])
def test_calibrated_classifier(where, labels):
    X, y, _ = clusters(labels)
    model = SvmClassifier()
    if where == "utterances":
        X, y, model = on_utterances(labels, n_speakers=3, n_each=4)
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert calibrated.score(X, y) > 0.9
    assert calibrated.classes_.tolist() == labels


def test_permutation_importance_finds_the_column_that_tells():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = rng.normal(size=(80, 4))
    X[:, 2] += 4 * y
    model = SvmClassifier().fit(X, y)
    assert permutation_importance(model, X, y, random_state=0).importances_mean.argmax() == 2


def test_permutation_importance_of_utterances():
    """The paths tell the classes, the other columns do not."""

    class Loud:
        def transform(self, X):
            return X["path"].str.len().to_numpy(dtype=float)[:, None]

        def get_feature_names_out(self):
            return np.array(["energy.length"])

    y = np.arange(40) % 2
    index = pd.MultiIndex.from_arrays([[f"s{k % 4}" for k in y + np.arange(40)], range(40)], names=["speaker", "id"])
    X = pd.DataFrame({"path": np.where(y == 1, "long", "s"), "start": np.nan, "end": np.nan}, index=index)
    model = build("logistic", features=Loud()).fit(X, y)
    found = permutation_importance(model, X, y, random_state=0).importances_mean
    assert found.argmax() == 0
    assert found[0] > 0.3
    assert (found[1:] == 0).all()


def test_parameters_of_members_are_set_by_name():
    fusion = FusionClassifier([("svm", SvmClassifier()), ("logistic", LogisticClassifier())])
    fusion.set_params(svm__n_inner=2, logistic=SvmClassifier(n_inner=7), random_state=5)
    assert fusion.get_params()["svm__n_inner"] == 2
    assert fusion.get_params()["logistic__n_inner"] == 7
    assert clone(fusion).members[0][1].n_inner == 2
    assert fusion.random_state == 5
    with pytest.raises(ValueError, match="Invalid parameter"):
        fusion.set_params(forest__n_inner=2)


def test_the_normaliser_stands_in_a_pipeline_and_names_its_columns():
    X, y, _ = clusters(["ang", "hap"])
    frame = pd.DataFrame(X, columns=list("abcdef")).assign(d=1.0)
    pipeline = make_pipeline(Normaliser(), SvmClassifier()).fit(frame, y)
    assert pipeline.score(frame, y) > 0.95
    assert pipeline[0].get_feature_names_out().tolist() == ["a", "b", "c", "e", "f"]
    assert list(Normaliser().set_output(transform="pandas").fit_transform(frame).columns) == ["a", "b", "c", "e", "f"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("chosen_", "best_params_"),
        ("n_settings_", "n_candidates_"),
        ("tuning_cpu_seconds_", "search_time_"),
        ("inner_probability_", "oof_proba_"),
        ("sharpness_", "inverse_temperature_"),
        ("costs", "Cs"),
        ("linear_costs", "linear_Cs"),
    ],
)
def test_old_names_warn_for_one_version(old, new):
    X, y, groups = clusters(["ang", "hap"])
    model = SvmClassifier().fit(X, y, groups=groups)
    with pytest.warns(FutureWarning, match=f"{old} is now {new}"):
        value = getattr(model, old)
    assert value is getattr(model, new)
