"""Studies: questions that take many runs, or that are asked of finished ones."""

from __future__ import annotations

from collections.abc import Mapping

STUDIES: Mapping[str, str] = {
    "ablation": "benchmarks.studies.ablation",
    "learning_curve": "benchmarks.studies.learning_curve",
    "attributions": "benchmarks.studies.attributions",
    "enrolment_curve": "benchmarks.studies.enrolment_curve",
    "sentences": "benchmarks.studies.sentences",
    "known_people": "benchmarks.studies.known_people",
    "people": "benchmarks.studies.people",
    "abstention": "benchmarks.studies.abstention",
    "cross_corpus": "benchmarks.studies.cross_corpus",
    "robustness": "benchmarks.studies.robustness",
    "length": "benchmarks.studies.length",
    "layers": "benchmarks.studies.layers",
    "resampling": "benchmarks.studies.resampling",
    "combining": "benchmarks.studies.combining",
    "comparison": "benchmarks.studies.comparison",
}
"""Name of a study to its module. Its `SECTIONS` stand in the report of a folder that holds its tables."""
