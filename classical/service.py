"""Answer sound that is sent over HTTP: ``python -m classical.service model.skops``."""

from __future__ import annotations

import argparse
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from features.command import at_least_one, command, make_parser, show_notes
from features.errors import InputError

if TYPE_CHECKING:
    from classical.persistence import SavedModel

EXAMPLES = """
python -m classical.service model.skops --port 8000
python -m classical.service model.skops --host 0.0.0.0 --most-mb 5 --most-seconds 60     (for other machines)
"""


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = make_parser(
        "classical.service",
        "Answer sound files that are sent to POST /predict with a saved pipeline, until it is stopped; GET /health "
        "says that it runs. Needs the extra `service`. It knows neither passwords nor TLS: put a proxy before it.",
        examples=EXAMPLES,
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="saved pipeline, .skops")
    add("--host", default="127.0.0.1", help="address to listen at (default: 127.0.0.1, this machine alone)")
    add("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    add("--most-mb", type=at_least_one, default=20, metavar="MB", help="largest file (default: 20)")
    add("--most-seconds", type=at_least_one, default=600, metavar="S", help="longest sound (default: 600)")
    add("--most-waiting", type=at_least_one, default=64, metavar="N", help="requests at a time (default: 64)")
    add("--encoder", action="append", default=[], metavar="DIR", help="where its speech encoder lies now")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Load the model, answer once to have everything in memory, and listen."""
    missing = [library for library in ("fastapi", "uvicorn") if find_spec(library) is None]
    if missing:
        raise InputError(
            f"{' and '.join(missing)} not installed; expected the extra `service`; pip install "
            "'speech-emotion-baselines[service]'"
        )
    import uvicorn

    import classical
    from classical.service_routes import Limits, service_of

    model = classical.load(arguments.model, encoders=arguments.encoder)
    limits = Limits(1_000_000 * arguments.most_mb, float(arguments.most_seconds), arguments.most_waiting)
    service = service_of(model, name=Path(arguments.model).name, limits=limits)
    show_notes(model.notes)
    _warm_up(model)
    with _listening(arguments.host, arguments.port) as listener:
        host, port = listener.getsockname()[:2]
        sys.stderr.write(f"{arguments.model} answers at http://{host}:{port} until it is stopped\n")
        uvicorn.Server(uvicorn.Config(service, log_level="warning", access_log=False)).run(sockets=[listener])


def _warm_up(model: SavedModel) -> None:
    """One answer, so that the first request does not wait for imports and compilation."""
    import numpy as np

    from classical.clip_answers import answers_of_model
    from features.clips import Clip
    from features.sampling import RATE

    noise = np.random.default_rng(0).normal(scale=0.01, size=RATE).astype(np.float32)
    answers_of_model(model, [Clip("noise", waveform=noise)])


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{host}:{port}: {reason}; expected an address to listen at; give another --port") from error


main = command(build_parser, execute, on_interrupt="stopped")

if __name__ == "__main__":
    sys.exit(main())
