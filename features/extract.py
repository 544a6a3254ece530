"""Command: features of sound files, of a folder or of a manifest, as a table: CSV, Parquet, or a folder of it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.bad_files import BadClipsError, add_on_error_argument, report_bad
from features.command import add_cluster_argument, command, make_parser, show, show_notes
from features.errors import FeatureError
from features.files import check_writable, content_hash, replacing
from features.frozen_sets import FROZEN, PRESET, SOUND
from features.names import storable
from features.shards.contents import ROWS, is_folder
from features.shards.report import report_summary
from features.tables import for_spreadsheets
from features.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from features.bad_files import BadClip
    from features.clips import Clip
    from features.frozen_sets import FrozenSet
    from features.shards.contents import Summary
    from features.shards.sources import ListedClips, ManifestClips


NO_JOBS = "0 jobs; expected 1 or more, or -1 for all cores"


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m features.extract`."""
    parser = make_parser(
        "features.extract",
        "Compute named features of a sound file, of every one in a folder, or of every row of a manifest.",
        examples="""
python -m features.extract recordings/ features.csv --groups prosodic
python -m features.extract calls.csv calls.parquet/ --jobs 8        (a long table: shards, goes on where it was stopped)
python -m features.extract calls.csv calls.parquet/ --cluster tcp://HOST:8786
""",
    )
    add = parser.add_argument
    add(
        "input",
        type=Path,
        help="sound file, folder (searched throughout), or CSV with `path` and perhaps `id start end`",
    )
    add(
        "output",
        help="table to write: .csv or .parquet; one row per utterance, `id` first; a name that ends in .parquet/ is a "
        "folder of parts, for any number of utterances",
    )
    add(
        "--groups",
        default="statistics",
        help="pitch energy timing voice mfcc spectrum, or prosodic, spectral, all; or statistics, covariance, shape; "
        "joined by commas (default: statistics)",
    )
    add("--normalise-level", action="store_true", help="bring every utterance to -26 dB first")
    add("--jobs", type=int, default=1, help="processes (default: 1)")
    add_cluster_argument(parser)
    add(
        "--no-cache",
        action="store_true",
        help="compute anew and keep nothing; without this, a run that was stopped goes on where it was; "
        "`python -m features.cache` shows and clears; a folder of parts is its own cache",
    )
    add_on_error_argument(parser, good_ones="write the others, name the bad ones, end with 1", skip_bad=True)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Compute the features, write them, and print where they are; 1 where clips are missing that were asked for."""
    if is_folder(arguments.output):
        return _execute_shards(arguments)
    table, bad, note = extract(
        arguments.input,
        Path(arguments.output),
        groups=arguments.groups,
        normalise_level=arguments.normalise_level,
        n_jobs=arguments.jobs,
        use_cache=not arguments.no_cache,
    )
    show_notes([f"{arguments.input}: {note}"] if note else [])
    show(f"{arguments.output}: {len(table)} utterances, {table.shape[1]} features")
    return report_bad(bad, len(bad) + len(table), arguments.on_error)


def _execute_shards(arguments: argparse.Namespace) -> int:
    summary = extract_shards(
        arguments.input,
        Path(arguments.output),
        groups=arguments.groups,
        normalise_level=arguments.normalise_level,
        n_jobs=arguments.jobs,
    )
    return report_summary(summary, Path(arguments.output), arguments.on_error)


def extract_shards(
    source: Path,
    target: Path,
    *,
    groups: str = "statistics",
    normalise_level: bool = False,
    n_jobs: int = 1,
    rows: int = ROWS,
    progress: bool = True,
) -> Summary:
    """Compute the features of any number of utterances into a folder of Parquet files, and go on where that was left.

    Parameters
    ----------
    source, groups, normalise_level, n_jobs
        As of `extract`; a manifest is read in pieces.
    target : Path
        The folder; `features.extractors.shards.ShardedFeatures` reads it, as do pandas and pyarrow.
    rows : int
        Of each file.
    progress : bool
        Show it on stderr.

    Returns
    -------
    Summary
        What is in the table; clips that cannot be analysed are in its `_bad.csv`.

    Raises
    ------
    FeatureError
        If there is nothing to do, a group is unknown, or the folder holds another table.
    InputError
        If the folder cannot be written.
    """
    from features.compute import prepare
    from features.engines.registry import engine_of
    from features.extractors.statistics import FeatureExtractor
    from features.groups import parts_of
    from features.processes import number_of_processes
    from features.shards.clip_features import ClipFeatures
    from features.shards.contents import Columns, Made
    from features.shards.filling import fill
    from features.shards.folder import ShardFolder

    if n_jobs == 0:
        raise FeatureError(NO_JOBS)
    extractor = FeatureExtractor(groups, normalise_level=normalise_level)
    columns = Columns(extractor.names())
    utterances = listed_in(source)
    prepare(n_jobs=n_jobs)
    preset = _preset(groups, normalise_level=normalise_level)
    made = Made(preset, extractor.identity(), VERSION, utterances.identity(), rows)
    return fill(
        ShardFolder(target, made, columns),
        utterances,
        ClipFeatures(parts_of(groups), normalise_level),
        engine_of(number_of_processes(n_jobs)),
        what="features",
        shown=progress,
    )


def listed_in(source: Path) -> ListedClips | ManifestClips:
    """Utterances of a sound file, of a folder of them, or of a manifest of any length.

    Parameters
    ----------
    source : Path

    Raises
    ------
    FeatureError
        If there are none, or the manifest cannot be used.

    Examples
    --------
    >>> listed_in(Path("a.wav")).n_rows
    1
    """
    from features.audio import SUFFIXES
    from features.shards.sources import ListedClips, ManifestClips
    from features.utterance_pieces import LongManifest

    listed = source.is_dir() or source.suffix.lower() in SUFFIXES
    utterances = ListedClips(_clips(source)[0]) if listed else ManifestClips(LongManifest.of(source))
    if not utterances.n_rows:
        raise FeatureError(_nothing_in(source))
    return utterances


def extract(
    source: Path,
    target: Path,
    *,
    groups: str = "statistics",
    normalise_level: bool = False,
    n_jobs: int = 1,
    use_cache: bool = True,
) -> tuple[pd.DataFrame, tuple[BadClip, ...], str]:
    """Compute the features of a folder or manifest and write those of the clips that can be analysed.

    Parameters
    ----------
    source : Path
        Sound file, folder of them, or CSV with a column `path` (relative to the CSV) and perhaps `id`, `start`, `end`.
    target : Path
        `.csv` or `.parquet`; written whole or not at all.
    groups, normalise_level, n_jobs
        As for `FeatureExtractor`.
    use_cache : bool
        Keep rows in the user's cache and take them from it.

    Returns
    -------
    table : pandas.DataFrame
        Index `id`, one column a feature.
    bad : tuple of BadClip
        The clips that are not in it.
    note : str
        What a user should know of the sound: files left out, ends behind a file's; empty for nothing.

    Raises
    ------
    FeatureError
        If there is nothing to do, the suffix is wrong, or a group is unknown.
    AudioError
        If no clip can be analysed; what was in `target` stays.
    InputError
        If `target` cannot be written.
    """
    from features.cache import user_cache
    from features.extractors.statistics import FeatureExtractor

    if target.suffix not in {".csv", ".parquet"}:
        raise FeatureError(f"{target}: suffix {target.suffix!r}; expected .csv or .parquet")
    if n_jobs == 0:
        raise FeatureError(NO_JOBS)
    clips, note = _clips(source)
    if not clips:
        raise FeatureError(_nothing_in(source, note))
    check_writable(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise FeatureError(f"{target}: it would be written over what it is made from; expected another output")
    cache = user_cache() if use_cache else None
    extractor = FeatureExtractor(groups, normalise_level=normalise_level, cache=cache, n_jobs=n_jobs, progress=True)
    features, bad = extractor.extract_good(list(clips.values()))
    if not len(features):
        raise BadClipsError(bad, len(clips))
    positions = {clip.position for clip in bad}
    table = features.to_frame([name for i, name in enumerate(clips) if i not in positions]).rename_axis("id")
    if groups in FROZEN:
        good = [clip for position, clip in enumerate(clips.values()) if position not in positions]
        table = table.assign(**_origin(FROZEN[groups], good, normalise_level=normalise_level))
    _write(table, target)
    return table, bad, note


def _nothing_in(source: Path, note: str = "") -> str:
    from features.audio import SUFFIXES

    return "; ".join(filter(None, [f"{source}: no sound files", f"expected some of {' '.join(SUFFIXES)}", note]))


def _preset(groups: str, *, normalise_level: bool) -> str:
    """What the values are: a frozen set with its hash, or the groups that were asked for."""
    title = FROZEN[groups].title if groups in FROZEN else groups
    return title + (", level normalised" if normalise_level else "")


def _origin(frozen: FrozenSet, clips: Sequence[Clip], *, normalise_level: bool) -> dict[str, Any]:
    """Columns that say which frozen set the values are of, by which version of the toolkit, and of which sound."""
    level = ", level normalised" if normalise_level else ""
    contents = {path: content_hash(path) for path in {clip.path for clip in clips} if path is not None}
    return {
        PRESET: f"{frozen.title} {VERSION}{level}",
        SOUND: [clip.digest(contents[clip.path] if clip.path else None).hex() for clip in clips],
    }


def _clips(source: Path) -> tuple[dict[str, Clip], str]:
    """Clips by id, and what a user should know of them."""
    from features.audio import SUFFIXES, left_out_of
    from features.clips import Clip

    if source.is_dir():
        return _from_folder(source), left_out_of(source)
    if source.suffix.lower() in SUFFIXES:
        return {storable(source.stem): Clip(name=str(source), path=source)}, ""
    return _from_manifest(source)


def _from_folder(folder: Path) -> dict[str, Clip]:
    """Clips by id: the path inside the folder without its suffix, with it where two files differ in nothing else."""
    from features.audio import sound_files
    from features.clips import Clip

    paths = sound_files(folder)
    short = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    often = Counter(short)
    names = [name if often[name] == 1 else path.relative_to(folder).as_posix() for name, path in zip(short, paths)]
    return {storable(name): Clip(name=str(path), path=path) for name, path in zip(names, paths)}


def _from_manifest(manifest: Path) -> tuple[dict[str, Clip], str]:
    from features.clips import clips_from
    from features.utterances import inside_files

    rows, note = inside_files(_rows_of(manifest))
    return dict(zip(rows["id"], clips_from(rows))), note


def _rows_of(manifest: Path) -> pd.DataFrame:
    from features.utterances import read_utterances

    table = read_utterances(manifest, error=FeatureError)
    table.refuse("id", table.rows["id"].duplicated(), expected="a different id in every row")
    return table.rows.assign(start=table.seconds("start"), end=table.seconds("end"))


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
