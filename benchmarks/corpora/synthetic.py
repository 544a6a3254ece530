"""The embedded corpus: synthetic speech in IEMOCAP's own layout, read by the IEMOCAP loader.

It needs no licence and no download. Ten speakers in five sessions speak four emotions that differ by known amounts; see
`synthesiser`. Its scores say nothing about people, and are marked so wherever they are shown.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.corpora import iemocap, synthesiser
from benchmarks.corpora.base import Reading, Source
from features.errors import CorpusError
from features.fingerprint import code_fingerprint
from features.places import cache_folder

SPEAKERS = tuple(f"Ses{session:02d}{gender}" for session in range(1, 6) for gender in "FM")
CODES = {"ang": ("ang",), "hap": ("hap", "exc"), "sad": ("sad",), "neu": ("neu",)}
RATINGS = {"ang": (1.8, 4.0, 4.0), "hap": (4.0, 3.6, 3.2), "sad": (2.0, 2.0, 2.2), "neu": (3.0, 2.6, 2.8)}


@dataclass(frozen=True)
class Spoken:
    """One synthetic turn: where it stands, what is said, how it is labelled, how it sounds."""

    session: str
    dialog: str
    id: str
    label: str
    ratings: tuple[float, float, float]
    text: str
    wave: np.ndarray


def speak_session(session: int, *, seed: int) -> Iterator[Spoken]:
    """All turns of one session, two dialogues of a woman and a man.

    Parameters
    ----------
    session : int
        1 to 5.
    seed : int
        The same seed gives the same sounds.
    """
    name = f"Ses{session:02d}"
    dialogs = (f"{name}F_impro01", f"{name}M_script01_1")
    room = synthesiser.draw_room(np.random.default_rng([seed, session]))
    for letter, gender in (("F", "female"), ("M", "male")):
        rng = np.random.default_rng([seed, session, ord(letter)])
        voice = synthesiser.draw_voice(gender, rng)
        takes = range(len(synthesiser.SENTENCES))
        turns = [(emotion, take) for take in takes for emotion in synthesiser.EMOTIONS]
        for number, (emotion, take) in enumerate(turns):
            dialog = dialogs[take % len(dialogs)]
            text = synthesiser.SENTENCES[take]
            manner = synthesiser.draw_manner(emotion, voice, rng)
            wave = synthesiser.speak(text, voice, manner, room, rng)
            v, a, d = (float(np.clip(round(value + rng.normal(0.0, 0.4), 4), 1.0, 5.0)) for value in RATINGS[emotion])
            label = CODES[emotion][take % len(CODES[emotion])]
            yield Spoken(f"Session{session}", dialog, f"{dialog}_{letter}{number:03d}", label, (v, a, d), text, wave)


def write_session(root: Path, turns: list[Spoken]) -> None:
    """Write turns as `Session*/dialog/...` and `Session*/sentences/wav/...` below `root`."""
    import soundfile

    for dialog in dict.fromkeys(turn.dialog for turn in turns):
        spoken = [turn for turn in turns if turn.dialog == dialog]
        session = root / spoken[0].session
        sounds, labels, texts = (
            session / folder for folder in (f"sentences/wav/{dialog}", "dialog/EmoEvaluation", "dialog/transcriptions")
        )
        for folder in (sounds, labels, texts):
            folder.mkdir(parents=True, exist_ok=True)
        start, evaluation, transcript = 1.0, ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"], ""
        for turn in spoken:
            end = start + len(turn.wave) / synthesiser.RATE
            v, a, d = turn.ratings
            evaluation.append(f"[{start:.4f} - {end:.4f}]\t{turn.id}\t{turn.label}\t[{v:.4f}, {a:.4f}, {d:.4f}]\n")
            transcript += f"{turn.id} [{start:08.4f}-{end:08.4f}]: {turn.text}\n"
            start = end + 0.5
            soundfile.write(sounds / f"{turn.id}.wav", turn.wave, synthesiser.RATE, subtype="PCM_16")
        (labels / f"{dialog}.txt").write_text("\n".join(evaluation), encoding="utf-8", newline="\n")
        (texts / f"{dialog}.txt").write_text(transcript, encoding="utf-8", newline="\n")


def write(root: Path, *, seed: int = 0) -> Path:
    """Write the whole corpus, atomically; what is there already stays.

    Parameters
    ----------
    root : Path
    seed : int, default=0

    Returns
    -------
    Path
        `root`.
    """
    if root.exists():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as scratch:
        part = Path(scratch) / root.name
        for session in range(1, 6):
            write_session(part, list(speak_session(session, seed=seed)))
        try:
            part.rename(root)
        except OSError:
            if not root.exists():  # else another process finished first, with the same content
                raise
    return root


def default_root(seed: int) -> Path:
    """Write the corpus of a seed into the user's cache where it is not there yet; other code has another folder."""
    cache = cache_folder()
    if cache is None:
        raise CorpusError("no place for the embedded corpus; set XDG_CACHE_HOME to a folder that can be written")
    return write(cache / "synthetic" / f"seed{seed}-{code_fingerprint('benchmarks.corpora.synthetic')}", seed=seed)


def read(root: Path) -> Reading:
    """Read the corpus as IEMOCAP is read."""
    return Reading(iemocap.read(root).utterances, ("synthetic speech: its scores say nothing about people",))


SOURCE = Source(
    name="synthetic",
    title="Synthetic speech of ten voices in five sessions, in IEMOCAP's layout",
    labels=("ang", "hap", "sad", "neu", "exc"),
    licence="MIT, as this toolkit",
    citation="this toolkit",
    homepage="docs/protocol.md",
    obtain="made on first use, nothing to fetch",
    layout="nothing, or a folder written by it before",
    folds="session",
    read=read,
    policies=iemocap.POLICIES,
    improvised=iemocap.IMPROVISED,
    embed_audio=True,
    synthetic=True,
    default_root=default_root,
)
