"""Utterances whose features are drawn: classes differ by a known amount, speakers by more, some values are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

GROUPS = ("pitch", "energy", "mfcc")


class StoredFeatures(BaseEstimator):
    """Looks feature values up by the index of an utterances table."""

    def __init__(self, values: pd.DataFrame) -> None:
        self.values = values

    def __sklearn_clone__(self) -> StoredFeatures:
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        return self.values.loc[X.index].to_numpy(dtype=np.float32)

    def get_feature_names_out(self) -> np.ndarray:
        return self.values.columns.to_numpy()


def speak(
    *,
    n_speakers: int = 6,
    n_each: int = 6,
    classes: tuple[str, ...] = ("ang", "hap", "neu", "sad"),
    n_features: int = 24,
    apart: float = 1.5,
    speaker_spread: float = 1.0,
    seed: int = 0,
) -> tuple[pd.DataFrame, np.ndarray, StoredFeatures]:
    """Table, labels, and features of which only group pitch tells the classes apart."""
    rng = np.random.default_rng(seed)
    names = [f"{GROUPS[k % len(GROUPS)]}.f{k:02d}_db.mean.all" for k in range(n_features)]
    informative = np.array([name.startswith("pitch") for name in names])
    centres = rng.normal(0, apart, (len(classes), n_features)) * informative
    rows, labels, index = [], [], []
    for speaker in range(n_speakers):
        offset = rng.normal(0, speaker_spread, n_features)
        for code, label in enumerate(classes):
            for take in range(n_each):
                rows.append(offset + centres[code] + rng.normal(0, 1, n_features))
                labels.append(label)
                index.append((f"s{speaker:02d}", f"s{speaker:02d}_{label}_{take}"))
    values = np.array(rows)
    values[rng.random(values.shape) < 0.02] = np.nan
    keys = pd.MultiIndex.from_tuples(index, names=["speaker", "id"])
    table = pd.DataFrame({"path": "", "start": np.nan, "end": np.nan, "gender": "", "session": ""}, index=keys)
    return table, np.array(labels), StoredFeatures(pd.DataFrame(values, index=keys, columns=names))
