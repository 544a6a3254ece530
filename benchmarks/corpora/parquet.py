"""Audio tables as the Hugging Face hub keeps them: Parquet files whose rows hold a sound, a label, a speaker."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.corpus import utterances_table
from benchmarks.corpora.own_tables import RATINGS, REQUIRED, TIMES, genders, note_on_columns, own_columns
from benchmarks.corpora.parquet_tables import licence_of, opened, table_of
from features.errors import CorpusError
from features.files import write_atomically
from features.places import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from features.tables import Table

SUFFIXES = {b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"ID3": ".mp3"}
"""What a sound's first bytes say of its format; what reads it looks at the content, whatever the suffix."""

_ROWS_AT_ONCE = 64
_LONGEST = 60


def read(root: Path) -> Reading:
    """Read all Parquet files below a folder, or one; sound, label and speaker are found by their names."""
    return read_columns(root, {})


def read_columns(root: Path, columns: Mapping[str, str]) -> Reading:
    """Read them with the columns that a user names, by this toolkit's names."""
    paths = (
        sorted(path for path in root.rglob("*.parquet") if not path.name.startswith(".")) if root.is_dir() else [root]
    )
    if not paths:
        raise CorpusError(
            f"parquet: no .parquet file in {root}; expected a table of sounds as the hub has; correct --root"
        )
    schema = opened(paths[0]).schema_arrow
    found = _columns(schema, columns, where=str(paths[0]))
    rows = [row for path in paths for row in _rows(path, found)]
    notes = [note_on_columns(found), *_notes(schema, rows, found)]
    genders_found, note = genders(_series(rows, "gender"))
    for row, gender in zip(rows, genders_found, strict=True):
        row["gender"] = gender or ""
    _name(rows)
    for row in rows:
        del row["part"], row["place"]
    return Reading(utterances_table(rows), tuple(filter(None, (*notes, note))))


def _columns(schema: pa.Schema, chosen: Mapping[str, str], *, where: str) -> dict[str, str]:
    """Which column is which; sound that lies in the table is preferred to a path."""
    import pyarrow.types as types

    held = [field.name for field in schema if types.is_struct(field.type) and "bytes" in _members(field.type)]
    arrays = [field.name for field in schema if types.is_struct(field.type) and "array" in _members(field.type)]
    if "path" not in chosen and len(held) == 1:
        chosen = {**chosen, "path": held[0]}
    elif "path" not in chosen and not held and arrays:
        raise CorpusError(
            f"{where}: the column {arrays[0]} holds arrays of numbers; expected sound as bytes; save the data set "
            f"again with cast_column('{arrays[0]}', Audio())"
        )
    return own_columns(schema.names, chosen, where=where)


def _members(kind: pa.StructType) -> list[str]:
    return [kind.field(i).name for i in range(kind.num_fields)]


def _rows(path: Path, found: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The utterances of one file, their sound unpacked where it lies in the table."""
    missing = set(found.values()) - set(opened(path).schema_arrow.names)
    if missing:
        raise CorpusError(f"{path} has no column {', '.join(sorted(missing))}, which others have; correct --root")
    texts = {ours: theirs for ours, theirs in found.items() if ours != "path"}
    table = table_of(path, columns=list(dict.fromkeys(texts.values())))
    for ours in ("label", "speaker"):
        _refuse_empty(table, texts[ours], ours)
    cells: dict[str, Sequence[Any]] = {ours: table.rows[theirs].tolist() for ours, theirs in texts.items()}
    for ours in set(TIMES) & set(texts):
        cells[ours] = table.seconds(texts[ours]).tolist()
    for ours in set(RATINGS) & set(texts):
        cells[ours] = table.numbers(texts[ours]).tolist()
    for place, (sound, name) in enumerate(_sounds(path, found["path"])):
        own = {ours: values[place] for ours, values in cells.items()}
        yield {"gender": "", **own, "path": sound, "id": own.get("id", name), "part": path.stem, "place": place}


def _refuse_empty(table: Table, column: str, ours: str) -> None:
    table.refuse(column, table.rows[column] == "", expected=f"a {ours} in every row")


def _sounds(path: Path, column: str) -> Iterator[tuple[str, str]]:
    """The file of each row's sound, and the name that the table gives it."""
    for batch in opened(path).iter_batches(batch_size=_ROWS_AT_ONCE, columns=[column]):
        for cell in batch.column(0).to_pylist():
            if isinstance(cell, dict):
                content, name = cell.get("bytes"), str(cell.get("path") or "")
                if not (content or name):
                    raise CorpusError(f"{path}: a row has no sound; expected bytes or a path; leave the row out")
                yield (_unpacked(content, name) if content else str(path.parent / name)), name
            else:
                yield str(path.parent / str(cell or "no path")), str(cell or "")


def _unpacked(content: bytes, name: str) -> str:
    """The file that holds a sound, written once for each content; it bears the name that the table gives it."""
    place = cache_folder()
    if place is None:
        raise CorpusError("parquet: no place to unpack sounds; set XDG_CACHE_HOME to a folder that can be written")
    key = hashlib.blake2b(content, digest_size=16).hexdigest()
    suffix = next((suffix for magic, suffix in SUFFIXES.items() if content.startswith(magic)), Path(name).suffix)
    stem = re.sub(r"[^\w.-]+", "_", Path(name).stem)[:_LONGEST]
    path = place / "parquet" / key[:2] / f"{key}-{stem}{suffix}"
    if not path.exists():
        try:
            write_atomically(path, content)
        except OSError as error:
            raise CorpusError(
                f"{path}: {error.strerror or error}; set XDG_CACHE_HOME to a folder with space"
            ) from error
    return str(path)


def _name(rows: Sequence[dict[str, Any]]) -> None:
    """Give rows without a name of their own the place in their file."""
    often = Counter(row["id"] for row in rows)
    for row in rows:
        if not row["id"] or often[row["id"]] > 1:
            row["id"] = f"{row['part']}:{row['place']}"


def _series(rows: Sequence[Mapping[str, Any]], column: str) -> Any:
    import pandas as pd

    return pd.Series([row[column] for row in rows], dtype=object)


def _notes(schema: pa.Schema, rows: Sequence[Mapping[str, Any]], found: Mapping[str, str]) -> Iterator[str]:
    licence = licence_of(schema)
    yield f"licence: {licence}" if licence else "licence and citation are not in the table: see the data set's page"
    parts = Counter(row["part"].partition("-")[0] for row in rows)
    if len(parts) > 1:
        listed = ", ".join(f"{part} {count}" for part, count in parts.items())
        yield f"its parts ({listed}) are not used: folds are by speaker"
    ignored = [name for name in schema.names if name not in found.values()]
    yield f"columns not used: {', '.join(ignored)}" if ignored else ""


SOURCE = Source(
    name="parquet",
    title="An audio table of the Hugging Face hub",
    labels=(),
    licence="the data set's own",
    citation="the data set's own",
    homepage="https://huggingface.co/docs/datasets/audio_dataset",
    obtain=f"the .parquet files of a data set with sound, and columns for {REQUIRED[1]} and {REQUIRED[2]}",
    layout="a folder with .parquet files, or one, whose rows hold sound, label and speaker",
    folds="5",
    read=read,
    own=True,
    read_columns=read_columns,
)
