"""Tables from spreadsheets and from other tools: manifests, feature tables, folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import corpus_rows, prepare, run_line, write_table

Rows = list[dict[str, str]]

ONE_READER = "readers of tables differ"
NOT_FEATURES = "a feature table trains on what is no feature"
TIMES = "start and end that are no times"
MATCHING = "ids of two tables do not meet"


def _manifest(
    change: Callable[[Rows], Rows] | None = None, *, text: Callable[[str], str] | None = None
) -> Callable[[Path], Sequence[str]]:
    """A manifest of the small corpus after a change of rows or of the file's text, met by `benchmarks.run`."""

    def command(folder: Path) -> Sequence[str]:
        rows = corpus_rows(folder)
        path = write_table(folder / "my.csv", change(rows) if change else rows)
        if text:
            path.write_bytes(text(path.read_text(encoding="utf-8")).encode("utf-8", "surrogateescape"))
        return run_line("my.csv")

    return command


def _each(**values: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{**row, **values} for row in rows]


def _first(**values: str) -> Callable[[Rows], Rows]:
    return lambda rows: [
        {**row, **({key: values[key] if i == 0 else "" for key in values})} for i, row in enumerate(rows)
    ]


def _feature_table(
    columns: Callable[[Rows, np.random.Generator], Mapping[str, Sequence[object]]], *, header: str | None = None
) -> Callable[[Path], Sequence[str]]:
    """The small corpus with four columns of noise as features, beside others."""

    def command(folder: Path) -> Sequence[str]:
        rows, rng = corpus_rows(folder), np.random.default_rng(0)
        write_table(folder / "my.csv", rows)
        more = columns(rows, rng)
        noise = rng.normal(size=(len(rows), 4))
        table = [
            {"id": row["path"], **{f"f{k}": noise[i, k] for k in range(4)}, **{name: more[name][i] for name in more}}
            for i, row in enumerate(rows)
        ]
        write_table(folder / "features.csv", table)
        if header is not None:
            lines = (folder / "features.csv").read_text(encoding="utf-8").split("\n", 1)
            (folder / "features.csv").write_text(header + "\n" + lines[1], encoding="utf-8")
        return run_line("my.csv", pipelines=["logistic@features.csv"])

    return command


def _codes(rows: Rows) -> list[int]:
    names = sorted({row["label"] for row in rows})
    return [names.index(row["label"]) for row in rows]


def _no_feature(name: str, column: str, values: Callable[[Rows], Sequence[object]]) -> Case:
    return Case(NOT_FEATURES, name, _feature_table(lambda rows, _: {column: values(rows)}), 2, ("features.csv",))


def _extract_then_run(change: Callable[[Path], None] | None = None) -> Callable[[Path], Sequence[str]]:
    """What `features.extract` writes, handed to a pipeline."""

    def command(folder: Path) -> Sequence[str]:
        write_table(folder / "my.csv", corpus_rows(folder))
        prepare(folder, "features.extract", "clips", "features.csv", "--groups", "timing", "--jobs", "1")
        if change:
            change(folder)
        return run_line("my.csv", pipelines=["logistic@features.csv"])

    return command


def _rewrite(change: Callable[[str], str]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        path = folder / "features.csv"
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return rewrite


CASES = (
    Case(ONE_READER, "semicolons", _manifest(text=lambda t: t.replace(",", ";")), 0),
    Case(ONE_READER, "tabs and a byte order mark", _manifest(text=lambda t: "\ufeff" + t.replace(",", "\t")), 0),
    Case(ONE_READER, "lines that end as on Windows", _manifest(text=lambda t: t.replace("\n", "\r\n")), 0),
    Case(ONE_READER, "spaces around names and cells", _manifest(text=lambda t: t.replace(",", " , ")), 0),
    Case(ONE_READER, "blank lines at the end", _manifest(text=lambda t: t + "\n\n\n"), 0),
    Case(
        ONE_READER,
        "a column twice after trimming",
        _manifest(text=lambda t: t.replace("label,", "label,label ,", 1)),
        2,
        ("my.csv",),
    ),
    Case(
        ONE_READER,
        "a row with a cell too many",
        _manifest(text=lambda t: t.replace("clips/00_1_0.wav,", "x,clips/00_1_0.wav,")),
        2,
        (r"my.csv.*line 4",),
    ),
    Case(
        ONE_READER,
        "a row with a cell too few",
        _manifest(text=lambda t: t.replace("clips/00_1_0.wav,", "")),
        2,
        (r"my.csv.*line 4",),
    ),
    Case(
        ONE_READER,
        "a quote that is never closed",
        _manifest(text=lambda t: t.replace("clips/00_1_0", '"clips/00_1_0')),
        2,
        ("my.csv",),
    ),
    Case(
        ONE_READER,
        "a file in Latin-1",
        _manifest(_each(text="grün"), text=lambda t: t.replace("ü", "\udcfc")),
        2,
        ("my.csv", "UTF-8"),
    ),
    Case(ONE_READER, "an empty file", _manifest(text=lambda _: ""), 2, ("my.csv",)),
    Case(ONE_READER, "a header alone", _manifest(text=lambda t: t.split("\n")[0] + "\n"), 2, ("my.csv",)),
    Case(ONE_READER, "NUL bytes", _manifest(text=lambda t: t.replace("ang", "a\0g", 1)), 2, ("my.csv",)),
    Case(
        ONE_READER,
        "a speaker called NA",
        _manifest(lambda rows: [{**r, "speaker": r["speaker"].replace("01", "NA")} for r in rows]),
        0,
    ),
    Case(
        ONE_READER,
        "a spreadsheet's XLSX under the name CSV",
        _manifest(text=lambda _: "PK\3\4" + "\0" * 50),
        2,
        ("my.csv",),
    ),
    Case(TIMES, "end is inf", _manifest(_first(start="0", end="inf")), 0),
    Case(TIMES, "end is 1e9", _manifest(_first(start="0", end="1e9")), 0),
    Case(TIMES, "end is nan", _manifest(_first(start="0", end="nan")), 0),
    Case(TIMES, "end before start", _manifest(_first(start="0.4", end="0.2")), 2, (r"00_0_0\.wav",)),
    Case(TIMES, "start behind the file", _manifest(_first(start="5", end="6")), 2, (r"00_0_0\.wav",)),
    Case(TIMES, "start is -1", _manifest(_first(start="-1", end="0.3")), 2, (r"00_0_0\.wav|my\.csv",)),
    Case(TIMES, "start is a word", _manifest(_first(start="soon", end="0.3")), 2, ("my.csv", "soon")),
    Case(
        TIMES,
        "start with a decimal comma under semicolons",
        _manifest(
            _first(start="0,1", end="0,5"),
            text=lambda t: t.replace('"0,1","0,5"', "0@1;0@5").replace(",", ";").replace("@", ","),
        ),
        0,
    ),
    _no_feature("the label as a number", "label", _codes),
    _no_feature("the label as a number under another name", "target", _codes),
    _no_feature("pandas' nameless row number", "", lambda rows: range(len(rows))),
    _no_feature("pandas' row number as it reads it back", "Unnamed: 0", lambda rows: range(len(rows))),
    _no_feature("the speaker", "speaker", lambda rows: [int(row["speaker"]) for row in rows]),
    _no_feature("start and end", "start", lambda rows: [0.0] * (len(rows) - 1) + [0.1]),
    _no_feature("the session", "session", lambda rows: [1 + int(row["speaker"]) % 2 for row in rows]),
    _no_feature("valence", "valence", lambda rows: [float(code) for code in _codes(rows)]),
    Case(NOT_FEATURES, "four columns of noise are features", _feature_table(lambda *_: {}), 0),
    Case(
        NOT_FEATURES,
        "a column of text",
        _feature_table(lambda rows, _: {"f9": ["x"] * len(rows)}),
        2,
        ("features.csv", "f9"),
    ),
    Case(
        NOT_FEATURES,
        "infinite values",
        _feature_table(lambda rows, _: {"f9": ["inf"] * len(rows)}),
        2,
        ("features.csv", "f9"),
    ),
    Case(
        NOT_FEATURES,
        "two columns of one name",
        _feature_table(lambda rows, _: {"f9": [0.5] * len(rows)}, header="id,f0,f1,f2,f3,f3"),
        2,
        ("features.csv", "f3"),
    ),
    Case(MATCHING, "features.extract and a manifest of the same clips", _extract_then_run(), 0, slow=True),
    Case(
        MATCHING,
        "absolute paths as ids",
        _extract_then_run(_rewrite(lambda t: t.replace("\n0", "\n/data/clips/0"))),
        0,
        slow=True,
    ),
    Case(
        MATCHING,
        "stems with another suffix",
        _extract_then_run(_rewrite(lambda t: t.replace(".wav", ".flac"))),
        0,
        slow=True,
    ),
    Case(
        MATCHING,
        "a row is missing",
        _extract_then_run(_rewrite(lambda t: t.rsplit("\n", 2)[0] + "\n")),
        2,
        ("05_3_1",),
        slow=True,
    ),
    Case(
        MATCHING,
        "a row stands twice",
        _extract_then_run(_rewrite(lambda t: t + t.splitlines()[-1] + "\n")),
        2,
        ("twice",),
        slow=True,
    ),
)
