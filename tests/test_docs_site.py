"""The site: every page is in a list of contents, every name in the reference, no link dead."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from doc_pages import ROOT

DOCS = ROOT / "docs"
PACKAGES = ("features", "classical", "deep", "benchmarks", "benchmarks.corpora")
TOOLS = ("sphinx", "furo", "myst_nb", "numpydoc", "sphinx_copybutton", "torch")


class Page(HTMLParser):
    """Anchors of a page and what it links to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {values["id"]} if values.get("id") else set()
        self.targets += [values[name] for name in ("href", "src", "srcset") if values.get(name)]


def test_every_page_is_in_the_contents_once() -> None:
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    trees = re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
    listed = [line for tree in trees for line in tree.splitlines() if line and not line.startswith((":", "_"))]
    assert sorted(listed) == sorted(path.stem for path in DOCS.glob("*.md") if path.stem != "index")


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_in_the_reference(package: str) -> None:
    if package == "deep":
        pytest.importorskip("torch")
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(package)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    listed = re.findall(r"^   (\w+)$", section[1], re.MULTILINE)
    constants = re.findall(r"^Constants: (.+)\.$", section[1], re.MULTILINE)
    listed += re.findall(r"`(\w+)`", constants[0]) if constants else []
    module = import_module(package)
    names = [name for name in module.__all__ if name != "__version__" and f"{package}.{name}" not in PACKAGES]
    assert sorted(listed) == sorted(names)


def test_site_builds_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    missing = [name for name in TOOLS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs the extra docs: {', '.join(missing)}")
    site = tmp_path / "html"
    options = ["-q", "-E", "-W", "--keep-going", "-b", "html", "-d", str(tmp_path / "doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(DOCS), str(site)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    pages = {path: Page(path) for path in site.rglob("*.html")}
    dead = [
        f"{path.relative_to(site)}: {target}"
        for path, page in pages.items()
        for target in page.targets
        if not _leads_somewhere(path, target, pages)
    ]
    assert not dead
    dashed = {path.name for path in pages if re.search(r"–-?[a-z]", path.read_text(encoding="utf-8"))}
    assert not dashed, "an option's two hyphens were joined into a dash"
    assert (site / "searchindex.js").stat().st_size > 10_000


def _leads_somewhere(path: Path, target: str, pages: dict[Path, Page]) -> bool:
    """Whether a link of a page is on the web, or a file of the site with the anchor that it names."""
    parts = urlsplit(target)
    if parts.scheme:
        return True
    file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not file.is_file():
        return False
    return not parts.fragment or file not in pages or unquote(parts.fragment) in pages[file].anchors
