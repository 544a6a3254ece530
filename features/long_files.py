"""Files that are so long that one answer says little of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import AudioError
from features.utterances import duration

if TYPE_CHECKING:
    import pandas as pd

LONG = 30.0
"""Seconds from which a file is asked about that gets one answer as a whole."""

_LONG_BYTES = 60_000
"""No file of fewer bytes holds so much speech in any format; it need not be opened to know."""


def notes_on_long_files(table: pd.DataFrame) -> list[str]:
    """What should be said of files that get one answer for longer than one emotion lasts; nothing where none is.

    Parameters
    ----------
    table : DataFrame
        Utterances table.

    Examples
    --------
    >>> import pandas as pd
    >>> notes_on_long_files(pd.DataFrame({"path": ["missing.wav"], "end": [float("nan")]}))  # said where it is read
    []
    """
    lengths: dict[Path, float] = {}
    for name, end in zip(table["path"], table["end"]):
        path = Path(str(name))
        with suppress(AudioError, OSError):
            if end != end and path.stat().st_size >= _LONG_BYTES and (seconds := duration(path)) > LONG:
                lengths[path] = seconds
    if not lengths:
        return []
    path, seconds = next(iter(lengths.items()))
    return [
        f"{len(lengths):,} {'file is' if len(lengths) == 1 else 'files are'} longer than {LONG:g} s ({path}, "
        f"{seconds:,.0f} s): one answer stands for all of it; --window 3 answers for every stretch of 3 s"
    ]
