"""Other pitch trackers that `benchmarks.speed features` measures: on one grid, and named where not installed."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import features, pitch_peers
from benchmarks.speed.pitch_peers import PEERS, Peer, one_by_one
from features.sampling import RATE


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_follows_a_voice_on_the_grid(peer: Peer) -> None:
    if peer.missing is not None:
        pytest.skip(peer.missing)
    time = np.arange(RATE) / RATE
    voice = sum(np.sin(2 * np.pi * 200 * k * time) / k for k in range(1, 9))
    found = peer.follow([(0.1 * voice).astype(np.float32)] * 2)
    assert found.seconds > 0
    for f0 in found.f0:
        assert len(f0) == 101
        np.testing.assert_allclose(f0[20:-20], 200, rtol=0.03)


def test_what_is_not_installed_is_named_and_the_rest_is_measured(
    emodb_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyworld", reason="needs pyworld, which needs a C++ compiler")
    quick = Peer("pyin", "librosa", "librosa", one_by_one(lambda waveform: np.full(len(waveform) // 160 + 1, 200.0)))
    absent = Peer("other", "no_such_module", "no-such-package", quick.follow)
    monkeypatch.setattr(pitch_peers, "PEERS", (quick, absent))
    lines = features.PARTS["pitch"](argparse.Namespace(corpora=emodb_root.parent, clips=2))
    assert lines[-1].measure == "not measured"
    assert lines[-1].peers == "other: not installed; python -m pip install no-such-package"
    gross = [line for line in lines if line.measure.startswith("gross")]
    assert len(gross) == 3
    assert all(line.figure and line.peers.startswith("pyin") and "other" not in line.peers for line in gross)


def test_a_part_whose_library_is_missing_is_named_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.speed import features as speed

    monkeypatch.setattr(speed, "NEEDS", {"pitch": ("no_such_library", "world")})
    assert speed.main(["--only", "pitch"]) == 1
    assert "pitch not measured: it needs no_such_library" in capsys.readouterr().err
