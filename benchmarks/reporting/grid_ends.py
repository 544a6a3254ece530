"""Where a tuned setting lies at the end of what was tried: a longer grid might have chosen beyond it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.pipelines.names import parse
from benchmarks.scoring.status import Status
from classical.models import MODELS, model_class
from features.errors import PipelineError

_FEWEST = 3
"""Of two values each is an end, which tells nothing."""


def grids_of(model: str, params: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    """What a model tries of each setting that has an order, given what it chose of the others.

    Parameters
    ----------
    model : str
        A name of `classical.models.MODELS`.
    params : mapping
        What was chosen.

    Returns
    -------
    dict
        Setting to its values, ascending; empty for a model whose settings have no grid.

    Examples
    --------
    >>> grids_of("svm", {"kernel": "linear", "gamma_per_feature": 1.0, "C": 1.0})
    {'C': (0.01, 0.1, 1.0)}
    """
    tried = model_class(model)().get_params() if model in MODELS else {}
    linear = params.get("kernel") == "linear"
    grids = {"C": tried.get("linear_Cs" if linear else "Cs"), "gamma_per_feature": tried.get("gammas")}
    if linear:
        del grids["gamma_per_feature"]
    return {name: values for name, values in grids.items() if values is not None and len(values) >= _FEWEST}


def ends_of(pipeline: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings of a job that lie at an end of their grid, as `C 100 (highest)`.

    Parameters
    ----------
    pipeline : str
        Its name; one that names no model of this toolkit, or a fusion, has none.
    params : mapping
        What the job chose.

    Examples
    --------
    >>> ends_of("svm:speaker", {"kernel": "rbf", "gamma_per_feature": 0.3, "C": 100.0})
    ('C 100 (highest)',)
    """
    try:
        parts = parse(pipeline, tuple(MODELS))
    except PipelineError:
        return ()
    found = []
    for name, values in grids_of(parts[0].model, params).items() if len(parts) == 1 else ():
        for end, word in ((min(values), "lowest"), (max(values), "highest")):
            if params.get(name) == end:
                found.append(f"{name} {end:g} ({word})")
    return tuple(found)


def grid_ends(jobs: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Say of every pipeline in how many of its folds a setting was chosen at the end of its grid.

    Parameters
    ----------
    jobs : iterable of mapping
        As `run.json` holds them.

    Returns
    -------
    tuple of str
        A sentence a pipeline; none where nothing lies at an end.

    Examples
    --------
    >>> jobs = [{"pipeline": "logistic", "status": "done", "best_params": {"C": C}} for C in (0.1, 0.1, 0.01)]
    >>> grid_ends([{**job, "seed": 0, "fold": str(number)} for number, job in enumerate(jobs)])
    ('logistic chose C 0.1 (highest) in 2 of 3 folds',)
    """
    counts: dict[str, Counter[str]] = {}
    tuned: dict[str, list[Mapping[str, Any]]] = {}
    for job in jobs:
        name, params = job["pipeline"], job.get("best_params")
        if job["status"] == Status.DONE and params:
            tuned.setdefault(name, []).append(job)
            counts.setdefault(name, Counter()).update(ends_of(name, params))
    found = []
    for name, ends in counts.items():
        if ends:
            what = "folds" if len({job["seed"] for job in tuned[name]}) == 1 else "folds and seeds"
            each = [f"{end} in {count}" for end, count in ends.most_common()]
            found.append(f"{name} chose {', '.join(each)} of {len(tuned[name])} {what}")
    return tuple(found)
