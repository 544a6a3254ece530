"""Compare pipelines over the same speaker-independent folds: `python -m benchmarks.run`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import command as shared
from deep.hub import SHIPPED
from features.command import command, make_parser, show, show_notes
from features.files import check_writable

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

EXAMPLES = """
python -m benchmarks.run
python -m benchmarks.run --corpus emodb --root emodb --pipelines svm xgboost:speaker svm+xgboost
python -m benchmarks.run --corpus iemocap --root IEMOCAP_full_release --folds speaker-811 --seeds 0 1 2
python -m benchmarks.run --list
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.run",
        "Train and test pipelines over the same speaker-independent folds of a corpus, and compare them.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="show corpora, folds, pipelines and feature sets, and what is available here",
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        metavar="NAME",
        help="model[@features][:normalise], fused with + (default: svm xgboost; embedded corpus: a small "
        "frozen encoder and its random twin too)",
    )
    shared.add_corpus_arguments(parser)
    group = shared.add_fold_arguments(parser)
    group.add_argument(
        "--folds-file",
        type=Path,
        metavar="PATH",
        help="use the folds of this file or folder: a CSV of --write-folds, or those of EmoBox, s3prl, SpeechBrain, "
        "tables named after their sides, a predictions.csv",
    )
    group.add_argument(
        "--allow-shared-speakers",
        action="store_true",
        help="accept a --folds-file whose speakers train and test; every row is marked, none is ranked",
    )
    group.add_argument("--write-folds", type=Path, metavar="CSV", help="write the folds to this file")
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser)
    shared.add_rope_argument(parser)
    parser.add_argument(
        "--add",
        nargs="+",
        default=[],
        type=brought,
        metavar="NAME=CSV",
        help="predictions of another tool on the same utterances, as a row of its own: utterance, prediction, and "
        "p_<label>, speaker, truth, fold where known",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Run the pipelines and print their scores; 1 where a job failed, or a pipeline named cannot run here."""
    options = shared.options_of(arguments)
    if arguments.write_folds:
        check_writable(arguments.write_folds)
    if arguments.list:
        from benchmarks.reporting.listing import listing

        show(listing(options))
        return 0
    from benchmarks.reporting.page import notes_on_pictures
    from benchmarks.reporting.ranking import rank
    from benchmarks.reporting.summary import practical_lines
    from benchmarks.reporting.terminal import result_text
    from benchmarks.studies.reports import evaluate

    corpus = shared.load_corpus(arguments)
    pipelines = arguments.pipelines or default_pipelines(corpus)
    corpus = shared.check_sound(corpus, arguments, pipelines, options)
    run = evaluate(
        corpus,
        pipelines=pipelines,
        options=options,
        rope=arguments.rope,
        allow_shared_speakers=arguments.allow_shared_speakers,
        add=dict(arguments.add),
        **{**shared.run_arguments("benchmarks.run", arguments, corpus), "folds": folds_of(arguments, corpus)},
    )
    show(result_text(run.record, run.scores, str(run.folder)))
    if arguments.rope and not run.predictions.empty:
        show("\n".join(practical_lines(rank(run))))
    show_notes(notes_on_pictures(run))
    control = shared.say_whether_chance_holds(corpus, run.predictions)
    skipped = any(pipeline["status"] == "skipped" for pipeline in run.record["pipelines"].values())
    return 1 if control or run.failed or run.predictions.empty or (skipped and arguments.pipelines) else 0


def folds_of(arguments: argparse.Namespace, corpus: Corpus) -> Any:
    """The scheme, or the folds of `--folds-file`; written to `--write-folds` where that is given."""
    from benchmarks.folds.fold import read_folds_with_notes, write_folds
    from benchmarks.folds.splitters import make_folds

    table, scheme = corpus.utterances, arguments.folds or corpus.default_scheme
    left_out = {clip.name for clip in corpus.left_out}
    read = None
    if arguments.folds_file:
        read, notes = read_folds_with_notes(
            arguments.folds_file, table, left_out=left_out, join_names=arguments.join_names
        )
        show_notes(notes)
    if arguments.write_folds:
        write_folds(arguments.write_folds, read or make_folds(table, scheme), table)
    return read or scheme


def brought(text: str) -> tuple[str, Path]:
    """Read a name and the file of its predictions.

    Raises
    ------
    argparse.ArgumentTypeError
        If either lacks.

    Examples
    --------
    >>> brought("theirs=predictions.csv")[0]
    'theirs'
    """
    name, _, file = text.partition("=")
    if not name.strip() or not file:
        raise argparse.ArgumentTypeError(f"{text!r}; expected NAME=predictions.csv")
    return name, Path(file)


def default_pipelines(corpus: Corpus) -> list[str]:
    """What is compared where no pipelines are named: on the embedded corpus the shipped encoder too, and its twin."""
    shipped = [f"svm@{name}{twin}" for name in SHIPPED for twin in ("", "~random")]
    return ["svm", "xgboost", *(shipped if corpus.synthetic else [])]


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
