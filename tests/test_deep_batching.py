"""Batches of like length under a budget, and going on where memory is short."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import soundfile  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from small_encoders import voices  # noqa: E402

from deep.batches import ClipDataset, LengthBuckets, collate, expected_samples, loader, retry_on_oom, rounded_up  # noqa: E402
from features.clips import Clip, clips_from  # noqa: E402
from features.errors import AudioError, ModelError  # noqa: E402

LENGTHS = st.lists(st.integers(1, 500_000), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(lengths=LENGTHS, budget=st.integers(1, 2_000_000), seed=st.none() | st.integers(0, 9), epoch=st.integers(0, 3))
def test_every_clip_once_and_no_batch_over_the_budget(lengths, budget, seed, epoch):
    buckets = LengthBuckets(np.array(lengths), budget=budget, seed=seed)
    buckets.set_epoch(epoch)
    batches = list(buckets)
    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    assert len(buckets) == len(batches)
    for batch in batches:
        assert len(batch) == 1 or max(lengths[position] for position in batch) * len(batch) <= budget


def test_an_epochs_order_is_its_own_and_repeats():
    lengths = np.arange(1000, 60_000, 500)
    buckets = LengthBuckets(lengths, budget=200_000, seed=3)
    orders = []
    for epoch in (1, 2, 1):
        buckets.set_epoch(epoch)
        orders.append(list(buckets))
    assert orders[0] == orders[2]
    assert orders[0] != orders[1]


def test_no_clip_is_padded_by_more_than_its_share_allows():
    lengths = np.random.default_rng(0).integers(8_000, 500_000, 200)
    batches = list(LengthBuckets(lengths, budget=2_000_000, least_share=0.9))
    assert sorted(position for batch in batches for position in batch) == list(range(200))
    assert all(min(lengths[batch]) >= 0.9 * max(lengths[batch]) for batch in batches)
    assert max(len(batch) for batch in batches) > 1


def test_buckets_pad_little():
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.normal(np.log(57_000), 0.6, 400)).astype(int)
    for seed in (None, 1):
        padded = sum(max(lengths[batch]) * len(batch) for batch in LengthBuckets(lengths, budget=1_024_000, seed=seed))
        assert padded / lengths.sum() < 1.25


def test_lengths_of_files_and_stretches_are_read_from_the_header(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(44100 * 2) + 0.1, 44100)
    assert expected_samples(Clip("a", path=path)) == 32000
    assert expected_samples(Clip("a", path=path, start=0.5, end=1.25)) == 12000
    assert expected_samples(Clip("a", path=path, start=1.5, end=9.0)) == 8000
    assert expected_samples(Clip("a", waveform=np.zeros(24000), rate=48000)) == 8000
    with pytest.raises(AudioError, match=r"missing\.wav"):
        expected_samples(Clip("b", path=tmp_path / "missing.wav"))


@pytest.mark.parametrize("workers", [0, 2])
def test_waveforms_and_integer_lengths_survive_loading(tmp_path, workers):
    sounds = voices(0.5, 1.2, 0.31, 0.9)
    paths = []
    for number, sound in enumerate(sounds):
        paths.append(tmp_path / f"{number}.wav")
        soundfile.write(paths[-1], sound, 16000, subtype="FLOAT")
    dataset = ClipDataset(clips_from(paths), [3, 1, 0, 2])
    buckets = LengthBuckets(dataset.n_samples, budget=20_000)
    seen = {}
    for batch in loader(dataset, buckets, workers=workers, pinned=False):
        assert batch.lengths.dtype == torch.int64
        for row, position in enumerate(batch.positions.tolist()):
            length = int(batch.lengths[row])
            seen[position] = (batch.waveforms[row, :length].numpy(), int(batch.targets[row]))
            assert not batch.waveforms[row, length:].any()
    for number, sound in enumerate(sounds):
        np.testing.assert_allclose(seen[number][0], sound, atol=1e-6)  # as recorded, its mean too
        assert seen[number][1] == [3, 1, 0, 2][number]


def _batch(n_clips):
    items = [(row, torch.full((10 * (row + 1),), float(row + 1)), row % 3) for row in range(n_clips)]
    return collate(items)


def test_halves_hold_the_same_clips_without_needless_padding():
    first, second = _batch(5).halves()
    assert (len(first), len(second)) == (3, 2)
    assert first.waveforms.shape == (3, 30)
    assert torch.cat([first.positions, second.positions]).tolist() == [0, 1, 2, 3, 4]
    assert first.waveforms[0, :10].tolist() == [1.0] * 10


@pytest.mark.parametrize("fits", [1, 2, 3, 8])
def test_out_of_memory_halves_the_batch_and_goes_on(fits):
    tried = []

    def work(pieces):
        tried.append(max(len(piece) for piece in pieces))
        if tried[-1] > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [position for piece in pieces for position in piece.positions.tolist()]

    assert retry_on_oom(_batch(8), work) == list(range(8))
    assert tried == [size for size in (8, 4, 2, 1) if size > fits] + [max(s for s in (8, 4, 2, 1) if s <= fits)]


def test_a_clip_that_does_not_fit_alone_is_an_error():
    def work(_pieces):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(ModelError, match="does not fit"):
        retry_on_oom(_batch(3), work)


def test_widths_are_multiples_of_a_step_within_the_budget():
    rng = np.random.default_rng(0)
    lengths = rng.integers(3000, 20_000, 40)
    dataset = ClipDataset(clips_from([(rng.normal(size=length).astype(np.float32), 16_000) for length in lengths]))
    buckets = LengthBuckets(rounded_up(dataset.n_samples, 4000), budget=48_000, seed=0)
    for batch in loader(dataset, buckets, workers=0, pinned=False, step=4000):
        width = batch.waveforms.shape[1]
        assert width % 4000 == 0
        assert 0 <= width - int(batch.lengths.max()) < 4000
        assert width * len(batch) <= 48_000
        assert batch.lengths.tolist() == lengths[batch.positions].tolist()
        for waveform, length in zip(batch.waveforms, batch.lengths, strict=True):
            assert not waveform[length:].any()
