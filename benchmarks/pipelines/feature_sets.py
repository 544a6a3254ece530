"""Feature sets by name: what stands behind the `@` of a pipeline.

A set is added by one entry in `KINDS`: how it is recognised, whether it can be had here, and what extracts it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from benchmarks.pipelines import frozen_features
from benchmarks.pipelines.flags import RANDOM_START
from benchmarks.pipelines.options import PipelineOptions
from features.errors import FeatureError
from features.extractors.table import FeatureTable
from features.groups import GROUPS, PRESETS

if TYPE_CHECKING:
    import pandas as pd

    from features.cache import FeatureCache


class TableFeatures(TransformerMixin, BaseEstimator):
    """Features that were extracted before, looked up by the utterance's index.

    Parameters
    ----------
    table : FeatureTable
        Rows extracted once for a whole corpus.
    index : sequence of (speaker, id)
        Whose rows they are.
    """

    def __init__(self, table: FeatureTable, index: Sequence[tuple[str, str]]) -> None:
        self.table = table
        self.index = index

    def fit(self, X: Any, y: Any = None) -> TableFeatures:
        """Learn nothing."""
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Rows of the utterances of `X`, float32 of shape (n_utterances, n_features).

        Raises
        ------
        FeatureError
            If an utterance has no row.
        """
        places = {key: place for place, key in enumerate(self.index)}
        try:
            return self.table.values[[places[key] for key in X.index]]
        except KeyError as error:
            raise FeatureError(
                f"utterance {error.args[0]!r} has no features; extract the whole corpus first"
            ) from error

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns."""
        return np.array(self.table.names, dtype=object)


@dataclass(frozen=True)
class Kind:
    """One kind of feature set.

    Attributes
    ----------
    title : str
        What it is, for lists.
    names : tuple of str
        Names to show; a pattern in capitals where the user fills something in.
    matches : callable
        Whether a text names a set of this kind.
    unavailable : callable
        `(text, options)` to the reason why it cannot be had here; empty where it can.
    make : callable
        `(text, options)` to an extractor without cache.
    whole : callable
        The set that holds this one, extracted in its place so that several are extracted once; itself unless told.
    pick : callable
        `(table of the whole, text)` to the table of this set.
    label : callable
        `(text, options)` to the name that a row shows, where it says more than the text.
    marks : callable
        `(text, options)` to marks of every row on this set.
    choose_group : callable
        `(text, options)`: whether inner folds choose one group of its columns, such as an encoder's layer.
    """

    title: str
    names: tuple[str, ...]
    matches: Callable[[str], bool]
    unavailable: Callable[[str, PipelineOptions], str]
    make: Callable[[str, PipelineOptions], Any]
    whole: Callable[[str], str] = str
    pick: Callable[[FeatureTable, str], FeatureTable] = lambda table, _: table
    label: Callable[[str, PipelineOptions], str] = lambda text, _: text
    marks: Callable[[str, PipelineOptions], tuple[str, ...]] = lambda *_: ()
    choose_group: Callable[[str, PipelineOptions], bool] = lambda *_: False


def _is_groups(text: str) -> bool:
    return all(part.strip() in (*GROUPS, *PRESETS) for part in text.split(","))


def _make_groups(text: str, _: PipelineOptions) -> Any:
    from features import FeatureExtractor

    return FeatureExtractor(groups=text)


OPENSMILE = {"egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}


def _opensmile_missing(*_: object) -> str:
    found = importlib.util.find_spec("opensmile") is not None
    return "" if found else "needs openSMILE: pip install -e '.[peers]' in the toolkit's folder"


def _make_opensmile(text: str, _: PipelineOptions) -> Any:
    from features.extractors.opensmile import OpenSmileExtractor

    return OpenSmileExtractor(OPENSMILE[text])


def _make_csv(text: str, _: PipelineOptions) -> Any:
    from features.extractors.csv import CsvFeatures

    return CsvFeatures(Path(text))


KINDS: dict[str, Kind] = {
    "groups": Kind(
        title="librosa statistics, by group or preset, joined by commas",
        names=(*PRESETS, *GROUPS),
        matches=_is_groups,
        unavailable=lambda *_: "",
        make=_make_groups,
        whole=lambda _: "all",
        pick=FeatureTable.select,
    ),
    "opensmile": Kind(
        title="openSMILE functionals, for comparison",
        names=tuple(OPENSMILE),
        matches=lambda text: text in OPENSMILE,
        unavailable=_opensmile_missing,
        make=_make_opensmile,
    ),
    "csv": Kind(
        title="a CSV of one's own: id and numbers",
        names=("FILE.csv",),
        matches=lambda text: text.lower().endswith(".csv"),
        unavailable=lambda *_: "",
        make=_make_csv,
    ),
    "encoder": Kind(
        title="a frozen speech encoder: --encoder, a folder or a hub name; ~random for its untrained twin",
        names=("encoder", "FOLDER", "OWNER/NAME"),
        matches=frozen_features.matches,
        unavailable=frozen_features.unavailable,
        make=frozen_features.make,
        label=frozen_features.label,
        marks=lambda text, options: (RANDOM_START,) if frozen_features.is_twin(text, options) else (),
        choose_group=frozen_features.chooses_layer,
    ),
}


def extract(
    text: str,
    utterances: pd.DataFrame,
    *,
    options: PipelineOptions,
    cache: FeatureCache | None = None,
    n_jobs: int = 1,
    progress: bool = False,
) -> tuple[FeatureTable, str]:
    """Extract the set that a text names, or rather the whole that holds it.

    Parameters
    ----------
    text : str
    utterances : pandas.DataFrame
    options : PipelineOptions
    cache : FeatureCache, optional
    n_jobs : int
        Processes.
    progress : bool
        Whether to draw a bar on stderr.

    Returns
    -------
    table : FeatureTable
        Of the whole set, a row an utterance; `find_kind(text).pick` chooses the columns.
    identity : str
        Text that determines its values.
    """
    kind = find_kind(text)
    extractor = kind.make(kind.whole(text), options)
    given = {"cache": cache, "n_jobs": n_jobs, "progress": progress}
    known = extractor.get_params()
    extractor.set_params(**{name: value for name, value in given.items() if name in known})
    return extractor.extract(utterances), extractor.identity()


def find_kind(text: str) -> Kind:
    """The kind of feature set that a text names.

    Raises
    ------
    FeatureError
        If none does.
    """
    for kind in KINDS.values():
        if kind.matches(text):
            return kind
    names = ", ".join(name for kind in KINDS.values() for name in kind.names)
    raise FeatureError(f"unknown feature set {text!r}; expected one of {names}")
