"""Names of utterances, speakers and labels: one spelling each, and what two spellings of one name look like.

A spreadsheet that ate leading zeros, a keyboard in capitals or a file system that decomposes letters make two speakers
out of one, who then trains and tests.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

MISSING = frozenset({"", "nan", "NaN", "NAN", "None", "none", "null", "NULL", "<NA>", "NaT"})
"""What tools write where there is no name. `NA` is not among them: people have such initials."""

_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u200e\u200f"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def normalise(name: object) -> str:
    """The one spelling of a name: Unicode composed (NFC), no space around it.

    Parameters
    ----------
    name : object
        Usually text; anything else is taken as it prints.

    Returns
    -------
    str

    Examples
    --------
    >>> normalise("  Zoe\u0308 ") == "Zoë"
    True
    """
    return unicodedata.normalize("NFC", str(name)).strip().strip("\ufeff\u200b").strip()


def alike(name: str) -> str:
    """What two spellings of one name share: case, width, space, leading zeros and a trailing `.0` are left out.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> alike("03") == alike("3.0"), alike("Speaker 07") == alike("SPEAKER_7"), alike("30") == alike("3")
    (True, True, False)
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = unicodedata.normalize("NFKC", plain).translate(_INVISIBLE)
    plain = re.sub(r"[\s_]+", " ", plain).strip()
    plain = re.sub(r"^([+-]?\d+)\.0+$", r"\1", plain)
    return re.sub(r"(?<!\d)(?<!\d\.)0+(?=\d)", "", plain)


def two_spellings(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Find names that look like several spellings of one.

    Parameters
    ----------
    names : iterable of str
        Normalised; may repeat.

    Returns
    -------
    list of tuple of str
        One tuple per name in several spellings, the most frequent spelling first, then as they occur.

    Examples
    --------
    >>> two_spellings(["03", "08", "3", "03", "Anna", "ANNA"])
    [('03', '3'), ('Anna', 'ANNA')]
    """
    counts = Counter(names)
    groups: dict[str, list[str]] = {}
    for name in counts:
        groups.setdefault(alike(name), []).append(name)
    return [tuple(sorted(group, key=lambda name: -counts[name])) for group in groups.values() if len(group) > 1]


def joined(names: Iterable[str]) -> Mapping[str, str]:
    """Map every spelling to the most frequent one of the same name.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    mapping
        Only the spellings that change.

    Examples
    --------
    >>> joined(["03", "08", "3", "03"])
    {'3': '03'}
    """
    return {other: group[0] for group in two_spellings(names) for other in group[1:]}


def spelling_problem(kind: str, names: Iterable[str], *, what: str, remedy: str = "take them for one") -> str:
    """What is wrong where one name stands in two spellings, and the remedy; empty where none does.

    Parameters
    ----------
    kind : str
        What the names are of, such as "speaker".
    names : iterable of str
        Normalised; may repeat.
    what : str
        What is counted, such as "utterances".
    remedy : str, default="take them for one"
        What `--join-names` does.

    Examples
    --------
    >>> spelling_problem("speaker", ["03", "3", "03"], what="rows").partition(";")[0]
    "one speaker in 2 spellings: '03' (2 rows) and '3' (1 rows)"
    """
    names = list(names)
    groups = two_spellings(names)
    if not groups:
        return ""
    counts = Counter(names)
    spellings = " and ".join(f"{printable(name)!r} ({counts[name]} {what})" for name in groups[0])
    more = f", and {len(groups) - 1} more {kind}s likewise" if len(groups) > 1 else ""
    return (
        f"one {kind} in {len(groups[0])} spellings: {spellings}{more}; expected one spelling for each; correct it, or "
        f"{remedy} with --join-names (join_names=True)"
    )


def printable(name: str) -> str:
    r"""A name as a terminal or a page can show it: control characters and lone surrogates escaped.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> printable("a\x1b[31mb\nc"), printable("\udcff"), printable("愤怒")
    ('a\\x1b[31mb\\nc', '\\udcff', '愤怒')
    """
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in hidden and char not in "\u200c\u200d"
        else char
        for char in name
    )


def storable(name: str) -> str:
    r"""A name as every file and table can hold it.

    What is left of a file's name in another encoding is escaped; a carriage return, which CSV writers leave without
    quotes, is a line feed.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> storable("caf\udce9.wav"), storable("愤怒\n")
    ('caf\\udce9.wav', '愤怒\n')
    """
    return name.encode(errors="backslashreplace").decode().replace("\r\n", "\n").replace("\r", "\n")


def spreadsheet_safe(value: str) -> str:
    """A text cell that no spreadsheet takes for a formula: an apostrophe before one that begins like one.

    Parameters
    ----------
    value : str

    Returns
    -------
    str
        `spreadsheet_plain` gives the value back.

    References
    ----------
    OWASP, CSV Injection.

    Examples
    --------
    >>> spreadsheet_safe("=1+1"), spreadsheet_safe("'=1"), spreadsheet_safe("anna")
    ("'=1+1", "''=1", 'anna')
    """
    return f"'{value}" if value.lstrip("'").startswith(_FORMULA) else value


def spreadsheet_plain(value: str) -> str:
    """The value behind a cell of `spreadsheet_safe`.

    Parameters
    ----------
    value : str

    Returns
    -------
    str

    Examples
    --------
    >>> spreadsheet_plain("'=1+1"), spreadsheet_plain("'tis")
    ('=1+1', "'tis")
    """
    return value[1:] if value.startswith("'") and value.lstrip("'").startswith(_FORMULA) else value


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
