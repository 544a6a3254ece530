"""A corpus under conditions: every clip written once more under each, and who trains and is tested there."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from benchmarks.conditions.condition import CLEAN, Condition, Surroundings
from benchmarks.conditions.registry import KINDS
from features.clips import Clip, clips_from
from features.errors import FoldError
from features.processes import number_of_processes
from features.sampling import RATE

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold

PLAIN, AUGMENTED = "as recorded", "augmented"
"""What trains: the clips as they are, or each of them also under a condition that is drawn for it."""

_VOICES = 12


def under_conditions(
    corpus: Corpus,
    tried: Sequence[Condition],
    folder: Path,
    *,
    augment: bool,
    seed: int,
    jobs: int | None,
    progress: bool = False,
) -> Corpus:
    """The corpus with every utterance once more under each condition, its speaker named after it.

    Parameters
    ----------
    corpus : Corpus
    tried : sequence of Condition
    folder : Path
        Where sound is written; `remove_sounds` removes it.
    augment : bool
        Whether each utterance stands there once more to train, under a drawn condition, its speaker as before.
    seed : int
    jobs : int, optional
        Processes; by default all cores.
    progress : bool, default=False
        Show a bar on stderr where that is a terminal.

    Returns
    -------
    Corpus
        Speakers `03@clean`, `03@white noise 10 dB`; a column `training` says what trains.
    """
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    table, clips = corpus.utterances, clips_from(corpus.utterances)
    speakers = table.index.get_level_values("speaker").to_numpy().astype(str)
    ids = table.index.get_level_values("id").to_numpy().astype(str)
    wanted = [(i, condition) for condition in tried for i in range(len(table))]
    if augment:
        wanted += [(i, _drawn(ids[i], tried, seed)) for i in range(len(table))]
    work = (
        delayed(_write)(
            folder / f"{place}.flac", clips[i], condition, _others(clips, speakers, i, condition, seed), (ids[i], seed)
        )
        for place, (i, condition) in enumerate(tqdm(wanted, desc="sounds", disable=not progress))
    )
    paths = Parallel(n_jobs=number_of_processes(-1 if jobs is None else jobs), batch_size=16)(work)
    frames = [_renamed(table, CLEAN), table.assign(training=PLAIN)]
    rows = table.assign(start=np.nan, end=np.nan)
    for k, condition in enumerate(tried):
        frames.append(_renamed(rows.assign(path=paths[k * len(table) : (k + 1) * len(table)]), condition))
    if augment:
        frames.append(_copies(rows.assign(path=paths[len(tried) * len(table) :]), "training"))
    return replace(corpus, utterances=pd.concat(frames).sort_index(kind="stable"))


def _renamed(table: pd.DataFrame, condition: Condition) -> pd.DataFrame:
    index = pd.MultiIndex.from_arrays(
        [[f"{name}@{condition}" for name in table.index.get_level_values(level)] for level in ("speaker", "id")],
        names=["speaker", "id"],
    )
    return table.set_axis(index).assign(training="")


def _copies(table: pd.DataFrame, name: str) -> pd.DataFrame:
    ids = [f"{each}@{name}" for each in table.index.get_level_values("id")]
    index = pd.MultiIndex.from_arrays([table.index.get_level_values("speaker"), ids], names=["speaker", "id"])
    return table.set_axis(index).assign(training=AUGMENTED)


def _rng(*words: object) -> np.random.Generator:
    """A generator that depends on some words alone, so that a clip is disturbed the same way in every run."""
    return np.random.default_rng([zlib.crc32(str(word).encode(errors="backslashreplace")) for word in words])


def _drawn(name: str, tried: Sequence[Condition], seed: int) -> Condition:
    return tried[int(_rng(name, "training", seed).integers(len(tried)))]


def _others(clips: Sequence[Clip], speakers: np.ndarray, i: int, condition: Condition, seed: int) -> list[Clip]:
    """Clips of other speakers, a dozen of them, where the condition is babble."""
    if condition.kind != "babble":
        return []
    rows = np.flatnonzero(speakers != speakers[i])
    if not len(rows):
        raise FoldError("babble is made of other speakers, and there are none; leave it out with --conditions")
    drawn = _rng(clips[i].name, "voices", seed).choice(rows, size=min(_VOICES, len(rows)), replace=False)
    return [clips[row] for row in drawn]


def _write(path: Path, clip: Clip, condition: Condition, others: Sequence[Clip], words: tuple[object, ...]) -> str:
    """Write a clip under a condition; what would exceed full scale is brought below it."""
    import soundfile

    waveform = clip.recorded().astype(np.float64)
    voices = [other.recorded().astype(np.float64) for other in others]
    surroundings = Surroundings(_rng(*words, condition), voices)
    heard = KINDS[condition.kind].change(waveform, condition.level, surroundings)
    heard = heard * min(1.0, 0.99 / max(float(np.abs(heard).max()), 1e-9))
    soundfile.write(path, heard, RATE, subtype="PCM_24", format="FLAC")
    return str(path)


def remove_sounds(folder: Path) -> None:
    """Remove what `under_conditions` wrote."""
    for path in folder.glob("*.flac"):
        path.unlink()
    folder.rmdir()


def tested(fold: Fold, heard: Corpus, training: str) -> Fold:
    """The fold on the table of all conditions: its training clips train, its test clips test under each condition."""
    table = heard.utterances
    plain = np.flatnonzero(table["training"] == PLAIN)  # in the order of the corpus, into which the fold points
    ids = table.index.get_level_values("id").to_numpy().astype(str)
    asked = set(ids[plain[fold.test]])
    owners = np.array([name.rpartition("@")[0] for name in ids])
    test = np.flatnonzero((table["training"] == "").to_numpy() & np.isin(owners, list(asked)))
    sides = {side: plain[getattr(fold, side)] for side in ("train", "valid")}
    if training == AUGMENTED:
        extra = (table["training"] == AUGMENTED).to_numpy()
        sides = {
            side: np.sort(np.concatenate([rows, np.flatnonzero(extra & np.isin(owners, ids[rows]))]))
            for side, rows in sides.items()
        }
    aside = None if fold.aside is None else plain[fold.aside]
    return replace(fold, name=f"{fold.name}, {training}", test=test, enrolled=None, aside=aside, **sides)
