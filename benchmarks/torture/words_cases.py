"""Words that mislead: remedies that do not exist, files left out without a word, "damaged" for what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import LABELS, SPEAKERS, corpus_rows, prepare, run_line, voice, write_sound, write_table

REMEDIES = "a remedy that the command lacks"
LEFT_OUT = "files left out without a word"
ONE_SPEAKER = "a label that only one speaker has"
SPELLED_ELSEWHERE = "predictions and folds of another tool name things otherwise"
NOT_DAMAGED = "damaged is what is not"


def _train(*more: str, n_speakers: int = 6, copies: bool = False) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        rows = corpus_rows(folder, speakers=SPEAKERS[:n_speakers])
        if copies:
            rows.append({**rows[0], "speaker": SPEAKERS[n_speakers - 1], "path": "clips/copy.wav"})
            (folder / "clips" / "copy.wav").write_bytes((folder / rows[0]["path"]).read_bytes())
        write_table(folder / "my.csv", rows)
        line = ["benchmarks.train", "--corpus", "manifest", "--root", "my.csv", "--pipeline", "logistic@timing"]
        return [*line, "--jobs", "1", "--results", "out", "--out", "model.skops", *more]

    return command


def _run(*more: str, n_speakers: int = 6, pipeline: str = "logistic@timing") -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        write_table(folder / "my.csv", corpus_rows(folder, speakers=SPEAKERS[:n_speakers]))
        line = ["benchmarks.run", "--corpus", "manifest", "--root", "my.csv", "--pipelines", pipeline, "--jobs", "1"]
        return [*line, "--out", "out", *more]

    return command


def _beside(*names: str) -> Callable[[Path], Sequence[str]]:
    """Files beside a good clip, which a reader of the folder has to name."""

    def command(folder: Path) -> Sequence[str]:
        write_sound(folder / "mix" / "good.wav", voice(0))
        for name in names:
            (folder / "mix" / name).parent.mkdir(exist_ok=True)
            (folder / "mix" / name).write_bytes(b"\0\0\0\x20ftypM4A " + bytes(64))
        return ["features.extract", "mix", "out.csv", "--groups", "timing", "--jobs", "1", "--no-cache"]

    return command


def _ogg(folder: Path) -> Sequence[str]:
    write_sound(folder / "mix" / "good.wav", voice(0))
    write_sound(folder / "mix" / "note.oga", voice(1), container="OGG", subtype="VORBIS")
    return ["features.extract", "mix", "out.csv", "--groups", "timing", "--jobs", "1", "--no-cache"]


def _alone(label: str, *speakers: str, folds: str = "speaker") -> Callable[[Path], Sequence[str]]:
    """A corpus in which some speakers alone have a label."""

    def command(folder: Path) -> Sequence[str]:
        rows = [row for row in corpus_rows(folder) if row["label"] != label or row["speaker"] in speakers]
        write_table(folder / "my.csv", rows)
        return run_line("my.csv", "--folds", folds)

    return command


def _no_confusion(folder: Path) -> str | None:
    page = folder / "out" / "report.html"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    return "the report reads it as a confusion" if "most often takes sad" in text or not text else None


def _predictions(path: Path, rename: Callable[[str], str] = str) -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"pipeline": path.stem, "seed": 0, "fold": f"f{speaker}", "utterance": rename(f"{speaker}{take}"),
         "speaker": rename(speaker), "truth": label, "prediction": LABELS[int(rng.integers(4))]}
        for speaker in SPEAKERS for take, label in enumerate(LABELS)
    ]  # fmt: skip
    write_table(path, rows)


def _compare(rename: Callable[[str], str], *more: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        _predictions(folder / "here.csv")
        _predictions(folder / "there.csv", rename)
        return ["benchmarks.compare", "here.csv", "there.csv", *more]

    return command


def _folds(change: Callable[[str], str], *more: str) -> Callable[[Path], Sequence[str]]:
    """The folds of the small corpus as another tool may have written them."""

    def command(folder: Path) -> Sequence[str]:
        rows = corpus_rows(folder)
        write_table(folder / "my.csv", rows)
        prepare(folder, *run_line("my.csv", "--write-folds", "folds.csv", pipelines=["majority"]))
        (folder / "folds.csv").write_text(change((folder / "folds.csv").read_text()))
        for path in sorted((folder / "out").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        return run_line("my.csv", "--folds-file", "folds.csv", *more)

    return command


def _model(change: Callable[[bytes], bytes]) -> Callable[[Path], Sequence[str]]:
    """A saved model whose file was changed, asked for an answer."""

    def command(folder: Path) -> Sequence[str]:
        rows = corpus_rows(folder, speakers=SPEAKERS[:3])
        write_table(folder / "my.csv", rows)
        line = ["benchmarks.train", "--corpus", "manifest", "--root", "my.csv", "--pipeline", "logistic@timing"]
        prepare(folder, *line, "--jobs", "1", "--no-scores", "--out", "model.skops")
        (folder / "model.skops").write_bytes(change((folder / "model.skops").read_bytes()))
        return ["classical.predict", "model.skops", rows[0]["path"]]

    return command


def _encoded(subtype: str, suffix: str = "wav", container: str = "WAV") -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        write_sound(folder / "mix" / f"clip.{suffix}", voice(0), container=container, subtype=subtype)
        return ["features.extract", "mix", "out.csv", "--groups", "timing", "--jobs", "1", "--no-cache"]

    return command


def _without_zeros(text: str) -> str:
    return text.replace("clips/0", "clips/")


NO_SUCH = (r"--folds \d+: the corpus has", r"expected 2 to 1")

CASES = (
    Case(REMEDIES, "train with fewer speakers than folds", _train(n_speakers=3), 0, (), NO_SUCH),
    Case(REMEDIES, "train with two speakers of few clips", _train(n_speakers=2), 2, ("add speakers",), NO_SUCH),
    Case(REMEDIES, "train with one speaker", _train(n_speakers=1), 2, ("--no-scores",), NO_SUCH),
    Case(REMEDIES, "train with one speaker, without scores", _train("--no-scores", n_speakers=1), 0),
    Case(REMEDIES, "train with a copied clip", _train(copies=True), 2, ("--allow-duplicates",)),
    Case(REMEDIES, "train with a copied clip, allowed", _train("--allow-duplicates", copies=True), 0),
    Case(REMEDIES, "a run with one speaker", _run(n_speakers=1), 2, ("only speaker 01",), NO_SUCH),
    Case(REMEDIES, "a run with two speakers of few clips", _run(n_speakers=2), 2, ("add speakers",), NO_SUCH),
    Case(REMEDIES, "more folds than speakers", _run("--folds", "7"), 2, ("--folds 7", "2 to 6")),
    Case(REMEDIES, "a pipeline misspelt", _run(pipeline="swm"), 2, ("'swm'", "svm"), alone=False),
    Case(LEFT_OUT, "M4A beside a WAV", _beside("memo.m4a"), 0, (r"memo\.m4a|\.m4a", "ffmpeg")),
    Case(LEFT_OUT, "WebM beside a WAV", _beside("call.webm"), 0, (r"\.webm", "ffmpeg")),
    Case(LEFT_OUT, "four kinds that cannot be read", _beside("a.aac", "b.wma", "c.amr", "d.3gp"), 0, (r"\.amr",)),
    Case(LEFT_OUT, "M4A in a subfolder", _beside("sub/memo.M4A"), 0, (r"(?i)\.m4a",)),
    Case(LEFT_OUT, "OGA is read like OGG", _ogg, 0, (r"\b2 utterances",)),
    Case(LEFT_OUT, "a text file is no sound and no fault", _beside("notes.txt"), 0, (r"\b1 utterances",), ("notes",)),
    Case(ONE_SPEAKER, "in folds by speaker", _alone("sad", "03"), 0, ("label sad",), holds=_no_confusion),
    Case(ONE_SPEAKER, "in three folds", _alone("sad", "03", folds="3"), 0, ("label sad",), holds=_no_confusion),
    Case(ONE_SPEAKER, "the last speaker", _alone("sad", "06"), 0, ("label sad",), holds=_no_confusion),
    Case(ONE_SPEAKER, "two speakers who test together", _alone("sad", "01", "02", folds="2"), 0),
    Case(ONE_SPEAKER, "the first label", _alone("ang", "02"), 0, ("label ang",)),
    Case(
        SPELLED_ELSEWHERE,
        "predictions whose leading zeros pandas dropped",
        _compare(lambda name: name.lstrip("0")),
        2,
        ("spelling only", "--join-names"),
    ),
    Case(SPELLED_ELSEWHERE, "the same, joined", _compare(lambda name: name.lstrip("0"), "--join-names"), 0, ("note",)),
    Case(
        SPELLED_ELSEWHERE,
        "predictions that name files",
        _compare(lambda n: f"wav/{n}.wav" if len(n) > 2 else n),
        0,
        ("by stem",),
    ),
    Case(
        SPELLED_ELSEWHERE,
        "folds that name absolute paths",
        _folds(lambda t: t.replace("clips/", "/data/clips/")),
        0,
        ("by stem",),
        slow=True,
    ),
    Case(
        SPELLED_ELSEWHERE,
        "folds that name other suffixes",
        _folds(lambda t: t.replace(".wav", ".flac")),
        0,
        ("by stem",),
        slow=True,
    ),
    Case(
        SPELLED_ELSEWHERE, "folds whose leading zeros are gone", _folds(_without_zeros), 2, ("--join-names",), slow=True
    ),
    Case(SPELLED_ELSEWHERE, "the same folds, joined", _folds(_without_zeros, "--join-names"), 0, slow=True),
    Case(SPELLED_ELSEWHERE, "folds with semicolons", _folds(lambda t: t.replace(",", ";")), 0, slow=True),
    Case(
        SPELLED_ELSEWHERE,
        "a fold in two spellings",
        _folds(lambda t: t.replace("\nfold1,", "\nFold1,", 3)),
        2,
        ("spelling",),
        slow=True,
    ),
    Case(NOT_DAMAGED, "GSM 6.10", _encoded("GSM610"), 0, (), ("damaged",)),
    Case(NOT_DAMAGED, "mu-law AU", _encoded("ULAW", "au", "AU"), 0, (), ("damaged",)),
    Case(NOT_DAMAGED, "MS ADPCM", _encoded("MS_ADPCM"), 0, (), ("damaged",)),
    Case(NOT_DAMAGED, "a model of no bytes", _model(lambda _: b""), 2, ("model.skops",), slow=True),
    Case(NOT_DAMAGED, "a model that is a pickle", _model(lambda _: b"\x80\x04K\x01."), 2, ("model.skops",), slow=True),
    Case(
        NOT_DAMAGED,
        "a model that is a git-lfs pointer",
        _model(lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        2,
        ("git lfs pull",),
        ("damaged",),
        slow=True,
    ),
    Case(
        NOT_DAMAGED, "a model cut in half", _model(lambda data: data[: len(data) // 2]), 2, ("model.skops",), slow=True
    ),
)
