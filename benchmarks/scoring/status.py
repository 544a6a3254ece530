"""How a job or a pipeline ended."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What became of a job, or of a pipeline with all its jobs.

    The members are strings, as they stand in `run.json` and in the tables.

    Examples
    --------
    >>> Status("failed") is Status.FAILED
    True
    >>> f"{Status.DONE}"
    'done'
    """

    DONE = "done"
    """It has predictions for every utterance it was tested on."""
    FAILED = "failed"
    """It raised an error, which is recorded."""
    SKIPPED = "skipped"
    """It could not run here, for example because a package or a checkpoint is missing."""
    INCOMPLETE = "incomplete"
    """A pipeline of which some jobs failed, so that its pooled score is not comparable."""
