"""Settings of the site that `make docs` builds from the pages of this folder, the notebooks and the docstrings."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

from features.version import REPOSITORY, VERSION

ROOT = Path(__file__).resolve().parent.parent

project = "speech-emotion-baselines"
author = "The speech-emotion-baselines authors"
copyright = author
release = version = VERSION

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
nitpicky = False

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "off"
smartquotes_action = "qe"  # no dashes: `--out` in a sentence or a cell stays what a user types
suppress_warnings = [
    "myst.header",  # accuracy.md is made by a command, whose tables are headed one level deeper
    "misc.highlighting_failure",  # a block of csv has no colours
]

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "furo"
html_show_sourcelink = False
html_copy_source = False
html_title = "Speech emotion baselines"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["report_scores.png", "report_scores_dark.png"]
html_theme_options: dict[str, object] = {"navigation_with_keys": True}
if REPOSITORY:
    html_theme_options["footer_icons"] = [{"name": "Repository", "url": REPOSITORY, "html": "Repository", "class": ""}]
templates_path = ["_templates"]


def copy_notebooks(app: Sphinx) -> None:
    """Copy the notebooks beside the pages: executed ones where `notebooks/executed` holds them, else as they are."""
    target = Path(app.srcdir) / "_notebooks"
    target.mkdir(exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        executed = path.parent / "executed" / path.name
        shutil.copyfile(executed if executed.is_file() else path, target / path.name)


def rewrite_links(_app: Sphinx, name: str, source: list[str]) -> None:
    """Take README.md for the page `overview`, and turn links to it and from it into links between pages."""
    if name == "overview":
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        text = re.sub(r"(\]\(|src=\"|srcset=\")docs/", r"\1", text)
        text = re.sub(r"\[([^\]]*)\]\((?:\.github/)?[A-Z]+(?:\.md|\.cff)?\)", r"\1", text)
        source[0] = re.sub(r"\]\(notebooks/(?=\))", "](_notebooks/01_what_emotion_sounds_like.ipynb", text)
    elif not name.startswith("_"):
        source[0] = source[0].replace("](../README.md", "](overview.md").replace("](../notebooks/", "](_notebooks/")


def skip_generated(_app: Sphinx, _kind: str, name: str, _thing: object, skip: bool, _options: object) -> bool | None:
    """Leave out scikit-learn's generated `set_fit_request` and its kin, whose text links into scikit-learn's site."""
    return True if re.fullmatch(r"set_\w+_request", name) else (skip or None)


def setup(app: Sphinx) -> None:
    """Register what happens before pages are read."""
    app.connect("builder-inited", copy_notebooks)
    app.connect("autodoc-skip-member", skip_generated)
    app.connect("source-read", rewrite_links)
