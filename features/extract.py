"""Command: features of a folder of sound files, or of a manifest, as a CSV or Parquet table."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from features.command import command, make_parser, show
from features.errors import AudioError, FeatureError
from features.files import replacing
from features.names import storable
from features.tables import for_spreadsheets

if TYPE_CHECKING:
    import pandas as pd

    from features.clips import Clip


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m features.extract`."""
    parser = make_parser(
        "features.extract",
        "Compute named features of every sound file in a folder, or of every row of a manifest.",
        examples="python -m features.extract recordings/ features.csv --groups prosodic",
    )
    add = parser.add_argument
    add("input", type=Path, help="folder (searched throughout), or CSV with `path` and perhaps `id start end`")
    add("output", type=Path, help="table to write: .csv or .parquet; one row per utterance, `id` first")
    add(
        "--groups",
        default="all",
        help="pitch energy timing voice mfcc spectrum, or prosodic, spectral, all; joined by commas (default: all)",
    )
    add("--normalise-level", action="store_true", help="bring every utterance to -26 dB first")
    add("--jobs", type=int, default=1, help="processes (default: 1)")
    add(
        "--no-cache",
        action="store_true",
        help="compute anew and keep nothing; without this, a run that was stopped goes on where it was; "
        "`python -m features.cache` shows and clears",
    )
    add("--skip-bad", action="store_true", help="leave out files that cannot be analysed, naming them on stderr")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Compute the features, write them, and print where they are."""
    table = extract(
        arguments.input,
        arguments.output,
        groups=arguments.groups,
        normalise_level=arguments.normalise_level,
        n_jobs=arguments.jobs,
        use_cache=not arguments.no_cache,
        skip_bad=arguments.skip_bad,
    )
    show(f"{arguments.output}: {len(table)} utterances, {table.shape[1]} features")


def extract(
    source: Path,
    target: Path,
    *,
    groups: str = "all",
    normalise_level: bool = False,
    n_jobs: int = 1,
    use_cache: bool = True,
    skip_bad: bool = False,
) -> pd.DataFrame:
    """Compute the features of a folder or manifest and write them.

    Parameters
    ----------
    source : Path
        Folder of sound files, or CSV with a column `path` (relative to the CSV) and perhaps `id`, `start`, `end`.
    target : Path
        `.csv` or `.parquet`; written whole or not at all.
    groups, normalise_level, n_jobs
        As for `FeatureExtractor`.
    use_cache : bool
        Keep rows in the user's cache and take them from it.
    skip_bad : bool
        Leave out what cannot be analysed, naming it on stderr, where otherwise the first such file is an error.

    Returns
    -------
    pandas.DataFrame
        Index `id`, one column a feature.

    Raises
    ------
    FeatureError
        If there is nothing to do, the suffix is wrong, or a group is unknown.
    AudioError
        If a file cannot be analysed.
    """
    from features.audio import SUFFIXES
    from features.cache import FeatureCache
    from features.extractors.statistics import FeatureExtractor

    if target.suffix not in {".csv", ".parquet"}:
        raise FeatureError(f"{target}: suffix {target.suffix!r}; expected .csv or .parquet")
    if n_jobs == 0:
        raise FeatureError("0 jobs; expected 1 or more, or -1 for all cores")
    clips = _from_folder(source) if source.is_dir() else _from_manifest(source)
    if skip_bad:
        clips = {name: clip for name, clip in clips.items() if _good(clip)}
    if not clips:
        raise FeatureError(f"{source}: no sound files; expected some of {' '.join(SUFFIXES)}")
    cache = FeatureCache() if use_cache else None
    extractor = FeatureExtractor(groups, normalise_level=normalise_level, cache=cache, n_jobs=n_jobs, progress=True)
    table = extractor.extract(list(clips.values())).to_frame(list(clips)).rename_axis("id")
    _write(table, target)
    return table


def _from_folder(folder: Path) -> dict[str, Clip]:
    """Clips by id: the path inside the folder without its suffix, with it where two files differ in nothing else."""
    from features.audio import sound_files
    from features.clips import Clip

    paths = sound_files(folder)
    short = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    often = Counter(short)
    names = [name if often[name] == 1 else path.relative_to(folder).as_posix() for name, path in zip(short, paths)]
    return {storable(name): Clip(name=str(path), path=path) for name, path in zip(names, paths)}


def _from_manifest(manifest: Path) -> dict[str, Clip]:
    from features.clips import clips_from
    from features.utterances import read_utterances

    table = read_utterances(manifest, error=FeatureError)
    table.refuse("id", table.rows["id"].duplicated(), expected="a different id in every row")
    rows = table.rows.assign(start=table.numbers("start"), end=table.numbers("end"))
    return dict(zip(rows["id"], clips_from(rows)))


def _good(clip: Clip) -> bool:
    try:
        clip.samples()
    except AudioError as error:
        print(f"left out: {error}", file=sys.stderr)
        return False
    return True


def _write(table: pd.DataFrame, target: Path) -> None:
    try:
        with replacing(target) as part:
            if target.suffix == ".csv":
                for_spreadsheets(table).to_csv(part)
            else:
                table.to_parquet(part)
    except OSError as error:
        raise FeatureError(f"{target}: {error.strerror or error}; expected a place that can be written") from error


main = command(build_parser, execute, on_interrupt="stopped; the same command goes on from here")

if __name__ == "__main__":
    sys.exit(main())
