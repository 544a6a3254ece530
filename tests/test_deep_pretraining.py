"""The encoder that comes with the toolkit: made by a seeded command, on voices and words of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from small_encoders import voices

import benchmarks
from benchmarks import corpora
from benchmarks.corpora import other_voices, synthesiser, synthetic
from benchmarks.corpora.synthetic import SPEAKERS
from benchmarks.pipelines import build
from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.heard import Heard, heard
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.pretraining import pretrain_synthetic, spoken
from deep import FrozenEncoder
from deep.hub import SHIPPED, resolve
from deep.pretraining import Recipe, filter_bank

NAME = "wav2vec2-synthetic"
FOLDER = SHIPPED[NAME]
SMALL = replace(Recipe(), n_clips=8, epochs=2, batch_seconds=4.0, warm_up=2)


def corpus_voices(seed: int) -> list[synthesiser.Voice]:
    """The voices of the embedded corpus of a seed, drawn as `synthetic.speak_session` draws them."""
    streams = [[seed, int(speaker[3:5]), ord(speaker[5])] for speaker in SPEAKERS]
    genders = {"F": "female", "M": "male"}
    return [
        synthesiser.draw_voice(genders[speaker[5]], np.random.default_rng(stream))
        for speaker, stream in zip(SPEAKERS, streams, strict=True)
    ]


def test_voices_and_words_are_none_of_the_embedded_corpus() -> None:
    recipe, corpus = Recipe(), [voice for seed in range(20) for voice in corpus_voices(seed)]
    taken = {value for voice in corpus for value in (voice.f0, *voice.formants)}
    words = {word.strip(",") for sentence in synthesiser.SENTENCES for word in sentence.split()}
    for number in range(0, recipe.n_clips, 4):
        rng = np.random.default_rng([other_voices.STREAM, recipe.seed, number])
        text, voice = other_voices.draw_text(rng), other_voices.draw_voice(rng)
        assert not words & set(text.replace(",", "").split())
        assert not taken & {voice.f0, *voice.formants}
        assert voice.manners == {}  # no emotion


def test_settings_of_a_manner_tell_nothing_of_one_another() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([list(vars(other_voices.draw_manner(rng)).values()) for _ in range(4000)])
    off_diagonal = np.corrcoef(drawn.T)[~np.eye(8, dtype=bool)]
    assert np.abs(off_diagonal).max() < 0.07  # 4.4 standard errors


def test_the_card_names_the_recipe_that_is_committed_and_the_files_are_small() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"recipe: `{Recipe().identity()}`" in card
    assert "no substitute" in " ".join(card.split())
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2e6


def test_the_same_recipe_gives_the_same_bytes(tmp_path) -> None:
    for name in ("a", "b"):
        pretrain_synthetic(tmp_path / name, SMALL)
    files = sorted(path.name for path in FOLDER.iterdir())
    assert files == sorted(path.name for path in (tmp_path / "a").iterdir())
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert SMALL.identity() in (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    sounds = [(sound, 16000) for sound in voices(0.4, 0.7)]
    assert FrozenEncoder(str(tmp_path / "a"), device="cpu").extract(sounds).names == FrozenEncoder(NAME).names()


def test_targets_are_what_features_computes_and_each_group_weighs_the_same() -> None:
    clips, targets = spoken(6, seed=1)
    assert len(clips) == len(targets.contours) == len(targets.statistics) == 6
    assert targets.contours[0].shape[1] == len(targets.contour_weights) == 117
    for weights, groups in ((targets.contour_weights, 5), (targets.statistic_weights, 6)):
        values, counts = np.unique(weights.round(12), return_counts=True)
        assert values @ counts == pytest.approx(1.0)
        assert len(values) <= groups
    assert np.abs(np.nan_to_num(targets.statistics)).max() <= 3.0


def test_filters_cover_the_scale_in_four_phases() -> None:
    bank = filter_bank()[:, 0].numpy().reshape(32, 4, 400)
    peaks = np.abs(np.fft.rfft(bank[:, 0], 16000)).argmax(axis=1)
    assert (np.diff(peaks) > 0).all()
    assert peaks[0] < 120
    assert peaks[-1] > 7000
    np.testing.assert_allclose(bank[:, 0], -bank[:, 2], atol=1e-6)


def test_the_shipped_encoder_is_found_by_name_and_marked_wherever_it_is_shown() -> None:
    options = PipelineOptions()
    about = {"labels": ["ang", "sad"], "corpus": "emodb", "options": options}
    row, twin = build(f"svm@{NAME}", **about), build(f"svm@{NAME}~random", **about)
    assert (row.name, row.flags, row.reason) == (f"svm@{NAME}/auto", (Flag.SYNTHETIC_PRETRAINING,), None)
    assert (twin.flags, twin.pretrained) == ((Flag.RANDOM_INIT,), {})
    assert set(row.pretrained) == {NAME}
    assert heard(NAME, "emodb").heard is Heard.NO
    assert resolve(NAME).folder == FOLDER


def test_a_clip_s_answer_does_not_depend_on_its_batch_or_the_threads() -> None:
    sounds = [(sound, 16000) for sound in voices(0.5, 0.5, 2.0, 1.3)]
    together = FrozenEncoder(NAME, device="cpu", n_jobs=2).extract(sounds).values
    alone = [FrozenEncoder(NAME, device="cpu").extract([sound]).values[0] for sound in sounds]
    np.testing.assert_allclose(together, alone, atol=2e-5)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_pretraining_is_worth_more_than_the_architecture_in_five_corpora(seed: int, tmp_path) -> None:
    corpus = corpora.load("synthetic", root=synthetic.default_root(seed))
    result = benchmarks.evaluate(corpus, pipelines=[f"svm@{NAME}", f"svm@{NAME}~random"], out=tmp_path)
    row, twin = (result.scores.set_index("pipeline").loc[f"svm@{NAME}{twin}/auto"] for twin in ("", "~random"))
    assert row["uar_low"] > twin["uar_high"]
    assert seed or row["uar"] > 0.6
