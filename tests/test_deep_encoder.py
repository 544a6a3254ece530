"""Encoders: equal to transformers' own on one clip, and a clip's frames do not depend on its batch."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from small_encoders import KINDS, PREPROCESSOR, config, padded, save, voices  # noqa: E402

from deep.configuration import EncoderConfig, read_configuration  # noqa: E402
from deep.encoder import build_encoder  # noqa: E402
from deep.loading import load_encoder  # noqa: E402
from deep.network import EmotionNetwork  # noqa: E402
from deep.runtime import settle_lazy_modules  # noqa: E402
from features.errors import ModelError  # noqa: E402

WAVEFORM_KINDS = [kind for kind in KINDS if kind != "whisper"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("encoders")
    return {kind: save(kind, root / kind) for kind in KINDS}


def _random(folder, seed):
    return build_encoder(read_configuration(folder), seed=seed)


def _normalised(sound):
    """As SpeechBrain normalises a waveform; transformers' own preprocessor adds 1e-7 to the variance, not 1e-5."""
    waveform = torch.from_numpy(sound)[None]
    return torch.nn.functional.layer_norm(waveform, waveform.shape[1:])


@pytest.mark.parametrize("kind", WAVEFORM_KINDS)
def test_hidden_states_of_one_clip_are_those_of_transformers(folders, kind):
    import transformers

    sound = voices(1.3)[0]
    theirs = transformers.AutoModel.from_pretrained(folders[kind]).eval()
    with torch.no_grad():
        expected = theirs(_normalised(sound)).last_hidden_state
        hidden, frames = load_encoder(folders[kind]).eval()(*padded([sound]))
    assert frames.tolist() == [expected.shape[1]]
    torch.testing.assert_close(hidden, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["wav2vec2", "wav2vec2-large"])
def test_every_layer_is_that_of_transformers(folders, kind):
    import transformers

    sound = voices(0.9)[0]
    theirs = transformers.AutoModel.from_pretrained(folders[kind]).eval()
    with torch.no_grad():
        expected = theirs(_normalised(sound), output_hidden_states=True)
        hidden, _ = load_encoder(folders[kind]).eval().every_layer(*padded([sound]))
    assert len(hidden) == 4
    for ours, own in zip(hidden[:-1], expected.hidden_states, strict=False):
        torch.testing.assert_close(ours, own, atol=1e-5, rtol=0)
    torch.testing.assert_close(hidden[-1], expected.last_hidden_state, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_do_not_depend_on_the_batch(folders, kind):
    encoder = load_encoder(folders[kind]).eval()
    sounds = voices(2.0, 0.61, 1.234, 0.03, 2.0)
    with torch.no_grad():
        together, frames = encoder.every_layer(*padded(sounds))
        for row, sound in enumerate(sounds):
            alone, own = encoder.every_layer(*padded([sound]))
            assert own.item() == frames[row].item()
            difference = (together[:, row, : own.item()] - alone[:, 0, : own.item()]).abs().max().item()
            assert difference < 2e-5


def _largest_difference(shape: dict, sounds: list[np.ndarray]) -> float:
    encoder = build_encoder(EncoderConfig(shape, PREPROCESSOR), seed=3)
    network = EmotionNetwork(encoder, len(sounds)).eval()
    with torch.no_grad():
        embedded = torch.cat([network.embed(*padded([sound])) for sound in sounds])
        network.head.weight.copy_(2 * torch.linalg.pinv(embedded).T)  # each sound has its own label
        together = network(*padded(sounds)).softmax(dim=1)
        alone = torch.cat([network(*padded([sound])).softmax(dim=1) for sound in sounds])
    assert alone.diagonal().min() > 0.7  # answers that are far apart, so that agreement says something
    return (together - alone).abs().max().item()


@pytest.mark.parametrize("shape", ["base", "large"])
def test_probabilities_do_not_depend_on_the_batch_at_published_widths(shape):
    from transformers import Wav2Vec2Config

    large = {"hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096, "num_hidden_layers": 4}
    large |= {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
    described = Wav2Vec2Config(**(large if shape == "large" else {})).to_dict()
    assert _largest_difference(described, voices(1.5, 0.58, 1.1)) < 1e-4


@pytest.mark.long
def test_probabilities_do_not_depend_on_the_batch_in_the_whole_large_model():
    described = config("wav2vec2-large", hidden_size=1024, num_hidden_layers=24, num_attention_heads=16)
    described.intermediate_size, described.conv_dim = 4096, (512,) * 7
    described.num_conv_pos_embeddings, described.num_conv_pos_embedding_groups = 128, 16
    assert _largest_difference(described.to_dict(), voices(4.0, 0.58, 2.2)) < 1e-4


def test_plain_padding_would_be_wrong(folders):
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2

    settle_lazy_modules()
    lobe = Wav2Vec2(source=str(folders["wav2vec2"]), save_path=str(folders["wav2vec2"]), output_norm=True).eval()
    waveforms, lengths = padded(voices(2.0, 0.6))
    with torch.no_grad():
        together = lobe(waveforms)[1]
        alone = lobe(waveforms[1:, : lengths[1]])[0]
    assert (together[: len(alone)] - alone).abs().max() > 0.1


def test_output_norm_is_speechbrains(folders):
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2

    settle_lazy_modules()
    lobe = Wav2Vec2(source=str(folders["wav2vec2"]), save_path=str(folders["wav2vec2"]), output_norm=True).eval()
    network = EmotionNetwork(load_encoder(folders["wav2vec2"]), 4).eval()
    waveforms, lengths = padded(voices(1.1))
    with torch.no_grad():
        torch.testing.assert_close(network.embed(waveforms, lengths), lobe(waveforms).mean(1), atol=1e-5, rtol=0)


def test_clips_over_30_s_are_cut_and_joined(folders):
    encoder = load_encoder(folders["whisper"]).eval()
    sounds = voices(31.0, 65.0, 1.0)
    with torch.no_grad():
        together, frames = encoder(*padded(sounds))
        alone, _ = encoder(*padded(sounds[1:2]))
    assert frames.tolist() == [1550, 3250, 50]
    torch.testing.assert_close(together[1], alone[0], atol=2e-5, rtol=0)


def test_log_mel_frames_are_whispers_own(folders, emodb_root):
    import transformers

    from features.audio import load

    encoder = load_encoder(folders["whisper"])
    sound = load(sorted((emodb_root / "wav").glob("*.wav"))[0])
    prepared = transformers.WhisperFeatureExtractor.from_pretrained(folders["whisper"])
    expected = torch.from_numpy(prepared(sound, sampling_rate=16000).input_features)[0]
    frames = torch.tensor([len(sound) // 320])
    found = encoder._log_mel(torch.from_numpy(sound)[None], frames)[0]
    torch.testing.assert_close(found, expected[:, : found.shape[1]], atol=2e-4, rtol=0)


def test_random_weights_have_the_same_shape_and_are_others(folders):
    own, drawn = load_encoder(folders["wav2vec2"]), _random(folders["wav2vec2"], seed=7)
    again = _random(folders["wav2vec2"], seed=7)
    shapes = {name: tensor.shape for name, tensor in own.state_dict().items()}
    assert shapes == {name: tensor.shape for name, tensor in drawn.state_dict().items()}
    weight = "model.encoder.layers.0.feed_forward.output_dense.weight"
    assert not torch.equal(own.state_dict()[weight], drawn.state_dict()[weight])
    assert torch.equal(again.state_dict()[weight], drawn.state_dict()[weight])


def test_building_leaves_torchs_generator_alone(folders):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    _random(folders["whisper"], seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_gradients_reach_the_first_convolution_unless_it_is_frozen(folders):
    network = EmotionNetwork(load_encoder(folders["wav2vec2"]), 4)
    first = network.encoder.model.feature_extractor.conv_layers[0].conv.weight
    network(*padded(voices(1.0, 0.6))).sum().backward()
    assert first.grad.abs().max() > 0
    first.grad = None
    network.encoder.freeze_front_end()
    network(*padded(voices(1.0, 0.6))).sum().backward()
    assert first.grad is None
    assert network.encoder.model.encoder.layers[0].attention.q_proj.weight.grad is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "config.json"),
        ("{", "cannot be read"),
        (json.dumps({"model_type": "bert"}), "bert"),
        (json.dumps({"model_type": "wav2vec2"}), "preprocessor_config.json"),
    ],
)
def test_a_folder_that_is_no_encoder_is_named_in_one_line(tmp_path, content, words):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match=words) as caught:
        load_encoder(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def _keep(folder, keep, name=str):
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    left = {name(key): tensor for key, tensor in tensors.items() if keep(key)}
    save_file(left, folder / "model.safetensors", metadata={"format": "pt"})
    return len(tensors) - len(left)


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert-large", "wavlm", "whisper"])
def test_an_encoder_that_lacks_weights_is_refused(kind, tmp_path):
    folder = save(kind, tmp_path)
    n_missing = _keep(folder, lambda key: not key.startswith("encoder.layers.1."))
    assert n_missing > 6
    with pytest.raises(
        ModelError, match=rf"lacks the weights of {n_missing} of .* encoder\.layers\.1\..* more"
    ) as caught:
        load_encoder(folder)
    assert "\n" not in str(caught.value)


def test_weights_behind_another_prefix_are_refused_and_the_prefix_named(tmp_path):
    folder = save("wav2vec2", tmp_path)
    _keep(folder, lambda _: True, name=lambda key: f"backbone.{key}")
    with pytest.raises(ModelError, match=r"behind 'backbone\.'"):
        load_encoder(folder)


def _change(folder, change):
    from safetensors.torch import load_file, save_file

    tensors = {
        name: change(name, tensor).contiguous() for name, tensor in load_file(folder / "model.safetensors").items()
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _configure(folder, **changed):
    file = folder / "config.json"
    content = {**json.loads(file.read_text()), **changed}
    file.write_text(json.dumps({name: value for name, value in content.items() if value != "absent"}))


def _refused(folder) -> str:
    with pytest.raises(ModelError) as caught:
        load_encoder(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm-large", "whisper"])
def test_a_configuration_of_other_layers_or_shapes_than_the_weights_is_refused(kind, tmp_path):
    layers = "encoder_layers" if kind == "whisper" else "num_hidden_layers"
    n_layers = 2 if kind == "whisper" else 3
    folder = save(kind, tmp_path)
    _configure(folder, **{layers: n_layers + 2})
    assert f"encoder.layers.{n_layers}." in _refused(folder)
    assert "lacks the weights of" in _refused(folder)
    _configure(folder, **{layers: 1})
    assert f"the weights have {n_layers} layers, config.json says 1" in _refused(folder)
    _configure(folder, **{layers: n_layers, "encoder_ffn_dim" if kind == "whisper" else "intermediate_size": 48})
    assert f"{3 * n_layers} of the encoder's" in _refused(folder)
    assert "is 64, expected 48" in _refused(folder)


def test_weights_with_nan_are_refused(tmp_path):
    folder = save("hubert", tmp_path)
    _change(folder, lambda name, tensor: tensor * torch.nan if name.endswith("layers.1.layer_norm.weight") else tensor)
    assert "1 of the encoder's" in _refused(folder)
    assert "hold NaN or infinity: model.encoder.layers.1.layer_norm.weight" in _refused(folder)


@pytest.mark.parametrize("value", ["absent", None, "32", 32.5, True, -1, 0, 10**9, [32]])
def test_a_width_that_is_none_is_named(value, tmp_path):
    folder = save("wav2vec2", tmp_path)
    _configure(folder, hidden_size=value)
    assert "hidden_size is " in _refused(folder)


def test_other_damage_is_told_in_one_line(tmp_path):
    folder = save("wav2vec2", tmp_path)
    whole = (folder / "model.safetensors").read_bytes()
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
    for content, words in ((whole[:9000], "whole"), (b"", "whole"), (b"<html>", "whole"), (pointer, "git-lfs pointer")):
        (folder / "model.safetensors").write_bytes(content)
        assert words in _refused(folder)
    (folder / "model.safetensors").write_bytes(whole)
    _configure(folder, conv_dim="seven")
    assert "cannot be loaded as a wav2vec2 encoder" in _refused(folder)
    (folder / "config.json").write_text("[" * 100_000)
    assert "cannot be read" in _refused(folder)


def test_an_encoder_of_another_rate_is_refused(tmp_path):
    folder = save("wav2vec2", tmp_path)
    (folder / "preprocessor_config.json").write_text(json.dumps({**PREPROCESSOR, "sampling_rate": 8000}))
    assert "sampling_rate is 8000" in _refused(folder)


@pytest.mark.parametrize(("kind", "unused"), [("wav2vec2", "masked_spec_embed"), ("whisper", "decoder.")])
def test_what_the_encoder_does_not_use_may_be_missing(kind, unused, tmp_path):
    folder = save(kind, tmp_path)
    sound = padded(voices(0.4))
    with torch.no_grad():
        expected = load_encoder(folder).eval()(*sound)[0]  # before the file is written anew: weights may lie mapped
    assert _keep(folder, lambda key: not key.startswith(unused)) > 0
    with torch.no_grad():
        torch.testing.assert_close(load_encoder(folder).eval()(*sound)[0], expected, atol=0, rtol=0)


def test_an_unknown_hub_name_offline_says_what_to_fetch(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    expected = r"config\.json.*https://huggingface\.co/nobody/nothing-here.*folder"
    with pytest.raises(ModelError, match=expected) as caught:
        load_encoder("nobody/nothing-here")
    assert "\n" not in str(caught.value)
