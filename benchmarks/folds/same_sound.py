"""The same sound in two utterances: whole, cut, shifted, resampled, coded again or at another level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.audio import RATE
from features.bad_files import BadClip
from features.clips import clips_from
from features.sound_fingerprint import HOP, N_BITS, SoundFingerprint
from features.sound_survey import survey

if TYPE_CHECKING:
    import pandas as pd

    from features.cache import FeatureCache

FRAMES_PER_SECOND = RATE / HOP
LEAST_SECONDS = 0.5
MOST_ERRORS = 0.2
"""Share of differing bits up to which two stretches are one sound. Measured on EmoDB and RAVDESS, see docs/protocol.md:
cut, shifted, coded or resampled copies reach 0.12, other readings of one sentence by one speaker stay above 0.29."""

LEAST_VARIETY = 0.5
"""Share of different words among the shared frames: 0.92 and more in speech, below 0.25 in steady tones and hum, any
two of which would be the same sound where their pitch is."""

_APART = 8
_MOST_IN_BUCKET = 40


@dataclass(frozen=True)
class SameSound:
    """Two utterances that share sound.

    Attributes
    ----------
    first, second : int
        Positions of the utterances, `first < second`.
    seconds : float
        How much active sound they share.
    offset : float
        Where the second begins within the first, in seconds; negative where it begins earlier.
    errors : float
        Share of bits that differ, from 0 to 0.2.
    """

    first: int
    second: int
    seconds: float
    offset: float
    errors: float


def same_sound_in(
    table: pd.DataFrame, *, cache: FeatureCache | None = None, progress: bool = False
) -> tuple[SameSound, ...]:
    """Find all pairs of utterances of a table that share sound; one whose sound cannot be had shares none.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances, with `path`, `start` and `end`.
    cache : FeatureCache, optional
        Where fingerprints are kept.
    progress : bool
        Draw a bar on stderr.
    """
    nothing = SoundFingerprint(np.empty(0, dtype=np.uint16), np.empty(0, dtype=bool))
    heard = survey(clips_from(table), cache=cache, progress=progress)
    return tuple(find_same_sound([nothing if isinstance(sound, BadClip) else sound for sound in heard]))


def overlapping_turns(
    pairs: Sequence[SameSound], table: pd.DataFrame, audio_keys: NDArray[np.object_]
) -> list[SameSound]:
    """Pick the pairs that are no copies but turns of one dialogue that overlap: both hold both voices.

    Parameters
    ----------
    pairs : sequence of SameSound
    table : pandas.DataFrame
        Utterances of a corpus of dialogues, with `session`.
    audio_keys : ndarray
        What each utterance sounds like: equal texts, equal bytes.
    """
    sessions = table["session"].to_numpy()
    return [
        pair
        for pair in pairs
        if sessions[pair.first] == sessions[pair.second] and audio_keys[pair.first] != audio_keys[pair.second]
    ]


def find_same_sound(
    fingerprints: Sequence[SoundFingerprint], *, least_seconds: float = LEAST_SECONDS, most_errors: float = MOST_ERRORS
) -> list[SameSound]:
    """Find all pairs of utterances that share sound.

    Two words of 16 bits, 128 ms apart, propose where two utterances may match; the bits of their whole overlap decide.
    The time grows with the number of utterances, not with that of pairs.

    Parameters
    ----------
    fingerprints : sequence of SoundFingerprint
        One per utterance.
    least_seconds : float
        Shared active sound below which nothing is said.
    most_errors : float
        Share of differing bits up to which it is the same sound, 0 to 0.5.

    Returns
    -------
    list of SameSound
        Each pair once, at its best offset, in the order of the positions.

    Examples
    --------
    >>> from features.sound_fingerprint import fingerprint
    >>> rng = np.random.default_rng(0)
    >>> sound = np.cumsum(rng.normal(size=32000)).astype(np.float32)
    >>> other = np.cumsum(rng.normal(size=32000)).astype(np.float32)
    >>> pairs = find_same_sound([fingerprint(part) for part in (sound, other, 0.1 * sound[4096:25000])])
    >>> [(pair.first, pair.second, round(pair.offset, 2)) for pair in pairs]
    [(0, 2, 0.26)]
    """
    best: dict[tuple[int, int], SameSound] = {}
    least_frames = round(least_seconds * FRAMES_PER_SECOND)
    for first, second, offset in _proposals(fingerprints):
        shared = _compare(fingerprints[first], fingerprints[second], offset)
        if shared is None or shared[0] < least_frames or shared[1] > most_errors:
            continue
        pair = SameSound(first, second, shared[0] / FRAMES_PER_SECOND, offset / FRAMES_PER_SECOND, shared[1])
        known = best.get((first, second))
        if known is None or (pair.errors, -pair.seconds) < (known.errors, -known.seconds):
            best[first, second] = pair
    return [best[pair] for pair in sorted(best)]


def _proposals(fingerprints: Sequence[SoundFingerprint]) -> list[tuple[int, int, int]]:
    """Pairs of utterances with an offset in frames, from words that both hold."""
    owners, frames, keys = [], [], []
    for position, own in enumerate(fingerprints):
        usable = np.flatnonzero(own.active[:-_APART] & own.active[_APART:])
        words = own.bits.astype(np.uint32)
        keys.append(words[usable] | (words[usable + _APART] << N_BITS))
        frames.append(usable)
        owners.append(np.full(len(usable), position))
    key, owner, frame = (np.concatenate(parts) if parts else np.empty(0, dtype=int) for parts in (keys, owners, frames))
    order = np.argsort(key, kind="stable")
    key, owner, frame = key[order], owner[order], frame[order]
    found: list[NDArray[np.int64]] = []
    for step in range(1, min(_MOST_IN_BUCKET, len(key))):  # an entry with the one that stands `step` places further on
        same = np.flatnonzero((key[step:] == key[:-step]) & (owner[step:] != owner[:-step]))
        if not len(same) and not (key[step:] == key[:-step]).any():
            break
        found.append(np.stack([owner[same], owner[same + step], frame[same] - frame[same + step]], axis=1))
    if not found:
        return []
    return [(int(a), int(b), int(c)) for a, b, c in np.unique(np.concatenate(found), axis=0)]


def _compare(first: SoundFingerprint, second: SoundFingerprint, offset: int) -> tuple[int, float] | None:
    """Active frames shared when the second begins `offset` frames into the first, and their share of wrong bits."""
    begin, end = max(0, offset), min(len(first.bits), len(second.bits) + offset)
    if end <= begin:
        return None
    active = first.active[begin:end] & second.active[begin - offset : end - offset]
    count = int(active.sum())
    if count == 0:
        return None
    bits = first.bits[begin:end][active]
    if len(np.unique(bits)) < LEAST_VARIETY * count:
        return None
    differing = np.bitwise_xor(bits, second.bits[begin - offset : end - offset][active])
    return count, float(np.bitwise_count(differing).sum()) / (count * N_BITS)
