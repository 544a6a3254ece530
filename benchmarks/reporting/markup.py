"""Pages in HTML from the templates beside this module; every name in them is escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import Any

from benchmarks.reporting.glossary import words_in
from features.names import printable


def fill_template(name: str, **values: Any) -> str:
    """Fill a template; every text is escaped, and control characters in it are shown as escapes.

    Parameters
    ----------
    name : str
        A file in `templates`.
    **values
        What the template names.

    Examples
    --------
    >>> "<main>" in fill_template("audit.html", audits=(), measured=(), command="", version="")
    True
    """
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("benchmarks.reporting", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    # Only what this package drew itself goes in as markup; matplotlib escapes the text in it.
    environment.filters["drawn"] = Markup
    environment.filters["breakable"] = _breakable
    environment.filters["explained"] = _explained
    return environment.get_template(name).render(**values)


def script(name: str) -> dict[str, str]:
    """A script in `templates`, and the digest by which the policy of a page allows it alone, as a template names them.

    Examples
    --------
    >>> sorted(script("copy"))
    ['copy_digest', 'copy_script']
    """
    text = files("benchmarks.reporting").joinpath("templates", f"{name}.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {f"{name}_script": text, f"{name}_digest": digest}


def _shown(value: Any) -> Any:
    from markupsafe import Markup

    return value if isinstance(value, Markup) or not isinstance(value, str) else printable(value)


def _breakable(name: str) -> Any:
    """Escape a name, and allow a line to break after what joins its parts."""
    from markupsafe import Markup, escape

    text = re.sub(r"([+@:,/])(?=[A-Za-z])", r"\1<wbr>", str(escape(printable(name))))
    return Markup(text.replace(" %", "\u00a0%"))


def _explained(text: str) -> Any:
    """Escape a text as `_breakable` does, with what the words of the glossary mean where a pointer rests on them."""
    from markupsafe import Markup

    pieces, end = [], 0
    for start, stop, meaning in words_in(text):
        shown = _breakable(text[start:stop])
        pieces += [_breakable(text[end:start]), Markup('<abbr title="{}">{}</abbr>').format(meaning, shown)]
        end = stop
    return Markup("").join([*pieces, _breakable(text[end:])])
