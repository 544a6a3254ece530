"""What all command lines share: the parser's form, one-line errors, exit status, and options of several commands."""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from textwrap import fill, wrap
from typing import Any, Protocol

from features.errors import Note, SerError
from features.names import printable
from features.places import settle
from features.progress import finished_in_lines
from features.stopping import Stopped, stoppable
from features.version import VERSION

_WIDTH = 79


class Main(Protocol):
    """The `main` of a command: given the command line, by default that of the process, returns the exit status."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run the command."""


def make_parser(module: str, description: str, *, examples: str) -> argparse.ArgumentParser:
    """Create the parser of `python -m MODULE`, with `--version` and examples at the end of its help.

    Parameters
    ----------
    module : str
        Module that runs the command, such as `benchmarks.run`.
    description : str
        What the command does, in one sentence.
    examples : str
        Command lines, one per line; what stands in parentheses behind two spaces is shown as a comment above.

    Examples
    --------
    >>> parser = make_parser("features.extract", "Compute features.", examples="python -m features.extract in out.csv")
    >>> parser.prog
    'python -m features.extract'
    """
    lines = [part for line in examples.strip().splitlines() for part in _shown(line.strip())]
    epilog = f"example: {lines[0]}" if len(lines) == 1 else "\n  ".join(["examples:", *lines])
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=fill(description, _WIDTH),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"speech-emotion-baselines {VERSION}")
    return parser


def _shown(example: str) -> list[str]:
    """An example in lines that fit on a terminal and can be pasted into a shell."""
    line, _, remark = example.partition("  ")
    parts = wrap(line, _WIDTH - 4, break_long_words=False, break_on_hyphens=False, subsequent_indent="    ")
    comment = wrap(remark.strip(" ()"), _WIDTH - 4, initial_indent="# ", subsequent_indent="# ")
    return [*comment, *(f"{part} \\" for part in parts[:-1]), parts[-1]]


def command(
    build_parser: Callable[[], argparse.ArgumentParser],
    execute: Callable[[argparse.Namespace], int | None],
    *,
    on_interrupt: str = "stopped",
) -> Main:
    """Make the `main` of a command from its parser and from what it does.

    Parameters
    ----------
    build_parser : callable
        Returns the parser.
    execute : callable
        Given the parsed arguments, with the command line as the list `command_line`, does the work and returns the
        exit status; None is 0.
    on_interrupt : str
        What to say after Ctrl-C or SIGTERM.

    Returns
    -------
    callable
        `main(argv=None)`, which returns the exit status: that of `execute`; 2 after one line on stderr for an error
        that the user can correct; 130 after Ctrl-C, 143 after SIGTERM; 141 where the reader of the output has gone
        (`| head`).

    Examples
    --------
    >>> parser = lambda: make_parser("features.hello", "Say hello.", examples="python -m features.hello")
    >>> main = command(parser, lambda arguments: print("hello"))
    >>> main([])
    hello
    0
    """

    def main(argv: Sequence[str] | None = None) -> int:
        command_line = list(sys.argv[1:] if argv is None else argv)
        parser = build_parser()
        complete(parser)
        arguments = parser.parse_intermixed_args(command_line)  # so that FILE may stand behind options
        arguments.command_line = command_line
        show_any_text()
        settle()
        try:
            with stoppable(on_interrupt), notes_in_lines(), finished_in_lines(), workers_of(arguments):
                status = execute(arguments) or 0
                sys.stdout.flush()
        except SerError as error:
            return _fail(str(error))
        except KeyboardInterrupt as stopped:
            sys.stderr.write(f"{on_interrupt}\n")
            return stopped.status if isinstance(stopped, Stopped) else 130
        except BrokenPipeError:
            _forget_stdout()
            return 141
        except MemoryError:
            less = "a smaller --jobs or input" if hasattr(arguments, "jobs") else "a smaller input"
            return _fail(f"not enough memory; expected more than this machine has free; use {less}")
        except OSError as error:
            if error.errno is None:
                raise
            return _fail(_about(error))
        return status

    return main


def complete(parser: argparse.ArgumentParser) -> None:
    """Where a shell asks how a command line goes on, tell it by argcomplete and end; else do nothing.

    Examples
    --------
    >>> complete(argparse.ArgumentParser())
    """
    if "_ARGCOMPLETE" in os.environ:
        with suppress(ImportError):  # without the extra `completion` the shell gets no answer
            import argcomplete

            argcomplete.autocomplete(parser)


@contextmanager
def notes_in_lines() -> Iterator[None]:
    """Print notes that the toolkit warns of as one line each on stderr, the same one once; other warnings as ever."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", category=Note)
        others: Any = warnings.showwarning
        told: set[str] = set()

        def tell(message: Any, category: Any, *place: Any) -> None:
            if not issubclass(category, Note):
                others(message, category, *place)
            elif str(message) not in told:
                told.add(str(message))
                show_notes([str(message)])

        library: Any = warnings
        library.showwarning = tell
        yield


def _about(error: OSError) -> str:
    try:
        sys.stdout.flush()
        name = error.filename or "file"
    except OSError:
        _forget_stdout()
        name = error.filename or "standard output"
    return f"{name}: {error.strerror}; expected a path that can be used; check it, and the disk's space"


def _forget_stdout() -> None:
    """Point stdout to nowhere: what is still buffered would raise again while the interpreter shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_any_text() -> None:
    """Let stdout and stderr show what their encoding lacks as escapes, such as the rest of a name that is not UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show(text: str) -> None:
    r"""Print text on stdout, with escapes for characters that would move a terminal's cursor.

    Examples
    --------
    >>> show("one\ntwo\x1b[2J")
    one
    two\x1b[2J
    """
    sys.stdout.write("".join(f"{printable(line)}\n" for line in text.split("\n")))


def show_notes(notes: Iterable[str]) -> None:
    """Print what a user should know on stderr, a line each."""
    for note in notes:
        sys.stderr.write(f"note: {printable(note)}\n")


def _fail(message: str) -> int:
    sys.stderr.write("\n".join(map(printable, f"error: {message}".split("\n"))) + "\n")
    return 2


def at_least_one(text: str) -> int:
    """Read a whole number of at least 1 from a command line.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is not one.

    Examples
    --------
    >>> at_least_one("8")
    8
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number of at least 1")
    return int(text)


def add_jobs_argument(parser: argparse._ActionsContainer, help_text: str = "processes (default: all cores)") -> None:
    """Add `--jobs`, the number of processes.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_jobs_argument(parser)
    >>> parser.parse_args(["--jobs", "2"]).jobs
    2
    """
    parser.add_argument("--jobs", type=at_least_one, metavar="N", help=help_text)


def add_cluster_argument(parser: argparse._ActionsContainer, *, dest: str = "cluster") -> None:
    """Add `--cluster`, for commands whose work an engine hands out.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    dest : str
        Attribute of the parsed arguments; `command` connects to what `cluster` holds before the command begins, to
        what another name holds the command itself.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_cluster_argument(parser)
    >>> parser.parse_args(["--cluster", "local:2"]).cluster
    'local:2'
    """
    parser.add_argument(
        "--cluster",
        dest=dest,
        metavar="ADDRESS",
        help="do the work on a Dask cluster: tcp://HOST:8786 of its scheduler, or local:N for N workers here; changes "
        "no result (default: SER_CLUSTER, else processes of this machine)",
    )


def workers_of(arguments: argparse.Namespace) -> AbstractContextManager[object]:
    """The cluster that `--cluster` or SER_CLUSTER names, connected; nothing where neither does.

    Raises
    ------
    EngineError
        If it cannot be used.

    Examples
    --------
    >>> with workers_of(argparse.Namespace()) as cluster:
    ...     cluster is None
    True
    """
    address = getattr(arguments, "cluster", None) or (os.environ.get("SER_CLUSTER") if "cluster" in arguments else None)
    if not address:
        return nullcontext()
    from features.engines.cluster import connected

    return connected(address)


def add_join_names_argument(parser: argparse._ActionsContainer) -> None:
    """Add `--join-names`.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_join_names_argument(parser)
    >>> parser.parse_args(["--join-names"]).join_names
    True
    """
    parser.add_argument(
        "--join-names",
        action="store_true",
        help="take names that differ only in case, space or leading zeros (03 and 3) for one, instead of refusing them",
    )
