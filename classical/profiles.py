"""How each emotion sounds, in semitones and decibels, against the same speaker's other clips."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import FeatureError

UNITS = {"semitone": "semitones", "db": "dB"}


def unit_of(name: str) -> str:
    """Unit of a feature on one of the two scales, judged by its name; '' for others and for slopes.

    Examples
    --------
    >>> unit_of("pitch.f0_semitone.p80.voiced"), unit_of("energy.rms_db.slope.all"), unit_of("mfcc.c00.mean.all")
    ('semitones', '', '')
    """
    _, _, rest = name.partition(".")
    descriptor, _, functional = rest.partition(".")
    if any(word in functional for word in ("slope", "skew", "kurtosis", "rise", "fall", "change")):
        return ""
    return UNITS.get(descriptor.rpartition("_")[2], "")


def class_profiles(values: NDArray, names: NDArray, *, labels: NDArray, speakers: NDArray) -> pd.DataFrame:
    """Mean of every feature in semitones or dB for every class, as the difference from the speaker's own mean.

    Each speaker's classes are averaged first, then the speakers: a speaker with many clips counts once. The speaker's
    own mean is over that speaker's class means, so that it does not depend on which class they recorded most of.

    Parameters
    ----------
    values : (n_utterances, n_features)
        Features as extracted; NaN where missing.
    names : (n_features,)
        Their names.
    labels, speakers : (n_utterances,)
        What is expressed and by whom.

    Returns
    -------
    table
        Long: columns feature, unit, label, difference (mean over speakers), deviation (over speakers), n_speakers.

    Raises
    ------
    FeatureError
        If no feature is in semitones or dB.
    """
    units = {str(name): unit_of(str(name)) for name in names}
    wanted = [position for position, unit in enumerate(units.values()) if unit]
    if not wanted:
        raise FeatureError("no feature in semitones or dB: profiles need the groups pitch or energy")
    finite = np.where(np.isfinite(values[:, wanted]), values[:, wanted], np.nan)
    table = pd.DataFrame(finite, columns=[list(units)[position] for position in wanted])
    own = table.groupby([np.asarray(speakers).astype(str), np.asarray(labels).astype(str)]).mean()
    own.index.names = ["speaker", "label"]
    differences = own - own.groupby("speaker").transform("mean")
    long = differences.melt(ignore_index=False, var_name="feature", value_name="difference").reset_index()
    summary = long.groupby(["feature", "label"], sort=False)["difference"].agg(["mean", "std", "count"]).reset_index()
    summary.columns = ["feature", "label", "difference", "deviation", "n_speakers"]
    summary.insert(1, "unit", summary["feature"].map(units))
    return summary
