"""The corpora as a page, from their modules: `python docs/make_corpora.py docs/corpora.md`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from made_page import markdown_table, write_page

from benchmarks.corpora import find
from benchmarks.corpora.registry import MODULES

if TYPE_CHECKING:
    from benchmarks.corpora.base import Source

HEAD = """\
# Corpora

Made by `make docs` from the modules of `benchmarks/corpora/`; do not edit. None of the recordings is shipped. A copy
whose numbers differ from the published ones is refused, unless `--allow-partial` says that it is a part; where no
source gives a number, none is asserted and a note says so. What is not here is read from
[a table of your own](your_own_corpus.md).

    python -m benchmarks.run --list
"""


def page() -> str:
    """The page as Markdown: a table of all corpora, then the facts of each with their sources."""
    sources = [source for source in map(find, MODULES) if not source.own and not source.synthetic]
    rows = [
        [
            f"`{source.name}`",
            source.title,
            f"{sum(source.counts.values()):,}" if source.counts else _total(source),
            ", ".join(source.labels),
            source.folds,
            source.licence,
        ]
        for source in sources
    ]
    head = ["name", "corpus", "utterances", "labels", "folds", "licence"]
    return "\n".join([HEAD, markdown_table(head, rows), *_facts(sources)])


def _total(source: Source) -> str:
    return "asserted by total" if source.more_counts else "none asserted"


def _facts(sources: Sequence[Source]) -> Iterator[str]:
    yield "## What the readers rely on, and who says so\n"
    for source in sources:
        if source.facts:
            lines = [f"- {fact.says}: {_link(fact.source)}" for fact in source.facts]
            yield "\n".join([f"### {source.name}\n", f"{source.citation}. <{source.homepage}>\n", *lines, ""])


def _link(source: str) -> str:
    return re.sub(r"https?://[^\s,]+", lambda found: f"<{found[0]}>", source)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page to the file that is named, or print it."""
    return write_page(page, arguments)


if __name__ == "__main__":
    sys.exit(main())
