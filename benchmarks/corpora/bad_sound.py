"""Utterances whose sound cannot be analysed: found before anything is trained, and left out where that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from features.bad_files import BadClip, BadClipsError, OnError
from features.clips import clips_from
from features.sound_survey import find_bad

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from features.cache import FeatureCache

_NAMED = 5
REMEDY = "mend or remove them, or go on without them with --on-error skip"


def without_bad_sound(
    corpus: Corpus, *, on_error: OnError = OnError.STOP, cache: FeatureCache | None = None, progress: bool = False
) -> Corpus:
    """Read the sound of every utterance, and stop at those that cannot be analysed or leave them out.

    Parameters
    ----------
    corpus : Corpus
    on_error : OnError
    cache : FeatureCache, optional
        Where it is kept which sound was read before.
    progress : bool, default=False
        Draw a bar on stderr.

    Returns
    -------
    Corpus
        With a note of what was left out; the same where nothing was.

    Raises
    ------
    BadClipsError
        If sound cannot be analysed and `on_error` is to stop, or if none is left; it names every such utterance.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> corpus = corpora.load("synthetic")
    >>> without_bad_sound(corpus) is corpus  # doctest: +SKIP
    True
    """
    bad = find_bad(clips_from(corpus.utterances), cache=cache, progress=progress)
    if not bad:
        return corpus
    if on_error is OnError.STOP or len(bad) == len(corpus.utterances):
        raise BadClipsError(bad, len(corpus.utterances), REMEDY)
    ids = corpus.utterances.index.get_level_values("id")
    named = [replace(clip, name=str(ids[clip.position])) for clip in bad]
    total = len(corpus.utterances)
    return leave_out(corpus, named, f"left out {len(bad)} of {total} utterances that cannot be analysed")


def leave_out(corpus: Corpus, bad: Sequence[BadClip], why: str) -> Corpus:
    """A corpus without some utterances, which are recorded and noted.

    Parameters
    ----------
    corpus : Corpus
    bad : sequence of BadClip
        Their names are the ids of utterances.
    why : str
        Begins the note, before the names.

    Returns
    -------
    Corpus
        Its labels are those that are left.
    """
    names = [clip.name for clip in bad]
    more = f" and {len(names) - _NAMED} more, all in run.json" if len(names) > _NAMED else ""
    table = corpus.utterances[~corpus.utterances.index.get_level_values("id").isin(names)]
    return replace(
        corpus,
        utterances=table,
        labels=tuple(label for label in corpus.labels if (table["label"] == label).any()),
        notes=(*corpus.notes, f"{why}: {', '.join(names[:_NAMED])}{more}"),
        left_out=(*corpus.left_out, *bad),
    )


def without_published_faults(corpus: Corpus) -> Corpus:
    """Leave out, by name, the clips that the corpus is known to have been published with and that hold no such speech.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> without_published_faults(corpora.load("synthetic")).left_out
    ()
    """
    ids = corpus.utterances.index.get_level_values("id")
    faults = corpus.source.published_faults
    bad = [BadClip(i, name, f"{name}: {faults[name]}") for i, name in enumerate(ids) if name in faults]
    if not bad:
        return corpus
    why = "; ".join(dict.fromkeys(faults[clip.name] for clip in bad))
    return leave_out(corpus, bad, f"left out {len(bad)} known to be faulty as published ({why})")
