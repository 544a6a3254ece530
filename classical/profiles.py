"""How each emotion sounds, in semitones and decibels, against the same speaker's other clips."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from features.errors import FeatureError
from features.plotting import PALETTE, Plot

UNITS = {"semitone": "semitones", "db": "dB"}


def unit_of(name: str) -> str:
    """Unit of a feature on one of the two scales, judged by its name.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        Empty for features on other scales, and for slopes and changes.

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
    values : ndarray of shape (n_utterances, n_features)
        Features as extracted; NaN where missing.
    names : ndarray of shape (n_features,)
        Their names.
    labels, speakers : ndarray of shape (n_utterances,)
        What is expressed and by whom.

    Returns
    -------
    DataFrame
        Long: columns feature, unit, label, difference (mean over speakers), deviation (over speakers), n_speakers.

    Raises
    ------
    FeatureError
        If no feature is in semitones or dB.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([[50.0], [54.0], [60.0], [66.0]])
    >>> labels, speakers = np.array(["sad", "ang"] * 2), np.array(["ann", "ann", "bob", "bob"])
    >>> table = class_profiles(values, np.array(["energy.rms_db.mean.all"]), labels=labels, speakers=speakers)
    >>> table[["label", "difference", "unit"]].to_numpy().tolist()
    [['ang', 2.5, 'dB'], ['sad', -2.5, 'dB']]
    """
    units = {str(name): unit_of(str(name)) for name in names}
    columns = [column for column, unit in enumerate(units.values()) if unit]
    if not columns:
        raise FeatureError("no feature in semitones or dB: profiles need the groups pitch or energy")
    finite = np.where(np.isfinite(values[:, columns]), values[:, columns], np.nan)
    table = pd.DataFrame(finite, columns=[list(units)[column] for column in columns])
    means = table.groupby([np.asarray(speakers).astype(str), np.asarray(labels).astype(str)]).mean()
    means.index.names = ["speaker", "label"]
    differences = means - means.groupby("speaker").transform("mean")
    long = differences.melt(ignore_index=False, var_name="feature", value_name="difference").reset_index()
    summary = long.groupby(["feature", "label"], sort=False)["difference"].agg(["mean", "std", "count"]).reset_index()
    summary.columns = ["feature", "label", "difference", "deviation", "n_speakers"]
    summary.insert(1, "unit", summary["feature"].map(units))
    return summary


def profile_plot(profiles: pd.DataFrame, features: list[str]) -> Plot:
    """Dots of each class's difference from the speaker's mean, one panel per feature.

    Parameters
    ----------
    profiles : DataFrame
        Table of `class_profiles`.
    features : list of str
        Names of the features to draw.

    Returns
    -------
    Plot

    Examples
    --------
    >>> import pandas as pd
    >>> columns = ["feature", "unit", "label", "difference", "deviation", "n_speakers"]
    >>> profiles = pd.DataFrame([("loudness", "dB", "ang", 2.5, 0.5, 2), ("loudness", "dB", "sad", -2.5, 0.5, 2)],
    ...                         columns=columns)
    >>> profile_plot(profiles, ["loudness"]).alt_text
    "Difference of each class from the speaker's own mean. loudness: ang +2.5, sad -2.5 dB."
    """
    labels = list(dict.fromkeys(profiles["label"]))
    figure = Figure(figsize=(8.0, 0.6 + (0.5 + 0.25 * len(labels)) * len(features)), layout="constrained")
    panels = figure.subplots(len(features), 1, squeeze=False)[:, 0]
    texts = []
    for panel, feature in zip(panels, features):
        rows = profiles[profiles["feature"] == feature].set_index("label").loc[labels]
        unit = str(rows["unit"].iloc[0])
        for k, (difference, deviation) in enumerate(zip(rows["difference"], np.nan_to_num(rows["deviation"]))):
            panel.errorbar(difference, k, xerr=deviation, fmt="o", color=PALETTE[k % len(PALETTE)], capsize=3)
        panel.set_yticks(range(len(labels)), labels, parse_math=False)
        panel.set_ylim(len(labels) - 0.5, -0.5)
        panel.axvline(0, color="#444444", linewidth=0.8)
        panel.set_title(feature, loc="left", fontsize="medium", parse_math=False)
        panel.set_xlabel(f"difference from the speaker's own mean ({unit})")
        panel.grid(axis="x", alpha=0.3)
        texts.append(f"{feature}: " + ", ".join(f"{k} {v:+.1f}" for k, v in rows["difference"].items()) + f" {unit}")
    return Plot(figure, "Difference of each class from the speaker's own mean. " + "; ".join(texts) + ".")
