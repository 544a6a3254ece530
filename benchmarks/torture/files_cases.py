"""Names of files that no UTF-8 holds, formulas and markup in what is written, downloads that go wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import SPEAKERS, corpus_rows, prepare, run_line, voice, write_sound, write_table

NOT_UTF8 = "file names that are not UTF-8 end a command after its work"
WRITTEN = "control characters, formulas and markup in what is written"
DOWNLOADS = "downloads that go wrong"

LATIN = os.fsdecode(b"caf\xe9.wav")


def _clips(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        write_sound(folder / "plain.wav", voice(number))
        path = folder / "mix" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (folder / "plain.wav").rename(path)
    return folder / "mix"


def _extract(*names: str, suffix: str = "csv", more: Sequence[str] = ()) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        _clips(folder, *names)
        return ["features.extract", "mix", f"out.{suffix}", "--groups", "timing", "--jobs", "1", "--no-cache", *more]

    return command


def _model(folder: Path) -> None:
    write_table(folder / "my.csv", corpus_rows(folder, speakers=SPEAKERS[:3]))
    line = ["benchmarks.train", "--corpus", "manifest", "--root", "my.csv", "--pipeline", "logistic@timing"]
    prepare(folder, *line, "--jobs", "1", "--no-scores", "--out", "model.skops")


def _predict(*names: str, more: Sequence[str] = ()) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        _model(folder)
        _clips(folder, *names)
        return ["classical.predict", "model.skops", "mix", *more]

    return command


def _in_a_folder(folder: Path) -> Sequence[str]:
    """A corpus in a folder whose name is in another encoding."""
    plain = folder / "plain"
    plain.mkdir()
    write_table(plain / "my.csv", corpus_rows(plain))
    home = plain.rename(folder / os.fsdecode(b"d\xe9j\xe0"))
    return run_line(str(home / "my.csv"))


def _cells(*bad: str) -> Callable[[Path], str | None]:
    """No cell of any table that was written begins as a formula does."""

    def holds(folder: Path) -> str | None:
        for path in folder.rglob("*.csv"):
            lines = path.read_text(encoding="utf-8").splitlines() if path.name != "my.csv" else []
            cells = [cell.strip('"') for line in lines for cell in line.split(",")]
            if any(cell.startswith(bad) for cell in cells):
                return f"a formula stands in {path.name}"
        return None

    return holds


def _labelled(label: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        rows = [{**row, "label": row["label"].replace("ang", label)} for row in corpus_rows(folder)]
        write_table(folder / "my.csv", rows)
        return run_line("my.csv")

    return command


def _trained_with(label: str) -> Callable[[Path], Sequence[str]]:
    """A model whose card names a label of one's own."""

    def command(folder: Path) -> Sequence[str]:
        rows = [{**row, "label": row["label"].replace("ang", label)} for row in corpus_rows(folder)]
        write_table(folder / "my.csv", rows)
        line = ["benchmarks.train", "--corpus", "manifest", "--root", "my.csv", "--pipeline", "logistic@timing"]
        return [*line, "--jobs", "1", "--no-scores", "--out", "model.skops"]

    return command


def _card_without(markup: str) -> Callable[[Path], str | None]:
    def holds(folder: Path) -> str | None:
        cards = list(folder.glob("*.md"))
        raw = not cards or markup in cards[0].read_text(encoding="utf-8")
        return "the model card holds the label as markup, or is missing" if raw else None

    return holds


def _lock_is_a_link(folder: Path) -> Sequence[str]:
    write_table(folder / "my.csv", corpus_rows(folder))
    (folder / "precious.txt").write_text("kept")
    (folder / "out").mkdir()
    (folder / "out" / ".lock").symlink_to(folder / "precious.txt")
    return run_line("my.csv")


def _precious(folder: Path) -> str | None:
    kept = (folder / "precious.txt").read_text() == "kept"
    return None if kept else "the file that the link led to was emptied"


SERVER = '''\
"""RAVDESS from a server of this machine, which answers as a case has it."""
import hashlib, http.server, io, sys, threading, zipfile
from pathlib import Path
from benchmarks.corpora import ravdess
from benchmarks.corpora.download import Download
from benchmarks.run import main

def archive(names):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, b"no sound")
    return packed.getvalue()

BODY = {body}
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = BODY
        self.send_response({status})
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: {sent}])
    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/speech.zip" % server.server_port
object.__setattr__(ravdess.SOURCE, "download", Download(url, "md5:" + {checksum}, len(BODY)))
{before}
line = ["--corpus", "ravdess", "--root", "ravdess", "--download", "--pipelines", "majority", "--jobs", "1"]
sys.exit(main([*line, "--out", "o"]))
'''


def _download(
    body: str,
    *,
    status: int = 200,
    sent: str = "len(body)",
    checksum: str = "hashlib.md5(BODY).hexdigest()",
    before: str = "",
) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        text = SERVER.format(body=body, status=status, sent=sent, checksum=checksum, before=before)
        (folder / "stand_in.py").write_text(text)
        return ["stand_in"]

    return command


def _nothing_outside(folder: Path) -> str | None:
    return "a file was written outside the root" if (folder / "outside.txt").exists() else None


ZIP = 'archive(["Actor_01/03-01-01-01-01-01-01.wav"])'
FULL = (
    "import benchmarks.corpora.download as module\n"
    "real = Path.open\n"
    "def refuse(self, mode='r', *more, **options):\n"
    "    if 'a' in mode or 'w' in mode:\n"
    "        raise OSError(28, 'No space left on device', str(self))\n"
    "    return real(self, mode, *more, **options)\n"
    "Path.open = refuse"
)

CASES = (
    Case(NOT_UTF8, "extract", _extract(LATIN, "good.wav"), 0, (r"\b2 utterances",)),
    Case(NOT_UTF8, "extract as Parquet", _extract(LATIN, "good.wav", suffix="parquet"), 0, (r"\b2 utterances",)),
    Case(NOT_UTF8, "extract with the cache", _extract(LATIN, more=("--jobs", "1")), 0, (r"\b1 utterances",)),
    Case(NOT_UTF8, "a folder", _extract(os.fsdecode(b"\xff\xfe/a.wav"), "good.wav"), 0, (r"\b2 utterances",)),
    Case(NOT_UTF8, "predict", _predict(LATIN, "good.wav"), 0, (r"caf\\udce9\.wav",), slow=True),
    Case(
        NOT_UTF8, "predict as JSON", _predict(LATIN, "good.wav", more=("--json",)), 0, (r"caf\\udce9\.wav",), slow=True
    ),
    Case(NOT_UTF8, "a corpus in such a folder", _in_a_folder, 0),
    Case(WRITTEN, "extract: a file called as a formula", _extract("=1+1.wav", "good.wav"), 0, holds=_cells("=")),
    Case(WRITTEN, "extract: a name with a newline", _extract("a\nb.wav"), 0, (r"\b1 utterances",)),
    Case(
        WRITTEN,
        "predict: a name that clears the screen",
        _predict("a\x1b[2Jb.wav"),
        0,
        (r"a\\x1b\[2Jb",),
        ("\x1b",),
        slow=True,
    ),
    Case(
        WRITTEN,
        "predict: a name with 8-bit controls",
        _predict("a\x9b2Jb.wav", more=("--json",)),
        0,
        (),
        ("\x9b",),
        slow=True,
    ),
    Case(WRITTEN, "predict: a name that turns text around", _predict("a\u202eb.wav"), 0, (), ("\u202e",), slow=True),
    Case(WRITTEN, "labels that are formulas", _labelled("=1+1"), 0, holds=_cells("=", "@")),
    Case(WRITTEN, "labels that clear the screen", _labelled("a\x1b[2J"), 0, (), ("\x1b",)),
    Case(
        WRITTEN,
        "a model card of a label with markup",
        _trained_with("<img src=x>"),
        0,
        holds=_card_without("<img src=x>"),
    ),
    Case(
        WRITTEN,
        "a lock that is a link to another file",
        _lock_is_a_link,
        2,
        (r"\bout\b",),
        holds=_precious,
    ),
    Case(DOWNLOADS, "an archive that is none", _download("b'<html>'"), 2, ("archive|ZIP|zip",), alone=True),
    Case(DOWNLOADS, "another checksum", _download(ZIP, checksum="'0' * 32"), 2, ("publisher",), alone=True),
    Case(DOWNLOADS, "a server that fails", _download(ZIP, status=500), 2, ("again",), alone=True),
    Case(DOWNLOADS, "a transfer that breaks off", _download(ZIP, sent="len(body) // 2"), 2, ("again",), alone=True),
    Case(
        DOWNLOADS,
        "an archive that reaches out of the folder",
        _download('archive(["../outside.txt"])'),
        2,
        holds=_nothing_outside,
        alone=True,
    ),
    Case(
        DOWNLOADS,
        "a root that is a file",
        _download(ZIP, before='Path("ravdess").write_text("x")'),
        2,
        ("ravdess",),
        alone=True,
    ),
    Case(DOWNLOADS, "a full disk", _download(ZIP, before=FULL), 2, ("[Nn]o space left",), alone=True),
    Case(DOWNLOADS, "a damaged archive", _download("b'PK' + bytes(64) + " + ZIP + "[40:]"), 2, alone=True),
)
