"""What a frozen encoder costs a clip on one thread, in float32 and bfloat16, and whether answers stay the same."""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import command as shared
from benchmarks.speed.lines import Line, as_markdown
from features.command import command, make_parser

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from features.clips import Clip
    from features.extractors.base import ClipExtractor
    from features.extractors.table import FeatureTable

PRECISIONS = ("float32", "bfloat16")


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed encoders`."""
    parser = make_parser(
        "benchmarks.speed encoders",
        "Compute all layers of a frozen encoder over a corpus on one thread, in float32 and bfloat16 in turns: CPU "
        "time a clip with the sound read anew; how far values move; how many clips get the same label from an svm "
        "that was trained in float32 on the other speakers.",
        examples="python -m benchmarks.speed encoders FOLDER --corpus emodb --root emodb",
    )
    parser.add_argument("encoder", help="speech encoder: a hub name or a local folder")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, the median counts (default: 3)")
    parser.add_argument("--clips", type=int, help="clips to time (default: all)")
    shared.add_corpus_arguments(parser)
    return parser


def execute(options: argparse.Namespace) -> int:
    """Print the table."""
    rows = shared.load_corpus(options).utterances
    sys.stdout.write(as_markdown([*_times(options, rows), *_answers(options.encoder, rows)]))
    return 0


main = command(build_parser, execute)


def _times(options: argparse.Namespace, rows: pd.DataFrame) -> list[Line]:
    from deep.frozen import KeptEncoder
    from features.clips import clips_from

    clips = clips_from(rows)
    every = max(1, len(clips) // (options.clips or len(clips)))
    clips = clips[::every]
    encoders = {name: KeptEncoder(options.encoder, device="cpu", precision=name) for name in PRECISIONS}
    for encoder in encoders.values():
        encoder.extract(clips[:2])
    taken: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    for _ in range(options.rounds):
        for name, encoder in encoders.items():
            taken[name].append(_seconds(encoder, clips))
    ratios = [there / here for here, there in zip(*taken.values())]
    return [
        *(
            Line(f"a clip in {name}, CPU time of one thread (ms)", f"{median(values) / len(clips) * 1e3:.1f}", "")
            for name, values in taken.items()
        ),
        Line("the second over the first, of each round", " ".join(f"{ratio:.2f}" for ratio in ratios), ""),
    ]


def _seconds(encoder: ClipExtractor, clips: list[Clip]) -> float:
    began = time.process_time()
    encoder.extract(clips)
    return time.process_time() - began


def _answers(encoder: str, rows: pd.DataFrame) -> list[Line]:
    import numpy as np

    from deep.frozen import KeptEncoder

    exact, rounded = (KeptEncoder(encoder, device="cpu", precision=name).extract(rows) for name in PRECISIONS)
    deviation = exact.values.std(axis=0)
    moved = np.abs(rounded.values - exact.values)[:, deviation > 0] / deviation[deviation > 0]
    same = labels_alike(exact, rounded, rows)
    return [
        Line(
            "values in bfloat16 moved by, in deviations over clips: median, 99 %, largest",
            " ".join(f"{value:.3f}" for value in np.quantile(moved, [0.5, 0.99, 1.0])),
            "",
        ),
        Line("clips with the same label from an svm of the other speakers", f"{same.sum()} of {len(same)}", "all"),
    ]


def labels_alike(exact: FeatureTable, other: FeatureTable, rows: pd.DataFrame) -> np.ndarray:
    """Say of each clip whether an SVM that was trained on exact features of other speakers answers both alike.

    Parameters
    ----------
    exact, other : FeatureTable
        Features of the same clips.
    rows : pandas.DataFrame
        Utterances of a corpus, with labels.

    Returns
    -------
    ndarray of bool, shape (n_clips,)
    """
    import numpy as np
    from sklearn.model_selection import LeaveOneGroupOut

    from benchmarks.pipelines.table_features import TableFeatures
    from classical.models import build

    speakers = rows.index.get_level_values("speaker")
    labels = rows["label"].to_numpy().astype(str)
    same = np.zeros(len(rows), dtype=bool)
    for train, test in LeaveOneGroupOut().split(labels, groups=speakers):
        pipeline = build("svm", features=TableFeatures(exact, rows.index.tolist()))
        pipeline.fit(rows.iloc[train], labels[train])
        expected = pipeline.predict(rows.iloc[test])
        pipeline.set_params(features=TableFeatures(other, rows.index.tolist()))
        same[test] = pipeline.predict(rows.iloc[test]) == expected
    return same
