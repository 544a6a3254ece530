"""The register of contamination as a page, from its CSV: `python docs/make_contamination.py docs/contamination.md`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from made_page import markdown_table, write_page

from benchmarks.corpora import find
from benchmarks.corpora.registry import MODULES
from benchmarks.pipelines.heard import EVERY, entries, heard, models

HEAD = """\
# What published models have heard

Made by `make docs` from `benchmarks/pipelines/heard.csv`; do not edit. A score on people whom a model was trained on
is no test. This register says of the checkpoints and encoders that people use most whether they were trained on the
*labels* of a corpus or on its *sound* alone; *no* stands only where a source names all that a model was trained on,
and what no source says is *unknown*, with what was searched. What a model was fine-tuned from is inherited.

The command below prints it, or what it says of one model or folder:

    python -m benchmarks.heard
    python -m benchmarks.heard superb/hubert-large-superb-er --corpus iemocap

A run looks its encoders and checkpoints up by hub name, and a local folder by the name in its `config.json`, the
`base_model` of its card, the hub's own cache, or what this toolkit wrote into `model.json`; anything else is unknown.
Rows on *labels* are marked contaminated, on *sound* heard the sound; neither is ranked or tested against others. Rows
on *unknown* are marked may have heard, in every table and plot, and are ranked. Who knows better says so, for one
model or for all of a run:

    python -m benchmarks.run --corpus emodb --root emodb --pipelines svm@encoder --encoder FOLDER --heard FOLDER=no

A new line goes into the CSV, one per model and corpus; `*` stands for every corpus without a line of its own.
"""


def page() -> str:
    """The page as Markdown: a table of models and corpora, then every line with its source."""
    corpora = [name for name in MODULES if not (find(name).own or find(name).synthetic)]
    cells = [[f"`{model}`", *(str(heard(model, corpus).heard) for corpus in corpora)] for model in models()]
    lines = [
        [
            f"`{entry.model}`",
            f"`{entry.base}`" if entry.base else "",
            "every other" if entry.corpus == EVERY else entry.corpus,
            str(entry.heard),
            f"[source]({entry.source}): {entry.says}",
        ]
        for entry in entries()
    ]
    tables = (("## Models and corpora", ["model", *corpora], cells), ("## Sources", list(_COLUMNS), lines))
    return "\n".join([HEAD, *(f"{title}\n\n{markdown_table(head, rows)}" for title, head, rows in tables)])


_COLUMNS = ("model", "fine-tuned from", "corpus", "heard", "what says so")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page to the file that is named, or print it."""
    return write_page(page, arguments)


if __name__ == "__main__":
    sys.exit(main())
