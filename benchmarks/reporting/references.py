"""Whom a paper has to cite: the corpus, the models, the software and the tests that a run used, as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.latex import latex_text
from features.groups import GROUPS, PRESETS
from features.version import VERSION

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Ranking

ENTRIES = Path(__file__).with_name("references.bib")
TOOLKIT = "speech-emotion-baselines"
NOBODY = ("the owner's", "the data set's own", "its header's, shown as a note", "this toolkit")
"""Citations of corpora that name no paper."""


@dataclass(frozen=True)
class Reference:
    """One entry of a bibliography.

    Attributes
    ----------
    key : str
        What a text cites it by.
    bibtex : str

    Examples
    --------
    >>> Reference("holm", "@article{holm, year = {1979}}").key
    'holm'
    """

    key: str
    bibtex: str


@dataclass(frozen=True)
class Used:
    """What the scored pipelines of a run are made of, by their names and records.

    Examples
    --------
    >>> sorted(Used(rank(Run.load("results/emodb"))).models)  # doctest: +SKIP
    ['svm', 'xgboost']
    """

    ranking: Ranking

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the pipelines of this toolkit that have a score."""
        return tuple(entry.name for entry in self.ranking.scored if Flag.BROUGHT not in entry.flags)

    @cached_property
    def models(self) -> frozenset[str]:
        """Their models, those of a fusion one by one."""
        return frozenset(re.split("[@:]", part)[0] for name in self.names for part in name.split("+"))

    @cached_property
    def sets(self) -> frozenset[str]:
        """Their feature sets; `all` where a name says none."""
        parts = (part.partition("@")[2] or "all" for name in self.names for part in name.split("+"))
        return frozenset(one for part in parts for one in part.partition(":")[0].lower().split(","))

    @cached_property
    def pretrained(self) -> str:
        """Names of the pretrained models, in one text."""
        records = self.ranking.run.record.get("pipelines", {})
        sources = (source for name in self.names for source in records.get(name, {}).get("pretrained", {}))
        return " ".join((*sources, *self.sets, *self.models)).lower()

    @cached_property
    def statistics(self) -> bool:
        """Whether any row stands on this toolkit's own statistics of speech."""
        records = self.ranking.run.record.get("pipelines", {})
        sets = (str(records.get(name, {}).get("features") or "") for name in self.names)
        return any(one in _STATISTICS for text in sets for one in text.split(","))

    @cached_property
    def scales(self) -> frozenset[str]:
        """Kinds of normalisation that their names say."""
        return frozenset(scale for name in self.names for scale in re.findall(r":([\w-]+)(?=\+|$)", name))

    def library(self, name: str) -> bool:
        """Whether the run's record names a library."""
        return name in self.ranking.run.record.get("versions", {})


_STATISTICS = frozenset({"all", "statistics", *GROUPS, *PRESETS})
_CLASSICAL = frozenset({"svm", "logistic", "xgboost", "majority", "random"})
RULES: Mapping[str, Callable[[Used], bool]] = {
    "librosa": lambda used: used.statistics,
    "scikit-learn": lambda used: bool(used.models & _CLASSICAL),
    "svm": lambda used: "svm" in used.models,
    "xgboost": lambda used: "xgboost" in used.models,
    "opensmile": lambda used: bool(used.sets & {"egemaps", "compare"}),
    "egemaps": lambda used: "egemaps" in used.sets,
    "compare": lambda used: "compare" in used.sets,
    "speechbrain": lambda used: any(name.startswith(("wav2vec2", "speechbrain")) for name in used.models),
    "transformers": lambda used: "wav2vec2" in used.pretrained or "encoder" in used.pretrained,
    "wav2vec2": lambda used: "wav2vec2" in used.pretrained,
    "hubert": lambda used: "hubert" in used.pretrained,
    "wavlm": lambda used: "wavlm" in used.pretrained,
    "whisper": lambda used: "whisper" in used.pretrained,
    "superb": lambda used: "linear" in used.models,
    "attentive": lambda used: "attentive" in used.models,
    "lora": lambda used: "lora" in used.models,
    "coral": lambda used: "coral" in used.scales,
    "jackknife": lambda used: bool(used.ranking.scored),
    "holm": lambda used: any(test.n_pairs > 1 for test in used.ranking.tests),
    "tost": lambda used: bool(used.ranking.tests) and used.ranking.rope is not None,
}
"""When a run uses what an entry of `references.bib` describes; a new one is an entry there and a line here."""


def references_of(ranking: Ranking) -> tuple[Reference, ...]:
    """Everything that a paper on a run has to cite: its corpus, this toolkit, and what its rows and tests are made of.

    Parameters
    ----------
    ranking : Ranking

    Returns
    -------
    tuple of Reference
        The corpus first. A corpus without an entry in `references.bib` has one made of its citation in `run.json`;
        one that names no paper, such as the user's own, has none.

    Examples
    --------
    >>> [one.key for one in references_of(rank(Run.load("results/emodb")))]  # doctest: +SKIP
    """
    used, known = Used(ranking), entries()
    keys = [key for key, rule in RULES.items() if rule(used)]
    return (*corpus_references(ranking), _toolkit(ranking), *(known[key] for key in keys))


@cache
def entries() -> Mapping[str, Reference]:
    """The entries of `references.bib` by their keys.

    Examples
    --------
    >>> print(entries()["holm"].bibtex.splitlines()[0])
    @article{holm,
    """
    texts = re.split(r"\n\s*\n", ENTRIES.read_text(encoding="utf-8").strip())
    found = (Reference(text.partition("{")[2].partition(",")[0], text.strip()) for text in texts)
    return {one.key: one for one in found}


def corpus_references(ranking: Ranking) -> list[Reference]:
    """What describes the corpus of a run.

    Parameters
    ----------
    ranking : Ranking

    Examples
    --------
    >>> corpus_references(rank(Run.load("results/emodb")))  # doctest: +SKIP
    """
    corpus, known = ranking.run.corpus, entries()
    if corpus["name"] in known:
        return [known[corpus["name"]]]
    cited = [text for text in str(corpus.get("citation", "")).split("; ") if text and text not in NOBODY]
    address = str(corpus.get("homepage", ""))
    return [
        _made_of(text, key=_key(corpus["name"], number if len(cited) > 1 else 0), address=address)
        for number, text in enumerate(cited, 1)
    ]


def _key(name: str, number: int) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") + (f"-{number}" if number else "")


def _made_of(citation: str, *, key: str, address: str) -> Reference:
    """Surnames up to a colon, then the title, then where and when it appeared."""
    authors, colon, rest = citation.partition(": ")
    if not colon:
        authors, rest = "", citation
    title, _, place = rest.partition(". ")
    names = " and ".join(name.strip() for name in authors.replace(" et al.", ", others").split(",") if name.strip())
    year = re.search(r"\b(19|20)\d\d\b", place)
    fields = {
        "author": latex_text(names),
        "title": f"{{{latex_text(title)}}}",
        "howpublished": latex_text(place),
        "year": year.group() if year else "",
        "url": address if address.startswith("http") else "",
    }
    return Reference(key, _entry("misc", key, fields))


def _toolkit(ranking: Ranking) -> Reference:
    version = str(ranking.run.record.get("versions", {}).get(TOOLKIT, VERSION))
    revision = ranking.run.record.get("revision")
    fields = {
        "author": "{The speech-emotion-baselines authors}",
        "title": "{speech-emotion-baselines}: reference baselines for speech emotion recognition",
        "note": f"version {version}" + (f", revision {revision}" if revision else ""),
    }
    return Reference(TOOLKIT, _entry("misc", TOOLKIT, fields))


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"
