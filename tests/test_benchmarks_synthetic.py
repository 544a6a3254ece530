"""The embedded corpus: deterministic, in IEMOCAP's layout, and different between emotions only where it was planted."""

from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import spectrogram, welch
from scipy.stats import ttest_1samp
from sklearn.impute import SimpleImputer
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks import corpora
from benchmarks.corpora import synthesiser, synthetic
from benchmarks.corpora.iemocap import read_turns
from features import FeatureExtractor
from features.descriptors.f0 import track

NO_ROOM = np.array([1.0])
STEADY = synthesiser.Manner(pitch=0.0, span=0.0, fall=0.0, level=0.0, fade=0.0, rate=0.5, brightness=0.0, smile=0.0)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        synthetic.write_session(tmp_path / name, list(synthetic.speak_session(2, seed=5)))
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) == 48 + 4
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    other = next(synthetic.speak_session(2, seed=6))
    assert not np.array_equal(next(synthetic.speak_session(2, seed=5)).wave[:8000], other.wave[:8000])


def test_what_is_read_is_what_was_spoken() -> None:
    corpus = corpora.load("synthetic")
    assert corpus.synthetic
    assert corpus.speakers == synthetic.SPEAKERS
    assert corpus.counts().to_dict() == {"ang": 60, "hap": 60, "sad": 60, "neu": 60}
    assert {turn.label for turn, _, _ in read_turns(Path(corpus.root))} == {"ang", "hap", "exc", "sad", "neu"}
    spoken = {turn.id: turn for turn in synthetic.speak_session(3, seed=0)}
    for name, row in corpus.utterances[corpus.utterances["session"] == "Ses03"].droplevel("speaker").iterrows():
        wave, rate = soundfile.read(row["path"])
        assert rate == 16_000
        assert (32768 * wave == spoken[str(name)].wave).all()
        assert row["text"] == spoken[str(name)].text
    assert len(corpora.load("synthetic", improvised=True).utterances) == 120
    assert corpora.load("synthetic", classes="6").labels == ("ang", "hap", "sad", "neu", "exc")


def test_another_seed_is_another_corpus() -> None:
    assert corpora.load("synthetic", seed=1).fingerprint != corpora.load("synthetic").fingerprint


def test_everybody_says_every_sentence_in_every_emotion() -> None:
    table = corpora.load("synthetic").utterances
    counts = table.groupby([table.index.get_level_values("speaker"), "text", "label"]).size()
    assert len(counts) == len(synthetic.SPEAKERS) * 6 * 4
    assert (counts == 1).all()


@pytest.mark.parametrize("gender", ["female", "male"])
@pytest.mark.parametrize("pitch", [-3.0, 0.0, 6.0])
def test_pitch_is_as_ordered(gender: str, pitch: float) -> None:
    """The strongest lag of the autocorrelation of a steady vowel is the period that was asked for."""
    rng = np.random.default_rng(1)
    voice = replace(synthesiser.draw_voice(gender, rng), rate=1.0)
    manner = replace(STEADY, pitch=pitch)
    wave = synthesiser.speak("ma", voice, manner, NO_ROOM, rng)[5600:8800].astype(float)
    lags = np.correlate(wave, wave, "full")[len(wave) - 1 :]
    lowest, highest = int(16_000 / 500), int(16_000 / 60)
    found = 16_000 / (lowest + lags[lowest:highest].argmax())
    assert found == pytest.approx(voice.f0 * 2 ** (pitch / 12), rel=0.04)


@pytest.mark.parametrize("vowel", ["a", "e", "i", "o"])
def test_first_formant_is_where_the_vowel_has_it(vowel: str) -> None:
    rng = np.random.default_rng(2)
    voice = synthesiser.draw_voice("male", rng)
    voice = replace(voice, f0=80.0, formants=(1.0,) * 5, rate=1.0, jitter=0.05)
    wave = synthesiser.speak(f"m{vowel}", voice, STEADY, NO_ROOM, rng)[5600:8800].astype(float)
    frequencies, power = welch(wave, 16_000, nperseg=512)
    near = frequencies < 1000
    assert frequencies[near][power[near].argmax()] == pytest.approx(synthesiser.VOWELS[vowel].formants[0], abs=80)


def test_formants_move_from_sound_to_sound() -> None:
    """Between `i` and `a` the strongest frequency below 1 kHz passes what lies between, instead of leaping."""
    rng = np.random.default_rng(3)
    voice = replace(synthesiser.draw_voice("male", rng), f0=80.0, formants=(1.0,) * 5, rate=1.0, jitter=0.05)
    wave = synthesiser.speak("lila", voice, STEADY, NO_ROOM, rng).astype(float)
    frequencies, _, power = spectrogram(wave, 16_000, nperseg=512, noverlap=432, nfft=2048)
    near = frequencies < 1000
    loud = power.sum(axis=0) > 0.01 * power.sum(axis=0).max()
    peaks = frequencies[near][power[near][:, loud].argmax(axis=0)]
    assert ((peaks > 420) & (peaks < 620)).any()


def test_emotions_agree_where_it_was_planted() -> None:
    """In everybody: anger and happiness differ in the spectrum only, sadness and neutral in prosody only."""
    voices = [synthesiser.draw_voice(gender, np.random.default_rng(7)).manners for gender in ("female", "male")]
    for manners in (synthesiser.EMOTIONS, *voices):
        ang, hap, sad, neu = (astuple(manners[label]) for label in ("ang", "hap", "sad", "neu"))
        prosody, spectrum = slice(0, synthesiser.N_PROSODIC), slice(synthesiser.N_PROSODIC, None)
        assert ang[prosody] == hap[prosody]
        assert sad[spectrum] == neu[spectrum]
        assert ang[spectrum] != hap[spectrum]
        assert sad[prosody] != neu[prosody]


@pytest.mark.parametrize("session", [1, 4])
def test_sound_is_clean(session: int) -> None:
    """No clipping and no constant; nothing at all, and no voice, before the first sound and after the last."""
    peaks = []
    for turn in synthetic.speak_session(session, seed=0):
        peaks.append(np.abs(turn.wave.astype(int)).max())
        assert turn.wave.dtype == np.int16
        assert turn.wave.sum(dtype=np.int64) == 0
        assert not turn.wave[:400].any()
        assert not turn.wave[-400:].any()
        ends = slice(0, 3), slice(-3, None)
        assert not any(track(turn.wave / np.float32(32768)).voiced[end].any() for end in ends)
    assert 0.3 < max(peaks) / 32767 < 0.97
    assert min(peaks) / 32767 > 0.05


def test_rooms_differ_and_ring_for_a_moment() -> None:
    rooms = [synthesiser.draw_room(np.random.default_rng([0, session])) for session in range(1, 6)]
    assert len({len(room) for room in rooms}) == 5
    for room in rooms:
        assert 0.1 < len(room) / 16_000 < 0.3
        tail = np.cumsum(room[:0:-1] ** 2)[::-1]
        assert 0.05 < tail[0] < 0.6
        assert tail[-len(room) // 10] < 1e-4 * tail[0]


@pytest.mark.long
def test_a_heard_speaker_is_easier_to_read() -> None:
    """Folds of whole sessions against random folds of the same size: five corpora, one SVM of fixed settings.

    Measured on seeds 0 to 4: unheard 0.68 to 0.76 UAR, heard 0.09 to 0.14 more.
    """
    gains = []
    for seed in range(5):
        table = corpora.load("synthetic", seed=seed).utterances
        y, session = table["label"].to_numpy(), table["session"].to_numpy()
        values = FeatureExtractor().extract(table).values
        svm = make_pipeline(SimpleImputer(), StandardScaler(), SVC(C=10.0, gamma=0.3 / values.shape[1]))
        unheard = cross_val_predict(svm, values, y, groups=session, cv=LeaveOneGroupOut())
        heard = [
            cross_val_predict(svm, values, y, cv=StratifiedKFold(5, shuffle=True, random_state=shuffle))
            for shuffle in range(5)
        ]
        score = balanced_accuracy_score(y, unheard)
        assert 0.6 < score < 0.85
        gains.append(np.mean([balanced_accuracy_score(y, predictions) for predictions in heard]) - score)
    assert 0.05 < np.mean(gains) < 0.16
    assert ttest_1samp(gains, 0.0).pvalue < 0.01
