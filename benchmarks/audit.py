"""Say what folds leak, ours and anybody's: `python -m benchmarks.audit`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import command as shared
from features.command import add_jobs_argument, at_least_one, command, make_parser, show
from features.errors import InputError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

EXAMPLES = """
python -m benchmarks.audit folds.csv --corpus emodb --root emodb
python -m benchmarks.audit emobox/data/emodb --corpus emodb --root emodb --measure
python -m benchmarks.audit train.csv validation.csv test.csv pitch.csv --json
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

    from benchmarks.auditing.audit import audit
    from benchmarks.auditing.finding import Severity
    from benchmarks.auditing.terminal import audit_text

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
    if arguments.json:
        findings = [finding.json() for found in audits for finding in found.findings]
        show(json.dumps(findings, indent=1, ensure_ascii=False))
    else:
        show("\n\n".join(audit_text(found) for found in audits))
    if arguments.measure and corpus is not None:
        for path in arguments.paths:
            show(f"\n{_measured(path, corpus, arguments)}")
    return 1 if any(found.of(Severity.ERROR) for found in audits) else 0


def _measured(path: Path, corpus: Corpus, arguments: argparse.Namespace) -> str:
    """What the folds of one path are worth, in words."""
    from benchmarks.auditing.feature_tables import is_feature_table
    from benchmarks.folds.fold import read_folds
    from benchmarks.studies.inflation import inflation, inflation_text

    if is_feature_table(path):
        return f"{path}: features, which are not measured"
    left_out = [clip.name for clip in corpus.left_out]
    found = inflation(
        corpus,
        read_folds(path, corpus.utterances, left_out=left_out, join_names=arguments.join_names),
        draws=arguments.draws,
        jobs=arguments.jobs,
        cache=shared.cache_of(arguments),
        allow_duplicates=arguments.allow_duplicates,
        progress=sys.stderr.isatty(),
    )
    return inflation_text(found)


def corpus_of(arguments: argparse.Namespace) -> Corpus | None:
    """The corpus that the options choose; None where they choose none."""
    return shared.load_corpus(arguments) if arguments.corpus else None


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
