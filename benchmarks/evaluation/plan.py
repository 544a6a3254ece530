"""The plan of a run: which pipelines are trained on which folds with which seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from benchmarks.pipelines.options import PipelineOptions
    from benchmarks.pipelines.pipeline import Pipeline


@dataclass(frozen=True)
class Plan:
    """A run before it starts; nothing in it has been computed.

    Attributes
    ----------
    corpus : Corpus
    scheme : str
        How the folds were made; `given` where they were passed in.
    folds : tuple of Fold
    trials : tuple of (int, Fold)
        Seed and fold of each training, in order. Where a pipeline enrols speakers, no test subset holds their clips.
    notes : tuple of str
        What a reader should know of the folds.
    pipelines : tuple of Pipeline
    seeds : tuple of int
    options : PipelineOptions
    reveal : tuple of str
        What estimators of the user's own are shown beside sound and numbers.
    """

    corpus: Corpus
    scheme: str
    folds: tuple[Fold, ...]
    trials: tuple[tuple[int, Fold], ...]
    notes: tuple[str, ...]
    pipelines: tuple[Pipeline, ...]
    seeds: tuple[int, ...]
    options: PipelineOptions
    reveal: tuple[str, ...] = ()

    @property
    def available(self) -> list[Pipeline]:
        """The pipelines that can run here."""
        return [pipeline for pipeline in self.pipelines if not pipeline.reason]

    @property
    def trained(self) -> list[Pipeline]:
        """The pipelines that are trained: those available and the parts of fusions, each once."""
        single = [part for pipeline in self.available for part in (pipeline.parts or (pipeline,))]
        return list({pipeline.name: pipeline for pipeline in single}.values())
