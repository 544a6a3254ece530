"""Downloads, by the hub's real client from a hub on this machine; the real hub was not reached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
huggingface_hub = pytest.importorskip("huggingface_hub")

from loopback_hub import COMMIT, TOKEN, LoopbackHub  # noqa: E402
from small_encoders import save, voices  # noqa: E402

from benchmarks.pipelines import build  # noqa: E402
from benchmarks.pipelines.options import PipelineOptions  # noqa: E402
from deep.fetching import check_whole  # noqa: E402
from deep.hub import Kind, resolve  # noqa: E402
from features.errors import ModelError  # noqa: E402

NAME = "owner/encoder"
WEIGHTS = "model.safetensors"
LATER = "b" * 40


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return save("wav2vec2", tmp_path_factory.mktemp("encoder"), num_hidden_layers=1)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The hub, and the client pointed at it as `HF_ENDPOINT` and `HF_HOME` do before it is imported."""
    from huggingface_hub import constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache" / "hub"))
    with LoopbackHub() as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.address)
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace("https://huggingface.co", served.address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield served


def reason(source: str) -> str:
    with pytest.raises(ModelError) as caught:
        resolve(source)
    text = str(caught.value)
    assert "\n" not in text
    return text


def blob(folder: Path, name: str = WEIGHTS) -> Path:
    return (folder / name).resolve()


def test_first_use_fetches_what_is_needed_once(hub, encoder):
    served = hub.add(NAME, encoder)
    served.files |= {"pytorch_model.bin": b"the same weights in a worse form", "README.md": b"card", "tf_model.h5": b""}
    found = resolve(NAME)
    assert (found.kind, found.revision) == (Kind.ENCODER, COMMIT)
    fetched = {path.name: path.read_bytes() for path in found.folder.iterdir()}
    assert fetched == {path.name: path.read_bytes() for path in encoder.iterdir()}
    asked = len(hub.asked)
    assert resolve(NAME) == found
    assert len(hub.asked) == asked  # cached: not a single request


def test_offline_what_is_cached_is_used_and_the_rest_is_named(hub, encoder, monkeypatch):
    hub.add(NAME, encoder).files["README.md"] = b"card"
    folder = resolve(NAME).folder
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.asked.clear()
    assert resolve(NAME).folder == folder
    text = reason("owner/other")
    assert hub.asked == []
    assert all(word in text for word in ("HF_HUB_OFFLINE", "config.json", f"{hub.address}/owner/other", "folder"))


def test_a_cached_encoder_stays_what_it_was_until_a_revision_is_named(hub, encoder, tmp_path):
    hub.add(NAME, encoder)
    first = resolve(NAME)
    later = save("wav2vec2", tmp_path / "later", seed=1, num_hidden_layers=1)
    hub.add(NAME, later, commit=LATER)
    assert resolve(NAME) == first
    pinned = resolve(f"{NAME}@{LATER}")
    assert pinned.revision == LATER
    assert (pinned.folder / WEIGHTS).read_bytes() == (later / WEIGHTS).read_bytes() != (encoder / WEIGHTS).read_bytes()
    assert resolve(f"{NAME}@{COMMIT}") == first
    text = reason(f"{NAME}@nowhere")
    assert "no revision 'nowhere'" in text
    assert f"{hub.address}/{NAME}" in text


def test_a_cut_connection_goes_on_where_it_was_cut(hub, encoder, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1024)  # else less than 10 MB are not kept
    served = hub.add(NAME, encoder, cut_at=5 * 1024 + 7)
    folder = resolve(NAME).folder
    assert (folder / WEIGHTS).read_bytes() == served.files[WEIGHTS]
    assert [span for _, span in hub.fetched()] == ["", f"bytes={5 * 1024}-"]


def test_a_gated_model_names_the_page_where_access_is_given(hub, encoder, monkeypatch):
    hub.add(NAME, encoder, gated=True)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    text = reason(NAME)
    assert all(word in text for word in (f"open {hub.address}/{NAME}", "accept its terms", "HF_TOKEN", "folder"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert resolve(NAME).revision == COMMIT


def test_a_name_that_the_hub_does_not_know(hub):
    text = reason("owner/misspelt")
    assert "the hub has no owner/misspelt, or it is private" in text
    assert f"{hub.address}/owner/misspelt" in text


@pytest.mark.parametrize("when", ["on the way", "on the disk"])
def test_a_file_with_another_hash_is_refused(hub, encoder, when):
    content = (encoder / WEIGHTS).read_bytes()
    changed = content[:-1] + bytes([content[-1] ^ 1])
    served = hub.add(NAME, encoder)
    if when == "on the way":
        served.claimed[WEIGHTS] = changed
        text = reason(NAME)
    else:
        damaged = blob(resolve(NAME).folder)
        damaged.chmod(0o644)
        damaged.write_bytes(changed)
        os.utime(damaged, ns=(1, 1))
        text = reason(NAME)
    assert f"{WEIGHTS} is damaged: its sha256 is" in text
    served.claimed.clear()
    Path(text.rpartition("delete ")[2].partition(" and run again")[0]).unlink()  # the remedy, taken at its word
    assert (resolve(NAME).folder / WEIGHTS).read_bytes() == content


def test_a_small_file_is_checked_too(hub, encoder):
    folder = resolve(hub.add(NAME, encoder) and NAME).folder
    check_whole(folder)
    blob(folder, "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"config\.json is damaged: its sha1 is"):
        check_whole(folder)


def test_what_does_not_fit_on_the_disk_is_refused_before_a_byte_is_fetched(hub, encoder):
    hub.add(NAME, encoder, claimed_size=2**60)
    text = reason(NAME)
    assert all(word in text for word in ("needs 3,458,764,513,821 MB", "MB free", "make room", "HF_HOME"))
    assert hub.fetched() == []


FULL = (
    "import resource, signal, sys\n"
    "from features.errors import ModelError\n"
    "from deep.hub import resolve\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))\n"
    "try:\n print(resolve('owner/encoder').folder)\n"
    "except ModelError as error:\n print(error)\n"
)


def started(hub, home: Path, *line: str) -> subprocess.Popen:
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HOME": str(home), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return subprocess.Popen([sys.executable, *line], env=environment, stdout=subprocess.PIPE, text=True)


def test_a_disk_that_fills_up_is_named_and_two_processes_fetch_once(hub, encoder, tmp_path):
    served = hub.add(NAME, encoder)
    full = started(hub, tmp_path / "full", "-c", FULL, str(len(served.files[WEIGHTS]) // 2))
    both = [started(hub, tmp_path / "home", "-c", FULL, str(2**40)) for _ in range(2)]
    text = full.communicate(timeout=60)[0]
    assert all(word in text for word in ("could not be written", "File too large", "make room", "HF_HOME"))
    folders = {process.communicate(timeout=60)[0].strip() for process in both}
    assert len(folders) == 1
    assert Path(folders.pop(), WEIGHTS).read_bytes() == served.files[WEIGHTS]
    assert len(hub.fetched()) == 2  # of the full disk, and one of the two


@pytest.mark.parametrize("fails", [500, None])
def test_a_hub_that_does_not_answer(hub, encoder, fails, monkeypatch):
    from huggingface_hub import constants

    if fails:
        hub.add(NAME, encoder, fails=fails)
    else:
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    text = reason(NAME)
    assert all(word in text for word in (NAME, "could not be fetched (", "try again", "config.json", "folder"))


def test_weights_in_parts_are_whole_when_every_part_is_here(hub, encoder):
    served = hub.add(NAME, encoder)
    content = served.files.pop(WEIGHTS)
    parts = {f"model-0000{n}-of-00002.safetensors": content + bytes([n]) for n in (1, 2)}
    served.files |= parts
    served.files["model.safetensors.index.json"] = json.dumps({"weight_map": dict(zip("ab", parts))}).encode()
    folder = resolve(NAME).folder
    assert {path.name for path in folder.glob("*.safetensors")} == set(parts)
    second = folder / "model-00002-of-00002.safetensors"
    second.unlink()
    assert resolve(NAME).folder == folder
    assert second.is_file()


def test_a_frozen_encoder_and_a_released_model_come_from_the_hub_and_tell_their_commits(hub, encoder, tmp_path):
    import torch

    import deep
    from deep.loading import load_encoder

    torch.save(load_encoder(encoder).state_dict(), tmp_path / "wav2vec2.ckpt")
    torch.save({"0.w.weight": torch.eye(4, 32)}, tmp_path / "model.ckpt")
    (tmp_path / "label_encoder.txt").write_text("'ang' => 0\n'hap' => 1\n'neu' => 2\n'sad' => 3\n")
    (tmp_path / "hyperparams.yaml").write_text(f"wav2vec2_hub: {NAME}\nencoder_dim: 32\nout_n_neurons: 4\n")
    hub.add("owner/released", tmp_path, commit=LATER)
    hub.add(NAME, encoder)
    options = PipelineOptions(encoder=f"{NAME}@v1", released="owner/released", layer="1")
    about = {"labels": ["ang", "hap", "neu", "sad"], "corpus": "manifest", "options": options}
    frozen, released = (build(name, **about) for name in ("svm@encoder", "speechbrain-released"))
    assert (frozen.name, frozen.reason, released.reason) == ("svm@encoder@v1/1", None, None)
    assert (frozen.pretrained, released.pretrained) == ({f"{NAME}@v1": COMMIT}, {"owner/released": LATER})
    sounds = [(sound, 16000) for sound in voices(0.5, 0.7)]
    table, bad = deep.FrozenEncoder(f"{NAME}@v1", device="cpu").extract_good(sounds)
    np.testing.assert_array_equal(table.values, deep.FrozenEncoder(str(encoder), device="cpu").extract(sounds).values)
    assert bad == ()
    assert deep.load("owner/released", device="cpu").predict_proba(sounds).shape == (2, 4)
