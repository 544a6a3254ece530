"""What the prediction commands share: many files in, answers out as they come, bad files named at the end."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from features.bad_files import (
    UNREADABLE,
    BadClip,
    BadClipsError,
    add_on_error_argument,
    report_bad,
)
from features.command import add_cluster_argument, add_jobs_argument, show_notes
from features.errors import InputError
from features.files import check_writable, replacing
from features.prediction_files import CsvForm, Form, Format, JsonForm, JsonLinesForm, TableForm, key_of, keys_in
from features.prediction_task import Answers, Attempt, Task, with_coverage
from features.processes import beside, end_at_once, worker_processes
from features.progress import Progress
from features.shards.contents import SUFFIX

if TYPE_CHECKING:
    import pandas as pd
    from joblib.externals.loky import ProcessPoolExecutor

    from features.predictions import Prediction


def add_prediction_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every `predict` command takes: inputs, and the form of the output.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_prediction_arguments(parser)
    >>> parser.parse_args(["call.wav", "--window", "3"]).window
    3.0
    """
    add = parser.add_argument
    add("inputs", nargs="*", metavar="INPUT", help="sound file, or folder of sound files")
    add("--manifest", metavar="CSV", help="table with path and, where known, speaker, start, end, enrol")
    add("--one-speaker", action="store_true", help="everything is spoken by the same person")
    add("--window", type=float, metavar="S", help="predict for windows of this many seconds")
    add("--hop", type=float, metavar="S", help="seconds from window to window (default: a third)")
    add("--format", choices=[str(form) for form in Format], help="form of the answers (default: by --out, or table)")
    add("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help="write there, as .csv, .jsonl, .json or .txt, or in a folder NAME.parquet/ for any number of clips; what "
        ".csv, .jsonl or a folder hold already is not computed again",
    )
    add(
        "--coverage",
        type=float,
        metavar="C",
        help="say a set of labels for every clip, which holds the truth for this share of a new speaker's clips, such "
        "as 0.9; a set of all labels is `abstain`",
    )
    add("--plot", metavar="FILE", help="draw the timeline of the windows as .png, .svg or .pdf")
    add_jobs_argument(parser, "processes, each with the model in its memory (default: 1)")
    add_cluster_argument(parser, dest="cluster_for_folder")
    add_on_error_argument(parser, good_ones="answer the others, name the bad ones, end with 1")


@dataclass(frozen=True)
class OtherProcesses:
    """Processes that answer beside this one.

    Attributes
    ----------
    executor : ProcessPoolExecutor
    count : int
    """

    executor: ProcessPoolExecutor
    count: int


@contextmanager
def other_processes(n_jobs: int, read: Callable[[], object]) -> Iterator[OtherProcesses | None]:
    """Processes that import what they need and read the model while this one does so too.

    Parameters
    ----------
    n_jobs : int
        Number of processes, this one among them.
    read : callable
        Reads the model into the memory of its process; what it raises there is not told, since this process reads the
        model too.

    Yields
    ------
    OtherProcesses or None
        None where one process was asked for.
    """
    if n_jobs < 2:
        yield None
        return
    with worker_processes(n_jobs - 1) as executor:
        reading = [executor.submit(_done, read) for _ in range(n_jobs - 1)]
        yield OtherProcesses(executor, n_jobs - 1)
        if not all(future.done() for future in reading):  # nothing is left to do: nobody waits for them
            end_at_once(executor)


def _done(read: Callable[[], object]) -> None:
    """Read the model, and send none of it back."""
    read()


def execute_prediction(arguments: argparse.Namespace, task: Task, others: OtherProcesses | None = None) -> int:
    """Predict what the arguments of `add_prediction_arguments` ask for, and write each answer as it comes.

    Parameters
    ----------
    arguments : argparse.Namespace
    task : Task
    others : OtherProcesses, optional
        Processes that share the work.

    Returns
    -------
    int
        Exit status: 1 where a clip could not be analysed, unless that is accepted.

    Raises
    ------
    InputError
        If the arguments do not go together, there are no inputs, or a file cannot be written.
    BadClipsError
        If no clip could be analysed.
    """
    task = with_coverage(task, arguments.coverage)
    if arguments.cluster_for_folder is not None:
        raise InputError(
            f"--cluster {arguments.cluster_for_folder}: is for answers in a folder of Parquet files; expected "
            "--out NAME.parquet/ beside it"
        )
    form = Format(arguments.format) if arguments.format else _default_format(arguments.out)
    for path in (arguments.out, arguments.plot):
        if path is not None:
            check_writable(path)
    table, bad = read_inputs(arguments)
    show_notes(task.notes)
    total = len(table) + len(bad)
    done = keys_in(arguments.out, form, model=task.model) if arguments.out and form.resumable else Counter()
    waiting = table[_not_done(table, done)]
    if task.whole and 0 < len(waiting) < len(table):
        raise InputError(
            f"{arguments.out} holds {len(table) - len(waiting):,} of {len(table):,} clips, and this model sets each "
            "clip against all others of its speaker; expected all or none of them; write to another --out"
        )
    drawn: list[Prediction] = []
    with (
        _output(arguments.out, _form(form, waiting, task, added=bool(done)), added=form.resumable) as write,
        closing(answers_of(task, waiting, others=others)) as coming,
    ):
        notes: dict[str, None] = {}
        for answers in _progress(coming, len(waiting)):
            write(answers.predictions)
            bad += answers.bad
            show_notes(note for note in answers.notes if note not in notes)
            notes |= dict.fromkeys(answers.notes)
            drawn += [one for one in answers.predictions if arguments.plot and one.start is not None]
        if bad and len(bad) == total:
            raise BadClipsError(bad, total)
    if arguments.plot:
        from features.timeline import timeline

        show_notes(timeline(drawn).save(arguments.plot))
    if arguments.out:
        before = f" ({len(table) - len(waiting):,} of them before)" if len(waiting) < len(table) else ""
        sys.stdout.write(f"{arguments.out}: {total - len(bad):,} of {total:,} clips{before}\n")
    return report_bad(bad, total, arguments.on_error)


def into_folder(arguments: argparse.Namespace) -> bool:
    """Whether the answers go into a folder of Parquet files.

    Examples
    --------
    >>> into_folder(argparse.Namespace(out=Path("answers.parquet"))), into_folder(argparse.Namespace(out=None))
    (True, False)
    """
    return arguments.out is not None and arguments.out.suffix.lower() == SUFFIX


def n_beside(arguments: argparse.Namespace) -> int:
    """How many processes answer beside this one and with it; a folder is filled by an engine's own.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_prediction_arguments(parser)
    >>> n_beside(parser.parse_args(["a.wav", "--jobs", "4"]))
    4
    >>> n_beside(parser.parse_args(["a.wav", "--jobs", "4", "--out", "answers.parquet/"]))
    1
    """
    return 1 if into_folder(arguments) else arguments.jobs or 1


def _default_format(out: Path | None) -> Format:
    return Format.TABLE if out is None else Format.of_file(out)


def _form(form: Format, table: pd.DataFrame, task: Task, *, added: bool) -> Form:
    if form is Format.CSV:
        return CsvForm(task.model, header=not added, explained=task.explained)
    if form is Format.JSONL:
        return JsonLinesForm(task.model)
    return JsonForm() if form is Format.JSON else TableForm(table)


@contextmanager
def _output(path: Path | None, form: Form, *, added: bool) -> Iterator[Callable[[Sequence[Prediction]], None]]:
    """A function that writes predictions at once, to stdout or to a file.

    A file in a form that cannot be added to is replaced at the end; in both cases what was there stays where there is
    no prediction at all.
    """
    with ExitStack() as stack:
        streams = [sys.stdout] if path is None else []

        def write(predictions: Sequence[Prediction]) -> None:
            if not predictions:
                return
            if not streams and path is not None:
                target = path if added else stack.enter_context(replacing(path))
                target.parent.mkdir(parents=True, exist_ok=True)
                streams.append(stack.enter_context(target.open("a", encoding="utf-8", newline="")))
            _append(streams[0], form.text(predictions), path)

        yield write
        for stream in streams:
            _append(stream, form.end(), path)


def _append(stream: TextIO, text: str, path: Path | None) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if path is None:
            raise
        raise InputError(f"{path}: {error.strerror}; what is written is kept; make space and go on") from error


def read_inputs(arguments: argparse.Namespace) -> tuple[pd.DataFrame, list[BadClip]]:
    """Read the utterances table that the arguments of `add_prediction_arguments` describe.

    Returns
    -------
    table : pandas.DataFrame
        In windows, where these are asked for.
    bad : list of BadClip
        Files that could not be cut into windows.

    Raises
    ------
    InputError
        If the arguments do not go together, or there are no inputs.
    """
    from features.audio import SHORTEST, left_out_of
    from features.long_files import notes_on_long_files
    from features.utterances import inside_files, utterances

    if arguments.window is None and (arguments.hop is not None or arguments.plot):
        raise InputError("--hop and --plot are for windows: give --window too")
    if arguments.window is not None and not SHORTEST <= arguments.window < float("inf"):
        raise InputError(f"--window {arguments.window:g}: expected at least {SHORTEST:g} s, the shortest sound")
    table = utterances(arguments.inputs, manifest=arguments.manifest, one_speaker=arguments.one_speaker)
    table, note = inside_files(table)
    left_out = [f"{source}: {said}" for source in arguments.inputs if (said := left_out_of(Path(source)))]
    show_notes([*left_out, *filter(None, [note])])
    if arguments.window is None:
        show_notes(notes_on_long_files(table))
        return table, []
    bad = _without_duration(table)
    good = table.drop(index=[table.index[clip.position] for clip in bad]) if bad else table
    if not len(good):
        raise BadClipsError(bad, len(table))
    hop = arguments.window / 3 if arguments.hop is None else arguments.hop
    return _cut(good, window=arguments.window, hop=hop), bad


def _cut(table: pd.DataFrame, *, window: float, hop: float) -> pd.DataFrame:
    """The table in windows, but for clips that enrol their speaker, which stay whole and come first."""
    import pandas as pd

    from features.utterances import cut

    enrols = table.get("enrol", pd.Series(0, index=table.index)) > 0
    if not enrols.any():
        return cut(table, window=window, hop=hop)
    others = table[~enrols]
    return pd.concat([table[enrols], *([cut(others, window=window, hop=hop)] if len(others) else [])])


def _without_duration(table: pd.DataFrame) -> list[BadClip]:
    from features.clips import clips_from
    from features.utterances import duration

    bad = []
    for position, (clip, end) in enumerate(zip(clips_from(table), table["end"])):
        if end == end:
            continue
        try:
            duration(str(clip.path))
        except UNREADABLE as error:
            bad.append(BadClip.of(position, clip, error))
    return bad


def _not_done(table: pd.DataFrame, done: Counter[tuple[str, str, str]]) -> list[bool]:
    left = Counter(done)
    result = []
    for path, start, end in zip(table["path"], table["start"], table["end"]):
        key = key_of(str(path), start, end)
        result.append(left[key] <= 0)
        left[key] -= 1
    return result


def answers_of(task: Task, table: pd.DataFrame, *, others: OtherProcesses | None = None) -> Generator[Answers]:
    """Answers of all utterances in their order, some at a time: the first one alone, so that it comes at once.

    Parameters
    ----------
    task : Task
    table : pandas.DataFrame
        Utterances table.
    others : OtherProcesses, optional
        Processes that share the work; they change no answer.

    Yields
    ------
    Answers
    """
    sizes = _chunk_sizes(len(table), task.chunk) if not task.whole else [len(table)] if len(table) else []
    ends = list(accumulate(sizes))
    chunks = [table.iloc[end - size : end] for size, end in zip(sizes, ends)]
    work = Attempt(task.predict)
    if others is None or len(chunks) < 3:
        yield from map(work, chunks)
    else:
        yield from beside(work, chunks, others.executor, others.count)


def _chunk_sizes(total: int, most: int) -> list[int]:
    sizes: list[int] = []
    left = total
    for size in chain((1, 2, 4, 8), repeat(most)):
        if left <= 0:
            return sizes
        sizes.append(min(size, most, left))
        left -= sizes[-1]
    return sizes


def _progress(answers: Iterator[Answers], total: int) -> Iterator[Answers]:
    """The same answers, with a bar on a terminal, and a line now and then in a log."""
    with Progress(total, "predict") as progress:
        for some in answers:
            yield some
            progress.add(len(some.predictions) + len(some.bad))
