"""Predictions written as they come, as a table, JSON, CSV or JSON lines, and what a file of them holds already."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from features.errors import InputError
from features.names import printable, spreadsheet_plain, spreadsheet_safe, storable
from features.predictions import NO_SPEECH, Prediction, as_json, attribution_lines, cells_of, plain, set_text

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 8
"""Decimal places of probabilities in CSV and JSON lines."""

Key = tuple[str, str, str]
"""Path, start and end of an utterance as a file of predictions says them."""


class Format(StrEnum):
    """How predictions are written.

    Examples
    --------
    >>> Format.of_file(Path("calls.jsonl"))
    <Format.JSONL: 'jsonl'>
    """

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    JSONL = "jsonl"

    @classmethod
    def of_file(cls, path: Path) -> Format:
        """The format that a file's suffix stands for; CSV where it has none.

        Raises
        ------
        InputError
            If the suffix is that of something else.
        """
        known = {"": cls.CSV, ".csv": cls.CSV, ".jsonl": cls.JSONL, ".json": cls.JSON, ".txt": cls.TABLE}
        suffix = path.suffix.lower()
        if suffix not in known:
            raise InputError(f"{path}: suffix {path.suffix!r}; expected .csv, .jsonl, .json or .txt; or give --format")
        return known[suffix]

    @property
    def resumable(self) -> bool:
        """Whether rows can be added to a file of it."""
        return self in (Format.CSV, Format.JSONL)


class Form(Protocol):
    """Turns predictions into text, some at a time."""

    def text(self, predictions: Sequence[Prediction]) -> str:
        """Text of some predictions, to be written behind that of the ones before."""

    def end(self) -> str:
        """What comes behind the last."""


class TableForm:
    """Aligned columns; how wide they are is known from the utterances and labels before any prediction.

    Parameters
    ----------
    utterances : pandas.DataFrame
        Utterances table.

    Examples
    --------
    >>> import pandas as pd
    >>> form = TableForm(pd.DataFrame({"path": ["a.wav", "b.wav"], "start": float("nan"), "end": float("nan")}))
    >>> print(form.text([Prediction("a.wav", "sad", {"ang": 0.25, "sad": 0.75})]), end="")
    path       label    ang    sad
    a.wav        sad  0.250  0.750
    """

    def __init__(self, utterances: pd.DataFrame) -> None:
        self._timed = bool(utterances[["start", "end"]].notna().any(axis=None))
        self._longest = max((len(printable(path)) for path in utterances["path"].unique()), default=0)
        times = utterances[["start", "end"]].max()
        self._times = [len(f"{0.0 if value != value else value:.2f}") for value in times]
        self._widths: list[int] = []

    def text(self, predictions: Sequence[Prediction]) -> str:
        """Rows, behind the header where they are the first."""
        lines = []
        if predictions and not self._widths:
            labels = [printable(label) for label in predictions[0].probabilities]
            asked = [] if predictions[0].labels is None else ["set"]
            header = ["path", *(["start", "end"] if self._timed else []), "label", *asked, *labels]
            times = self._times if self._timed else []
            longest = max(map(len, (NO_SPEECH, *labels)))
            sets = [max(longest, len("|".join(labels[:3]))) for _ in asked]
            least = [self._longest, *times, longest, *sets, *(5 for _ in labels)]
            self._widths = [max(len(name), width) for name, width in zip(header, least)]
            lines.append(self._aligned(header))
        for prediction in predictions:
            lines.append(self._aligned(cells_of(prediction, timed=self._timed)))
            lines.extend(attribution_lines(prediction))
        return "".join(f"{line}\n" for line in lines)

    def _aligned(self, row: Sequence[str]) -> str:
        cells = [row[0].ljust(self._widths[0]), *(text.rjust(n) for text, n in zip(row[1:], self._widths[1:]))]
        return "  ".join(cells).rstrip()

    def end(self) -> str:
        """Nothing."""
        return ""


class JsonForm:
    """One JSON list of objects.

    Examples
    --------
    >>> form = JsonForm()
    >>> json.loads(form.text([Prediction("a.wav", "sad", {"sad": 1.0})]) + form.end())[0]["label"]
    'sad'
    """

    def __init__(self) -> None:
        self._began = False

    def text(self, predictions: Sequence[Prediction]) -> str:
        """Objects, with the comma or bracket before each."""
        pieces = []
        for prediction in predictions:
            pieces += [",\n" if self._began else "[\n", textwrap.indent(as_json(plain(prediction), indent=2), "  ")]
            self._began = True
        return "".join(pieces)

    def end(self) -> str:
        """The closing bracket."""
        return "\n]\n" if self._began else "[]\n"


class JsonLinesForm:
    r"""One JSON object a line, with the model it is by.

    Parameters
    ----------
    model : str
        What identifies the model.

    Examples
    --------
    >>> JsonLinesForm("6f1a").text([Prediction("a.wav", "sad", {"sad": 1.0})])
    '{"path": "a.wav", "label": "sad", "probabilities": {"sad": 1.0}, "model": "6f1a"}\n'
    """

    def __init__(self, model: str) -> None:
        self.model = model

    def text(self, predictions: Sequence[Prediction]) -> str:
        """A line each."""
        return "".join(as_json({**_rounded(plain(one)), "model": self.model}) + "\n" for one in predictions)

    def end(self) -> str:
        """Nothing."""
        return ""


class CsvForm:
    """CSV with a header: path, start, end, label, a column per label, and the model it is by.

    Parameters
    ----------
    model : str
        What identifies the model.
    header : bool
        Whether the header comes first; not where rows are added to a file.
    explained : bool
        Whether there is a column of attributions, as JSON.

    Examples
    --------
    >>> print(CsvForm("6f1a").text([Prediction("a.wav", "sad", {"ang": 0.25, "sad": 0.75})]), end="")
    path,start,end,label,p_ang,p_sad,model
    a.wav,,,sad,0.25000000,0.75000000,6f1a
    """

    def __init__(self, model: str, *, header: bool = True, explained: bool = False) -> None:
        self.model = model
        self.explained = explained
        self._header = header

    def text(self, predictions: Sequence[Prediction]) -> str:
        """Rows, behind the header where they are the first."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        for one in predictions:
            if self._header:
                writer.writerow(_csv_header(one, explained=self.explained))
                self._header = False
            numbers = (f"{value:.{DIGITS}f}" for value in one.probabilities.values())
            named = [as_json(plain(one).get("attributions", []))] if self.explained else []
            asked = [] if one.labels is None else [set_text(one.labels, one.probabilities)]
            cells = [*key_of(one.path, one.start, one.end), one.label, *asked, *numbers, *named, self.model]
            writer.writerow([spreadsheet_safe(storable(cell)) for cell in cells])
        return stream.getvalue()

    def end(self) -> str:
        """Nothing."""
        return ""


def _csv_header(prediction: Prediction, *, explained: bool) -> list[str]:
    labels = [spreadsheet_safe(storable(f"p_{label}")) for label in prediction.probabilities]
    asked = [] if prediction.labels is None else ["set"]
    return ["path", "start", "end", "label", *asked, *labels, *(["attributions"] if explained else []), "model"]


def key_of(path: str, start: float | None, end: float | None) -> Key:
    """What tells an utterance in a file of predictions.

    Examples
    --------
    >>> key_of("a.wav", 0.5, None)
    ('a.wav', '0.5', '')
    """
    first, last = ("" if value is None or value != value else repr(round(value, 6)) for value in (start, end))
    return storable(path), first, last


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    values["probabilities"] = {label: round(value, DIGITS) for label, value in values["probabilities"].items()}
    return values


def keys_in(path: Path, form: Format, *, model: str) -> Counter[Key]:
    """Utterances of which a file holds predictions by a model; a line that was cut short is taken off the file.

    Parameters
    ----------
    path : Path
        File of CSV or JSON lines; it need not be there.
    form : Format
    model : str
        What identifies the model.

    Returns
    -------
    Counter
        Of path, start and end.

    Raises
    ------
    InputError
        If the file holds something else, or predictions of another model.
    """
    if not path.is_file():
        return Counter()
    whole, rest = _whole_records(path.read_bytes())
    try:
        rows = _csv_rows(whole) if form is Format.CSV else [json.loads(line) for line in whole.splitlines()]
        keys = Counter(_stored_key(row) for row in rows)
        models = {str(row["model"]) for row in rows}
    except (ValueError, KeyError, TypeError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path}: holds something else than predictions as {form} ({error}); give another --out, or remove it"
        ) from error
    if models - {model}:
        others = ", ".join(sorted(models))
        raise InputError(f"{path}: holds predictions of another model ({others}), not {model}; give another --out")
    if rest:
        with path.open("r+b") as stream:
            stream.truncate(len(whole))
    return keys


def _whole_records(data: bytes) -> tuple[bytes, bytes]:
    """The records that end, and what a stop left of one; a line end within quotes ends no CSV record."""
    end = len(data)
    while True:
        end = data.rfind(b"\n", 0, end) + 1
        if end == 0 or data.count(b'"', 0, end) % 2 == 0:
            return data[:end], data[end:]
        end -= 1


def _csv_rows(data: bytes) -> list[Mapping[str, str]]:
    rows: list[Mapping[str, str]] = list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("a line has more or fewer cells than the first")
    return [{**row, "path": spreadsheet_plain(row["path"]), "model": spreadsheet_plain(row["model"])} for row in rows]


def _stored_key(row: Mapping[str, Any]) -> Key:
    times = (row.get("start"), row.get("end"))
    start, end = ("" if value in (None, "") else repr(round(float(value), 6)) for value in times)
    return storable(str(row["path"])), start, end
