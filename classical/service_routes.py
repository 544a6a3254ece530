"""The routes of the service: sound in the body of a request, answers as JSON. Needs the extra `service`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from classical.clip_answers import answers_of_model, check_single
from classical.persistence import SavedModel
from features.errors import InputError, SerError
from features.names import printable
from features.predictions import plain
from features.sound_file import OpenedSound, frames_stated
from features.utterances import cut, utterances
from features.version import VERSION

SHORTEST_HOP = 0.1
"""Seconds; a shorter one asks for more windows of a recording than any answer changes."""


@dataclass(frozen=True)
class Limits:
    """What a request may cost.

    Attributes
    ----------
    n_bytes : int
        Of an uploaded file.
    seconds : float
        Of its sound, decoded.
    n_waiting : int
        Requests that are received or wait for their turn.
    """

    n_bytes: int = 20_000_000
    seconds: float = 600.0
    n_waiting: int = 64


class Refused(Exception):
    """A request that is not answered, with its status and what to say."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Places:
    """How many requests are under way, of as many as may be."""

    def __init__(self, most: int) -> None:
        self.most, self.taken = most, 0

    @contextmanager
    def one(self) -> Iterator[None]:
        if self.taken >= self.most:
            raise Refused(503, f"{self.taken} requests are under way; expected fewer; ask again in some seconds")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def service_of(model: SavedModel, *, name: str, limits: Limits = Limits()) -> FastAPI:
    """A web application that answers with a saved pipeline, one request at a time, the others wait.

    Parameters
    ----------
    model : SavedModel
    name : str
        What `/health` calls the model.
    limits : Limits

    Returns
    -------
    FastAPI
        `GET /health`; `POST /predict`, the file's bytes as body, with `name`, `window` and `hop` in the query: 200 with
        predictions; 413 for too many bytes or seconds; 422 with the toolkit's message for what cannot be analysed; 503
        where too many wait.

    Raises
    ------
    PipelineError
        If an answer of the model needs other clips.

    Examples
    --------
    >>> import classical
    >>> service = service_of(classical.load("model.skops"), name="model.skops")  # doctest: +SKIP
    >>> sorted(service.openapi()["paths"])  # doctest: +SKIP
    ['/health', '/predict']
    """
    check_single(model)
    service = FastAPI(title="Speech emotion", version=VERSION)
    places, turn = _Places(limits.n_waiting), CapacityLimiter(1)

    @service.exception_handler(Refused)
    async def refuse(_: Request, refused: Refused) -> JSONResponse:
        return JSONResponse({"error": str(refused)}, status_code=refused.status)

    @service.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> JSONResponse:
        return JSONResponse({"error": "the sender went away; expected the whole file"}, status_code=400)

    @service.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "model": name, "labels": [str(label) for label in model.classes_], "version": VERSION}

    @service.post("/predict")
    async def predict(
        request: Request, name: str = "upload", window: float | None = None, hop: float | None = None
    ) -> dict[str, Any]:
        with places.one(), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "upload"
            await _receive(request, path, limits.n_bytes)
            answers = await to_thread.run_sync(_answers, model, path, name, window, hop, limits.seconds, limiter=turn)
        return {"predictions": answers}

    return service


async def _receive(request: Request, path: Path, most: int) -> None:
    """Write the body to a file, and stop as soon as it is too long, whatever its header says."""
    n_bytes = 0
    with path.open("wb") as file:
        async for block in request.stream():
            n_bytes += len(block)
            if n_bytes > most:
                raise Refused(413, f"more than {most:,} bytes; expected at most so many; send a part, or as FLAC")
            file.write(block)


def _answers(
    model: SavedModel, path: Path, name: str, window: float | None, hop: float | None, most_seconds: float
) -> list[dict[str, Any]]:
    """Predictions of a file, or of its windows, under the name that the sender gave it."""
    try:
        _check_seconds(path, most_seconds)
        table = utterances([path])
        if window is not None:
            table = cut(table, window=window, hop=_hop(window, hop))
        return [{**plain(prediction), "path": name} for prediction in answers_of_model(model, table)]
    except SerError as error:
        raise Refused(422, printable(str(error).replace(str(path), name))) from error


def _hop(window: float, hop: float | None) -> float:
    chosen = window / 3 if hop is None else hop
    if not chosen >= SHORTEST_HOP:
        raise InputError(f"hop {chosen:g} s; expected at least {SHORTEST_HOP:g} s; give a larger hop or window")
    return chosen


def _check_seconds(path: Path, most: float) -> None:
    """Refuse sound that is too long before any of it is analysed; where no length is stated, no more is decoded."""
    with OpenedSound(path) as sound:
        limit, frames = most * sound.samplerate, frames_stated(sound)
        if frames is None:
            frames = 0
            for block in sound.blocks(1 << 16, dtype="float32", always_2d=True):
                frames += len(block)
                if frames > limit:
                    break
    if frames > limit:
        raise Refused(413, f"more than {most:g} s of sound; expected at most so many; send a part")
