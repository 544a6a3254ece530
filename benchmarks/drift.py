"""Whether new speakers sound as those of a model's training did: `python -m benchmarks.drift`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.command import add_cache_argument, cache_of
from features.bad_files import add_on_error_argument
from features.command import add_jobs_argument, command, make_parser, show
from features.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from features.drift import Drift

EXAMPLES = """
python -m benchmarks.drift model.skops calls.csv
python -m benchmarks.drift model.skops calls.csv --level 0.01 --json
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.drift",
        "Hold the speakers of a table against what a saved model keeps of its training speakers: length, pitch, level, "
        "voicing, tempo, noise and spectrum. Ends with 1 where they differ, with 0 where no difference is found, and "
        "with 2 where so few speakers could not show one.",
        examples=EXAMPLES,
    )
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="saved pipeline (.skops), or the folder of a saved deep model")
    add("table", type=Path, metavar="TABLE", help="CSV with path and speaker and, where known, start and end (seconds)")
    add("--level", type=_share, default=0.05, metavar="X", help="share of false alarms accepted (default: 0.05)")
    add("--seed", type=int, default=0, metavar="N", help="of the clips and divisions that are drawn (default: 0)")
    add(
        "--encoder",
        action="append",
        default=[],
        metavar="DIR",
        help="where the speech encoder of an svm@encoder model lies now; another encoder is refused",
    )
    add("--json", action="store_true", help="write the result as JSON")
    add_on_error_argument(parser)
    add_jobs_argument(parser)
    add_cache_argument(parser)
    return parser


def _share(text: str) -> float:
    """Read a share between 0 and 1.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a share between 0 and 1, such as 0.05")
    return value


def execute(arguments: argparse.Namespace) -> int:
    """Compare, and print what is found; 1 where the speakers differ, else 0."""
    from features.drift import WATCHED_GROUPS, TrainingSpeech, drift
    from features.extractors.statistics import FeatureExtractor

    kept = TrainingSpeech.of_json(_kept_by(arguments.model, arguments.encoder))
    cache = cache_of(arguments)
    table = _clips(arguments, cache)
    extractor = FeatureExtractor(WATCHED_GROUPS, cache=cache, n_jobs=arguments.jobs or -1, progress=sys.stderr.isatty())
    speakers = table.index.get_level_values("speaker")
    found = drift(kept, table, speakers, level=arguments.level, seed=arguments.seed, extractor=extractor)
    show(json.dumps(_as_json(found), indent=1) if arguments.json else _as_text(found))
    if found.least_p > found.level:
        raise InputError(str(found))
    return int(found.found)


def _kept_by(model: Path, encoders: list[str]) -> Any:
    """What a saved model, classical or deep, keeps of its training speech."""
    if model.is_dir():
        from deep.formats.saved import read_description  # needs torch, which a classical model does not

        return read_description(model).get("about", {}).get("speech")
    from classical.persistence import load

    return load(model, encoders=encoders).metadata.get("speech")


def _clips(arguments: argparse.Namespace, cache: Any) -> pd.DataFrame:
    """The table's clips that can be analysed, every one with its speaker.

    Raises
    ------
    InputError
        If a speaker is not known.
    BadClipsError
        If clips are bad, and are not to be left out.
    """
    from features.bad_files import BadClipsError, OnError, report_bad
    from features.clips import clips_from
    from features.sound_survey import find_bad
    from features.utterances import utterances

    table = utterances([], manifest=arguments.table)
    unknown = [path for path, speaker in zip(table["path"], table.index.get_level_values("speaker")) if not speaker]
    if unknown:
        raise InputError(
            f"{arguments.table}: {len(unknown)} of {len(table)} clips have no speaker, the first {unknown[0]}; "
            "expected a speaker in every row, since speakers are compared and not clips"
        )
    bad = find_bad(clips_from(table), cache=cache)
    if bad and (arguments.on_error is OnError.STOP or len(bad) == len(table)):
        raise BadClipsError(bad, len(table), "mend or remove them, or go on without them with --on-error skip")
    report_bad(bad, len(table), arguments.on_error)
    left_out = {clip.position for clip in bad}
    return table.iloc[[k for k in range(len(table)) if k not in left_out]]


def _as_text(found: Drift) -> str:
    from features.drift import WATCHED

    lines = [f"{'feature':<34}{'difference':>12}{'p':>8}   (deviations of training speakers; p corrected for all ten)"]
    lines += [f"{WATCHED[shift.feature]:<34}{shift.difference:>+12.2f}{shift.p:>8.3f}" for shift in found.shifts]
    return "\n".join([*lines, "", str(found)])


def _as_json(found: Drift) -> dict[str, Any]:
    return {
        "found": found.found,
        "p": found.p,
        "level": found.level,
        "least_p": found.least_p,
        "new_speakers": found.n_new,
        "training_speakers": found.n_training,
        "features": [vars(shift) for shift in found.shifts],
    }


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
