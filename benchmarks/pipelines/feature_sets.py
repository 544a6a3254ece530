"""Feature sets by name: what stands behind the `@` of a pipeline.

A kind of feature set is added by one class here and its entry in `FEATURE_SETS`.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from benchmarks.pipelines.flags import Flag
from deep.hub import SHIPPED
from features.errors import FeatureError
from features.frozen_sets import FROZEN
from features.groups import GROUPS, PRESETS, matches
from features.kinds import KINDS
from features.shards.contents import is_folder

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.pipelines.options import PipelineOptions
    from deep.frozen import FrozenEncoder
    from features.cache import FeatureCache
    from features.extractors.base import Extractor
    from features.extractors.joined import JoinedFeatures
    from features.extractors.table import FeatureTable


@dataclass(frozen=True)
class FeatureSet(ABC):
    """A feature set as a user names it; a kind of set is a class that extends this one.

    Attributes
    ----------
    text : str
        What stands behind the `@`.
    options : PipelineOptions
    title : str
        What sets of this kind are, for lists.
    examples : tuple of str
        Names of sets of this kind, for lists; capitals where the user fills something in.
    block : str
        Before the columns of such a set where several stand side by side.
    stored : bool
        Whether the numbers are looked up in a table, so that new sound has none.
    """

    text: str
    options: PipelineOptions
    title: ClassVar[str]
    examples: ClassVar[tuple[str, ...]]
    block: ClassVar[str] = ""
    stored: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def matches(text: str) -> bool:
        """Whether a text names a set of this kind."""

    @abstractmethod
    def extractor(self) -> Extractor:
        """The extractor of this set, without cache."""

    def availability(self) -> str | None:
        """Why the set cannot be extracted here; None where it can."""
        return None

    @property
    def name(self) -> str:
        """The name that a row shows."""
        return self.text

    @property
    def superset(self) -> str:
        """Name of the set that is extracted in place of this one, so that sets which share it are extracted once."""
        return self.text

    def select(self, table: FeatureTable) -> FeatureTable:
        """The columns of this set from a table of its superset."""
        return table

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Flags of every pipeline on this set."""
        return ()

    @property
    def pretrained(self) -> tuple[str, ...]:
        """Hub names or folders of the pretrained models that it is computed with."""
        return ()

    @property
    def chooses_group(self) -> bool:
        """Whether inner folds choose one group of its columns, such as an encoder's layer."""
        return False

    @property
    def depends_on_seed(self) -> bool:
        """Whether another seed gives other values, as an encoder's random weights do."""
        return False


class StatisticsSet(FeatureSet):
    """The toolkit's own statistics of contours."""

    title = "features of contours, by group, kind or preset, joined by commas; mfcc.statistics is one kind of one group"
    examples = (*PRESETS, *KINDS, *GROUPS, *FROZEN)
    superset = "all"

    @staticmethod
    def matches(text: str) -> bool:
        """Whether every word is a group, a kind or a preset."""
        return matches(text)

    def extractor(self) -> Extractor:
        """The extractor of these groups."""
        from features import FeatureExtractor

        return FeatureExtractor(groups=self.text)

    def select(self, table: FeatureTable) -> FeatureTable:
        """The columns of these groups."""
        return table.select(self.text)


class OpenSmileSet(FeatureSet):
    """One of openSMILE's feature sets."""

    title = "openSMILE functionals, for comparison"
    examples = ("egemaps", "compare")
    block = "opensmile"

    @staticmethod
    def matches(text: str) -> bool:
        """Whether it is one of openSMILE's sets."""
        return text in OpenSmileSet.examples

    def availability(self) -> str | None:
        """Why openSMILE cannot be used here; None where it can."""
        installed = importlib.util.find_spec("opensmile") is not None
        return None if installed else "needs openSMILE: pip install -e '.[peers]' in the toolkit's folder"

    def extractor(self) -> Extractor:
        """The extractor around openSMILE."""
        from features.extractors.opensmile import OpenSmileExtractor

        return OpenSmileExtractor({"egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}[self.text])


class CsvSet(FeatureSet):
    """Numbers that the user computed elsewhere."""

    title = "a CSV of one's own: id and numbers"
    examples = ("FILE.csv",)
    block = "table"
    stored = True

    @staticmethod
    def matches(text: str) -> bool:
        """Whether it is a CSV file."""
        return text.lower().endswith(".csv")

    def extractor(self) -> Extractor:
        """The reader of the file."""
        from features.extractors.csv import CsvFeatures

        return CsvFeatures(Path(self.text), join_names=self.options.join_names)


class ShardsSet(FeatureSet):
    """A folder of Parquet files that `features.extract` has filled."""

    title = "a table in a folder, as features.extract writes it for any number of utterances"
    examples = ("TABLE.parquet/",)
    block = "table"
    stored = True

    @staticmethod
    def matches(text: str) -> bool:
        """Whether it is a folder of Parquet files."""
        return is_folder(text)

    @property
    def name(self) -> str:
        """The folder's own name."""
        return Path(self.text).name

    def extractor(self) -> Extractor:
        """The reader of the folder."""
        from features.extractors.shards import ShardedFeatures

        return ShardedFeatures(Path(self.text), join_names=self.options.join_names)


class EncoderSet(FeatureSet):
    """A frozen speech encoder: one layer, chosen on inner folds unless `--layer` tells it, or all of them, weighted."""

    title = "a frozen speech encoder: the one that is given apart, a folder or a hub name; ~random for random weights"
    examples = ("encoder", "FOLDER", "OWNER/NAME", *SHIPPED)
    block = "encoder"
    suffix = "~random"

    @staticmethod
    def matches(text: str) -> bool:
        """Whether it is `encoder`, a shipped one, a folder, or a hub name `owner/name`, with or without `~random`."""
        return text.removesuffix(EncoderSet.suffix) in ("encoder", *SHIPPED) or "/" in text

    @property
    def source(self) -> str | None:
        """The hub name or folder; None where `encoder` is asked for and `--encoder` is not given."""
        plain = self.text.removesuffix(self.suffix)
        return self.options.encoder if plain == "encoder" else plain

    @property
    def depends_on_seed(self) -> bool:
        """Whether the weights are random."""
        return self.text.endswith(self.suffix) or self.options.random_init

    @property
    def name(self) -> str:
        """The encoder's and the layer's name."""
        encoder = Path(self.source).name if self.source else "encoder"
        return f"{encoder}{self.suffix if self.depends_on_seed else ''}/{self.options.layer}"

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Random weights are flagged, and those that have heard synthetic speech alone."""
        if self.depends_on_seed:
            return (Flag.RANDOM_INIT,)
        return (Flag.SYNTHETIC_PRETRAINING,) if self.source in SHIPPED else ()

    @property
    def pretrained(self) -> tuple[str, ...]:
        """The encoder, unless its weights are drawn."""
        return () if self.depends_on_seed or self.source is None else (self.source,)

    @property
    def chooses_group(self) -> bool:
        """Whether the layer is left to inner folds."""
        return self.options.layer == "auto"

    def availability(self) -> str | None:
        """Why the encoder cannot be used here; None where it can."""
        from deep.versions import availability

        if self.source is None:
            return availability() or "no encoder given: write a folder or a hub name in its place, such as svm@./FOLDER"
        return availability() or self.extractor().availability()

    def extractor(self) -> FrozenEncoder:
        """The frozen encoder; with `--layer auto` and `all` it gives the columns of all layers, named `layerN.*`."""
        from deep.frozen import FrozenEncoder

        layer = int(self.options.layer) if self.options.layer.isdecimal() else "auto"
        return FrozenEncoder(
            str(self.source), layer=layer, random_init=self.depends_on_seed, device=self.options.device
        )


class JoinedSet(FeatureSet):
    """Several sets side by side, which one model weighs: the toolkit's own keep their kinds, each other is a block."""

    title = "several of them side by side, joined by commas: the SVM weighs each as a block of its own"
    examples = ("all,encoder",)

    @staticmethod
    def matches(text: str) -> bool:
        """Whether every word names a set, and not all of them the toolkit's own."""
        words = text.split(",")
        return len(words) > 1 and not matches(text) and all(_single(word) for word in words)

    @property
    def members(self) -> tuple[FeatureSet, ...]:
        """The sets; the toolkit's own groups are one of them."""
        words = self.text.split(",")
        own = [word for word in words if matches(word)]
        others = [word for word in words if word not in own]
        layers = replace(self.options, layer="all") if self.options.layer == "auto" else self.options
        texts = ([",".join(own)] if own else []) + others
        return tuple(find_feature_set(text, layers) for text in texts)

    @property
    def name(self) -> str:
        """The names of its sets."""
        return ",".join(member.name for member in self.members)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Flags of any of its sets."""
        return tuple(dict.fromkeys(flag for member in self.members for flag in member.flags))

    @property
    def pretrained(self) -> tuple[str, ...]:
        """Those of all its sets."""
        return tuple(model for member in self.members for model in member.pretrained)

    @property
    def depends_on_seed(self) -> bool:
        """Whether any of its sets does."""
        return any(member.depends_on_seed for member in self.members)

    def availability(self) -> str | None:
        """Why its sets cannot be extracted here; None where they can."""
        return "; ".join(reason for member in self.members if (reason := member.availability())) or None

    def extractor(self) -> JoinedFeatures:
        """The extractors side by side."""
        from features.extractors.joined import JoinedFeatures

        kinds = ["" if isinstance(member, StatisticsSet) else member.block for member in self.members]
        names = [kind if kinds.index(kind) == i else f"{kind}{i}" for i, kind in enumerate(kinds)]
        return JoinedFeatures([(name, member.extractor()) for name, member in zip(names, self.members)])


FEATURE_SETS: tuple[type[FeatureSet], ...] = (StatisticsSet, OpenSmileSet, JoinedSet, CsvSet, ShardsSet, EncoderSet)


def is_stored(text: str) -> bool:
    """Whether the numbers of a feature set are looked up in a table.

    Examples
    --------
    >>> is_stored("mine.csv"), is_stored("calls.parquet/"), is_stored("prosodic")
    (True, True, False)
    """
    return any(kind.stored and kind.matches(text) for kind in FEATURE_SETS)


def _single(text: str) -> bool:
    return any(kind.matches(text) for kind in FEATURE_SETS if kind is not JoinedSet)


def find_feature_set(text: str, options: PipelineOptions) -> FeatureSet:
    """Find the feature set that a text names.

    Parameters
    ----------
    text : str
        Such as `prosodic`, `pitch,energy`, `egemaps`, `mine.csv`, `encoder`.
    options : PipelineOptions

    Returns
    -------
    FeatureSet

    Raises
    ------
    FeatureError
        If no kind of feature set knows it.

    Examples
    --------
    >>> from benchmarks.pipelines.options import PipelineOptions
    >>> find_feature_set("pitch,energy", PipelineOptions()).superset
    'all'
    >>> find_feature_set("encoder", PipelineOptions(encoder="facebook/wav2vec2-base", layer="8")).name
    'wav2vec2-base/8'
    """
    for kind in FEATURE_SETS:
        if kind.matches(text):
            return kind(text, options)
    names = ", ".join(name for kind in FEATURE_SETS for name in kind.examples)
    raise FeatureError(f"unknown feature set {text!r}; expected one of {names}")


def extract(
    text: str,
    utterances: pd.DataFrame,
    *,
    options: PipelineOptions,
    seed: int = 0,
    cache: FeatureCache | None = None,
    n_jobs: int = 1,
    progress: bool = False,
) -> tuple[FeatureTable, str]:
    """Extract the superset of the feature set that a text names.

    Parameters
    ----------
    text : str
    utterances : pandas.DataFrame
    options : PipelineOptions
    seed : int
        Of random weights; it matters where the set `depends_on_seed` only.
    cache : FeatureCache, optional
    n_jobs : int
        Processes.
    progress : bool
        Whether to draw a bar on stderr.

    Returns
    -------
    table : FeatureTable
        Of the superset, a row per utterance; the set's `select` gives its columns.
    identity : str
        Text that determines its values.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> from benchmarks.pipelines.options import PipelineOptions
    >>> utterances = corpora.load("synthetic").utterances.head(1)
    >>> table, _ = extract("timing", utterances, options=PipelineOptions())  # doctest: +SKIP
    """
    extractor = find_feature_set(find_feature_set(text, options).superset, options).extractor()
    parameters = {"cache": cache, "n_jobs": n_jobs, "progress": progress, "random_state": seed}
    known = extractor.get_params()
    extractor.set_params(**{name: value for name, value in parameters.items() if name in known})
    return extractor.extract(utterances), extractor.identity()
