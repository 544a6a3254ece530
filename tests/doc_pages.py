"""What stands in README.md and docs/*.md: commands, code blocks, headings and links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
COMMAND = re.compile(r"python -m (?P<module>(?:benchmarks|classical|deep|features)\.\w+)(?P<rest>.*)")
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"`([\w./]+\.py)`[^`]*:\s*\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block; `place` is the file that the sentence before it names, empty where it names none."""

    kind: str
    text: str
    place: str


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        before = text[: found.start()].rstrip().rpartition("\n\n")[2]
        place = _PLACE.search(before)
        yield Block(found["kind"], found["text"], place[1] if place else "")


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[str]:
    """Command lines of this toolkit: in indented blocks, in fenced ones that are no help text, and inside sentences."""
    text = prose(page)
    shell = "".join(block.text for block in blocks(page) if block.kind in ("", "sh", "bash", "console"))
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")] + shell.splitlines()
    lines += re.findall(r"`(python -m [^`\n]+)`", text)
    return list(dict.fromkeys(line.strip().removeprefix("$ ") for line in lines if COMMAND.match(line.strip())))


def split(command: str) -> tuple[str, list[str]]:
    """Module and arguments of a command line; what a shell takes for a comment or a redirection is left out."""
    found = COMMAND.fullmatch(command)
    assert found, command
    words = shlex.split(found["rest"], comments=True)
    return found["module"], words[: words.index(">")] if ">" in words else words


def headings(page: Path) -> list[str]:
    return re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)


def links(page: Path) -> list[str]:
    """Targets of all links and pictures that are not on the web."""
    text = re.sub(r"`[^`\n]+`", "", prose(page))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)
    return [target for target in targets if not re.match(r"https?://|mailto:", target)]
