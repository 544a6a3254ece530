"""A Dask cluster: workers of this machine or of others, by `dask.distributed` (extra `cluster`)."""

from __future__ import annotations

import gc
import socket
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeVar

from features.engines.engine import Lost, Piece, alone
from features.engines.identity import differences, identity
from features.errors import EngineError, Note

if TYPE_CHECKING:
    from distributed import Client, Future

Result = TypeVar("Result")

_IN_FLIGHT = 2
"""Pieces that a worker has at a time, the one that it works on among them: memory stays flat."""

_MOST_TRIES = 5
"""How often a piece is given out again after the scheduler or what it needs was gone."""

_PIECES_PER_COLLECTION = 50
"""Python's own collection of circles comes too rarely to a scheduler whose circles hold what it hands on."""

_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_TO_REACH = 10.0
_SECONDS_TO_COME_BACK = 300.0
_SECONDS_FOR_A_WORKER = 120.0


class _Place(Enum):
    """What stands for a shared value among a piece's own arguments."""

    ON_WORKER = auto()


@dataclass(eq=False)
class Shared:
    """A value that lies on the workers, sent once; sent again where they have lost it.

    Attributes
    ----------
    value : object
    future : Future or None
        What stands for it on the cluster.
    """

    value: Any
    future: Future | None = None


@dataclass(frozen=True)
class ClusterEngine:
    """Workers of a Dask cluster; each does one piece at a time, whatever the number of its threads.

    A worker that is killed costs the piece that it was doing, which another one gets; a piece that ends one worker
    after another comes back as `Lost`. Where the connection to the scheduler is gone, or the scheduler is another one
    than before, what was not done yet is handed out again.

    Attributes
    ----------
    client : distributed.Client
    """

    client: Client
    same_files: bool = field(default=False, init=False)
    seconds_apiece: float = field(default=1.0, init=False)

    @property
    def size(self) -> int:
        """The number of workers now."""
        return max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))

    def share(self, value: Any) -> Shared:
        """Send a value to all workers; see `Engine.share`."""
        return Shared(value)

    def results(self, work: Callable[..., Result], pieces: Iterable[Piece]) -> Iterator[tuple[int, Result | Lost]]:
        """Position and result of each piece, as they come; see `Engine.results`.

        Raises
        ------
        EngineError
            If the cluster does not come back, or a worker that came later is not as this process is.
        """
        suspects = []
        for position, piece, result in self._handed_out(work, enumerate(pieces)):
            if isinstance(result, Lost):
                suspects.append((position, piece))
            else:
                yield position, result
        for suspect in suspects:  # one at a time: what only waited on a worker that another piece ended is done now
            yield from ((position, result) for position, _, result in self._handed_out(work, [suspect]))

    def _handed_out(
        self, work: Callable[..., Result], numbered: Iterable[tuple[int, Piece]]
    ) -> Iterator[tuple[int, Piece, Result | Lost]]:
        from distributed import as_completed

        coming = as_completed(with_results=True, raise_errors=False, loop=self.client.loop)
        waiting: dict[Any, tuple[Future, int, Piece]] = {}
        tries: Counter[int] = Counter()
        again: deque[tuple[int, Piece]] = deque()
        source, cards, room = iter(numbered), self._has_cards(), _Room(self)
        submitted = 0
        try:
            while True:
                while len(waiting) < room.now() and (one := again.popleft() if again else next(source, None)):
                    future = self._submit(work, one[1], cards=cards)
                    waiting[future.key] = future, *one
                    coming.add(future)
                    submitted += 1
                    if submitted % _PIECES_PER_COLLECTION == 0:
                        self._collect_on_scheduler()
                if not waiting:
                    return
                for future, result in coming.next_batch():
                    _, position, piece = waiting.pop(future.key)
                    if future.status == "finished":
                        yield position, piece, result
                    elif future.status == "error":
                        yield position, piece, _lost_or_raised(result)
                    elif tries[position] < _MOST_TRIES:
                        tries[position] += 1
                        again.appendleft((position, piece))
                    else:
                        yield position, piece, Lost(f"the cluster lost it {_MOST_TRIES} times")
        finally:
            if waiting and self.client.status == "running":
                self.client.cancel([future for future, *_ in waiting.values()])

    def _has_cards(self) -> bool:
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return any(worker.get("resources", {}).get("GPU") for worker in workers)

    def _submit(self, work: Callable[..., Result], piece: Piece, *, cards: bool) -> Future:
        from distributed.protocol import serialize_bytes

        self._wait_for_scheduler()
        shared = [self._sent(one) for one in piece.arguments if isinstance(one, Shared)]
        own = tuple(_Place.ON_WORKER if isinstance(one, Shared) else one for one in piece.arguments)
        resources = {"GPU": 1} if piece.gpu and cards else None
        sent = serialize_bytes((work, own))  # as bytes, which the scheduler only hands on; clips it would make anew
        return self.client.submit(_work_as_here, identity(), sent, *shared, pure=False, resources=resources)

    def _collect_on_scheduler(self) -> None:
        """Let go of what pieces that are done still hold of the scheduler's memory."""
        with suppress(OSError):  # it is gone, which is found out and waited for where the next piece is handed out
            self.client.run_on_scheduler(_collect, wait=False)

    def _sent(self, shared: Shared) -> Future:
        if shared.future is None or shared.future.status not in ("finished", "pending"):
            shared.future = self.client.scatter(shared.value, broadcast=True, hash=False)
        return shared.future

    def _wait_for_scheduler(self) -> None:
        """Wait until the scheduler and a worker are there.

        Raises
        ------
        EngineError
            If they are not for minutes.
        """
        end = time.monotonic() + _SECONDS_TO_COME_BACK
        if self.client.status != "running":
            warnings.warn(Note("the connection to the scheduler is gone; waiting for it"), stacklevel=2)
        while self.client.status != "running":
            if self.client.status in ("closed", "closing") or time.monotonic() > end:
                raise EngineError(
                    "the scheduler is gone; what is done is kept: start it, and give the same command again to go on"
                )
            time.sleep(0.2)
        if not self.client.scheduler_info(n_workers=1)["workers"]:
            wait_for_worker(self.client)


class _Room:
    """How many pieces the cluster is given at a time, asked for anew every few seconds: workers come and go."""

    def __init__(self, engine: ClusterEngine) -> None:
        self._engine = engine
        self._asked = -_SECONDS_BETWEEN_LOOKS
        self._count = 0

    def now(self) -> int:
        if time.monotonic() - self._asked >= _SECONDS_BETWEEN_LOOKS:
            self._count, self._asked = _IN_FLIGHT * self._engine.size, time.monotonic()
        return self._count


def _work_as_here(expected: dict[str, str], sent: bytes, *shared: Any) -> Any:
    """Do a piece of work on a worker, unless that is another version than who asked for it."""
    different = differences(expected, identity())
    if different:
        raise EngineError(f"a worker on {socket.gethostname()} that came later has {different}; install the same there")
    from distributed.protocol import deserialize_bytes

    work, own = deserialize_bytes(sent)
    there = iter(shared)
    return alone(work, *(next(there) if one is _Place.ON_WORKER else one for one in own))


async def _collect() -> None:
    """Let go of circles; a coroutine, since Dask waits for anything else."""
    gc.collect()


def _lost_or_raised(result: Any) -> Lost:
    """What stands for a piece that ended its workers; anything else that a piece raised is raised here.

    Raises
    ------
    Exception
    """
    from distributed.scheduler import KilledWorker

    error = result[1] if isinstance(result, tuple) else result
    if isinstance(error, KilledWorker):
        return Lost(f"it ended every worker that it was given to, {error.allowed_failures + 1} of them")
    raise error


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler, or start workers on this machine, and let joblib's context name it.

    Parameters
    ----------
    address : str
        `tcp://scheduler:8786`, or `local:4` for four workers here.

    Yields
    ------
    distributed.Client

    Raises
    ------
    EngineError
        If Dask is not installed, the scheduler cannot be reached, it has no workers, or one of them is not as this
        process is.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise EngineError(
            f"--cluster {address}: Dask is not installed; pip install 'speech-emotion-baselines[cluster]'"
        ) from error
    from joblib import parallel_config

    with _cluster(address) as where, Client(where, timeout=_SECONDS_TO_COME_BACK, set_as_default=False) as client:
        wait_for_worker(client)
        check_workers(client, expected=identity())
        with parallel_config("dask", client=client):
            yield client


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    kind, _, count = address.partition(":")
    if kind != "local":
        _reach(address)
        yield address
        return
    if not count.isdecimal() or not int(count):
        raise EngineError(f"--cluster {address}: expected local:N with a number of workers, such as local:4")
    import dask
    from distributed import LocalCluster

    from features.processes import ONE_THREAD

    settings = {
        "distributed.scheduler.allowed-failures": 2,
        "distributed.nanny.environ": ONE_THREAD,
        "distributed.deploy.lost-worker-timeout": f"{_SECONDS_FOR_A_WORKER:g} s",  # until a killed one is back
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=int(count), threads_per_worker=1, protocol="tcp", dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster,
    ):
        yield cluster


def _reach(address: str) -> None:
    """Find out in seconds whether somebody listens there.

    Raises
    ------
    EngineError
    """
    host, _, port = address.partition("://")[2].strip("/").rpartition(":")
    if not host or not port.isdecimal():
        raise EngineError(f"--cluster {address}: expected tcp://HOST:PORT of a scheduler, or local:N")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS_TO_REACH).close()
    except OSError as error:
        raise EngineError(
            f"--cluster {address}: no scheduler answers ({error}); start one with `dask scheduler`, or take local:2"
        ) from error


def wait_for_worker(client: Client) -> None:
    """Wait until there is a worker.

    Raises
    ------
    EngineError
        If there is none for minutes.
    """
    try:
        client.wait_for_workers(1, timeout=_SECONDS_FOR_A_WORKER)
    except TimeoutError as error:
        raise EngineError(
            f"the scheduler has no workers; what is done is kept: start some with `dask worker` "
            f"(waited for {_SECONDS_FOR_A_WORKER:g} s)"
        ) from error


def check_workers(client: Client, *, expected: Mapping[str, str]) -> None:
    """Check that scheduler and workers have the toolkit, the Python and the libraries that they should have.

    Parameters
    ----------
    client : distributed.Client
    expected : mapping of str to str
        As of `features.engines.identity.identity`.

    Raises
    ------
    EngineError
        It names every worker that has not, and what differs.
    """
    try:
        everybody = {"the scheduler": client.run_on_scheduler(identity), **client.run(identity, on_error="return")}
    except ImportError as error:
        raise EngineError(f"the scheduler has no usable toolkit ({error}); install the same there") from error
    wrong = []
    for worker, found in everybody.items():
        different = f"no usable toolkit ({found})" if isinstance(found, Exception) else differences(expected, found)
        if different:
            wrong.append(f"{worker} has {different}")
    if wrong:
        raise EngineError(f"not as this process is: {'; '.join(wrong)}; install the same there")
