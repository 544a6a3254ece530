"""Pretrain the encoder that the toolkit ships, on synthetic voices: `python -m benchmarks.pretraining`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from features.command import command, make_parser, show

if TYPE_CHECKING:
    from deep.pretraining import Recipe, Targets
    from features.clips import Clip

EXAMPLES = """
python -m benchmarks.pretraining --out encoder
python -m benchmarks.pretraining --clips 200 --epochs 1 --out encoder
"""
LIMIT = 3.0
"""Standard deviations beyond which a target is cut."""

CARD = """---
license: "mit"
library_name: "transformers"
tags: ["audio", "speech", "synthetic"]
---

# wav2vec2-synthetic

A wav2vec 2.0 of {size} weights that has heard {clips} clips of **synthetic speech** and nothing else: no person, no
emotion, no label. It was trained to say, of each 20 ms, {contours} contours (F0, level, voice quality, MFCC, spectrum)
and, of each clip, {statistics} statistics of them, as `features` of this toolkit computes both from the sound. Voices
and words are none of the embedded corpus's; manners of speaking are drawn without categories.

It shows on a machine without network what pretraining is worth on speech of the same synthesiser. **On speech of people
it is no substitute for an encoder that was pretrained on people.**

## Recipe

    python -m benchmarks.pretraining --out FOLDER

- recipe: `{identity}` ({settings})
- code: benchmarks/pretraining.py, benchmarks/corpora/other_voices.py, deep/pretraining.py
- licence: MIT, as the toolkit's
- made with {versions}
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.pretraining",
        "Pretrain a small wav2vec 2.0 on synthetic voices, on contours and statistics that the toolkit computes from "
        "their sound, as the encoder wav2vec2-synthetic that comes with the toolkit was.",
        examples=EXAMPLES,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write the encoder")
    parser.add_argument("--clips", type=int, metavar="N", help="clips to speak (default: the recipe's)")
    parser.add_argument("--epochs", type=int, metavar="N", help="times that each is heard (default: the recipe's)")
    parser.add_argument("--seed", type=int, metavar="N", help="of sounds and weights (default: the recipe's)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="threads (default: 1)")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Speak, measure, train, and write the encoder and its card."""
    from deep.pretraining import Recipe

    given = {"n_clips": arguments.clips, "epochs": arguments.epochs, "seed": arguments.seed}
    recipe = replace(Recipe(), **{name: value for name, value in given.items() if value is not None})
    pretrain_synthetic(arguments.out, recipe, n_jobs=arguments.jobs)
    show(f"{arguments.out}: recipe {recipe.identity()}")


def pretrain_synthetic(folder: Path, recipe: Recipe, *, n_jobs: int = 1) -> None:
    """Pretrain an encoder on synthetic voices and write it with its card.

    Parameters
    ----------
    folder : Path
    recipe : Recipe
    n_jobs : int, default=1
        CPU threads.
    """
    from deep import pretraining, versions

    clips, targets = spoken(recipe.n_clips, seed=recipe.seed)
    encoder = pretraining.pretrain(clips, targets, recipe, n_jobs=n_jobs, report=partial(tqdm.write, file=sys.stderr))
    card = CARD.format(
        size=f"{sum(parameter.numel() for parameter in encoder.parameters()):,}",
        clips=f"{recipe.n_clips:,}",
        contours=len(targets.contour_weights),
        statistics=len(targets.statistic_weights),
        identity=recipe.identity(),
        settings=", ".join(f"{name} {value}" for name, value in asdict(recipe).items()),
        versions=", ".join(f"{name} {number}" for name, number in versions.installed().items()),
    )
    pretraining.write_encoder(encoder, folder, card)


def spoken(n_clips: int, *, seed: int) -> tuple[list[Clip], Targets]:
    """Speak clips and measure what the encoder is to say of them.

    Parameters
    ----------
    n_clips : int
    seed : int

    Returns
    -------
    clips : list of Clip
    targets : Targets
    """
    from benchmarks.corpora import other_voices
    from deep.pretraining import Targets
    from features.clips import Clip
    from features.compute import features_and_contours, features_in
    from features.groups import parts_of

    parts = parts_of("statistics")
    clips, rows, contours = [], [], []
    for number in tqdm(range(n_clips), "clips", disable=None):
        clip = Clip(f"clip {number}", waveform=other_voices.speak(number, seed=seed))
        row, curves = features_and_contours(clip.samples(), parts)
        clips.append(clip)
        rows.append(row)
        contours.append(curves.T)
    every = np.concatenate(contours)
    centre, spread = np.nanmean(every, axis=0), np.nanstd(every, axis=0)
    curves_told = [standardised(curves, centre, spread).astype(np.float16) for curves in contours]
    table = np.array(rows)
    table = np.where(np.isfinite(table), table, np.nanmedian(table, axis=0))
    groups = np.array([feature.group for feature in features_in(parts)])
    varies = np.nan_to_num(table).std(axis=0) > 0
    table, groups = table[:, varies], groups[varies]
    statistics = standardised(table, table.mean(axis=0), table.std(axis=0)).astype(np.float32)
    return clips, Targets(curves_told, equal_by_group(_groups_of_contours()), statistics, equal_by_group(groups))


def standardised(values: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Deviations from the centre in units of the spread, cut at `LIMIT`; what does not vary is 0.

    Examples
    --------
    >>> standardised(np.array([[1.0], [3.0], [99.0]]), np.array([1.0]), np.array([2.0])).ravel().tolist()
    [0.0, 1.0, 3.0]
    """
    return np.clip((values - centre) / np.where(spread > 0, spread, 1.0), -LIMIT, LIMIT)


def equal_by_group(groups: Sequence[str] | np.ndarray) -> np.ndarray:
    """Weights by which every group counts the same, and in it every member; their sum is 1.

    Examples
    --------
    >>> equal_by_group(["pitch", "mfcc", "mfcc"]).tolist()
    [0.5, 0.25, 0.25]
    """
    names, counts = np.unique(np.asarray(groups), return_counts=True)
    share = {name: 1.0 / (len(names) * count) for name, count in zip(names, counts, strict=True)}
    return np.array([share[name] for name in groups])


def _groups_of_contours() -> list[str]:
    """The group of each contour, in the order of `features_and_contours`."""
    from importlib import import_module

    from features.descriptors import MODULES

    return [group for group, module in MODULES.items() for _ in import_module(module).DESCRIPTORS]


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
