"""Ids of two tables: which row of one stands for which utterance of the other.

Tools write one utterance as `wav/03a01Fa.wav`, `/data/wav/03a01Fa` or `03a01Fa`. Ids match whole; what is left matches
by its last parts where these are told apart, and in another spelling only where that was asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.names import alike, normalise, printable

_SUFFIX = re.compile(
    r"(?<=.)\.(wav|wave|flac|ogg|oga|opus|mp3|aiff?|aifc|au|w64|rf64|caf|m4a|aac|wma|webm|mp4|amr|3gp|sph|snd|mkv|avi|mov"
    r"|npy|npz|pt|csv|txt|json|lab|textgrid)$",
    re.IGNORECASE,
)
_STRETCH = re.compile(r"#[\d.,]*(-[\d.,]*)?$")

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Matching:
    """Which row stands for each utterance.

    Attributes
    ----------
    positions : tuple of int
        Row of each wanted id; -1 where there is none.
    by_stem : tuple of (str, str)
        Wanted and found id of the pairs that agree in their last parts only.
    respelled : tuple of (str, str)
        Wanted and found id of the pairs that are two spellings of one name; they are among the positions only where
        joining was asked for.
    """

    positions: tuple[int, ...]
    by_stem: tuple[tuple[str, str], ...] = ()
    respelled: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        """Positions of the wanted ids that no row stands for."""
        return tuple(i for i, position in enumerate(self.positions) if position < 0)

    def notes(self, where: str) -> tuple[str, ...]:
        """What a reader should know of how ids were matched.

        Parameters
        ----------
        where : str
            What holds the rows, such as a file's name.
        """
        kinds = (("by stem", self.by_stem), ("across spellings", self.respelled if not self.missing else ()))
        return tuple(
            f"{where}: {len(pairs)} ids matched {how}, the first {printable(pairs[0][0])} as {printable(pairs[0][1])}"
            for how, pairs in kinds
            if pairs
        )

    def why_missing(self) -> str:
        """What the first pair in two spellings looks like, and the remedy; empty where there is none."""
        if not self.respelled:
            return ""
        one, other = self.respelled[0]
        return (
            f"; it has {printable(other)!r}, which looks like another spelling of {printable(one)!r}: correct it, or "
            "take them for one with --join-names (join_names=True)"
        )


def match_ids(wanted: Sequence[str], found: Sequence[str], *, join_names: bool = False) -> Matching:
    """Find the row that stands for each wanted id.

    Parameters
    ----------
    wanted, found : sequence of str
        Ids of the utterances, and of the rows; each once.
    join_names : bool, default=False
        Take ids that differ only in case, space or leading zeros for one.

    Returns
    -------
    Matching

    Examples
    --------
    >>> match_ids(["clips/a.wav", "clips/b.wav"], ["b", "a"]).positions
    (1, 0)
    >>> match_ids(["s1/01", "s2/01"], ["01"]).positions, match_ids(["007"], ["7"], join_names=True).positions
    ((-1, -1), (0,))
    """
    rows = {normalise(name): row for row, name in enumerate(found)}
    positions = [rows.get(normalise(name), -1) for name in wanted]
    if -1 not in positions:
        return Matching(tuple(positions))
    pairs = {}
    for kind, spelling in (("stem", str), ("spelling", alike)):
        pairs[kind] = _by_last_parts(wanted, found, positions, spelling)
        if kind == "stem" or join_names:
            for one, other in pairs[kind]:
                positions[one] = other
    stems, respelled = (tuple((wanted[one], found[other]) for one, other in pairs[kind]) for kind in pairs)
    return Matching(tuple(positions), stems, respelled)


def _by_last_parts(
    wanted: Sequence[str], found: Sequence[str], positions: Sequence[int], spelling: Callable[[str], str]
) -> list[tuple[int, int]]:
    """Pairs of what is left, by as many last parts as possible; one that several names end in tells nothing."""
    left = [_parts(name, spelling) for name in wanted]
    right = [_parts(name, spelling) for name in found]
    open_left = {i for i, position in enumerate(positions) if position < 0}
    open_right = set(range(len(found))) - set(positions)
    pairs = []
    for depth in range(max(map(len, (*left, *right)), default=0), 0, -1):
        once_left, once_right = _told_apart(left, depth), _told_apart(right, depth)
        for key in once_left.keys() & once_right.keys():
            one, other = once_left[key], once_right[key]
            if one in open_left and other in open_right:
                pairs.append((one, other))
                open_left.discard(one)
                open_right.discard(other)
    return sorted(pairs)


def _told_apart(names: Sequence[Parts], depth: int) -> dict[Parts, int]:
    """Position of each name of at least so many parts whose last ones no other name ends in."""
    counts = Counter(parts[-depth:] for parts in names)
    return {parts[-depth:]: i for i, parts in enumerate(names) if len(parts) >= depth and counts[parts[-depth:]] == 1}


def _parts(name: str, spelling: Callable[[str], str]) -> Parts:
    """Folders and stem of an id, with its stretch behind."""
    stretch = _STRETCH.search(name)
    plain = normalise(name[: stretch.start()] if stretch else name).replace("\\", "/")
    *folders, stem = [part for part in plain.split("/") if part not in ("", ".")] or [plain]
    stem = _SUFFIX.sub("", stem) + (stretch.group() if stretch else "")
    return tuple(map(spelling, (*folders, stem)))
