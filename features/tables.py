"""The one reader of CSV files: any usual separator, every cell as the text it is, and errors that name the line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from features.errors import InputError, SerError
from features.names import printable, spreadsheet_plain, spreadsheet_safe, storable

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t")
NUL, NEWLINE = b"\0", b"\n"
_NAMED = 10
_HEAD = 1 << 16
"""Characters by which the separator of a long file is told."""

NO_NUMBER = ("", "nan", "na", "n/a")
"""What stands for a missing value in a column of numbers, whatever the case; in a column of texts nothing does."""


@dataclass(frozen=True)
class Table:
    """A CSV file as it was read.

    Attributes
    ----------
    path : Path
        The file.
    rows : pandas.DataFrame
        Every cell as text without space around it; columns as the first line names them.
    lines : tuple of int
        Line in the file of each row.
    separator : str
        What separates the cells.
    error : type
        Kind of error that is raised for what is wrong in the file.
    """

    path: Path
    rows: pd.DataFrame
    lines: tuple[int, ...]
    separator: str
    error: type[SerError]

    def numbers(self, column: str) -> pd.Series:
        """Read a column as float64; a cell that is empty or says NaN or NA is NaN.

        A decimal comma is read where something else separates the cells.

        Raises
        ------
        SerError
            If another cell is not a number; the line is named.
        """
        import pandas as pd

        decimal_comma = self.separator != ","
        values = [_number(text.replace(",", ".") if decimal_comma else text) for text in self.rows[column]]
        self.refuse(column, [value is None for value in values], expected="a number or nothing")
        return pd.Series(values, index=self.rows.index, name=column, dtype=float)

    def seconds(self, column: str) -> pd.Series:
        """Read a column of times as seconds, float64: numbers, or times such as `0 days 00:00:01.5`; NaT is NaN.

        Raises
        ------
        SerError
            If another cell is neither; the line is named.
        """
        import pandas as pd

        texts = self.rows[column]
        clocks = texts.str.contains(r":|\bdays?\b", regex=True)
        spelled = pd.to_timedelta(texts.where(clocks, "NaT").where(texts != "", "NaT"), errors="coerce")
        plain = replace(self, rows=self.rows.assign(**{column: texts.where(~clocks & (texts != "NaT"), "")}))
        self.refuse(column, clocks & spelled.isna(), expected="seconds, or a time such as 0 days 00:00:01.5")
        return plain.numbers(column).where(~clocks, spelled.dt.total_seconds())

    def refuse(self, column: str, wrong: Sequence[bool] | pd.Series, *, expected: str) -> None:
        """Raise the file's kind of error for the first row in which a column is wrong.

        Raises
        ------
        SerError
            If there is such a row.
        """
        rows = [row for row, is_wrong in enumerate(wrong) if is_wrong]
        if not rows:
            return
        value = self.rows[column].iloc[rows[0]]
        problem = f"{printable(column)} is {value!r}" if value else f"no {printable(column)}"
        remedy = f"correct the line{self._whose(rows[0], column)}"
        others = [self.lines[row] for row in rows[1:]]
        also = f", and {_numbered(others)} too" if others else ""
        raise self.error(f"{self.path}, line {self.lines[rows[0]]}: {problem}; expected {expected}; {remedy}{also}")

    def _whose(self, row: int, column: str) -> str:
        """Which utterance a row is about, where another column than the one in question says so."""
        names = [self.rows[name].iloc[row] for name in ("id", "utterance", "path") if name in self.rows]
        others = [name for name in names if name and name != self.rows[column].iloc[row]]
        return f" of utterance {printable(others[0])!r}" if others else ""


def _numbered(lines: Sequence[int]) -> str:
    """Line numbers, the first few by number."""
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines[:_NAMED]))}{more}"


def _number(text: str) -> float | None:
    """The number that a text says, NaN for a missing one; None where it says something else."""
    if text.lower() in NO_NUMBER:
        return float("nan")
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def read_table(
    path: str | Path,
    *,
    required: Sequence[str] = (),
    error: type[SerError] = InputError,
    problem: str = "cannot be read as a CSV",
) -> Table:
    r"""Read a CSV file: commas, semicolons or tabs, in UTF-8 with or without a byte order mark.

    No cell is taken for a missing value: ids such as `NA`, `None` or `007` stay what they are. A column without a name
    and without content, as a comma at the end of each line makes it, is left out, and so are lines without content.
    The apostrophe that `for_spreadsheets` puts before what a spreadsheet would take for a formula is taken away.

    Parameters
    ----------
    path : str or Path
        The file.
    required : sequence of str
        Columns that must be there.
    error : type
        Kind of error to raise.
    problem : str
        What an error says of a file that cannot be read.

    Returns
    -------
    Table

    Raises
    ------
    SerError
        If the file is missing or empty, is in another encoding, has two columns of one name, lacks a required one, or
        has a line with more or fewer cells than the first; of the kind `error`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "list.csv"
    ...     _ = path.write_text("id;seconds\nNA;1,5\n")
    ...     table = read_table(path, required=("id",))
    >>> table.rows["id"].tolist(), table.numbers("seconds").tolist()
    (['NA'], [1.5])
    """
    path = Path(path)
    fail = partial(_fail, path, required, error, problem)
    text = _text(path, fail)
    return next(_tables(io.StringIO(text, newline=""), path, None, required=required, error=error, fail=fail))


def tables_of(
    path: str | Path,
    most: int,
    *,
    required: Sequence[str] = (),
    error: type[SerError] = InputError,
    problem: str = "cannot be read as a CSV",
) -> Iterator[Table]:
    r"""Read a CSV file as `read_table` does, some rows at a time, so that a long one is never held whole.

    Parameters
    ----------
    path, required, error, problem
        As of `read_table`.
    most : int
        Rows at a time; the last table has what is left.

    Yields
    ------
    Table

    Raises
    ------
    SerError
        As of `read_table`, when the rows in question are reached.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "list.csv"
    ...     _ = path.write_text("id\na\nb\nc\n")
    ...     [table.rows["id"].tolist() for table in tables_of(path, 2)]
    [['a', 'b'], ['c']]
    """
    path = Path(path)
    fail = partial(_fail, path, required, error, problem)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from _tables(stream, path, most, required=required, error=error, fail=fail)
    except UnicodeDecodeError:
        fail("it is in another encoding; in Excel save as 'CSV UTF-8'")
    except OSError as reason:
        fail(reason.strerror or str(reason))


def _fail(path: Path, required: Sequence[str], error: type[SerError], problem: str, reason: str) -> NoReturn:
    names = f" with the columns {', '.join(required)}" if required else " whose first line names the columns"
    raise error(f"{path}: {problem} in UTF-8 ({reason}); expected a CSV{names}")


def _tables(
    stream: TextIO,
    path: Path,
    most: int | None,
    *,
    required: Sequence[str],
    error: type[SerError],
    fail: Callable[[str], NoReturn],
) -> Iterator[Table]:
    """Tables of some rows of an open file; of all rows where `most` is None."""
    separator, skipped = _separator(stream.read(_HEAD if most else -1), required)
    stream.seek(0)
    records = _records(stream, separator, skipped, fail)
    _, header = next(records, (0, []))
    if not header:
        fail("the file is empty")
    names = [spreadsheet_plain(name.strip()).strip() for name in header]
    numbered = ((line, _cells(line, cells, names, fail)) for line, cells in records)
    some = list(islice(numbered, most))
    while True:
        frame = _frame(names, [row for _, row in some], path, required=required, error=error, fail=fail)
        yield Table(path, frame, tuple(line for line, _ in some), separator, error)
        some = list(islice(numbered, most))
        if not some:
            return


def _cells(line: int, cells: list[str], names: list[str], fail: Callable[[str], NoReturn]) -> list[str]:
    if len(cells) < len(names) or any(map(str.strip, cells[len(names) :])):
        fail(f"line {line} has {len(cells)} cells, the first line {len(names)}")
    row = [spreadsheet_plain(cell.strip()).strip() for cell in cells[: len(names)]]
    if row == names:
        fail(f"line {line} is the first line again; leave it out")
    if any("\0" in cell for cell in row):
        fail(f"line {line} holds a NUL byte, which no text does")
    return row


def _frame(
    names: list[str],
    rows: list[list[str]],
    path: Path,
    *,
    required: Sequence[str],
    error: type[SerError],
    fail: Callable[[str], NoReturn],
) -> pd.DataFrame:
    """Rows under their columns' names, without columns that have neither a name nor content."""
    import pandas as pd

    empty = [i for i, name in enumerate(names) if not name and not any(row[i] for row in rows)]
    columns = {i: name or f"column {i + 1} (without a name)" for i, name in enumerate(names) if i not in empty}
    repeated = [name for name, count in Counter(columns.values()).items() if count > 1]
    if repeated:
        fail(f"two columns are called {repeated[0]!r}")
    absent = [name for name in required if name not in columns.values()]
    if absent:
        raise error(
            f"{path} has no column {' and no column '.join(absent)} (found {_listed(columns.values())}); "
            f"expected at least {', '.join(required)}"
        )
    return pd.DataFrame({name: [row[i] for row in rows] for i, name in columns.items()}, dtype=str)


def column_names(path: str | Path) -> list[str]:
    r"""Names of a CSV file's columns from its first line alone; none where it is no text that can be read as one.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "list.csv"
    ...     _ = path.write_text("id;seconds\nNA;1,5\n")
    ...     column_names(path)
    ['id', 'seconds']
    """
    try:
        with Path(path).open(encoding="utf-8-sig", errors="replace", newline="") as file:
            text = file.readline() + file.readline()
    except OSError:
        return []
    separator, skipped = _separator(text, ())
    header = _header(text.split("\n", 1)[skipped] if skipped else text, separator)
    return [spreadsheet_plain(name.strip()).strip() for name in header]


def for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts no spreadsheet takes for formulas, to be written as CSV; `read_table` gives them back.

    Parameters
    ----------
    table : pandas.DataFrame
        Not changed; numbers stay numbers.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> for_spreadsheets(pd.DataFrame({"speaker": ["=1+1"], "x": [-1.5]})).to_csv(index=False).split()
    ['speaker,x', "'=1+1,-1.5"]
    """

    def safe(cell: object) -> object:
        return spreadsheet_safe(storable(cell)) if isinstance(cell, str) else cell

    texts = [i for i, kind in enumerate(table.dtypes) if kind.kind not in "biufc"]
    result = table.copy(deep=False)
    for i in texts:
        result.isetitem(i, [safe(cell) for cell in table.iloc[:, i]])
    result.columns = [safe(name) for name in table.columns]
    if table.index.dtype.kind not in "biufcM":
        result.index = table.index.map(safe)
    return result


def _listed(names: Iterable[str], *, most: int = 12) -> str:
    """Names of columns as a message shows them."""
    shown = [printable(name) for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


def _text(path: Path, fail: Callable[[str], NoReturn]) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        fail(error.strerror or str(error))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        fail("it is UTF-16; in Excel save as 'CSV UTF-8'")
    if NUL in data:
        fail(f"line {data.count(NEWLINE, 0, data.index(NUL)) + 1} holds a NUL byte, which no text does")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fail(f"line {line} is in another encoding; in Excel save as 'CSV UTF-8'")


def _separator(text: str, required: Sequence[str]) -> tuple[str, int]:
    """The separator, and how many lines to skip: Excel may write `sep=;` above the header."""
    first = next(io.StringIO(text), "").strip()
    if first[:4].lower() == "sep=" and len(first) == 5:
        return first[4], 1
    found = {mark: _header(text, mark) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: (set(required) <= {c.strip() for c in found[mark]}, len(found[mark]))), 0


def _header(text: str, separator: str) -> list[str]:
    """The first record that has content, as a separator cuts it."""
    try:
        records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return next((cells for cells in records if any(cell.strip() for cell in cells)), [])
    except csv.Error:
        return []


def _records(
    stream: TextIO, separator: str, skipped: int, fail: Callable[[str], NoReturn]
) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every record that has content."""
    reader = csv.reader(stream, delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            if line > skipped and any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        fail(f"line {line}: {error}")
