"""Places that cannot be written, and runs that find less than they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import corpus_rows, run_line, voice, write_sound, write_table

PLACES = "a place that cannot be written is found after the work"
LOST = "what was there is lost"


def _extract(target: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        write_sound(folder / "in" / "a.wav", voice(1))
        (folder / "file").write_text("in the way")
        (folder / "folder.csv").mkdir()
        return ["features.extract", "in", target, "--groups", "timing"]

    return command


def _run(*more: str, module: str = "benchmarks.run") -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        write_table(folder / "my.csv", corpus_rows(folder))
        (folder / "file").write_text("in the way")
        line = run_line("my.csv", pipelines=("majority",))
        return [module, *line[1:], *more]

    return command


def _train(out: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        write_table(folder / "my.csv", corpus_rows(folder))
        (folder / "file").write_text("in the way")
        line = ["benchmarks.train", "--corpus", "manifest", "--root", "my.csv", "--pipeline", "logistic@timing"]
        return [*line, "--out", out, "--results", "out"]

    return command


def _linked_lock(folder: Path) -> Sequence[str]:
    (folder / "out").mkdir()
    (folder / "thesis.tex").write_text("all of it")
    (folder / "out" / ".lock").symlink_to(folder / "thesis.tex")
    return _run()(folder)


def _thesis(folder: Path) -> str | None:
    return None if (folder / "thesis.tex").read_text() == "all of it" else "the link's target was emptied"


def _others_in_cache(folder: Path) -> Sequence[str]:
    for name in ("thesis.npz", "film.part", "features.sqlite.old"):
        (folder / name).write_text("somebody's")
    return ["features.cache", "--clear", "--folder", "."]


def _all_there(folder: Path) -> str | None:
    return None if len(list(folder.iterdir())) == 3 else "other people's files are gone"


def _others_in_out(folder: Path) -> Sequence[str]:
    (folder / "out").mkdir()
    (folder / "out" / ".film.part").write_text("somebody's")
    return _run()(folder)


def _film(folder: Path) -> str | None:
    return None if (folder / "out" / ".film.part").exists() else "another program's file is gone"


def _only_bad(folder: Path) -> Sequence[str]:
    (folder / "in").mkdir()
    (folder / "in" / "a.wav").write_bytes(b"<html>")
    (folder / "out.csv").write_text("from before")
    return ["features.extract", "in", "out.csv", "--on-error", "skip"]


def _from_before(folder: Path) -> str | None:
    return None if (folder / "out.csv").read_text() == "from before" else "the old table is gone"


def _refused(root: str, name: str, command: Callable[[Path], Sequence[str]], says: str = "^error: ") -> Case:
    return Case(root, name, command, 2, (says,))


CASES = (
    _refused(PLACES, "features below a file", _extract("file/out.csv"), "give another path"),
    _refused(PLACES, "features into a folder's name", _extract("folder.csv"), "a folder is in the way"),
    _refused(PLACES, "features under too long a name", _extract(f"{'x' * 300}.csv"), "too long"),
    _refused(PLACES, "folds into nowhere", _run("--write-folds", "file/folds.csv"), "give another path"),
    _refused(PLACES, "folds onto a full disk", _run("--write-folds", "/dev/full"), "No space left"),
    _refused(PLACES, "results below a file", _run("--out", "file/out"), "--out"),
    _refused(PLACES, "a model below a file", _train("file/m.skops"), "give another path"),
    _refused(PLACES, "a model with another suffix", _train("m.pkl"), r"\.skops"),
    _refused(PLACES, "a model under too long a name", _train(f"{'x' * 300}.skops"), "too long"),
    Case(LOST, "a lock that is a link", _linked_lock, 2, (r"\.lock is a link",), holds=_thesis),
    Case(LOST, "other people's files in a cache folder", _others_in_cache, 0, ("cleared",), holds=_all_there),
    Case(LOST, "another program's file in a results folder", _others_in_out, 0, holds=_film),
    Case(LOST, "a table of features, and only bad sound", _only_bad, 2, ("HTML",), holds=_from_before),
    Case(LOST, "a run in which nothing can run", _run("--pipelines", "svm@encoder"), 1, ("skipped",)),
)
