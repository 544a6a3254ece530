"""Compare pipelines over the same speaker-independent folds: `python -m benchmarks.run`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.pipelines.options import at_least_one

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.pipelines.options import PipelineOptions
    from features.cache import FeatureCache

EXAMPLES = """\
examples:
  python -m benchmarks.run
  python -m benchmarks.run --corpus emodb --root emodb --pipelines svm xgboost:speaker svm+xgboost
  python -m benchmarks.run --corpus iemocap --root IEMOCAP_full_release --folds speaker-811 --seeds 0 1 2
  python -m benchmarks.run --list
"""


def add_corpus_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that choose a corpus, its labels and its folds; every command that reads a corpus has them."""
    group = parser.add_argument_group("corpus")
    group.add_argument(
        "--corpus", default="synthetic", metavar="NAME", help="which corpus (default: the embedded synthetic one)"
    )
    group.add_argument("--root", type=Path, metavar="DIR", help="where it lies; for manifest the CSV file")
    group.add_argument(
        "--download", action="store_true", help="fetch it into --root first, where its publisher allows that"
    )
    group.add_argument(
        "--classes", metavar="LABELS", help="a label policy (iemocap: 4, 4-no-exc, 5, 6, 9) or labels, as ang,sad"
    )
    group.add_argument(
        "--map", metavar="OLD=NEW", nargs="+", default=[], help="rename labels, as exc=hap; before --classes"
    )
    group.add_argument("--improvised", action="store_true", help="improvised dialogues only (iemocap, synthetic)")
    group.add_argument(
        "--allow-partial", action="store_true", help="accept a deliberate subset of the published corpus"
    )
    group.add_argument("--corpus-seed", type=int, default=0, metavar="N", help="seed of the synthetic corpus")


def add_fold_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that choose the folds."""
    group = parser.add_argument_group("folds")
    group.add_argument(
        "--folds", metavar="SCHEME", help="session, speaker, speaker-811 or a number (default: the corpus's own)"
    )
    group.add_argument("--folds-file", type=Path, metavar="CSV", help="use the folds of this file")
    group.add_argument("--write-folds", type=Path, metavar="CSV", help="write the folds to this file")
    group.add_argument(
        "--allow-duplicates", action="store_true", help="accept byte-identical clips on both sides of a fold"
    )


def add_pipeline_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that reach the pipelines."""
    group = parser.add_argument_group("options of pipelines")
    group.add_argument("--encoder", metavar="NAME", help="speech encoder: a hub name or a local folder")
    group.add_argument(
        "--layer", default="auto", metavar="N", help="layer of a frozen encoder, or auto: chosen on inner folds"
    )
    group.add_argument(
        "--released",
        metavar="NAME",
        help="published emotion model of speechbrain-released: a hub name or a local folder",
    )
    group.add_argument(
        "--random-init",
        "--random-start",
        action="store_true",
        help="initialise a frozen encoder at random instead of reading its weights",
    )
    group.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N, for deep pipelines")
    group.add_argument(
        "--augment", action="store_true", help="augment training clips of deep pipelines: speed, noise, drop"
    )
    group.add_argument("--epochs", type=int, metavar="N", help="epochs of fine-tuning (default: the recipe's)")


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say how a run is carried out, and where it is kept."""
    group = parser.add_argument_group("run")
    group.add_argument(
        "--seeds", type=int, nargs="+", default=[0], metavar="N", help="seeds of the pipelines (default: 0)"
    )
    group.add_argument(
        "--jobs", type=at_least_one, metavar="N", help="cells at a time (default: all cores); changes no result"
    )
    group.add_argument("--out", type=Path, metavar="DIR", help="where results are kept (default: results/CORPUS)")
    group.add_argument(
        "--overwrite", choices=("missing", "all"), default="missing", help="which cells to compute (default: missing)"
    )
    group.add_argument("--no-cache", action="store_true", help="extract features anew, and keep none")


def build_parser() -> argparse.ArgumentParser:
    """The parser of this command; the command reference is made from it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description="Train and test pipelines over the same speaker-independent folds of a corpus, and compare them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        help="model[@features][:normalise], fused with + (default: svm xgboost; embedded corpus: wav2vec2-tiny too)",
    )
    for add in (add_corpus_arguments, add_fold_arguments, add_pipeline_arguments, add_run_arguments):
        add(parser)
    return parser


def load_corpus(args: argparse.Namespace) -> Corpus:
    """The corpus that the options choose, downloaded first if they say so.

    Raises
    ------
    CorpusError
        If it cannot be had as asked for.
    """
    from benchmarks import corpora
    from benchmarks.corpora.download import fetch
    from features.errors import CorpusError

    source = corpora.find(args.corpus)
    if args.download:
        if source.download is None:
            raise CorpusError(
                f"{source.name}: no --download, its publisher prints no checksum; {source.obtain} ({source.homepage})"
            )
        if args.root is None:
            raise CorpusError(f"{source.name}: --download needs --root, the folder to fetch it into")
        fetch(source.name, source.download, args.root, progress=sys.stderr.isatty())
    pairs = [item.partition("=") for item in args.map]
    for old, mark, new in pairs:
        if not (old and mark and new):
            raise CorpusError(f"--map {old}{mark}{new}: expected OLD=NEW, such as exc=hap")
    return corpora.load(
        args.corpus,
        args.root,
        classes=args.classes,
        mapping={old: new for old, _, new in pairs},
        improvised=args.improvised,
        allow_partial=args.allow_partial,
        seed=args.corpus_seed,
    )


def options_of(args: argparse.Namespace) -> PipelineOptions:
    """The options of pipelines.

    Raises
    ------
    PipelineError
        If `--layer` is neither a number nor `auto`.
    """
    from benchmarks.pipelines.options import PipelineOptions
    from features.errors import PipelineError

    if args.layer != "auto" and not args.layer.isdecimal():
        raise PipelineError(f"--layer {args.layer}: expected a number or auto")
    names = ("encoder", "layer", "released", "random_init", "device", "augment", "epochs")
    return PipelineOptions(**{name: getattr(args, name) for name in names})


def pick_cache(args: argparse.Namespace) -> FeatureCache | None:
    """The user's feature cache, none with `--no-cache`."""
    from features.cache import FeatureCache

    return None if args.no_cache else FeatureCache()


def default_pipelines(corpus: Corpus) -> list[str]:
    """What is compared where no pipelines are named: on the embedded corpus a small deep row too."""
    return ["svm", "xgboost", *(["wav2vec2-tiny"] if corpus.synthetic else [])]


def execute(args: argparse.Namespace) -> int:
    """Carry out what the options say; the exit status."""
    options = options_of(args)
    if args.list:
        from benchmarks.reporting.listing import listing

        print(listing(options))
        return 0
    from benchmarks.evaluation.evaluate import evaluate
    from benchmarks.folds.fold import read_folds, write_folds
    from benchmarks.folds.splitters import make_folds
    from benchmarks.reporting.terminal import result_text

    corpus = load_corpus(args)
    folds = args.folds
    if args.folds_file:
        folds = read_folds(args.folds_file, corpus.utterances)
    if args.write_folds:
        made = folds if args.folds_file else make_folds(corpus.utterances, folds or corpus.source.folds)
        write_folds(args.write_folds, made, corpus.utterances)
    result = evaluate(
        corpus,
        pipelines=args.pipelines or default_pipelines(corpus),
        folds=folds,
        seeds=args.seeds,
        jobs=args.jobs,
        out=args.out or Path("results") / corpus.name,
        overwrite=args.overwrite,
        options=options,
        cache=pick_cache(args),
        allow_duplicates=args.allow_duplicates,
        progress=sys.stderr.isatty(),
        command=shlex.join(["python", "-m", "benchmarks.run", *args.command_line]),
    )
    print(result_text(result.run, result.scores, str(result.folder)))
    return 1 if result.failed else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 done, 1 a cell failed, 2 wrong use."""
    from features.errors import SerError

    line = list(sys.argv[1:] if argv is None else argv)
    args = build_parser().parse_args(line)
    args.command_line = line
    try:
        return execute(args)
    except SerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
