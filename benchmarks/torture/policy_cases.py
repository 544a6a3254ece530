"""Bad files among good ones: all of them named, the good ones answered, nothing trained on what is left by accident."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import corpus_rows, run_line, voice, write_sound, write_table

POLICY = "one bad file takes the answers of all"

BAD = {
    "page.wav": b"<!DOCTYPE html><html></html>",
    "empty.wav": b"",
    "pointer.wav": b"version https://git-lfs.github.com/spec/v1\n",
}


def _add_bad(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in BAD.items():
        (folder / name).write_bytes(content)


def _extract(*more: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        for seed in range(3):
            write_sound(folder / "in" / f"{seed}.wav", voice(seed))
        _add_bad(folder / "in")
        return ["features.extract", "in", "out.csv", "--groups", "timing", *more]

    return command


def _folder_called_wav(folder: Path) -> Sequence[str]:
    write_sound(folder / "in" / "x.wav" / "a.wav", voice(1))
    return ["features.extract", "in", "out.csv", "--groups", "timing"]


def _trained(module: str, *more: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        rows = corpus_rows(folder)
        _add_bad(folder / "clips")
        rows += [{"path": f"clips/{name}", "label": rows[0]["label"], "speaker": rows[0]["speaker"]} for name in BAD]
        write_table(folder / "my.csv", rows)
        return [module, *run_line("my.csv", *more)[1:]]

    return command


def _three_rows(folder: Path) -> str | None:
    lines = (folder / "out.csv").read_text().splitlines()
    return None if len(lines) == 4 else f"{len(lines) - 1} rows, not 3"


def _nothing(folder: Path) -> str | None:
    return "out was made" if (folder / "out").exists() else None


EVERY = tuple(name.replace(".", r"\.") for name in BAD)

CASES = (
    Case(POLICY, "three bad files of six, extracted", _extract(), 1, (*EVERY, "3 of 6"), holds=_three_rows),
    Case(POLICY, "the same with --skip-bad", _extract("--skip-bad"), 0, (*EVERY, "3 of 6"), holds=_three_rows),
    Case(POLICY, "the same from two processes", _extract("--jobs", "2", "--no-cache"), 1, EVERY, holds=_three_rows),
    Case(POLICY, "a folder that is called x.wav", _folder_called_wav, 0, (r"\b1 utterances",)),
    Case(
        POLICY, "three bad files in a run", _trained("benchmarks.run"), 2, (*EVERY, "--on-error skip"), holds=_nothing
    ),
    Case(
        POLICY,
        "three bad files in a run that goes on",
        _trained("benchmarks.run", "--folds", "3", "--on-error", "skip"),
        0,
        (*EVERY, r"3\s+left\s+out"),
    ),
    Case(POLICY, "three bad files in a learning curve", _trained("benchmarks.learning"), 2, EVERY, holds=_nothing),
)
