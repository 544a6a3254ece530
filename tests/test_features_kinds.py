"""Kinds of features: which parts a text stands for, and what the covariance of contours is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from features import FeatureExtractor
from features.covariance import covariance_names, covariances
from features.descriptors.deltas import delta
from features.errors import FeatureError
from features.groups import GROUPS, PARTS, PRESETS, groups_of, kind_of, part_of, parts_of
from features.kinds import CONTOURS, KINDS


@pytest.fixture(scope="module")
def clips(emodb_root: Path) -> list[Path]:
    return sorted((emodb_root / "wav").glob("*.wav"))[::180]


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("statistics", GROUPS),
        ("all", PARTS),
        ("pitch", ("pitch", "pitch.covariance", "pitch.shape")),
        ("timing", ("timing",)),
        ("mfcc.statistics", ("mfcc",)),
        ("covariance", ("pitch.covariance", "energy.covariance", "mfcc.covariance")),
        ("energy.shape,pitch.statistics", ("pitch", "energy.shape")),
        ("mfcc, mfcc.covariance", ("mfcc", "mfcc.covariance", "mfcc.shape")),
    ],
)
def test_parts_that_a_text_stands_for(spec: str, parts: tuple[str, ...]) -> None:
    assert parts_of(spec) == parts


@pytest.mark.parametrize("spec", ["timing.shape", "voice.covariance", "pitch.kernel", "pitch.", "shape.pitch", "Shape"])
def test_a_kind_that_a_group_does_not_have_is_refused(spec: str) -> None:
    with pytest.raises(FeatureError, match=r"expected (one of|some of) pitch"):
        parts_of(spec)


def test_each_side_of_the_question_has_kinds_of_its_own_contours_alone() -> None:
    prosodic, spectral = parts_of("prosodic"), parts_of("spectral")
    assert not set(prosodic) & set(spectral)
    assert {part.partition(".")[0] for part in prosodic} == set(PRESETS["prosodic"])
    assert {part.partition(".")[0] for part in spectral} == set(PRESETS["spectral"])
    assert groups_of("shape,timing") == GROUPS


def test_every_column_tells_its_part() -> None:
    names = FeatureExtractor("all").names()
    assert len(set(names)) == len(names)
    assert tuple(dict.fromkeys(map(part_of, names))) == PARTS
    assert {kind_of(name) for name in names} == set(KINDS)
    for kind, by_group in CONTOURS.items():
        for group, contours in by_group.items():
            columns = [name for name in names if part_of(name) == f"{group}.{kind}"]
            assert {name.split(".")[2].partition("_delta")[0] for name in columns} == set(contours)


def test_a_part_alone_has_the_values_that_it_has_among_all(clips: list[Path]) -> None:
    table = FeatureExtractor("all").extract(clips)
    assert np.isfinite(table.values).mean() > 0.99
    for spec in ("covariance", "mfcc.shape", "energy", "pitch.shape,voice.statistics"):
        alone = FeatureExtractor(spec).extract(clips)
        chosen = table.select(spec)
        assert alone.names == chosen.names
        assert alone.values.tobytes() == chosen.values.tobytes()


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_covariances_are_the_matrix_logarithm(n_contours: int, n_frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    contours = (rng.normal(size=(n_contours, n_frames)) * rng.uniform(0.1, 20, (n_contours, 1))).astype(np.float32)
    frames = np.ones(n_frames, dtype=bool)
    frames[-1] = n_frames < 4
    values = covariances(contours, frames)
    every = np.concatenate([contours, delta(contours, order=1), delta(contours, order=2)])[:, frames].astype(float)
    matrix = np.cov(every, bias=True)
    matrix += 1e-5 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    expected = scipy.linalg.logm(matrix)
    rows, columns = np.triu_indices(len(matrix))
    scale = np.where(rows == columns, 1, np.sqrt(2))
    np.testing.assert_allclose(values, expected[rows, columns] * scale, atol=5e-3)
    assert len(covariance_names("mfcc", [f"c{i:02d}" for i in range(n_contours)])) == len(values)
    np.testing.assert_allclose(np.linalg.norm(values), np.linalg.norm(expected), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("n_frames", [1, 2, 300])
def test_what_does_not_move_has_no_covariance(n_frames: int) -> None:
    still = np.full((2, n_frames), 7.0, dtype=np.float32)
    assert np.isnan(covariances(still, np.ones(n_frames, dtype=bool))).all()
    moving = np.arange(2 * n_frames, dtype=np.float32).reshape(2, -1) ** 1.5
    assert np.isnan(covariances(moving, np.arange(n_frames) == 0)).all()
