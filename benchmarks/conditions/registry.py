"""The kinds of disturbances by name, and the conditions that a study tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from benchmarks.conditions import channels, noise, rooms, timing
from benchmarks.conditions.condition import Condition, Kind
from features.errors import InputError

KINDS: Mapping[str, Kind] = {
    "white": Kind("white noise", "dB", (20, 15, 10, 5, 0), noise.white),
    "pink": Kind("pink noise", "dB", (20, 10, 0), noise.pink),
    "babble": Kind("babble", "dB", (20, 15, 10, 5, 0), noise.babble),
    "room": Kind("room, RT60", "s", (0.3, 0.6, 0.9, 1.2), rooms.reverberation, needs="pyroomacoustics"),
    "telephone": Kind("telephone, mu-law", "", (0,), channels.telephone),
    "mp3": Kind("MP3, 12 kbit/s", "", (0,), channels.mp3),
    "opus": Kind("Opus, 12 kbit/s", "", (0,), channels.opus),
    "overdrive": Kind("overdrive", "dB", (10, 20), channels.overdrive),
    "attenuation": Kind("softer by", "dB", (20, 40), channels.attenuation),
    "beginning": Kind("first", "s", (2, 1, 0.5), timing.beginning),
    "faster": Kind("speed", "x", (1.1, 1.2), timing.speed),
    "slower": Kind("speed", "x", (0.9, 0.8), timing.speed),
}
"""Name of a kind on the command line to what it does, at levels from mild to severe."""


def conditions(names: Sequence[str] = ()) -> tuple[Condition, ...]:
    """The conditions of some kinds, at all their levels; of all kinds that can be had here where none are named.

    Parameters
    ----------
    names : sequence of str

    Raises
    ------
    InputError
        If a kind is unknown, or needs a library that is not installed.

    Examples
    --------
    >>> [str(condition) for condition in conditions(["overdrive", "telephone"])]
    ['overdrive 10 dB', 'overdrive 20 dB', 'telephone, mu-law']
    """
    for name in names:
        if name not in KINDS:
            raise InputError(f"unknown condition {name!r}; expected some of {', '.join(KINDS)}")
        if missing(name):
            raise InputError(f"condition {name!r} needs {missing(name)}: pip install {missing(name)}")
    chosen = dict.fromkeys(names) or [name for name in KINDS if not missing(name)]
    return tuple(
        Condition(name, level, KINDS[name].title, KINDS[name].unit) for name in chosen for level in KINDS[name].levels
    )


def missing(name: str) -> str:
    """The library that a kind needs and that is not installed; empty for none.

    Examples
    --------
    >>> missing("white")
    ''
    """
    needs = KINDS[name].needs
    return needs if needs and find_spec(needs) is None else ""
