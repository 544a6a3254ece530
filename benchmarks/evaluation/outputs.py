"""What a run leaves: predictions.csv, scores.csv, run.json, utterances.csv and pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.corpora.corpus import Corpus
from benchmarks.evaluation.job import DIGITS
from benchmarks.evaluation.store import write_atomically
from benchmarks.folds.fold import Fold, speakers_of
from benchmarks.scoring.scores import CELL_COLUMNS


def predictions_table(
    corpus: Corpus, scheme: str, folds: Sequence[Fold], records: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """All test predictions of the cells, in the order of the cells and of the utterances in each fold.

    Parameters
    ----------
    corpus : Corpus
    scheme : str
        How the folds were made.
    folds : sequence of Fold
    records : sequence of mappings
        Cells that are done.

    Returns
    -------
    pandas.DataFrame
        `corpus, folds, pipeline, seed, fold, utterance, speaker, truth, prediction, p_<label>...`; `prediction` is the
        label with the highest stored probability, the first in the corpus's order where several have it.
    """
    by_name = {fold.name: fold for fold in folds}
    parts = []
    for record in records:
        test = by_name[record["fold"]].test
        rows = corpus.utterances.iloc[test]
        values = np.asarray(record["probability"], dtype=float)
        parts.append(
            pd.DataFrame(
                {
                    "corpus": corpus.name,
                    "folds": scheme,
                    "pipeline": record["pipeline"],
                    "seed": record["seed"],
                    "fold": record["fold"],
                    "utterance": rows.index.get_level_values("id"),
                    "speaker": rows.index.get_level_values("speaker"),
                    "truth": rows["label"].to_numpy(),
                    "prediction": np.asarray(corpus.labels)[values.argmax(axis=1)],
                    **{f"p_{label}": values[:, place] for place, label in enumerate(corpus.labels)},
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def write_predictions(path: Path, table: pd.DataFrame) -> None:
    """Write predictions as CSV, probabilities with a fixed number of digits, so that equal results are equal bytes."""
    buffer = io.StringIO()
    table.to_csv(buffer, index=False, float_format=f"%.{DIGITS}f", lineterminator="\n")
    write_atomically(path, buffer.getvalue().encode())


def cells_table(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a cell: its training scores and what it cost; NaN where unknown."""
    table = pd.DataFrame(
        [{name: record.get(name) for name in CELL_COLUMNS} for record in records], columns=list(CELL_COLUMNS)
    )
    numbers = [name for name in CELL_COLUMNS if name not in ("pipeline", "fold", "status")]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})


def write_scores(path: Path, scores: pd.DataFrame) -> None:
    """Write the scores as CSV."""
    write_atomically(path, scores.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode())


def write_utterances(path: Path, corpus: Corpus) -> None:
    """Write which utterances were used, with their paths; the predictions hold none."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    columns = ("path", "start", "end", "gender", "session", "label")
    writer.writerow(["utterance", "speaker", *columns])
    for (speaker, name), row in zip(
        corpus.utterances.index, corpus.utterances[list(columns)].itertuples(index=False), strict=True
    ):
        writer.writerow(
            [name, speaker, *("" if isinstance(value, float) and np.isnan(value) else value for value in row)]
        )
    write_atomically(path, buffer.getvalue().encode())


def describe_corpus(corpus: Corpus) -> dict[str, Any]:
    """What `run.json` says of the corpus."""
    return {
        "name": corpus.name,
        "title": corpus.source.title,
        "labels": list(corpus.labels),
        "policy": corpus.policy,
        "counts": {str(label): int(count) for label, count in corpus.counts().items()},
        "licence": corpus.licence,
        "citation": corpus.citation,
        "homepage": corpus.homepage,
        "fingerprint": corpus.fingerprint,
        "synthetic": corpus.synthetic,
        "embed_audio": corpus.source.embed_audio,
        "n_utterances": len(corpus.utterances),
        "n_speakers": len(corpus.speakers),
        "root": corpus.root,
        "notes": list(corpus.notes),
    }


def describe_folds(scheme: str, folds: Sequence[Fold], table: pd.DataFrame, notes: Sequence[str]) -> dict[str, Any]:
    """What `run.json` says of the folds."""
    sides = ("train", "valid", "test")
    return {
        "scheme": scheme,
        "notes": list(notes),
        "folds": [
            {
                "name": fold.name,
                **{side: speakers_of(table, getattr(fold, side)) for side in sides},
                **{f"n_{side}": len(getattr(fold, side)) for side in sides},
            }
            for fold in folds
        ],
    }


def write_json(path: Path, value: Any) -> None:
    """Write JSON that a person can read."""
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())
