"""Parquet files as tables of text, and what the Hugging Face hub writes into them of their columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import CorpusError
from features.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def opened(path: Path) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises
    ------
    CorpusError
        If it cannot be read as one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        line = " ".join(str(error).split())
        raise CorpusError(f"{path}: cannot be read as Parquet ({line}); fetch it again") from error


def table_of(path: Path, *, columns: Sequence[str] | None = None) -> Table:
    """A Parquet file's columns as text: classes by their names, times in seconds, what is missing empty.

    Parameters
    ----------
    path : Path
    columns : sequence of str, optional
        Which; by default all.

    Returns
    -------
    Table
        A line for each row, counted from 1.

    Raises
    ------
    CorpusError
        If it cannot be read.
    """
    import pandas as pd
    import pyarrow as pa

    file = opened(path)
    try:
        content = file.read(columns=list(columns) if columns is not None else None)
    except (OSError, pa.ArrowException) as error:
        line = " ".join(str(error).split())
        raise CorpusError(f"{path}: cannot be read as Parquet ({line}); fetch it again") from error
    names = class_names(file.schema_arrow)
    texts = {name: _texts(content.column(name), names.get(name, ())) for name in content.column_names}
    return Table(path, pd.DataFrame(texts, dtype=str), tuple(range(1, len(content) + 1)), ",", CorpusError)


def class_names(schema: pa.Schema) -> Mapping[str, Sequence[str]]:
    """The names of each column's classes, where the hub keeps classes as numbers."""
    features = _hub(schema).get("features") or {}
    return {
        name: about["names"]
        for name, about in features.items()
        if isinstance(about, dict) and about.get("_type") == "ClassLabel" and isinstance(about.get("names"), list)
    }


def licence_of(schema: pa.Schema) -> str:
    """The licence that the hub keeps with a table; empty where it keeps none."""
    return str(_hub(schema).get("license") or "")


def _hub(schema: pa.Schema) -> dict[str, Any]:
    """What the hub's library writes into a schema; empty where it did not."""
    try:
        content = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    except ValueError:
        return {}
    info = content.get("info") if isinstance(content, dict) else None
    return info if isinstance(info, dict) else {}


def _texts(column: pa.ChunkedArray, names: Sequence[str]) -> list[str]:
    import pyarrow.types as types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values = column.to_pylist()
    if types.is_duration(column.type):
        return ["" if value is None else repr(value.total_seconds()) for value in values]
    if names and types.is_integer(column.type):
        return [str(names[value]) if value is not None and 0 <= value < len(names) else "" for value in values]
    return ["" if value is None or value != value else str(value).strip() for value in values]
