"""Runs made up from a seed, as the harness stores them: speakers differ, and their clips are alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

LABELS = ("ang", "hap", "neu", "sad")


def fabricate_predictions(
    skills: Mapping[str, float],
    *,
    n_speakers: int = 10,
    clips: int = 6,
    seeds: Sequence[int] = (0,),
    labels: Sequence[str] = LABELS,
    speakers_a_fold: int = 2,
    random_state: int = 0,
) -> pd.DataFrame:
    """Predictions of several pipelines; a higher skill is right more often, and some speakers are easier."""
    rng = np.random.default_rng(random_state)
    k = len(labels)
    truth = np.tile(np.repeat(np.arange(k), clips), n_speakers)
    speaker = np.repeat(np.arange(n_speakers), k * clips)
    clip_noise = rng.normal(size=(len(truth), k))
    tables = []
    for name, skill in skills.items():
        ease = rng.normal(scale=0.7, size=n_speakers)
        taste = rng.normal(scale=0.6, size=(n_speakers, k))
        for seed in seeds:
            own = rng.normal(size=(len(truth), k))
            logits = 0.7 * clip_noise + 0.7 * own + taste[speaker]
            logits[np.arange(len(truth)), truth] += skill + ease[speaker]
            exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
            probability = exponent / exponent.sum(axis=1, keepdims=True)
            table = pd.DataFrame(
                {
                    "corpus": "made-up",
                    "folds": "session",
                    "pipeline": name,
                    "seed": seed,
                    "fold": [f"fold{s // speakers_a_fold + 1}" for s in speaker],
                    "utterance": [f"s{s:02d}_{i:04d}" for i, s in enumerate(speaker)],
                    "speaker": [f"{s:02d}" for s in speaker],
                    "truth": np.asarray(labels)[truth],
                    "prediction": np.asarray(labels)[probability.argmax(axis=1)],
                }
            )
            table[[f"p_{label}" for label in labels]] = probability
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def fabricate_jobs(predictions: pd.DataFrame) -> pd.DataFrame:
    """A job for every pipeline, seed and fold of the predictions, with plausible costs."""
    rng = np.random.default_rng(1)
    rows = []
    for (name, seed, fold), cell in predictions.groupby(["pipeline", "seed", "fold"], sort=False):
        rows.append(
            {
                "pipeline": name,
                "seed": seed,
                "fold": fold,
                "status": "done",
                "train_uar": 0.9 + 0.1 * rng.random(),
                "train_wa": 0.9 + 0.1 * rng.random(),
                "fit_seconds": 2.0 + rng.random(),
                "predict_seconds": 0.05,
                "extract_seconds": 0.01 * len(cell),
                "n_test": len(cell),
                "n_candidates": 12,
                "search_seconds": 1.5,
                "n_trained": None,
                "peak_memory_mb": 210.0,
                "model_bytes": 150_000,
                "fit_joules": None,
            }
        )
    return pd.DataFrame(rows)


def fabricate_run(
    folder: Path,
    skills: Mapping[str, float],
    *,
    flags: Mapping[str, Sequence[str]] | None = None,
    skipped: Mapping[str, str] | None = None,
    synthetic: bool = False,
    embed_audio: bool = True,
    audio: bool = False,
    **options: object,
) -> Path:
    """Write a whole run into `folder`, as the harness leaves it."""
    from benchmarks.scoring.scores import score_table

    predictions = fabricate_predictions(skills, **options)  # type: ignore[arg-type]
    labels = [column.removeprefix("p_") for column in predictions.columns if column.startswith("p_")]
    jobs = fabricate_jobs(predictions)
    folder.mkdir(parents=True, exist_ok=True)
    predictions.to_csv(folder / "predictions.csv", index=False)
    score_table(predictions, jobs, labels).to_csv(folder / "scores.csv", index=False)
    _write_utterances(folder, predictions, audio=audio)
    pipelines = {
        name: {
            "status": "done",
            "reason": "",
            "flags": list((flags or {}).get(name, ())),
            "description": "",
            "n_features": 88,
        }
        for name in skills
    }
    for name, reason in (skipped or {}).items():
        pipelines[name] = {"status": "skipped", "reason": reason, "flags": [], "description": "", "n_features": None}
    run = {
        "schema_version": 2,
        "command": "python -m benchmarks.run --corpus made-up",
        "created": "2026-01-02T03:04:05+00:00",
        "seeds": sorted(int(seed) for seed in predictions["seed"].unique()),
        "versions": {"python": "3.11.2", "scikit-learn": "1.9.1"},
        "revision": "abcdef1",
        "machine": {"cpu": "two cores", "system": "Linux"},
        "corpus": {
            "name": "made-up",
            "labels": labels,
            "licence": "CC0 1.0",
            "citation": "Nobody, 2026",
            "homepage": "https://example.org/",
            "fingerprint": "0123456789abcdef",
            "synthetic": synthetic,
            "embed_audio": embed_audio,
            "n_utterances": len(predictions[["speaker", "utterance"]].drop_duplicates()),
            "n_speakers": predictions["speaker"].nunique(),
            "root": str(folder),
        },
        "folds": {"scheme": "session", "folds": _folds(predictions)},
        "pipelines": pipelines,
        "jobs": [
            {**row, "best_params": {"C": 1.0, "gamma": 0.01}, "notes": [], "history": []}
            for row in jobs.to_dict("records")
        ],
    }
    (folder / "run.json").write_text(json.dumps(run, indent=1), encoding="utf-8")
    return folder


def _folds(predictions: pd.DataFrame) -> list[dict[str, object]]:
    everybody = set(predictions["speaker"])
    clips = predictions.drop_duplicates(["speaker", "utterance"])
    folds = []
    for name, cell in clips.groupby("fold", sort=False):
        test = sorted(cell["speaker"].unique())
        folds.append(
            {
                "name": name,
                "train": sorted(everybody - set(test)),
                "valid": [],
                "test": test,
                "n_train": len(clips) - len(cell),
                "n_valid": 0,
                "n_test": len(cell),
            }
        )
    return folds


def _write_utterances(folder: Path, predictions: pd.DataFrame, *, audio: bool) -> None:
    clips = predictions.drop_duplicates(["speaker", "utterance"])
    sounds = folder / "wav"
    sounds.mkdir(exist_ok=True)
    table = pd.DataFrame(
        {
            "utterance": clips["utterance"],
            "speaker": clips["speaker"],
            "path": [str(sounds / f"{name}.wav") for name in clips["utterance"]],
            "start": np.nan,
            "end": np.nan,
            "gender": ["female" if int(name) % 2 else "male" for name in clips["speaker"]],
            "session": clips["fold"],
            "label": clips["truth"],
        }
    )
    table.to_csv(folder / "utterances.csv", index=False)
    if audio:
        rng = np.random.default_rng(0)
        time = np.arange(24_000) / 16_000
        for number, path in enumerate(table["path"]):
            pitch = 120 + 80 * rng.random() + 30 * np.sin(2 * np.pi * (0.5 + rng.random()) * time + number)
            voice = sum(np.sin(h * 2 * np.pi * np.cumsum(pitch) / 16_000) / h for h in range(1, 12))
            soundfile.write(path, 0.2 * voice * np.sin(np.pi * time / time[-1]) ** 0.3, 16_000)
