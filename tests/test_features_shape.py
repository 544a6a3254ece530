"""Shapes of contours: equal to a plain computation, defined for every contour, the same whatever stands beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.descriptors import MODULES
from features.shape import CONTOURS, DILATIONS, N_PER_CONTOUR, shape_names, shapes

ROOT = Path(__file__).resolve().parent.parent


def walk(seed: int, n_frames: int) -> np.ndarray:
    """A contour that drifts, as float32."""
    return np.cumsum(np.random.default_rng(seed).normal(size=n_frames)).astype(np.float32)


def plain_shares(contour: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares without and with the frames whose output equals the threshold but for rounding."""
    used = np.flatnonzero(frames)
    values = contour[used[0] : used[-1] + 1].astype(np.float64)
    counts = frames[used[0] : used[-1] + 1] & np.isfinite(values)
    if not counts.any():
        return np.full(N_PER_CONTOUR, np.nan), np.full(N_PER_CONTOUR, np.nan)
    where = np.arange(len(values))
    bridged = np.interp(where, where[counts], values[counts])
    deviation = values[counts].std()
    standardised = (bridged - values[counts].mean()) / deviation if deviation > 1e-5 else np.zeros(len(values))
    low, high = [], []
    for dilation in DILATIONS:
        correlation = 0.9 ** (dilation * np.abs(np.subtract.outer(np.arange(9), np.arange(9))))
        for kernel in list(combinations(range(9), 3))[::4]:
            weights = np.array([2.0 if j in kernel else -1.0 for j in range(9)])
            taps = np.clip(where[:, None] + dilation * (np.arange(9) - 4), 0, len(values) - 1)
            over = (standardised[taps] @ weights)[counts] - 0.5 * np.sqrt(weights @ correlation @ weights)
            low.append(np.mean(over > 1e-4))
            high.append(np.mean(over > -1e-4))
    return np.array(low), np.array(high)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_frames=st.integers(1, 200),
    missing=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    left_out=st.sampled_from([0.0, 0.5]),
    still=st.booleans(),
)
@example(seed=0, n_frames=1, missing=0.0, left_out=0.0, still=False)
@example(seed=0, n_frames=2, missing=0.0, left_out=0.0, still=False)
@example(seed=0, n_frames=50, missing=0.0, left_out=0.0, still=True)
def test_shares_equal_those_of_a_plain_computation(
    seed: int, n_frames: int, missing: float, left_out: float, still: bool
) -> None:
    rng = np.random.default_rng(seed)
    contour = np.full(n_frames, 3.1, dtype=np.float32) if still else walk(seed, n_frames)
    contour[rng.random(n_frames) < missing] = rng.choice([np.nan, np.inf])
    frames = rng.random(n_frames) >= left_out
    frames[rng.integers(n_frames)] = True
    low, high = plain_shares(contour, frames)
    found = shapes(contour[None], frames)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(low))
    known = ~np.isnan(low)
    assert (found[known] >= low[known] - 1e-6).all()
    assert (found[known] <= high[known] + 1e-6).all()


def test_names_are_unique_and_as_many_as_values_and_name_descriptors_that_exist() -> None:
    names = [name for group, contours in CONTOURS.items() for name in shape_names(group, contours)]
    n_contours = sum(map(len, CONTOURS.values()))
    assert len(set(names)) == len(names) == len(shapes(np.zeros((n_contours, 20)), np.ones(20, dtype=bool)))
    assert set(CONTOURS) == set(MODULES)
    for group, contours in CONTOURS.items():
        module = __import__(MODULES[group], fromlist=["DESCRIPTORS"])
        assert set(contours) <= {descriptor.name for descriptor in module.DESCRIPTORS}


@pytest.mark.parametrize("dilation", DILATIONS)
def test_a_kernel_that_is_high_at_its_first_positions_is_met_by_a_fall_alone(dilation: int) -> None:
    name = f"energy.shape.rms_db.d{dilation:02d}k012"
    fall, frames = np.repeat(np.float32([[1, 0]]), 100, axis=1), np.ones(200, dtype=bool)
    found = [
        dict(zip(shape_names("energy", ["rms_db"]), shapes(step, frames), strict=True)) for step in (fall, 1 - fall)
    ]
    assert found[0][name] == pytest.approx(7 * dilation / 200)  # from the first position beyond the step to the seventh
    assert found[1][name] == 0


@pytest.mark.parametrize("n_frames", [5, 40, 300])
def test_offset_and_scale_do_not_count(n_frames: int) -> None:
    contour, frames = walk(7, n_frames)[None], np.ones(n_frames, dtype=bool)
    usual = shapes(contour, frames)
    assert usual.max() > 0
    for other in (contour + 40, contour * 3, contour * 0.001 - 1):
        assert np.abs(shapes(other, frames) - usual).max() < 1.5 / n_frames  # a frame at the threshold by rounding


def test_what_lies_outside_the_frames_does_not_count() -> None:
    contour, frames = walk(1, 300), np.zeros(300, dtype=bool)
    frames[50:250] = True
    changed = np.where(frames, contour, np.nan).astype(np.float32)
    np.testing.assert_array_equal(shapes(contour[None], frames), shapes(changed[None], frames))
    np.testing.assert_array_equal(shapes(contour[None], frames), shapes(contour[None, 50:250], frames[50:250]))


def test_a_contour_has_the_same_bytes_whatever_stands_beside_it() -> None:
    contours = np.stack([walk(seed, 250) for seed in range(6)])
    contours[2, 40:90], contours[3] = np.nan, 2.0
    frames = np.ones(250, dtype=bool)
    together = shapes(contours, frames).reshape(6, -1)
    for order in ([0], [3, 1], [5, 4, 3, 2, 1, 0]):
        assert shapes(contours[order], frames).tobytes() == together[order].tobytes()


def test_no_contours_and_no_frames() -> None:
    assert shapes(np.empty((0, 10), dtype=np.float32), np.ones(10, dtype=bool)).shape == (0,)
    assert np.isnan(shapes(np.ones((2, 10), dtype=np.float32), np.zeros(10, dtype=bool))).all()


def test_the_same_bytes_on_any_number_of_threads() -> None:
    code = (
        "import numpy as np, hashlib; from features.shape import shapes;"
        "x = np.cumsum(np.random.default_rng(0).normal(size=(23, 400)), axis=1).astype(np.float32);"
        "print(hashlib.sha256(shapes(x, np.ones(400, dtype=bool)).tobytes()).hexdigest())"
    )
    found = set()
    for threads in ("1", "2"):
        variables = {**os.environ, "OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1
