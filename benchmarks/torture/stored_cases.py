"""Stored files of any shape: models, records and tables of runs, results of jobs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import corpus_rows, run_line, voice, write_sound, write_table

MODEL = "a saved model that is damaged"
RECORD = "the record of a run that is damaged"
BESIDE = "a table beside a run that is damaged"
RESULT = "a stored result that is not what its address says"
Change = Callable[[Path], object]

LABELS = ("ang", "sad")
FLAT = {"train": ["s0"], "test": ["s1"], "n_train": 4, "n_test": 4}


def _run(folder: Path) -> Path:
    """The smallest folder of a run: four clips of each of two speakers, one pipeline."""
    run = folder / "run"
    run.mkdir()
    rows = [
        {
            **{"corpus": "mine", "folds": "speaker", "pipeline": "svm", "seed": 0, "fold": f"f{speaker}"},
            **{"utterance": f"s{speaker}_{clip}", "speaker": f"s{speaker}", "truth": LABELS[clip % 2]},
            **{"prediction": LABELS[clip % 2], "p_ang": 0.9 - 0.8 * (clip % 2), "p_sad": 0.1 + 0.8 * (clip % 2)},
        }
        for speaker in range(2)
        for clip in range(4)
    ]
    write_table(run / "predictions.csv", rows)
    jobs = [{"pipeline": "svm", "seed": 0, "fold": f"f{i}", "status": "done", "n_test": 4} for i in range(2)]
    record = {
        "schema_version": 2,
        "corpus": {"name": "mine", "labels": [*LABELS]},
        "folds": {"scheme": "speaker", "folds": [{"name": "f0", **FLAT}, {"name": "f1", **FLAT}]},
        "pipelines": {"svm": {"status": "done", "flags": []}},
        "jobs": jobs,
    }
    (run / "run.json").write_text(json.dumps(record))
    return run


def _report(change: Change) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        change(_run(folder))
        return ["benchmarks.report", "run", "--no-audio"]

    return command


def _record(name: str, content: bytes, *says: str) -> Case:
    return Case(RECORD, name, _report(lambda run: (run / "run.json").write_bytes(content)), 2, (r"run\.json", *says))


def _form(name: str, place: Sequence[Any], value: Any, *says: str) -> Case:
    def change(run: Path) -> None:
        record = json.loads((run / "run.json").read_text())
        part = record
        for key in place[:-1]:
            part = part[key]
        part[place[-1]] = value
        (run / "run.json").write_text(json.dumps(record))

    return Case(RECORD, name, _report(change), 2, (r"run\.json", *says))


def _folder(name: str) -> Change:
    def change(run: Path) -> None:
        (run / name).unlink(missing_ok=True)
        (run / name).mkdir()

    return change


def _beside(name: str, table: str, content: bytes) -> Case:
    return Case(BESIDE, name, _report(lambda run: (run / table).write_bytes(content)), 0, (f"note: .*{table}",))


def _predict(change: Callable[[bytes], bytes]) -> Callable[[Path], Sequence[str]]:
    """A model that was kept, changed; and a clip."""

    def command(folder: Path) -> Sequence[str]:
        import numpy as np

        import classical
        from features import FeatureExtractor

        clips = [(voice(seed, pitch=110 + 120 * (seed % 2)), 16000) for seed in range(6)]
        model = classical.build("logistic", features=FeatureExtractor("timing"))
        model.fit(clips, np.array(["sad", "ang"] * 3), groups=np.array(["a", "a", "b", "b", "c", "c"]))
        file, _ = classical.save(folder / "model.skops", model, metadata={})
        file.write_bytes(change(file.read_bytes()))
        write_sound(folder / "clip.wav", voice())
        return ["classical.predict", "model.skops", "clip.wav"]

    return command


def _zipped(name: str, content: bytes, times: int = 1) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json" if name != "schema.json" else "other", "{}")
        with archive.open(name, "w") as entry:
            for _ in range(times):
                entry.write(content)
    return packed.getvalue()


def _flipped(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]


def _model(name: str, change: Callable[[bytes], bytes], *says: str) -> Case:
    return Case(MODEL, name, _predict(change), 2, (r"^error: .*model\.skops", *says))


def _again(change: Change) -> Callable[[Path], Sequence[str]]:
    """A run that is done, changed, and asked for again."""

    def command(folder: Path) -> Sequence[str]:
        write_table(folder / "my.csv", corpus_rows(folder, labels=LABELS))
        line = run_line("my.csv", pipelines=("majority", "random"))
        subprocess.run([sys.executable, "-m", *line], cwd=folder, check=True, capture_output=True)
        (folder / "before.csv").write_bytes((folder / "out" / "predictions.csv").read_bytes())
        change(folder / "out" / "jobs")
        return line

    return command


def _same(folder: Path) -> str | None:
    before, after = (folder / "before.csv").read_bytes(), (folder / "out" / "predictions.csv").read_bytes()
    return None if before == after else "other predictions than before"


def _swapped(first: int, second: int) -> Change:
    def change(jobs: Path) -> None:
        files = sorted(jobs.glob("*.json"))
        one, other = files[first].read_bytes(), files[second].read_bytes()
        files[first].write_bytes(other)
        files[second].write_bytes(one)

    return change


def _written(content: Callable[[bytes], bytes]) -> Change:
    def change(jobs: Path) -> None:
        file = min(jobs.glob("*.json"))
        file.write_bytes(content(file.read_bytes()))

    return change


def _result(name: str, change: Change) -> Case:
    return Case(RESULT, name, _again(change), 0, (r"note: .*computed again",), holds=_same)


CASES = (
    _model("empty", lambda _: b""),
    _model("half of it", lambda whole: whole[: len(whole) // 2]),
    _model("one bit is another", lambda whole: _flipped(whole, len(whole) // 2)),
    _model("a web page", lambda _: b"<html>404</html>"),
    _model("a pickle", lambda _: b"\x80\x04N."),
    _model("a bomb of 200 MB", lambda _: _zipped("values.npy", bytes(1_000_000), 200), r"unpacks from"),
    _model("lists within lists", lambda _: _zipped("schema.json", b"[" * 100_000)),
    _model("a schema that is a number", lambda _: _zipped("schema.json", b"3")),
    _record("empty", b""),
    _record("cut", b'{"schema_version": 2, "corpus": {'),
    _record("lists within lists", b"[" * 100_000),
    _record("a list", b"[]"),
    _record("not UTF-8", b"\xff\xfe{}"),
    _record("of nothing", b"{}", "schema_version"),
    Case(RECORD, "a folder in its place", _report(_folder("run.json")), 2, (r"run\.json",)),
    _form("corpus is a list", ("corpus",), [], "corpus is a list"),
    _form("labels are a number", ("corpus", "labels"), 4, "labels is 4"),
    _form("a fold has no name", ("folds", "folds", 0), {}, "name is missing"),
    _form("a job is a text", ("jobs", 0), "done", "expected an object"),
    _form("a number in words", ("jobs", 0, "n_test"), "four", "expected a number"),
    _form("of other labels", ("corpus", "labels"), ["ang", "neu"], "sad"),
    _beside("utterances of zeros", "utterances.csv", b"\0\0\0\xff"),
    _beside("utterances without speakers", "utterances.csv", b"utterance,path\na,b\n"),
    _beside("an empty learning curve", "learning.csv", b""),
    _beside("a learning curve in words", "learning.csv", b"pipeline,speakers,uar,uar_low,uar_high\nsvm,two,1,1,1\n"),
    _beside("an ablation of other columns", "ablation.csv", b"a,b\n1,2\n"),
    _beside("Shapley values cut in a quote", "shapley.csv", b'model,target\n"svm,'),
    Case(BESIDE, "a folder for utterances", _report(_folder("utterances.csv")), 0, (r"note: .*utterances\.csv",)),
    _result("two results swapped", _swapped(0, 1)),
    _result("results of two pipelines swapped", _swapped(0, -1)),
    _result("an empty one", _written(lambda _: b"")),
    _result("a cut one", _written(lambda whole: whole[: len(whole) // 2])),
    _result("probabilities that do not sum to 1", _written(lambda whole: whole.replace(b"[[", b"[[0.25, ", 1))),
    _result("a number in words", _written(lambda whole: whole.replace(b'"n_test": ', b'"n_test": "x", "was": '))),
)
