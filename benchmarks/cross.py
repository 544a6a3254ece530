"""How well what was learnt on one corpus does on others: `python -m benchmarks.cross`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import command as shared
from benchmarks.corpora.base import ROOT_OPTION
from benchmarks.evaluation.overwrite import Overwrite
from features.bad_files import add_on_error_argument
from features.command import add_join_names_argument, command, make_parser, show
from features.errors import CorpusError
from features.names import normalise

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

EXAMPLES = """
python -m benchmarks.cross --corpora emodb=emodb ravdess=ravdess synthetic --pipelines svm xgboost
python -m benchmarks.cross --corpora emodb=emodb manifest=calls.csv --adaptations none corpus
python -m benchmarks.cross --corpora calls:manifest=calls.csv cars:manifest=cars.csv
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.cross",
        "Train on one corpus, test on every other, on the labels that all have: with and without adaptation by the "
        "unlabelled clips of the tested corpus, beside each corpus's own folds, and with one corpus left out where "
        "there are three. The figures stand in cross.csv, what each adaptation gains in gains.csv, the heat maps in "
        "report.html.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--corpora",
        nargs="+",
        required=True,
        metavar="NAME=DIR",
        help="two or more; synthetic needs no folder; tables and folders of one's own have names of their own, as "
        "calls:manifest=calls.csv",
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        default=["svm"],
        metavar="NAME",
        help="as benchmarks.run, without :normalise (default: svm)",
    )
    parser.add_argument(
        "--adaptations",
        nargs="+",
        default=None,
        metavar="KIND",
        help="none, corpus, speaker, coral, subspace or enrol-K for pipelines on features; none or fine-tuned, which "
        "goes on training on the labels of the tested corpus, for deep ones (default: all but enrol-K)",
    )
    shared.add_naming_arguments(parser)
    parser.add_argument("--allow-partial", action="store_true", help="accept deliberate subsets of published corpora")
    parser.add_argument(
        "--allow-duplicates", action="store_true", help="accept the same sound in training and test of a fold"
    )
    add_join_names_argument(parser)
    add_on_error_argument(parser)
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser, out="results/cross")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Score every pipeline across corpora, print the matrices, and write the report."""
    from benchmarks.studies.cross_corpus import ADAPTATIONS, cross_corpus, cross_text
    from benchmarks.studies.reports import write_report

    corpora = _load(arguments)
    folder = arguments.out or Path("results") / "cross"
    table = cross_corpus(
        corpora,
        pipelines=arguments.pipelines,
        adaptations=arguments.adaptations or ADAPTATIONS,
        seeds=arguments.seeds,
        jobs=arguments.jobs,
        out=folder,
        overwrite=Overwrite(arguments.overwrite),
        options=shared.options_of(arguments),
        cache=shared.cache_of(arguments),
        allow_duplicates=arguments.allow_duplicates,
        progress=sys.stderr.isatty(),
        command=shared.command_line("benchmarks.cross", arguments),
    )
    show(cross_text(table))
    show(f"tables: {folder / 'cross.csv'}, {folder / 'gains.csv'}\nreport: {write_report(folder)}")


def _load(arguments: argparse.Namespace) -> dict[str, Corpus]:
    """The corpora by name, their sound read."""
    from benchmarks import corpora

    loaded: dict[str, Corpus] = {}
    names, options = shared.names_of(arguments), shared.options_of(arguments)
    for item in arguments.corpora:
        given, _, root = item.partition("=")
        name, _, kind = given.rpartition(":")
        source = corpora.find(kind)
        if name and (not source.own or "/" in name or "+" in name):
            forms = ", ".join(form for form in corpora.MODULES if corpora.find(form).own)
            raise CorpusError(
                f"--corpora {item}: {kind} cannot be called {name}; expected a name without / and +, before one of "
                f"{forms}"
            )
        name = name or kind
        if name in loaded:
            other = f"; write another:{kind}=DIR" if source.own else ""
            raise CorpusError(f"--corpora {item}: {name} stands twice; expected each corpus once{other}")
        if (not root and source.default_root is None) or (root and not Path(root).exists()):
            problem = f"{root} does not exist" if root else "no folder given"
            raise CorpusError(f"--corpora {item}: {problem}; expected {source.layout}; write {given}=DIR")
        try:
            corpus = corpora.load(
                kind,
                root or None,
                columns=names["columns"] if source.own else {},
                allow_partial=arguments.allow_partial,
                join_names=arguments.join_names,
                on_error=arguments.on_error,
            )
        except CorpusError as error:
            raise type(error)(str(error).replace(ROOT_OPTION, f"--corpora {given}=DIR")) from error
        loaded[name] = shared.check_sound(corpus, arguments, arguments.pipelines, options)
    return _renamed(loaded, names["mapping"])


def _renamed(loaded: dict[str, Corpus], mapping: Mapping[str, str]) -> dict[str, Corpus]:
    """The corpora with the labels that `--map` renames, in each of those that have them."""
    spelled = {normalise(old): normalise(new) for old, new in mapping.items()}
    unknown = [old for old in spelled if not any(old in corpus.labels for corpus in loaded.values())]
    if unknown:
        known = sorted({label for corpus in loaded.values() for label in corpus.labels})
        raise CorpusError(f"--map {unknown[0]}: no corpus has such a label; expected one of {', '.join(known)}")
    return {
        name: corpus.rename({old: new for old, new in spelled.items() if old in corpus.labels})
        for name, corpus in loaded.items()
    }


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
