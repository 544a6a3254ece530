"""Feed the readers of tables and of IEMOCAP's labels with made-up files; by hand, not in CI.

    pip install atheris
    python tests/fuzz_readers.py table FOLDER -runs=1000000
    python tests/fuzz_readers.py labels FOLDER -runs=1000000

FOLDER takes the inputs that reached new code. What a run kept, `--keep FOLDER` writes into `fuzz_inputs.json`, and
`test_features_fuzz.py` feeds the readers with it again.
"""

from __future__ import annotations

import csv
import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

KEPT = Path(__file__).with_name("fuzz_inputs.json")

SEEDS = {
    "table": [
        b"id,label,speaker\na,ang,1\n",
        b"id;seconds\nNA;1,5\n",
        b"\xef\xbb\xbfid\tlabel\n1\tb\n",
        b'sep=;\nid;text\n1;"a ""b"" c\nd"\n',
        b"id,label,\na,b,\n\n",
        b"\xff\xfei\x00d\x00",
        b"id,id\na,b\n",
    ],
    "labels": [
        b"[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n",
        b"% [START - END] TURN_NAME EMOTION [V, A, D]\n\n[0.1 - 2]\tSes05M_script03_2b_M044\txxx\t[1, 2, 3]\n",
        b"[1 - 2] Ses01F_impro01_F000 neu [nan, 2, 3]\n",
        b"[1 - 2] Ses01F_impro01_F000 joy [2, 2, 3]\n",
    ],
}


def check_table(path: Path) -> None:
    """A table is refused in words, or all cells are text, each row has its line, and rewritten it reads the same."""
    from features.errors import SerError
    from features.names import spreadsheet_safe
    from features.tables import read_table

    try:
        table = read_table(path)
    except SerError:
        return
    assert len(table.lines) == len(table.rows)
    assert list(table.lines) == sorted(set(table.lines))
    assert table.rows.columns.is_unique
    cells = table.rows.to_numpy().ravel().tolist()
    assert all(type(cell) is str and cell == cell.strip() for cell in cells)
    again = path.with_name("again.csv")
    with again.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(map(spreadsheet_safe, table.rows.columns))
        writer.writerows([spreadsheet_safe(cell) for cell in row] for row in table.rows.to_numpy().tolist())
    assert read_table(again).rows.equals(table.rows)


def check_labels(path: Path) -> None:
    """A label file is refused in words, or each turn has a known label, its speaker's session and finite ratings."""
    from benchmarks.corpora.iemocap import LABELS, read_labels
    from features.errors import SerError

    try:
        turns = list(read_labels(path))
    except SerError:
        return
    for turn in turns:
        assert turn.label in LABELS
        assert turn.id.isascii()
        assert turn.speaker in (f"{turn.session}F", f"{turn.session}M")
        assert turn.id.startswith(turn.dialog)
        assert all(math.isfinite(rating) for rating in (turn.valence, turn.arousal, turn.dominance))


WORDS = {
    "table": ["sep=;", ";", ",", r"\x09", r"\x0d\x0a", r"\"\"", r"\xef\xbb\xbf", r"\xc2\xa0", r"\xe2\x80\xa8", "NaN"],
    "labels": [
        *(
            "[6.29 - 8.23]",
            "Ses01F_impro01_F000",
            "Ses05M_script03_2b_M044",
            "neu",
            "xxx",
            "[2.5, 2.5, 2.5]",
            "inf",
            "1e999",
        ),
        *(r"\x09", r"\x0a", r"\x0b", r"\xd9\xa0", r"\xc2\x85", "_F", "_impro", "1_0", "inf", "1e999"),
    ],
}
CHECKS: dict[str, Callable[[Path], None]] = {"table": check_table, "labels": check_labels}


def kept_inputs() -> dict[str, list[bytes]]:
    """The seeds, and what earlier runs kept."""
    kept = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    return {name: [*SEEDS[name], *(text.encode("latin-1") for text in kept.get(name, []))] for name in SEEDS}


def _keep(name: str, folder: Path) -> None:
    found = {path.read_bytes() for path in folder.iterdir()} - set(SEEDS[name])
    kept = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    kept[name] = sorted(data.decode("latin-1") for data in found)
    KEPT.write_text(json.dumps(kept, indent=0) + "\n")


def _fuzz(name: str, folder: Path, options: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["features.tables", "benchmarks.corpora.iemocap", "csv"]):
        import benchmarks.corpora.iemocap  # noqa: F401
        import features.tables  # noqa: F401
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(SEEDS[name]):
        (folder / f"seed-{number}").write_bytes(data)
    scratch = Path(tempfile.mkdtemp()) / "input.csv"
    words = scratch.with_name("words")
    words.write_text("".join(f'"{word}"\n' for word in WORDS[name]))

    def one(data: bytes) -> None:
        scratch.write_bytes(data)
        CHECKS[name](scratch)

    atheris.Setup([sys.argv[0], str(folder), f"-dict={words}", *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    if sys.argv[1] == "--keep":
        _keep(sys.argv[2], Path(sys.argv[3]))
    else:
        _fuzz(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
