"""The page of corpora is what their modules say."""

from __future__ import annotations

from pathlib import Path

from make_corpora import page


def test_the_page_of_corpora_is_as_the_modules_say() -> None:
    assert (Path(__file__).parent.parent / "docs/corpora.md").read_text(encoding="utf-8") == page()
