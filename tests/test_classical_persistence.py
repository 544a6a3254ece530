from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import Ridge

import classical
from benchmarks.torture.inputs import voice, write_sound
from classical import persistence
from classical.fusion import FusionClassifier
from classical.models import MODELS, build
from features import FeatureExtractor
from features.errors import ModelError, PipelineError

ROOT = Path(__file__).resolve().parent.parent
RATE = 16000


@pytest.fixture(scope="module")
def clips():
    """Low, high and noisy sounds by three speakers, as (waveform, rate) pairs with a table beside them."""
    import pandas as pd

    rng = np.random.default_rng(0)
    time = np.arange(RATE // 2) / RATE
    sounds, rows = [], []
    for speaker in ("s1", "s2", "s3"):
        for label, f0 in (("sad", 110), ("hap", 280), ("dis", 0)):
            for take in range(4):
                pitch = f0 * rng.uniform(0.9, 1.1)
                tone = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 6)) if f0 else 0 * time
                sounds.append((0.1 * tone + rng.normal(0, 0.01 if f0 else 0.1, len(time))).astype(np.float32))
                rows.append((speaker, f"{speaker}{label}{take}", label))
    index = pd.MultiIndex.from_tuples([row[:2] for row in rows], names=["speaker", "id"])
    return sounds, pd.DataFrame({"label": [row[2] for row in rows]}, index=index)


@pytest.fixture(scope="module")
def recordings(clips, tmp_path_factory):
    import soundfile

    sounds, table = clips
    folder = tmp_path_factory.mktemp("recordings")
    paths = [folder / f"{name}.wav" for name in table.index.get_level_values("id")]
    for path, sound in zip(paths, sounds):
        soundfile.write(path, sound, RATE, subtype="FLOAT")
    return table.assign(path=[str(path) for path in paths], start=np.nan, end=np.nan)


def trained(name, table, *, normalise="global", groups="mfcc"):
    return build(name, features=FeatureExtractor(groups), normalise=normalise).fit(
        table.drop(columns="label"), table["label"].to_numpy()
    )


@pytest.fixture(scope="module")
def kept(recordings, tmp_path_factory):
    model = trained("svm", recordings)
    metadata = {"corpus": "tones", "fingerprint": "abc", "scores": {"uar": 0.5}, "pipeline": "svm@mfcc"}
    file, card = classical.save(tmp_path_factory.mktemp("kept") / "model.skops", model, metadata=metadata)
    return model, file, card


def test_loaded_models_answer_the_same_in_a_new_process(recordings, tmp_path):
    X, y = recordings.drop(columns="label"), recordings["label"].to_numpy()
    extractor = FeatureExtractor("mfcc")
    models = {name: trained(name, recordings, normalise="speaker" if name == "svm" else "global") for name in MODELS}
    members = [(name, build(name, features=extractor)) for name in ("svm", "xgboost")]
    models["fusion"] = FusionClassifier(members).fit(X, y)
    for name, model in models.items():
        classical.save(tmp_path / f"{name}.skops", model, metadata={})
    X.to_pickle(tmp_path / "table.pkl")
    script = (
        "import pathlib, sys, numpy, pandas, classical\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "table = pandas.read_pickle(folder / 'table.pkl')\n"
        "for file in folder.glob('*.skops'):\n"
        "    numpy.save(file.with_suffix('.npy'), classical.load(file).predict_proba(table))\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, cwd=ROOT, env=environment)
    for name, model in models.items():
        assert np.abs(np.load(tmp_path / f"{name}.npy") - model.predict_proba(X)).max() <= 1e-7, name


def test_a_loaded_model_takes_paths_waveforms_and_tables(kept, clips, recordings):
    model = classical.load(kept[1])
    expected = model.predict_proba(recordings.drop(columns="label"))
    assert model.classes_.tolist() == ["dis", "hap", "sad"]
    assert np.allclose(model.predict_proba(list(recordings["path"])), expected, atol=1e-6)
    assert np.allclose(model.predict_proba([(sound, RATE) for sound in clips[0]]), expected, atol=1e-6)
    assert model.predict(list(recordings["path"])[:2]).tolist() == ["sad", "sad"]


def test_a_model_with_speaker_normalisation_asks_who_speaks(recordings, tmp_path):
    file, card = classical.save(
        tmp_path / "m.skops", trained("svm", recordings, normalise="speaker"), metadata={"corpus": "tones"}
    )
    model = classical.load(file)
    own = recordings.loc[["s2"]]
    with pytest.raises(PipelineError, match="not all of these have a speaker"):
        model.predict(list(own["path"]))
    expected = model.predict_proba(own.drop(columns="label"))
    assert np.allclose(model.predict_proba(list(own["path"]), one_speaker=True), expected)
    assert "--one-speaker" in card.read_text()


def test_metadata_and_card_say_what_the_model_is(kept):
    model, file, card = kept
    loaded = classical.load(file)
    assert loaded.notes == ()
    assert loaded.metadata["labels"] == ["dis", "hap", "sad"]
    assert loaded.metadata["fingerprint"] == "abc"
    assert loaded.metadata["feature_names"] == sorted(model.feature_names_)
    assert loaded.metadata["features"] == [FeatureExtractor("mfcc").identity()]
    assert set(loaded.metadata["versions"]) >= {"python", "numpy", "scikit-learn", "xgboost"}
    text = card.read_text()
    for part in (
        "svm@mfcc",
        "dis, hap, sad",
        "tones",
        "abc",
        "| uar | 0.500 |",
        "python -m classical.predict model.skops",
    ):
        assert part in text


def test_printed_it_says_what_it_is(kept):
    text = str(classical.load(kept[1]))
    assert text.splitlines()[0] == "svm@mfcc"
    assert "labels: dis, hap, sad" in text
    assert "corpus: tones" in text
    assert "scores: uar 0.500" in text
    assert len(text.splitlines()) <= 10


def test_nothing_of_this_machine_or_of_training_clips_is_kept(recordings, tmp_path):
    from features import FeatureCache

    extractor = FeatureExtractor("mfcc", cache=FeatureCache(tmp_path / "cache"), progress=True)
    model = build("xgboost", features=extractor, n_jobs=2)
    model.fit(recordings.drop(columns="label"), recordings["label"].to_numpy())
    file, _ = classical.save(tmp_path / "m.skops", model, metadata={})
    with zipfile.ZipFile(file) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert str(tmp_path).encode() not in content
    assert model.features.cache is not None
    assert model.oof_proba_ is not None
    pipeline = classical.load(file).pipeline
    assert not hasattr(pipeline, "oof_proba_")
    assert pipeline.n_jobs == 1


def test_trees_are_kept_as_xgboosts_own_json(recordings, tmp_path):
    file, _ = classical.save(tmp_path / "m.skops", trained("xgboost", recordings), metadata={})
    with zipfile.ZipFile(file) as archive:
        schema = archive.read("schema.json").decode()
    assert "gradient_booster" in schema


def test_another_version_is_told_and_no_obstacle(kept, monkeypatch):
    then = persistence.installed_version
    monkeypatch.setattr(persistence, "installed_version", lambda name: "99.1" if name == "numpy" else then(name))
    notes = classical.load(kept[1]).notes
    assert len(notes) == 1
    assert "numpy" in notes[0]
    assert "(here 99.1)" in notes[0]


def test_features_computed_by_other_code_are_told(kept, monkeypatch):
    monkeypatch.setattr(FeatureExtractor, "identity", lambda self: "another")
    assert any("other code" in note for note in classical.load(kept[1]).notes)


class Bomb:
    """Leaves a trace when a pickle of it is opened."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_a_pickle_is_refused_and_its_code_does_not_run(tmp_path):
    file, trace = tmp_path / "model.skops", tmp_path / "trace"
    file.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(ModelError, match="pickles are never loaded") as refused:
        classical.load(file)
    assert "\n" not in str(refused.value)
    assert not trace.exists()
    pickle.loads(file.read_bytes())
    assert trace.exists()


def rewritten(kept, change):
    """The kept file with its schema changed."""
    with zipfile.ZipFile(kept) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(parts["schema.json"])
    change(schema)
    parts["schema.json"] = json.dumps(schema).encode()
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return result.getvalue()


def node(module, kind, loader, **more):
    return {"__class__": kind, "__module__": module, "__loader__": loader, **more}


FOREIGN = [
    ("trace_maker.Trace", lambda: node("trace_maker", "Trace", "ObjectNode", content=None)),
    ("os.mkdir", lambda: node("os", "mkdir", "FunctionNode", content={"module_path": "os", "function": "mkdir"})),
    (
        "builtins.str by ConstructorFromReduceNode",
        lambda: node("builtins", "str", "ConstructorFromReduceNode", content=None),
    ),
    ("numpy.ndarray by TypeNode", lambda: node("numpy", "ndarray", "TypeNode", content=None)),
    ("sklearn.linear_model._ridge.Ridge", lambda: node("sklearn.linear_model._ridge", "Ridge", "ObjectNode")),
]


@pytest.mark.parametrize(("name", "make"), FOREIGN, ids=[name for name, _ in FOREIGN])
def test_a_foreign_type_is_refused_by_name_and_its_code_does_not_run(kept, tmp_path, monkeypatch, name, make):
    trace = tmp_path / "trace"
    (tmp_path / "trace_maker.py").write_text(f"import os\nos.mkdir({str(trace)!r})\nclass Trace: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "model.skops"
    file.write_bytes(rewritten(kept[1], lambda schema: schema["content"].update(extra=make())))
    with pytest.raises(ModelError, match="foreign type") as refused:
        classical.load(file)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "trace_maker" not in sys.modules
    assert not trace.exists()


def test_what_skops_itself_would_trust_is_refused_too(tmp_path):
    file = tmp_path / "model.skops"
    skops.io.dump({"format": 3, "pipeline": Ridge().fit([[0.0], [1.0]], [0, 1]), "metadata": "{}"}, file)
    with pytest.raises(ModelError, match=r"sklearn\.linear_model\._ridge\.Ridge"):
        classical.load(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a skops file"),
        (b"PK\x03\x04 cut short", "not a skops file"),
        (skops.io.dumps({"format": 99, "pipeline": {}, "metadata": "{}"}), "format 99"),
        (skops.io.dumps({"format": 1, "pipeline": Ridge()}), "format 1; this version reads format 3"),
        (skops.io.dumps({"something": "else"}), "damaged"),
        (skops.io.dumps(["a", "list"]), "damaged"),
    ],
    ids=["empty", "cut short", "format 99", "format 1", "something else", "a list"],  # the bytes hold the time
)
def test_damaged_files_are_named_with_what_was_expected(content, words, tmp_path):
    file = tmp_path / "model.skops"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=words) as refused:
        classical.load(file)
    assert str(file) in str(refused.value)


def test_damaged_trees_are_refused(recordings, tmp_path):
    file, _ = classical.save(tmp_path / "m.skops", trained("xgboost", recordings), metadata={})
    content = file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = archive.read("schema.json").decode()
    broken = schema.replace("gradient_booster", "gradient_rooster")
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(result, "w") as other:
        for name in archive.namelist():
            other.writestr(name, broken if name == "schema.json" else archive.read(name))
    file.write_bytes(result.getvalue())
    with pytest.raises(ModelError, match="damaged"):
        classical.load(file)


def test_a_missing_file_and_a_wrong_suffix(kept, tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        classical.load(tmp_path / "none.skops")
    with pytest.raises(ModelError, match=r"name it model\.skops"):
        classical.save(tmp_path / "model.pkl", kept[0], metadata={})


def test_a_pipeline_on_stored_features_cannot_be_kept(tmp_path):
    from made_up_speakers import speak

    table, labels, features = speak(n_speakers=2, n_each=2)
    model = build("majority", features=features).fit(table, labels)
    with pytest.raises(ModelError, match=r"could not be loaded again|cannot be saved"):
        classical.save(tmp_path / "m.skops", model, metadata={})
    assert not (tmp_path / "m.skops").exists()


@pytest.mark.parametrize("labels", [[2, 10, 1], [0.0, 1.0, 2.0], [True, False, True]], ids=["integer", "float", "bool"])
@pytest.mark.parametrize("text", [False, True], ids=["own type", "objects"])
def test_labels_keep_their_type_in_a_file(recordings, tmp_path, labels, text):
    codes = np.unique(recordings["label"], return_inverse=True)[1]
    y = np.asarray(labels)[codes]
    y = y.astype(str).astype(object) if text else y
    pipeline = build("majority", features=FeatureExtractor("energy")).fit(recordings.drop(columns="label"), y)
    file, _ = classical.save(tmp_path / "m.skops", pipeline, metadata={})
    loaded = classical.load(file)
    assert loaded.classes_.dtype == y.dtype
    assert loaded.classes_.tolist() == np.unique(y).tolist()
    assert loaded.metadata["labels"] == np.unique(y).tolist()


def test_the_card_has_the_head_that_the_hub_reads(recordings, tmp_path):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    metadata = {
        "pipeline": "svm@mfcc",
        "corpus": "tonès: a corpus",
        "licence": "CC BY-NC-SA 4.0",
        "scores": {"uar": 0.5, "wa": 0.625},
        "synthetic": True,
    }
    _, card = classical.save(tmp_path / "model.skops", trained("majority", recordings), metadata=metadata)
    head = huggingface_hub.ModelCard.load(card).data
    assert head.license == "cc-by-nc-sa-4.0"
    assert head.library_name == "speech-emotion-baselines"
    assert {"audio-classification", "speech-emotion-recognition", "synthetic-data"} <= set(head.tags)
    [uar, wa] = head.eval_results
    assert (uar.dataset_name, uar.metric_type, uar.metric_value) == ("tonès: a corpus", "uar", 0.5)
    assert (wa.metric_type, wa.metric_value) == ("wa", 0.625)
    assert head.model_name == "svm@mfcc"


@pytest.mark.parametrize(
    ("licence", "name"),
    [("", "unknown"), ("CC0 1.0", "cc0-1.0"), ("free for research", "other"), ("MIT, as us", "mit")],
)
def test_the_licence_of_the_data_stands_in_the_head(licence, name, recordings, tmp_path):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    _, card = classical.save(tmp_path / "model.skops", trained("majority", recordings), metadata={"licence": licence})
    head = huggingface_hub.ModelCard.load(card).data
    assert head.license == name
    assert head.to_dict().get("license_name") == (licence if name == "other" else None)
    assert head.eval_results is None


def run_elsewhere(code, *arguments, path=ROOT):
    environment = {**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, env=environment
    )


def test_a_classical_model_is_loaded_without_deep_and_torch(kept):
    code = "import sys, classical; classical.load(sys.argv[1]); print(*{'deep', 'torch'} & set(sys.modules))"
    done = run_elsewhere(code, kept[1])
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


class OwnExtractor(FeatureExtractor):
    """An extractor of a user's own package."""


def test_a_users_own_extractor_is_trusted_by_name(recordings, tmp_path):
    X, y = recordings.drop(columns="label"), recordings["label"].to_numpy()
    model = build("majority", features=OwnExtractor("energy")).fit(X, y)
    own = f"{OwnExtractor.__module__}.OwnExtractor"
    with pytest.raises(ModelError, match=own):
        classical.save(tmp_path / "m.skops", model, metadata={})
    file, _ = classical.save(tmp_path / "m.skops", model, metadata={}, trusted=[own])
    with pytest.raises(ModelError, match=own):
        classical.load(file)
    assert isinstance(classical.load(file, trusted=[own]).pipeline.features, OwnExtractor)


@pytest.fixture
def installed(tmp_path):
    """A folder whose metadata say what installing the package with setup.cfg says."""
    import configparser

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = setup["options.entry_points"][persistence.EXTRACTORS].strip()
    folder = tmp_path / "installed" / "declared-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 1\n")
    (folder / "entry_points.txt").write_text(f"[{persistence.EXTRACTORS}]\n{declared}\n")
    return folder.parent


def test_a_model_on_a_frozen_encoder_predicts_through_the_command(recordings, tmp_path, installed):
    pytest.importorskip("torch")
    from small_encoders import save as save_encoder

    from deep.frozen import FrozenEncoder

    encoder = save_encoder("wav2vec2", tmp_path / "encoder", seed=1)
    X, y = recordings.drop(columns="label"), recordings["label"].to_numpy()
    model = build("svm", features=FrozenEncoder(str(encoder), device="cpu")).fit(X, y)
    extractor = f"{FrozenEncoder.__module__}.{FrozenEncoder.__qualname__}"
    file, _ = classical.save(tmp_path / "m.skops", model, metadata={}, trusted=[extractor])
    clip = str(write_sound(tmp_path / "voice.wav", voice(1)))
    code = "import sys; from classical.predict import main; sys.exit(main(sys.argv[1:]))"
    done = run_elsewhere(code, file, clip, "--json", path=installed)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)[0]["probabilities"]
    assert list(found.values()) == pytest.approx(model.predict_proba([clip])[0].tolist(), abs=1e-6)
