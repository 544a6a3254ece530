"""A slider over pictures and sounds that works in a page: it needs no kernel, no network and no script of others."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from features.audio import RATE

if TYPE_CHECKING:
    from features.plotting import Plot

_MOVE = (
    "const box=this.closest('.slider');"
    "box.querySelectorAll('figure').forEach((step,i)=>{step.hidden=i!=this.value});"
    "box.querySelector('output').value=box.querySelectorAll('figure')[this.value].dataset.name"
)
_WIDTH = "width:16em;max-width:60%;vertical-align:middle"


@dataclass(frozen=True, eq=False)
class Step:
    """What one place of a slider shows.

    Attributes
    ----------
    name : str
        Its value with its unit.
    picture : Plot
    sound : ndarray of shape (n_samples,), optional
        At 16 kHz, between -1 and 1; what is beyond is cut off.
    """

    name: str
    picture: Plot
    sound: np.ndarray | None = None


@dataclass(frozen=True)
class Slider:
    """A slider: its handle chooses which step is seen and heard. Where no script runs, the first one stays.

    Attributes
    ----------
    name : str
        What is moved.
    steps : sequence of Step

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from features.plotting import Plot
    >>> steps = [Step(f"{f0} Hz", Plot(Figure(), f"A voice of {f0} Hz.")) for f0 in (100, 200)]
    >>> Slider("F0", steps)._repr_html_().count("<figure")
    2
    """

    name: str
    steps: Sequence[Step]

    def _repr_html_(self) -> str:
        """The slider as a notebook and a page show it."""
        name, first = html.escape(self.name, quote=True), html.escape(self.steps[0].name)
        handle = (
            f'<input type="range" aria-label="{name}" min="0" max="{len(self.steps) - 1}" value="0" step="1" '
            f'style="{_WIDTH}" oninput="{_MOVE}">'
        )
        shown = "".join(_step(step, hidden=number > 0) for number, step in enumerate(self.steps))
        return f'<div class="slider"><label>{name} {handle}</label> <output>{first}</output>{shown}</div>'


def _step(step: Step, *, hidden: bool) -> str:
    sound = "" if step.sound is None else f'<audio controls src="data:audio/flac;base64,{_flac(step.sound)}"></audio>'
    name = html.escape(step.name, quote=True)
    state = " hidden" if hidden else ""
    return f'<figure data-name="{name}" style="margin:0.3em 0"{state}>{step.picture._repr_html_()}<br>{sound}</figure>'


def _flac(samples: np.ndarray) -> str:
    """Samples as FLAC in base64."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1.0, 1.0), RATE, format="FLAC")
    return base64.b64encode(file.getvalue()).decode()
