"""Corpora of short noise with a table of two features, for pipelines that hear nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

LABELS = ("ang", "neu", "sad")


def table_corpus(folder: Path, *, n_speakers: int = 6, tells: bool = False, labels: tuple[str, ...] = LABELS) -> Path:
    """A corpus of short tones with a table of two features, for pipelines that hear nothing."""
    rng = np.random.default_rng(0)
    rows, features = [], []
    for speaker in range(n_speakers):
        for label in labels:
            for take in range(4):
                name = f"{speaker}_{label}_{take}"
                sound = 0.1 * rng.normal(size=4000)
                soundfile.write(folder / f"{name}.wav", sound, 16_000)
                rows.append({"path": f"{name}.wav", "speaker": f"p{speaker}", "label": label})
                features.append(
                    {
                        "id": f"{name}.wav",
                        "x1": rng.normal() + 8 * tells * labels.index(label),
                        "x2": rng.normal(),
                    }
                )
    pd.DataFrame(rows).to_csv(folder / "corpus.csv", index=False)
    pd.DataFrame(features).to_csv(folder / "x.csv", index=False)
    return folder / "corpus.csv"
