"""Corpora of emotional speech: one module each, read into one table of utterances.

A corpus is added by a module with a constant `SOURCE` and one line in `MODULES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import CorpusError

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
    "manifest": "manifest",
}
"""The registry: name on the command line, and the module beside this file that reads it."""


def find(name: str) -> Source:
    """What is known of a corpus before it is read.

    Raises
    ------
    CorpusError
        If no corpus has that name.
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
    improvised: bool = False,
    allow_partial: bool = False,
    seed: int = 0,
) -> Corpus:
    """Read a corpus, check it, and apply a choice of labels.

    Parameters
    ----------
    name : str
        One of `MODULES`.
    root : path, optional
        Where it lies; for `manifest` the CSV file. The synthetic corpus needs none.
    classes : str, optional
        A label policy of the corpus (`"4"`, `"4-no-exc"`, ... for IEMOCAP) or labels joined by commas.
    mapping : mapping, optional
        Labels to rename, applied before `classes` restricts.
    improvised : bool
        Improvised dialogues only; IEMOCAP and its likes.
    allow_partial : bool
        Accept a deliberate subset of the published corpus.
    seed : int
        Of the synthetic corpus.

    Returns
    -------
    Corpus

    Raises
    ------
    CorpusError
        If the folder is wrong, audio is missing, a label is unknown, or a count is not the published one.
    """
    from benchmarks.corpora import reading

    return reading.read(
        find(name),
        None if root is None else Path(root),
        classes=classes,
        mapping=mapping or {},
        improvised=improvised,
        allow_partial=allow_partial,
        seed=seed,
    )
