"""What a pipeline and a family of them are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.pipelines.names import Part
from benchmarks.pipelines.options import PipelineOptions


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that the harness can run.

    Attributes
    ----------
    name : str
        Its name in every table.
    description : str
        One line for the report.
    estimator : scikit-learn estimator or None
        None for a fusion, and where it is not available.
    features : str
        The feature set that the estimator looks up; empty where it reads the audio itself.
    parts : tuple of Pipeline
        The fused pipelines.
    marks : tuple of str
        Of `benchmarks.pipelines.flags.MARKS`.
    reason : str
        Why it cannot run here; empty where it can.
    room : str
        The package whose code decides its result.
    identity : str
        What else determines its result, such as a hash of pretrained weights.
    """

    name: str
    description: str
    estimator: Any = None
    features: str = ""
    parts: tuple[Pipeline, ...] = ()
    marks: tuple[str, ...] = ()
    reason: str = ""
    room: str = "classical"
    identity: str = ""


@dataclass(frozen=True)
class Family:
    """Models of one room.

    Attributes
    ----------
    models : callable
        Their names.
    describe : callable
        What a model is, in a line.
    unavailable : callable
        `(model, options)` to the reason why it cannot run here whatever the corpus; empty where it can.
    build : callable
        `(part, labels, corpus, options) -> Pipeline`.
    """

    models: Callable[[], Sequence[str]]
    describe: Callable[[str], str]
    unavailable: Callable[[str, PipelineOptions], str]
    build: Callable[[Part, Sequence[str], str, PipelineOptions], Pipeline]
