"""The extractors' contract: names, shapes, kinds of input, choice of groups, and what stands behind a name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from features import CsvFeatures, FeatureExtractor, FeatureTable, OpenSmileExtractor
from features.audio import RATE, load
from features.catalogue import as_markdown, catalogue
from features.errors import AudioError, FeatureError
from features.extractors.opensmile import availability
from features.functionals import FUNCTIONALS, functionals
from features.groups import GROUPS, PRESETS, groups_of, select

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def clips(emodb_root: Path) -> list[Path]:
    return sorted((emodb_root / "wav").glob("*.wav"))[::90]


@pytest.fixture(scope="module")
def table(clips: list[Path]) -> FeatureTable:
    return FeatureExtractor().extract(clips)


@pytest.fixture(scope="module")
def whole(clips: list[Path]) -> FeatureTable:
    return FeatureExtractor("all").extract(clips)


def test_names_are_unique_documented_and_at_most_a_thousand() -> None:
    features = catalogue()
    names = [feature.name for feature in features]
    assert len(set(names)) == len(names) <= 1000
    assert {feature.group for feature in features} == set(GROUPS)
    assert "pitch.f0_semitone.p80.voiced" in names
    for feature in features:
        assert re.fullmatch(r"[a-z]+(\.[a-z0-9_]+){1,3}", feature.name)
        assert feature.name.startswith(f"{feature.group}.")
        assert feature.unit
        assert feature.formula
        assert feature.source


def test_the_catalogue_in_the_docs_is_the_one_in_the_code() -> None:
    assert (DOCS / "features.md").read_text(encoding="utf-8") == as_markdown()


@pytest.mark.parametrize("spec", [*GROUPS, *PRESETS, "voice,pitch", "prosodic, voice"])
def test_a_choice_of_groups_is_a_choice_of_columns(spec: str, clips: list[Path], whole: FeatureTable) -> None:
    extractor = FeatureExtractor(spec)
    chosen = whole.select(spec)
    assert extractor.names() == chosen.names
    assert {name.partition(".")[0] for name in chosen.names} == set(groups_of(spec))
    np.testing.assert_array_equal(extractor.transform(clips[:2]), chosen.values[:2])


def test_presets_leave_voice_to_all() -> None:
    assert "voice" not in (*PRESETS["prosodic"], *PRESETS["spectral"])
    assert set(PRESETS["all"]) == set(GROUPS)


@pytest.mark.parametrize("spec", ["", "tone", "pitch,", "PITCH"])
def test_an_unknown_group_is_refused(spec: str) -> None:
    with pytest.raises(FeatureError, match="expected some of pitch"):
        FeatureExtractor(spec).names()


def test_nothing_to_select_is_refused() -> None:
    with pytest.raises(FeatureError, match="belongs to"):
        select(("a", "b"), "pitch")


def test_the_contract_of_a_transformer(clips: list[Path], table: FeatureTable) -> None:
    extractor = clone(FeatureExtractor("prosodic", normalise_level=True)).fit(clips)
    assert extractor.get_params()["normalise_level"] is True
    frame = extractor.set_output(transform="pandas").transform(clips[:2])
    assert list(frame.columns) == list(extractor.get_feature_names_out())
    assert table.values.dtype == np.float32
    assert table.values.shape == (len(clips), len(table.names))
    assert table.seconds.shape == (len(clips),)
    assert (table.seconds > 0).all()
    assert FeatureExtractor().extract([]).values.shape == (0, len(table.names))


def test_paths_waveforms_and_tables_give_the_same_row(clips: list[Path], table: FeatureTable) -> None:
    pairs = [(load(path), RATE) for path in clips[:2]]
    rows = pd.DataFrame({"path": [str(path) for path in clips[:2]], "start": np.nan, "end": np.nan})
    # A mean that is removed twice moves samples by a last bit; which weak candidates of an unvoiced frame
    # are looked at depends on less than that, and the second derivative of F0 over a few frames magnifies it.
    moved = re.compile(r"pitch\.periodicity\..*\.all|pitch\.segment_curvature.*")
    loose = np.array([moved.fullmatch(name) is not None for name in table.names])
    assert 0 < loose.sum() < 20
    for X in ([str(path) for path in clips[:2]], pairs, rows, rows[["path"]]):
        values = FeatureExtractor().transform(X)
        np.testing.assert_allclose(values[:, ~loose], table.values[:2, ~loose], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(values[:, loose], table.values[:2, loose], rtol=0.02, atol=1e-3)


def test_a_row_does_not_depend_on_its_neighbours_or_processes(clips: list[Path], table: FeatureTable) -> None:
    np.testing.assert_array_equal(FeatureExtractor(n_jobs=2).transform(clips[:3][::-1]), table.values[:3][::-1])


def test_start_and_end_choose_a_stretch(clips: list[Path]) -> None:
    rows = pd.DataFrame({"path": clips[:1], "start": [0.2], "end": [1.2]})
    part = load(clips[0], start=0.2, end=1.2)
    found, expected = FeatureExtractor().transform(rows), FeatureExtractor().transform([(part, RATE)])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("X", ["a.wav", 3, [3], [("a", "b")], pd.DataFrame({"file": ["a.wav"]})])
def test_other_input_is_refused(X: object) -> None:
    with pytest.raises(FeatureError, match="expected"):
        FeatureExtractor().extract(X)


def test_silence_about_an_utterance_changes_little(clips: list[Path], table: FeatureTable) -> None:
    speech = load(clips[0])
    quiet = np.random.default_rng(0).normal(scale=1e-4, size=RATE).astype(np.float32)
    found = FeatureExtractor().transform([(np.concatenate([quiet, speech, quiet]), RATE)])[0]
    spread = np.nanstd(table.values, axis=0)
    away = np.abs(found - table.values[0]) / np.where(spread > 0, spread, 1)
    assert np.nanmedian(away) < 0.1
    assert np.nanmean(away < 1) > 0.9


def test_the_level_moves_energy_alone(clips: list[Path], table: FeatureTable) -> None:
    louder = FeatureExtractor().transform([(load(clips[0]) * np.float32(1.7), RATE)])[0]
    moved = {
        name for name, a, b in zip(table.names, louder, table.values[0])
        if not np.isclose(a, b, rtol=2e-3, atol=2e-3, equal_nan=True)
    }  # fmt: skip
    assert {name.partition(".")[0] for name in moved} <= {"energy", "mfcc", "spectrum"}
    assert "energy.rms_db.mean.all" in moved
    assert not [name for name in moved if name.startswith(("spectrum.ltas", "spectrum.mel"))]
    same = FeatureExtractor(normalise_level=True)
    np.testing.assert_allclose(
        same.transform([(load(clips[0]) * np.float32(1.7), RATE)]), same.transform(clips[:1]), rtol=1e-2, atol=1e-2
    )


def test_identity_tells_parameters_apart() -> None:
    texts = {FeatureExtractor(g, normalise_level=n).identity() for g in ("all", "pitch") for n in (False, True)}
    assert len(texts) == 4
    assert FeatureExtractor("all").identity() == FeatureExtractor(",".join(GROUPS), n_jobs=2).identity()


def test_functionals_equal_numpys() -> None:
    rng = np.random.default_rng(0)
    contours = rng.normal(size=(4, 300)).astype(np.float32)
    contours[1, ::7] = np.nan
    contours[2] = np.nan
    frames = rng.random(300) < 0.7
    found = dict(zip(FUNCTIONALS, functionals(contours, frames).T))
    for c in (0, 1, 3):
        kept = np.flatnonzero(frames & np.isfinite(contours[c]))
        values = contours[c, kept].astype(np.float64)
        steps = (values[1:] - values[:-1])[np.diff(kept) == 1] * 100
        expected = {
            "mean": values.mean(), "std": values.std(), "skew": (((values - values.mean()) / values.std()) ** 3).mean(),
            "slope": np.polyfit(kept / 100, values, 1)[0], "change": np.abs(steps).mean(),
            "rise": steps[steps > 0].mean(), "fall": steps[steps < 0].mean(),
            **{f"p{p:02d}": np.percentile(values, p) for p in (5, 20, 50, 80, 95)},
            "range": np.percentile(values, 95) - np.percentile(values, 5),
        }  # fmt: skip
        assert set(expected) == set(FUNCTIONALS)
        for name, value in expected.items():
            assert found[name][c] == pytest.approx(value, rel=1e-4, abs=1e-5), name
    assert all(np.isnan(values[2]) for values in found.values())
    assert np.isnan(functionals(contours, np.zeros(300, dtype=bool))).all()


@pytest.mark.parametrize("feature_set", ["eGeMAPSv02", "ComParE_2016"])
def test_opensmile_keeps_the_contract(clips: list[Path], feature_set: str) -> None:
    if reason := availability():
        pytest.skip(reason)
    extractor = clone(OpenSmileExtractor(feature_set))
    found = extractor.extract(clips[:2])
    assert found.values.shape == (2, {"eGeMAPSv02": 88, "ComParE_2016": 6373}[feature_set])
    assert found.values.dtype == np.float32
    assert len(set(found.names)) == len(found.names)
    assert feature_set in extractor.identity()


def test_an_unknown_opensmile_set_is_refused() -> None:
    with pytest.raises(FeatureError, match="expected one of eGeMAPSv02"):
        OpenSmileExtractor("emobase").names()


def test_a_csv_is_looked_up_by_id(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("id,a,b\n007,1,\n08,2,3.5\n")
    extractor = clone(CsvFeatures(path))
    index = pd.MultiIndex.from_tuples([("s", "08"), ("s", "007")], names=["speaker", "id"])
    found = extractor.extract(pd.DataFrame({"path": ["x", "y"]}, index=index))
    assert found.names == ("a", "b")
    np.testing.assert_array_equal(found.values, np.array([[2, 3.5], [1, np.nan]], dtype=np.float32))
    with pytest.raises(FeatureError, match="no row for utterance '9'"):
        extractor.extract(pd.DataFrame({"id": ["9"]}))
    before = extractor.identity()
    path.write_text("id,a,b\n007,1,2\n")
    assert extractor.identity() != before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "`id`"),
        ("id,a\n1,x\n", "expected a number"),
        ("id,a\n1,2\n1,3\n", "twice"),
        ("", "expected a CSV"),
    ],
)
def test_a_csv_that_does_not_fit_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(FeatureError, match=says):
        CsvFeatures(path).names()


def test_a_missing_file_is_named(clips: list[Path]) -> None:
    with pytest.raises(AudioError, match=re.escape("missing.wav")):
        FeatureExtractor().extract([clips[0], "missing.wav"])


def test_importing_the_room_is_cheap() -> None:
    code = "import sys, features; print(sorted({'numpy', 'sklearn', 'librosa', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("kind", ["statistics", "csv"])
def test_extractors_are_transformers_as_scikit_learn_has_them(kind: str, clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("id,a,b\nx,1,2\ny,3,4\n")
    extractor = {"statistics": FeatureExtractor("timing"), "csv": CsvFeatures(tmp_path / "own.csv")}[kind]
    index = pd.MultiIndex.from_tuples([("s", "x"), ("t", "y")], names=["speaker", "id"])
    table = pd.DataFrame({"path": [str(path) for path in clips[:2]]}, index=index)
    copy = clone(extractor).set_output(transform="pandas")
    frame = copy.fit_transform(table)
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.equals(index)
    assert list(frame.columns) == list(extractor.get_feature_names_out()) == list(extractor.names())
    np.testing.assert_array_equal(frame.to_numpy(), extractor.transform(table))
    assert copy.get_params() == extractor.get_params()
    tags = extractor.__sklearn_tags__()
    assert (tags.requires_fit, tags.input_tags.two_d_array) == (False, False)
