"""Attributes that were renamed: the old name warns for one version and answers with the new one."""

from __future__ import annotations

import warnings
from typing import Any


def renamed(old: str, new: str) -> Any:
    """Make a property under which a renamed attribute can still be read.

    Parameters
    ----------
    old
        Name of the attribute up to now.
    new
        Name of the attribute that holds the value.

    Returns
    -------
    property
        Reads `new` and warns with a FutureWarning.

    Examples
    --------
    >>> import warnings
    >>> class Search:
    ...     best_params_ = {"C": 1.0}
    ...     chosen_ = renamed("chosen_", "best_params_")
    >>> with warnings.catch_warnings(record=True):
    ...     Search().chosen_
    {'C': 1.0}
    """

    def read(instance: Any) -> Any:
        value = getattr(instance, new)
        message = f"{type(instance).__name__}.{old} is now {new}; the old name goes with the next version"
        warnings.warn(message, FutureWarning, stacklevel=2)
        return value

    return property(read, doc=f"Deprecated name of `{new}`.")


class RenamedResults:
    """What estimators with a search were called before, for one version."""

    chosen_ = renamed("chosen_", "best_params_")
    n_settings_ = renamed("n_settings_", "n_candidates_")
    tuning_cpu_seconds_ = renamed("tuning_cpu_seconds_", "search_time_")
    inner_probability_ = renamed("inner_probability_", "oof_proba_")
    sharpness_ = renamed("sharpness_", "inverse_temperature_")
