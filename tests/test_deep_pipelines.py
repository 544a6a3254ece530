"""The registry: cheap to import, honest about what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deep import versions
from deep.models import MODELS
from deep.options import PipelineOptions

ROOT = Path(__file__).parent.parent
FOUR = ["ang", "hap", "neu", "sad"]


@pytest.mark.parametrize("module", ["deep", "deep.models", "deep.predict", "deep.frozen"])
def test_importing_costs_no_torch(module):
    script = f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('torch', 'speechbrain')))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_to_list_pipelines_needs_no_torch():
    """Which of them can run here is read off files; torch alone costs more than all the rest of the list."""
    script = "import sys\nfrom benchmarks.run import main\nmain(['--list'])\nsys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "last-layers" in done.stdout


def test_help_needs_no_torch():
    script = "import sys\nfrom deep.predict import main\ntry:\n main(['--help'])\nexcept SystemExit:\n pass\n"
    script += "sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert "python -m deep.predict model/" in done.stdout


def test_every_pipeline_says_what_it_is():
    assert {"wav2vec2", "wav2vec2-tiny", "speechbrain-released"} <= set(MODELS)
    for name, pipeline in MODELS.items():
        assert pipeline.name == name
        assert "\n" not in pipeline.description
    assert "random start, not pretrained" in MODELS["wav2vec2-tiny"].description
    assert MODELS["speechbrain-released"].contaminated_on == ("iemocap",)


@pytest.mark.parametrize("name", list(MODELS))
def test_missing_libraries_are_named_without_importing_them(name, monkeypatch):
    monkeypatch.setattr(versions, "find_spec", lambda _: None)
    reason = MODELS[name].availability(PipelineOptions(), FOUR)
    assert "torch" in reason
    assert "pip install" in reason


def test_offline_the_encoder_to_fetch_is_named(monkeypatch):
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    reason = MODELS["wav2vec2"].availability(PipelineOptions(), FOUR)
    assert "https://huggingface.co/facebook/wav2vec2-base" in reason
    assert "folder" in reason
    assert "\n" not in reason


def test_an_encoder_in_a_folder_is_available(whisper_folder, tmp_path):
    assert MODELS["wav2vec2"].availability(PipelineOptions(encoder=str(whisper_folder)), FOUR) is None
    assert "config.json" in MODELS["wav2vec2"].availability(PipelineOptions(encoder=str(tmp_path)), FOUR)


def test_options_reach_the_estimators():
    pytest.importorskip("torch")
    model = MODELS["wav2vec2"].build(PipelineOptions(encoder="some/where", epochs=7, augment=True, device="cpu"))
    parameters = model.get_params()
    assert parameters["encoder"] == "some/where"
    assert (parameters["epochs"], parameters["augment"], parameters["device"]) == (7, True, "cpu")
    recipe = MODELS["wav2vec2"].build(PipelineOptions()).get_params()
    assert (recipe["epochs"], recipe["head_rate"], recipe["encoder_rate"]) == (30, 1e-4, 1e-5)
    assert recipe["freeze_front_end"]
    assert {"random_state", "n_jobs", "work_dir", "device"} <= set(recipe)
