"""The names of the same columns in tables of utterances: this toolkit's, nkululeko's, audformat's, the hub's.

A name that is not unique in meaning is not here: `start_time` may be a time in an episode that a clip was cut from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from features.errors import SerError
from features.names import printable

PATH = ("file_name", "path", "file", "filename", "file_path", "filepath", "audio", "audio_path", "wav", "audio_file")
SPEAKER = ("speaker", "speaker_id", "spk", "spk_id", "actor", "actor_id", "client_id", "speakerid")
LABEL = ("label", "emotion", "emo", "labels", "major_emotion", "category", "class", "emotion_label", "target")
TEXT = ("text", "sentence", "transcription", "transcript", "words", "statement")
GENDER = ("gender", "sex")

OTHERS: Mapping[str, Sequence[str]] = {
    "path": PATH,
    "label": LABEL,
    "speaker": SPEAKER,
    "text": TEXT,
    "gender": GENDER,
}
"""This toolkit's name of a column, and those that stand for it; of what is not here, the name alone."""


def find_columns(
    names: Sequence[str],
    wanted: Iterable[str],
    *,
    where: str,
    error: type[SerError],
    chosen: Mapping[str, str] | None = None,
    remedy: str = "rename one of them",
) -> dict[str, str]:
    """Find which of a table's columns stand for those that are wanted; upper and lower case are one.

    A column of this toolkit's own name is taken before any other.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    wanted : iterable of str
        Columns by this toolkit's names.
    where : str
        The table, for messages.
    error : type
        Kind of error to raise.
    chosen : mapping, optional
        Columns that a user names, by this toolkit's names.
    remedy : str
        What an error advises where two columns stand for one.

    Returns
    -------
    dict of str to str
        The table's name of each column that was found.

    Raises
    ------
    SerError
        If two columns stand for one, or a chosen one is not there; of the kind `error`.

    Examples
    --------
    >>> find_columns(["file", "Emotion", "age"], ("path", "label", "speaker"), where="my.csv", error=SerError)
    {'path': 'file', 'label': 'Emotion'}
    """
    found = {}
    for column in wanted:
        theirs = (chosen or {}).get(column)
        if theirs is not None and theirs not in names:
            listed = ", ".join(map(printable, names))
            raise error(
                f"{where} has no column {theirs} to take as {column}; expected one of {listed}; correct the name"
            )
        candidates = [theirs] if theirs is not None else standing_for(column, names)
        if len(candidates) > 1:
            listed = " and ".join(map(printable, candidates))
            raise error(f"{where}: the columns {listed} may all be the {column}; expected one; {remedy}")
        if candidates:
            found[column] = candidates[0]
    return found


def standing_for(column: str, names: Sequence[str]) -> list[str]:
    """The columns of a table that may be one of this toolkit's; that name alone, where it is there.

    Examples
    --------
    >>> standing_for("speaker", ["file", "spk", "actor"]), standing_for("speaker", ["speaker", "spk"])
    (['spk', 'actor'], ['speaker'])
    """
    if column in names:
        return [column]
    others = OTHERS.get(column, (column,))
    return [name for name in names if name.strip().casefold().replace(" ", "_").replace("-", "_") in others]
