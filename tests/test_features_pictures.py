"""Plots of contours and functionals: drawn from the descriptors themselves, with words, and shown by notebooks."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from matplotlib.figure import Figure

from features import FeatureExtractor
from features.audio import RATE
from features.errors import FeatureError
from features.plots import contours_plot, functionals_plot
from features.plotting import Plot


def glide(low: float, high: float, seconds: float = 1.0) -> np.ndarray:
    """A buzz whose F0 rises from `low` to `high` Hz, in float32."""
    f0 = np.geomspace(low, high, int(seconds * RATE))
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    return (0.1 * sum(np.sin(k * phase) / k for k in range(1, 6))).astype(np.float32)


def test_contours_stand_in_a_column_an_utterance_on_shared_scales() -> None:
    picture = contours_plot({"low": glide(100, 120), "high $x": glide(200, 300, 0.6)})
    panels = picture.figure.axes[:8]
    assert [panel.get_title(loc="left") for panel in panels[:2]] == ["low", "high $x"]
    for row in range(4):
        assert panels[2 * row].get_ylim() == panels[2 * row + 1].get_ylim()
    assert [panel.get_ylabel() for panel in panels[::2]] == ["amplitude", "frequency (kHz)", "F0 (Hz)", "level (dB)"]
    drawn = panels[4].lines[0].get_ydata()
    assert np.nanmedian(np.asarray(drawn, dtype=float)) == pytest.approx(110, rel=0.03)
    assert "low: 1.0 s, median F0 110 Hz" in picture.alt_text


def test_contours_of_noise_have_no_pitch() -> None:
    noise = (0.05 * np.random.default_rng(0).normal(size=RATE // 2)).astype(np.float32)
    assert "no voice" in contours_plot({"noise": noise}).alt_text


def test_functionals_are_the_extractors_own() -> None:
    waveform = glide(100, 200)
    picture = functionals_plot(waveform, "pitch.f0_semitone")
    extractor = FeatureExtractor(groups="pitch").set_output(transform="pandas")
    row = extractor.transform([(waveform, RATE)]).iloc[0]
    lines = [float(line.get_ydata()[0]) for line in picture.figure.axes[0].lines[2:]]
    assert lines == pytest.approx([row[f"pitch.f0_semitone.{name}.voiced"] for name in ("p20", "p50", "p80")])
    assert "p50" in picture.alt_text


@pytest.mark.parametrize(
    ("descriptor", "functionals", "message"),
    [
        ("loudness", ("mean",), "expected a group and a name"),
        ("pitch.loudness", ("mean",), "expected one of f0_semitone"),
        ("pitch.f0_semitone", ("p51",), "no feature pitch.f0_semitone.p51.voiced"),
        ("pitch.f0_semitone", ("slope",), "not in semitone"),
    ],
)
def test_what_cannot_be_drawn_is_said(descriptor: str, functionals: tuple[str, ...], message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        functionals_plot(glide(100, 200), descriptor, functionals=functionals)


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(FeatureError, match="at least one"):
        contours_plot({})


def test_a_notebook_shows_a_picture_with_its_words() -> None:
    html = contours_plot({'a "quoted" title': glide(100, 120)})._repr_html_()
    assert '<img alt="Waveform, spectrogram' in html
    assert "a &quot;quoted&quot; title" in html
    data = html.partition("base64,")[2].rstrip('">')
    assert base64.b64decode(data).startswith(b"\x89PNG")


def test_a_broad_figure_can_be_scrolled_where_a_page_is_narrow() -> None:
    narrow, broad = (Plot(Figure(figsize=(width, 2)), "Nothing.")._repr_html_() for width in (6.4, 9.0))
    assert narrow.startswith("<img alt=")
    assert broad.startswith('<div style="overflow-x: auto"><img style="min-width: 40rem" alt="Nothing."')
