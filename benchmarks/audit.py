"""Say what folds leak, ours and anybody's: `python -m benchmarks.audit`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import command as shared
from features.command import add_jobs_argument, at_least_one, command, make_parser, show
from features.errors import InputError
from features.files import check_writable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.corpora.corpus import Corpus
    from benchmarks.reporting.audit_page import Measured

EXAMPLES = """
python -m benchmarks.audit folds.csv --corpus emodb --root emodb
python -m benchmarks.audit emobox/data/emodb --corpus emodb --root emodb --measure
python -m benchmarks.audit train.csv validation.csv test.csv pitch.csv --json
python -m benchmarks.audit emobox/data/emodb --html audit.html
python -m benchmarks.audit emobox/data/emodb --write folds.csv
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.audit",
        "Look for what makes a score on folds worth less than it looks: speakers, sentences, sessions and recordings "
        "on both sides, utterances that are unknown or missing, how is validated, classes, tables of features. Exit "
        "status 1 where there is an error.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a file or a folder of folds: this toolkit's CSV, EmoBox's JSON lines, JSON manifests of SpeechBrain or "
        "s3prl, tables named train, validation and test, a predictions.csv or a run's folder; beside them a CSV of "
        "features by id",
    )
    shared.add_corpus_arguments(parser, default=None)
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print a list of findings as JSON")
    group.add_argument("--html", type=Path, metavar="FILE", help="write the findings as one HTML page too")
    group.add_argument(
        "--write",
        type=Path,
        metavar="CSV",
        help="write the folds as this toolkit's CSV, which benchmarks.run --folds-file takes; with --corpus under its "
        "ids and speakers",
    )
    shared.add_cache_argument(group)
    group = parser.add_argument_group("what the folds are worth")
    group.add_argument(
        "--measure",
        action="store_true",
        help="train the svm on the folds as given and on as many that share no speaker, on equally many clips; needs "
        "--corpus",
    )
    group.add_argument("--draws", type=at_least_one, default=10, metavar="N", help="drawn training sides (default: 10)")
    group.add_argument(
        "--allow-duplicates", action="store_true", help="measure with the same sound in training and test"
    )
    add_jobs_argument(group, "trainings at a time (default: all cores); changes no result")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Audit and print; 1 where there is an error."""
    import json

    from benchmarks.auditing.audit import audit, convert
    from benchmarks.auditing.finding import Severity
    from benchmarks.reporting.audit_page import write_audit
    from benchmarks.reporting.audit_text import audit_text

    for file in (arguments.html, arguments.write):
        if file:
            check_writable(file)
    corpus = corpus_of(arguments)
    if arguments.measure and (corpus is None or arguments.json):
        raise InputError(
            "--measure trains on a corpus and prints words: give --corpus and --root, and leave --json out"
        )
    audits = audit(
        arguments.paths,
        corpus=corpus,
        join_names=arguments.join_names,
        cache=shared.cache_of(arguments),
        progress=sys.stderr.isatty(),
    )
    if arguments.write:
        convert(arguments.paths, arguments.write, corpus=corpus, join_names=arguments.join_names)
    if arguments.json:
        findings = [finding.json() for found in audits for finding in found.findings]
        show(json.dumps(findings, indent=1, ensure_ascii=False))
    else:
        show("\n\n".join(audit_text(found) for found in audits))
    measured = list(_measured(corpus, arguments)) if arguments.measure and corpus is not None else []
    if arguments.html:
        write_audit(
            audits,
            arguments.html,
            measured=measured,
            command=shared.command_line("benchmarks.audit", arguments),
        )
    return 1 if any(found.of(Severity.ERROR) for found in audits) else 0


def _measured(corpus: Corpus, arguments: argparse.Namespace) -> Iterator[Measured]:
    """What the folds of each path are worth, said in words at once."""
    from benchmarks.auditing.feature_tables import is_feature_table
    from benchmarks.folds.fold import read_folds
    from benchmarks.reporting.audit_page import Measured
    from benchmarks.studies.inflation import inflation, inflation_sentence, inflation_table, inflation_text

    left_out = [clip.name for clip in corpus.left_out]
    for path in arguments.paths:
        if is_feature_table(path):
            show(f"\n{path}: features, which are not measured")
            continue
        found = inflation(
            corpus,
            read_folds(path, corpus.utterances, left_out=left_out, join_names=arguments.join_names),
            draws=arguments.draws,
            jobs=arguments.jobs,
            cache=shared.cache_of(arguments),
            allow_duplicates=arguments.allow_duplicates,
            progress=sys.stderr.isatty(),
        )
        show(f"\n{inflation_text(found)}")
        yield Measured(inflation_sentence(found), inflation_table(found))


def corpus_of(arguments: argparse.Namespace) -> Corpus | None:
    """The corpus that the options choose; None where they choose none."""
    return shared.load_corpus(arguments) if arguments.corpus else None


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
