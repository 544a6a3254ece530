"""Features of several extractors side by side, each a block of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import FeatureError
from features.extractors.base import Extractor
from features.extractors.table import FeatureTable

if TYPE_CHECKING:
    from features.cache import FeatureCache

_NAME = re.compile(r"[a-z]+\d*")
_JOINED = re.compile(r"([a-z]+\d*)::")


class JoinedFeatures(Extractor):
    """Columns of several extractors beside each other.

    The columns of a member named `encoder` are `encoder::...`; those of a member without a name keep theirs, and their
    kinds. A kernel of several blocks, as the SVM's is, weighs each member by itself.

    Parameters
    ----------
    members : sequence of (str, Extractor)
        Names are lower-case letters with a number behind them, each once; '' for one whose columns keep their names.
    cache : FeatureCache, optional
        Where the members keep computed rows, if they compute any.
    n_jobs : int
        Processes or threads of a member.
    progress : bool
        Show a bar on stderr where that is a terminal.
    random_state : int
        Seed of members that have one.

    Examples
    --------
    >>> from features import FeatureExtractor
    >>> joined = JoinedFeatures([("", FeatureExtractor("timing")), ("level", FeatureExtractor("energy"))])
    >>> [next(name for name in joined.names() if name.startswith(start)) for start in ("timing", "level")]
    ['timing.duration', 'level::energy.rms_db.mean.all']
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
    >>> joined.extract([(tone, 16000)]).values.shape == (1, len(joined.names()))
    True
    >>> joined.identity() == JoinedFeatures(joined.members[:1]).identity()
    False
    """

    def __init__(
        self,
        members: Sequence[tuple[str, Extractor]],
        *,
        cache: FeatureCache | None = None,
        n_jobs: int = 1,
        progress: bool = False,
        random_state: int = 0,
    ) -> None:
        self.members = members
        self.cache = cache
        self.n_jobs = n_jobs
        self.progress = progress
        self.random_state = random_state

    def names(self) -> tuple[str, ...]:
        """Names of the columns, member by member.

        Raises
        ------
        FeatureError
            If there is no member, or a name of one is of another form or given twice.
        """
        self._check()
        return tuple(_joined(name, column) for name, member in self.members for column in member.names())

    def identity(self) -> str:
        """Text that determines the values: each member's."""
        return " and ".join(f"{name} {member.identity()}".strip() for name, member in self.members)

    def extract(self, X: Any) -> FeatureTable:
        """Features of some utterances; see `Extractor.extract`.

        Raises
        ------
        FeatureError
            As of `names`, and as the members raise it.
        """
        self._check()
        tables = [self._at_work(member).extract(X) for _, member in self.members]
        names = [_joined(name, column) for (name, _), table in zip(self.members, tables) for column in table.names]
        return FeatureTable(
            np.hstack([table.values for table in tables]),
            tuple(names),
            np.sum([table.seconds for table in tables], axis=0),
            tuple(dict.fromkeys(note for table in tables for note in table.notes)),
        )

    def _check(self) -> None:
        names = [name for name, _ in self.members]
        wrong = [name for name in names if name and not _NAME.fullmatch(name)]
        if not names or wrong or len(set(names)) < len(names):
            raise FeatureError(
                f"members named {names}; expected at least one, each name once and of lower-case letters with a number "
                "behind them, such as encoder or encoder2"
            )

    def _at_work(self, member: Extractor) -> Extractor:
        """A copy of a member with the cache, the processes and the seed of this one."""
        known = member.get_params(deep=False)
        given = {
            **({} if self.cache is None else {"cache": self.cache}),
            "n_jobs": self.n_jobs,
            "progress": self.progress,
            "random_state": self.random_state,
        }
        return type(member)(**{**known, **{name: value for name, value in given.items() if name in known}})


def _joined(member: str, column: str) -> str:
    return f"{member}::{column}" if member else column


def single_extractors(features: Iterable[Any]) -> Iterator[Any]:
    """The extractors among some, those that are joined one by one.

    Parameters
    ----------
    features : iterable of extractor

    Examples
    --------
    >>> from features import FeatureExtractor
    >>> len(list(single_extractors([JoinedFeatures([("", FeatureExtractor()), ("other", FeatureExtractor())])])))
    2
    """
    for extractor in features:
        if isinstance(extractor, JoinedFeatures):
            yield from (member for _, member in extractor.members)
        else:
            yield extractor


def member_of(column: str) -> str:
    """The member that a column of joined features comes from; '' for a column of another origin.

    Parameters
    ----------
    column : str

    Examples
    --------
    >>> member_of("encoder::layer2.mean.7"), member_of("pitch.f0_hz.mean.voiced"), member_of("km/h")
    ('encoder', '', '')
    """
    found = _JOINED.match(column)
    return found[1] if found else ""
