"""What a pipeline is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.pipelines.flags import Flag


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that a benchmark can run.

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
    flags : tuple of Flag
        Caveats on its row.
    reason : str or None
        Why it cannot run here; None where it can.
    package : str
        The package whose code determines its result; empty for an estimator of the user's own.
    identity : str
        What else determines its result, such as a hash of pretrained weights.
    pretrained : mapping of str to str
        The pretrained models that it is made with: for a hub name its commit, for a folder a hash of its files.

    Examples
    --------
    >>> from benchmarks.pipelines import PipelineOptions, build
    >>> build("svm:speaker", labels=["ang", "sad"], corpus="emodb", options=PipelineOptions()).flags
    (<Flag.TRANSDUCTIVE: 'transductive'>,)
    """

    name: str
    description: str
    estimator: Any = None
    features: str = ""
    parts: tuple[Pipeline, ...] = ()
    flags: tuple[Flag, ...] = ()
    reason: str | None = None
    package: str = "classical"
    identity: str = ""
    pretrained: Mapping[str, str] = field(default_factory=dict)
