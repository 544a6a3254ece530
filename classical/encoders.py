"""Speech encoders that a saved pipeline hears with: known by their content, found where they lie now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from features.errors import ModelError, SerError
from features.extractors.joined import single_extractors


def contents(features: Iterable[Any]) -> dict[str, str]:
    """Content of each encoder among some extractors, by the name or folder that it had in training.

    Parameters
    ----------
    features : iterable of extractor
        One that hears with an encoder has a parameter `encoder` and a method `content`.

    Returns
    -------
    dict of str to str
    """
    return {part.encoder: part.content() for part in single_extractors(features) if hasattr(part, "content")}


def place(features: Iterable[Any], known: Mapping[str, str], given: Sequence[str | Path], file: Path) -> None:
    """Let every extractor that hears with an encoder find it, and no other than that of its training.

    Parameters
    ----------
    features : iterable of extractor
        Changed in place.
    known : mapping of str to str
        As `contents` gave it when the model was saved.
    given : sequence of path
        Where encoders lie now; empty for where they lay in training.
    file : Path
        The model, for messages.

    Raises
    ------
    ModelError
        If an encoder is not where it is said to be, or is another.
    """
    for part in single_extractors(features):
        if hasattr(part, "content") and (given or part.encoder in known):
            part.set_params(encoder=_found(part, known.get(part.encoder), given, file))


def _found(part: Any, expected: str | None, given: Sequence[str | Path], file: Path) -> str:
    name, seen = Path(part.encoder).name, []
    for folder in map(str, given or [part.encoder]):
        content, problem = _content(part, folder)
        if problem and not given:
            raise ModelError(f"{file}: its encoder {name} is not where it was ({problem}); say where with --encoder")
        if problem:
            raise ModelError(f"{file}: {problem}; expected the encoder {name} that it was trained on, with --encoder")
        if expected in (None, content):
            return folder
        seen.append(f"{folder} is another ({'; '.join(_differing(expected, content))})")
    raise ModelError(
        f"{file}: {', and '.join(seen)}; expected the encoder {name} that it was trained on, with --encoder"
    )


def _content(part: Any, folder: str) -> tuple[str, str]:
    try:
        return type(part)(**{**part.get_params(deep=False), "encoder": folder}).content(), ""
    except SerError as error:
        return "", str(error)


def _differing(expected: str | None, found: str) -> Iterator[str]:
    """The parts of two contents that differ, short enough to read."""
    for then, now in zip((expected or "").split(", "), found.split(", "), strict=False):
        if then != now:
            yield f"{now[:24]}, not {then[:24]}"
