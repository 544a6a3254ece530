"""Saliency by occlusion: the peak lies where the planted burst is, for networks and for classical models alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import classical
import features
from features.errors import AudioError, InputError
from features.occlusion import own_noise
from features.sampling import RATE

BURST = (1.2, 1.4)


def clip_with_burst(*, seconds: float = 2.0, burst: tuple[float, float] | None = BURST, seed: int = 0) -> np.ndarray:
    """Noise of a room, with a tone of 1 kHz in it."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = 0.003 * np.random.default_rng(seed).normal(size=len(time))
    if burst:
        inside = (time >= burst[0]) & (time < burst[1])
        sound = sound + 0.3 * inside * np.sin(2 * np.pi * 1000 * time)
    return sound.astype(np.float32)


class Loudest:
    """Says `tone` by the loudest 20 ms, and counts what it is asked."""

    def __init__(self) -> None:
        self.classes_ = np.array(["none", "tone"])
        self.asked = 0

    def predict_proba(self, X):
        self.asked += len(X)
        levels = [
            np.abs(waveform[: len(waveform) // 320 * 320]).reshape(-1, 320).mean(axis=1).max() for waveform, _ in X
        ]
        p = 1 / (1 + np.exp(-(np.array(levels) - 0.05) * 60))
        return np.stack([1 - p, p], axis=1)


@pytest.mark.parametrize("fill", ["noise", "silence"])
def test_the_peak_lies_in_the_burst(fill: str) -> None:
    model = Loudest()
    found = features.saliency(model, (clip_with_burst(), RATE), fill=fill)
    assert (found.label, model.asked) == ("tone", 1 + len(found.drops))
    assert found.starts[0] == 0
    assert found.ends[-1] == 2.0
    start, end = found.peak
    assert start <= BURST[0] < BURST[1] <= end
    assert found.drops.max() > 0.5
    far = (found.ends <= BURST[0]) | (found.starts >= BURST[1])
    assert np.abs(found.drops[far]).max() < 0.01


def test_a_window_that_speaks_against_a_label_is_below_zero() -> None:
    found = features.saliency(Loudest(), (clip_with_burst(), RATE), label="none")
    place = int(found.drops.argmin())
    assert found.drops[place] < -0.5
    assert found.starts[place] <= BURST[0] < BURST[1] <= found.ends[place]


def test_what_is_heard_whole_is_what_the_model_says(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "burst.wav", clip_with_burst(), RATE, subtype="FLOAT")
    model = Loudest()
    found = features.saliency(model, tmp_path / "burst.wav")
    assert found.probability == model.predict_proba([(clip_with_burst(), RATE)])[0, 1]
    again = features.saliency(model, str(tmp_path / "burst.wav"))
    assert np.array_equal(found.drops, again.drops)
    plot = found.plot()
    assert "burst.wav: most without" in plot.alt_text
    plot.save(tmp_path / "burst.png")
    assert found.to_frame()["drop"].idxmax() == found.drops.argmax()


def test_a_window_as_long_as_the_clip_is_one_window() -> None:
    found = features.saliency(Loudest(), (clip_with_burst(seconds=0.2, burst=(0.05, 0.1)), RATE), window=0.2)
    assert found.starts.tolist() == [0.0]
    assert found.ends.tolist() == [0.2]


def test_noise_is_that_of_the_pauses() -> None:
    clip, rng = clip_with_burst(), np.random.default_rng(1)
    noise = own_noise(clip, rng)
    assert noise.std() == pytest.approx(0.003, rel=0.15)
    assert not own_noise(np.where(np.arange(len(clip)) < 9000, 0, clip).astype(np.float32), rng).any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"window": 0.0}, "must be above 0"),
        ({"window": 2.1}, "the clip has 2.00 s"),
        ({"fill": "music"}, "noise, silence"),
        ({"label": "ang"}, "none, tone"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        features.saliency(Loudest(), (clip_with_burst(), RATE), **options)
    with pytest.raises(AudioError, match=r"none.wav: no such file"):
        features.saliency(Loudest(), "none.wav")


def test_a_trained_classical_model_is_asked_the_same_way() -> None:
    bursts = [(0.3, 0.5), None, (0.8, 1.0), None] * 4
    clips = [(clip_with_burst(seconds=1.5, burst=burst, seed=seed), RATE) for seed, burst in enumerate(bursts)]
    labels = ["none" if burst is None else "tone" for burst in bursts]
    model = classical.build("logistic", features=features.FeatureExtractor("energy"))
    model.fit(clips, labels, groups=np.repeat(["a", "b", "c", "d"], 4))
    found = features.saliency(model, (clip_with_burst(seed=99), RATE))
    assert found.label == "tone"
    start, end = found.peak
    assert start <= BURST[0] < BURST[1] <= end


def test_a_network_of_known_answer_peaks_in_the_burst(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("speechbrain")
    import deep

    class Tone(torch.nn.Module):
        """Logit of `tone`: power at 1 kHz in the loudest of 20 ms, over the clip's own samples."""

        def forward(self, waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            time = torch.arange(320) / RATE
            waves = torch.stack([torch.cos(2 * torch.pi * 1000 * time), torch.sin(2 * torch.pi * 1000 * time)])
            frames = waveforms.unfold(1, 320, 160)
            power = (frames @ waves.T / 160).square().sum(dim=-1)
            logit = 60 * (power.amax(dim=1).sqrt() - 0.1)
            return torch.stack([torch.zeros_like(logit), logit], dim=1)

    model = deep.Predictor(Tone(), ["none", "tone"], device="cpu")
    found = deep.saliency(model, (clip_with_burst(), RATE), window=0.25, hop=0.05)
    start, end = found.peak
    assert start <= BURST[0] < BURST[1] <= end
    assert found.probability > 0.99
    assert found.drops.max() > 0.9
    two = clip_with_burst() + clip_with_burst(burst=(0.2, 0.4))
    both = deep.saliency(model, (two, RATE), window=0.25, hop=0.05)
    assert both.drops.max() < 0.01  # either of two bursts is enough: no window alone costs anything
