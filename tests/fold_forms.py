"""A small corpus, and folds of it written in every form that the audit reads."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from miniatures import sound

Row = dict[str, str]
LABELS = ("ang", "sad")
SESSION_OF = {"anna": "A", "bo": "A", "cy": "B", "dée": "B", "eli": "C", "fay": "C"}


def clips() -> list[Row]:
    """Six speakers in three sessions, four clips each, every session with sentences of its own."""
    return [
        {
            "id": f"{speaker}{take}",
            "path": f"clips/{session}/{speaker}{take}.wav",
            "speaker": speaker,
            "label": LABELS[take % 2],
            "session": session,
            "text": f"Sentence {take} of session {session}.",
        }
        for speaker, session in SESSION_OF.items()
        for take in range(4)
    ]


def write_sounds(folder: Path) -> Path:
    """A sound of its own for every clip, and a copy of one."""
    for seed, row in enumerate(clips()):
        sound(folder / row["path"], seed=seed)
    shutil.copy(folder / "clips/A/anna0.wav", folder / "clips/copy.wav")
    return folder


def write_corpus(folder: Path, rows: Iterable[Row], sounds: Path) -> Path:
    """The corpus as a manifest."""
    return write_table(folder / "corpus.csv", [{**row, "path": str(sounds / row["path"])} for row in rows])


def write_table(path: Path, rows: Iterable[Mapping[str, str]], separator: str = ",") -> Path:
    rows = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


def sides(rows: Iterable[Row]) -> list[Row]:
    """The clean fold: session A trains, B validates, C is tested."""
    side = {"A": "train", "B": "valid", "C": "test"}
    return [{**row, "fold": "one", "side": side[row["session"]]} for row in rows]


def folds_csv(folder: Path, rows: list[Row]) -> Path:
    lines = [{"fold": r["fold"], "utterance": r["id"], "speaker": r["speaker"], "side": r["side"]} for r in rows]
    return write_table(folder / "folds.csv", lines)


def emobox(folder: Path, rows: list[Row]) -> Path:
    for side in ("train", "valid", "test"):
        path = folder / f"emobox/fold_1/mine_{side}_fold_1.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        own = [row for row in rows if row["side"] == side]
        lines = [{"key": f"mine-{r['id']}", "wav": f"downloads/{r['path']}", "emo": r["label"]} for r in own]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return folder / "emobox"


def s3prl(folder: Path, rows: list[Row]) -> Path:
    for side in ("train", "valid", "test"):
        path = folder / f"s3prl/Session1/{side}_meta_data.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        own = [row for row in rows if row["side"] == side]
        clips = [{"path": row["path"], "label": row["label"], "speaker": "Ses01F"} for row in own]
        path.write_text(json.dumps({"labels": {"ang": 0, "sad": 1}, "meta_data": clips}), encoding="utf-8")
    return folder / "s3prl"


def speechbrain(folder: Path, rows: list[Row]) -> Path:
    for side in ("train", "valid", "test"):
        path = folder / f"speechbrain/{side}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        clips = {
            row["id"]: {"wav": f"{{data_root}}/{row['path']}", "length": 0.3, "emo": row["label"]}
            for row in rows
            if row["side"] == side
        }
        if clips:
            path.write_text(json.dumps(clips), encoding="utf-8")
    return folder / "speechbrain"


def hub_tables(folder: Path, rows: list[Row], *, ending: str) -> Path:
    root = folder / f"hub_{ending}"
    for side, name in (("train", "train"), ("valid", "validation"), ("test", "test")):
        own = [{"file_name": row["path"], "emotion": row["label"]} for row in rows if row["side"] == side]
        if not own:
            continue
        if ending == "jsonl":
            (root).mkdir(exist_ok=True)
            (root / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in own), encoding="utf-8")
        else:
            write_table(root / f"{name}.{ending}", own, "\t" if ending == "tsv" else ",")
    return root


def predictions(folder: Path, rows: list[Row]) -> Path:
    """Every session tested in turn; a row that says so is tested with another one."""
    lines = [
        {
            "pipeline": "svm",
            "seed": "0",
            "fold": row.get("tested with", row["session"]),
            "utterance": row["id"],
            "speaker": row["speaker"],
            "truth": row["label"],
            "prediction": "ang",
        }
        for row in rows
    ]
    return write_table(folder / "predictions.csv", lines)


FORMS: dict[str, Callable[[Path, list[Row]], Path]] = {
    "folds_csv": folds_csv,
    "emobox": emobox,
    "s3prl": s3prl,
    "speechbrain": speechbrain,
    "csv": lambda folder, rows: hub_tables(folder, rows, ending="csv"),
    "tsv": lambda folder, rows: hub_tables(folder, rows, ending="tsv"),
    "jsonl": lambda folder, rows: hub_tables(folder, rows, ending="jsonl"),
    "predictions": predictions,
}
DIFFERENT = [form for form in FORMS if form not in ("tsv", "jsonl")]
"""Those that have a reader each."""
