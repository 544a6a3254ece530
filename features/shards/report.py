"""What a command says of a folder of shards that it has filled."""

from __future__ import annotations

import sys
from pathlib import Path

from features.bad_files import OnError
from features.command import show, show_notes
from features.errors import FeatureError
from features.shards.contents import BAD_FILE, Summary


def report_summary(summary: Summary, folder: Path, on_error: OnError) -> int:
    """Print what is in a table, and say on stderr what is not; return the command's exit status.

    Parameters
    ----------
    summary : Summary
    folder : Path
        Where the table is.
    on_error : OnError

    Returns
    -------
    int
        0 where no clip is bad, or where this is accepted; otherwise 1.

    Raises
    ------
    FeatureError
        If no clip could be analysed.
    """
    bad = folder / BAD_FILE
    if not summary.n_rows:
        raise FeatureError(
            f"{folder}: none of {summary.n_bad:,} clips can be analysed; expected sound in each; {bad} says why; mend "
            "them and remove the folder"
        )
    if summary.n_behind:
        show_notes([f"{summary.n_behind:,} utterances end behind their file and are read to its end"])
    total = summary.n_rows + summary.n_bad
    show(
        f"{folder}: {summary.n_rows:,} utterances, {len(summary.columns.numbers):,} numbers of each, "
        f"{summary.hours:,.1f} hours of sound"
    )
    if not summary.n_bad:
        return 0
    accepted = on_error is OnError.SKIP
    count = f"{summary.n_bad:,} of {total:,} clips cannot be analysed and are left out; {bad} names them"
    last = f"note: {count}" if accepted else f"error: {count}; mend them, or accept that with --on-error skip"
    sys.stderr.write(f"{last}\n")
    return 0 if accepted else 1
