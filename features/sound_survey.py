"""Every sound read once before anything is computed from it: which cannot be had, and what the others sound like."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from features.audio import load
from features.bad_files import UNREADABLE, BadClip
from features.clips import Clip
from features.files import content_hash
from features.fingerprint import code_fingerprint
from features.sound_fingerprint import SoundFingerprint, fingerprint

if TYPE_CHECKING:
    from features.cache import FeatureCache

LIBRARIES = ("numpy", "scipy", "soundfile", "soxr")
_AT_A_TIME = 256


def survey(
    clips: Sequence[Clip], *, cache: FeatureCache | None = None, progress: bool = False
) -> list[SoundFingerprint | BadClip]:
    """Read every clip, in threads, and take its fingerprint.

    A process reads a stretch of a file once; with a cache, nothing is read that was read before.

    Parameters
    ----------
    clips : sequence of Clip
    cache : FeatureCache, optional
        Where fingerprints are kept.
    progress : bool
        Draw a bar on stderr.

    Returns
    -------
    list of SoundFingerprint or BadClip
        In the order of the clips; a BadClip where the sound cannot be had.

    Examples
    --------
    >>> import numpy as np
    >>> sound = np.random.default_rng(0).normal(size=16000).astype(np.float32) / 10
    >>> survey([Clip("noise", waveform=sound)])[0].bits.shape
    (61,)
    """
    from tqdm import tqdm

    found: list[SoundFingerprint | BadClip] = []
    with (
        ThreadPoolExecutor() as pool,
        tqdm(total=len(clips), disable=not progress, unit="clip", desc="sound") as bar,
    ):
        for first in range(0, len(clips), _AT_A_TIME):  # some at a time, so that a stop is obeyed at once
            some = list(enumerate(clips[first : first + _AT_A_TIME], start=first))
            found += _survey(some, pool, cache)
            bar.update(len(some))
    return found


def find_bad(clips: Sequence[Clip], *, cache: FeatureCache | None = None, progress: bool = False) -> list[BadClip]:
    """Read every clip, in threads, and return those whose sound cannot be had, in the order of the clips.

    Examples
    --------
    >>> find_bad([Clip("none.wav", Path("none.wav"))])[0].reason
    'none.wav: no such file; expected a sound file; check the path'
    """
    return [clip for clip in survey(clips, cache=cache, progress=progress) if isinstance(clip, BadClip)]


def _survey(
    numbered: Sequence[tuple[int, Clip]], pool: ThreadPoolExecutor, cache: FeatureCache | None
) -> list[SoundFingerprint | BadClip]:
    contents = list(pool.map(_content, numbered))
    if cache is None:
        return list(pool.map(_listen, numbered, contents))
    code = code_fingerprint("features.sound_fingerprint", libraries=LIBRARIES).encode()
    keys = {
        position: b"fingerprint " + code + clip.digest(content)
        for (position, clip), content in zip(numbered, contents)
        if not isinstance(content, BadClip)
    }
    stored = cache.get_many(list(keys.values()))
    found: dict[int, SoundFingerprint | BadClip] = {
        position: SoundFingerprint.from_bytes(stored[key]) for position, key in keys.items() if key in stored
    }
    missing = [i for i, (position, _) in enumerate(numbered) if position not in found]
    heard = pool.map(_listen, [numbered[i] for i in missing], [contents[i] for i in missing])
    found |= {numbered[i][0]: sound for i, sound in zip(missing, heard)}
    new = {keys[numbered[i][0]]: found[numbered[i][0]] for i in missing if numbered[i][0] in keys}
    rows = {key: sound.to_bytes() for key, sound in new.items() if isinstance(sound, SoundFingerprint)}
    if rows:
        cache.put_many(rows)
    return [found[position] for position, _ in numbered]


def _content(numbered: tuple[int, Clip]) -> str | BadClip | None:
    """Hash of a clip's file; None for a waveform."""
    position, clip = numbered
    try:
        return None if clip.path is None else content_hash(clip.path)
    except UNREADABLE as error:
        return BadClip.of(position, clip, error)


def _listen(numbered: tuple[int, Clip], content: str | BadClip | None) -> SoundFingerprint | BadClip:
    position, clip = numbered
    if isinstance(content, BadClip):
        return content
    try:
        if clip.path is None or content is None:
            return fingerprint(clip.samples())
        heard = _fingerprint_of(clip.path, clip.start, clip.end, content)
        if content_hash(clip.path) == content:
            return heard
    except UNREADABLE as error:
        return BadClip.of(position, clip, error)
    return BadClip(position, clip.name, f"{clip.name}: changed while it was read; expected a whole file; run again")


@lru_cache(maxsize=1 << 16)
def _fingerprint_of(path: Path, start: float | None, end: float | None, _content: str) -> SoundFingerprint:
    return fingerprint(load(path, start=start, end=end))
