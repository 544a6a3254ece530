"""The registry of corpora, and the way from a corpus's name and a user's options to a checked corpus."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from features.bad_files import OnError
from features.errors import CorpusError
from features.names import normalise

if TYPE_CHECKING:
    from benchmarks.corpora.base import Source
    from benchmarks.corpora.corpus import Corpus

MODULES: Mapping[str, str] = {
    "synthetic": "synthetic",
    "iemocap": "iemocap",
    "emodb": "emodb",
    "ravdess": "ravdess",
    "crema-d": "cremad",
    "savee": "savee",
    "tess": "tess",
    "emovo": "emovo",
    "nemo": "nemo",
    "shemo": "shemo",
    "jl": "jl",
    "mesd": "mesd",
    "cafe": "cafe",
    "aesdd": "aesdd",
    "esd": "esd",
    "meld": "meld",
    "enterface": "enterface",
    "manifest": "manifest",
    "audformat": "audformat_folder",
    "parquet": "parquet",
}
"""Name on the command line, and the module beside this file that reads the corpus."""


def find(name: str) -> Source:
    """Find what is known of a corpus before it is read.

    Parameters
    ----------
    name : str
        One of `MODULES`.

    Returns
    -------
    Source

    Raises
    ------
    CorpusError
        If no corpus has that name.

    Examples
    --------
    >>> find("emodb").licence
    'CC0 1.0'
    """
    if name not in MODULES:
        raise CorpusError(f"unknown corpus {name!r}; expected one of {', '.join(MODULES)}")
    source: Source = import_module(f"benchmarks.corpora.{MODULES[name]}").SOURCE
    return source


def load(
    name: str,
    root: str | Path | None = None,
    *,
    classes: str | None = None,
    mapping: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    improvised: bool = False,
    allow_partial: bool = False,
    join_names: bool = False,
    on_error: OnError = OnError.STOP,
    seed: int = 0,
    download: bool = False,
) -> Corpus:
    """Read a corpus, check it, and apply a choice of labels.

    Parameters
    ----------
    name : str
        One of `MODULES`.
    root : path, optional
        Where it lies; for `manifest` the CSV file, for `parquet` a file or a folder. The synthetic corpus needs none.
    classes : str, optional
        A label policy of the corpus (`"4"`, `"4-no-exc"`, ... for IEMOCAP) or labels joined by commas.
    mapping : mapping, optional
        Labels to rename, applied before `classes` restricts.
    columns : mapping, optional
        Which columns of a table of one's own are this toolkit's, as `{"label": "emotion"}`; without it they are found
        by their names.
    improvised : bool, default=False
        Improvised dialogues only; IEMOCAP and its likes.
    allow_partial : bool, default=False
        Accept a deliberate subset of the published corpus.
    join_names : bool, default=False
        Take speakers, sessions and labels that differ only in case, width, space, leading zeros or a trailing `.0` for
        one; without it they are refused.
    on_error : OnError
        Utterances whose file is missing: refuse the corpus, or leave them out and record them.
    seed : int, default=0
        Of the synthetic corpus.
    download : bool, default=False
        Fetch it into `root` first, where its publisher allows that; what is there already is not fetched again.

    Returns
    -------
    Corpus

    Raises
    ------
    CorpusError
        If the folder is wrong, audio is missing, a label is unknown, a count is not the published one, or a name stands
        in two spellings.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> corpora.load("synthetic", classes="ang,sad").labels
    ('ang', 'sad')
    >>> corpora.load("emodb", "emodb", allow_partial=True).licence  # a part of the corpus  # doctest: +SKIP
    'CC0 1.0'
    """
    from benchmarks.corpora.bad_sound import without_published_faults
    from benchmarks.corpora.corpus import Corpus, order_labels
    from benchmarks.corpora.spellings import join_spellings, refuse_missing_names, refuse_two_spellings

    source = find(name)
    if improvised and not source.improvised:
        raise CorpusError(f"{name}: improvised=True (--improvised) means nothing here; leave it out")
    policy, restriction = _policy(source, classes)
    if download:
        _fetch(source, root)
    folder = _root(source, root, seed)
    if columns and source.read_columns is None:
        raise CorpusError(f"{name}: columns (--columns) mean nothing here, its layout is known; leave them out")
    reading = source.read_columns(folder, columns) if columns and source.read_columns else source.read(folder)
    corpus = Corpus(
        source, reading.utterances, order_labels(reading.utterances["label"]), str(folder), "", reading.notes
    )
    if not allow_partial:
        source.check_counts(corpus.utterances)
    corpus = without_published_faults(corpus)
    corpus = corpus.apply_policy(policy, improvised=improvised)
    incomplete = allow_partial or on_error is OnError.SKIP
    corpus = (corpus.without_missing_audio() if incomplete else corpus).validate().inside_files()
    if mapping:
        corpus = corpus.rename({normalise(old): normalise(new) for old, new in mapping.items()})
    corpus = refuse_missing_names(join_spellings(corpus)) if join_names else refuse_two_spellings(corpus)
    return corpus.restrict(restriction) if restriction else corpus


def _fetch(source: Source, root: str | Path | None) -> None:
    """Download a corpus where its publisher prints a checksum."""
    from benchmarks.corpora.download import fetch

    if source.download is None:
        raise CorpusError(
            f"{source.name}: no --download, its publisher prints no checksum; {source.obtain} ({source.homepage})"
        )
    if root is None:
        raise CorpusError(f"{source.name}: --download needs --root, the folder to fetch it into")
    fetch(source.name, source.download, Path(root), progress=sys.stderr.isatty())


def _root(source: Source, root: str | Path | None, seed: int) -> Path:
    if root is None and source.default_root is not None:
        return source.default_root(seed)
    if root is None:
        raise CorpusError(f"{source.name}: no root given; expected {source.layout}; give it with --root")
    if not Path(root).exists():
        raise CorpusError(f"{source.name}: {root} does not exist; expected {source.layout}; give it with --root")
    return Path(root).resolve()


def _policy(source: Source, classes: str | None) -> tuple[str, tuple[str, ...]]:
    """The label policy, and the labels to restrict to (none for all)."""
    default = next(iter(source.policies), "")
    if classes is None:
        return default, ()
    if classes in source.policies:
        return classes, ()
    labels = tuple(normalise(label) for label in classes.split(",") if label.strip())
    unknown = [label for label in labels if source.labels and label not in source.labels]
    if not labels or (unknown and classes.replace("-", "").isalnum() and classes[0].isdigit()):
        expected = ", ".join(source.policies) or "labels joined by commas"
        raise CorpusError(
            f"{source.name}: unknown --classes {classes!r}; expected {expected}, or labels joined by commas"
        )
    return ("all" if "all" in source.policies else default), labels
