"""What the command lines of this package share: groups of options, and what they stand for."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.evaluation.overwrite import Overwrite
from benchmarks.pipelines.heard import parse_heard
from benchmarks.pipelines.options import PipelineOptions, at_least_one
from deep.runtime import PRECISIONS
from features.bad_files import add_on_error_argument, report_bad
from features.command import add_cluster_argument, add_jobs_argument, add_join_names_argument, show
from features.errors import CorpusError, PipelineError

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.corpora.corpus import Corpus
    from features.cache import FeatureCache

GOES_ON = "stopped; the same command goes on from here"
"""What a command that stores its jobs says after Ctrl-C."""


def add_corpus_arguments(parser: argparse.ArgumentParser, *, default: str | None = "synthetic") -> None:
    """Add the options that choose a corpus and its labels, by default the embedded one, or none."""
    group = parser.add_argument_group("corpus")
    otherwise = "the embedded synthetic one" if default else "none"
    group.add_argument("--corpus", default=default, metavar="NAME", help=f"which corpus (default: {otherwise})")
    group.add_argument("--root", type=Path, metavar="DIR", help="where it lies; for manifest the CSV file")
    group.add_argument(
        "--download", action="store_true", help="fetch it into --root first, where its publisher allows that"
    )
    group.add_argument(
        "--classes", metavar="LABELS", help="a label policy (iemocap: 4, 4-no-exc, 5, 6, 9) or labels, as ang,sad"
    )
    add_naming_arguments(group)
    group.add_argument("--improvised", action="store_true", help="improvised dialogues only (iemocap, synthetic)")
    group.add_argument(
        "--allow-partial", action="store_true", help="accept a deliberate subset of the published corpus"
    )
    add_join_names_argument(group)
    add_on_error_argument(group)
    group.add_argument("--corpus-seed", type=int, default=0, metavar="N", help="seed of the synthetic corpus")


def add_naming_arguments(parser: argparse._ActionsContainer) -> None:
    """Add the options that say what labels and columns are called: `--map` and `--columns`."""
    parser.add_argument(
        "--map", metavar="OLD=NEW", nargs="+", default=[], help="rename labels, as exc=hap; before --classes"
    )
    parser.add_argument(
        "--columns",
        metavar="OURS=THEIRS",
        nargs="+",
        default=[],
        help="which columns of a table of one's own are path, label, speaker, gender, ...: label=emotion speaker=who",
    )


def names_of(arguments: argparse.Namespace) -> dict[str, dict[str, str]]:
    """What `add_naming_arguments` read, as keywords of `corpora.load`.

    Raises
    ------
    CorpusError
        If a pair is none.
    """
    return {
        "mapping": _pairs("--map", arguments.map, example="exc=hap"),
        "columns": _pairs("--columns", arguments.columns, example="label=emotion"),
    }


SCHEMES = (
    "session, speaker, speaker-811 or a number; with -x-text behind it no sentence is shared either; or text (default: "
    "the corpus's own)"
)
"""What `--folds` takes."""


def add_fold_arguments(parser: argparse.ArgumentParser, *, schemes: str = SCHEMES) -> argparse._ArgumentGroup:
    """Add the options that choose the folds, and return their group."""
    group = parser.add_argument_group("folds")
    group.add_argument("--folds", metavar="SCHEME", help=schemes)
    group.add_argument(
        "--allow-duplicates", action="store_true", help="accept the same sound in training and test of a fold"
    )
    return group


def add_pipeline_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that reach the pipelines; see `PipelineOptions`."""
    group = parser.add_argument_group("options of pipelines")
    group.add_argument("--encoder", metavar="NAME", help="speech encoder: a hub name or a local folder")
    group.add_argument(
        "--layer",
        default="auto",
        metavar="N",
        help="layer of a frozen encoder; auto: the one that inner folds choose; all: weighted as inner folds choose",
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
    group.add_argument(
        "--heard",
        nargs="+",
        default=[],
        metavar="[MODEL=]LEVEL",
        help="what pretrained models have heard of this corpus, above what the register (benchmarks.heard) says: no, "
        "sound, labels or unknown; for all, or for the one named",
    )
    group.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N, for deep pipelines")
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="number type that deep pipelines are trained in; auto: bfloat16 on a GPU that has it (default: auto)",
    )
    group.add_argument(
        "--last-layers",
        type=at_least_one,
        default=2,
        metavar="N",
        help="how many of an encoder's layers last-layers@encoder tunes (default: 2)",
    )
    group.add_argument(
        "--lora-rank", type=at_least_one, default=8, metavar="N", help="rank of what lora@encoder adds (default: 8)"
    )
    group.add_argument(
        "--lora-targets",
        nargs="+",
        default=[],
        metavar="NAME",
        help="linear maps that it adds to (default: q_proj v_proj; WavLM: intermediate_dense output_dense)",
    )
    group.add_argument(
        "--augment", action="store_true", help="augment training clips of deep pipelines: speed, noise, drop"
    )
    group.add_argument("--epochs", type=int, metavar="N", help="epochs of fine-tuning (default: the recipe's)")
    group.add_argument(
        "--patience",
        type=at_least_one,
        metavar="N",
        help="stop it after N epochs without a better UAR on validation speakers (default: never)",
    )
    group.add_argument(
        "--tune-deep",
        action="store_true",
        help="choose learning rates (a third, one, three times the recipe's) and epochs of deep pipelines on 3 inner "
        "folds, as classical ones choose their settings: ten trainings in place of one",
    )


def add_run_arguments(parser: argparse.ArgumentParser, *, out: str = "results/CORPUS") -> None:
    """Add the options that say how a run is carried out, and where it is kept: by default in the folder `out`."""
    group = parser.add_argument_group("run")
    group.add_argument(
        "--seeds", type=int, nargs="+", default=[0], metavar="N", help="seeds of the pipelines (default: 0)"
    )
    add_jobs_argument(group, "jobs at a time (default: all cores); changes no result")
    add_cluster_argument(group)
    group.add_argument("--out", type=Path, metavar="DIR", help=f"where results are kept (default: {out})")
    group.add_argument(
        "--overwrite",
        choices=[str(choice) for choice in Overwrite],
        default=str(Overwrite.MISSING),
        help="which jobs to compute (default: missing)",
    )
    group.add_argument(
        "--control",
        choices=["permuted"],
        help="run on labels permuted within every speaker, and say whether every row scores chance (exit 1 if not)",
    )
    add_cache_argument(group)


def add_rope_argument(parser: argparse._ActionsContainer) -> None:
    """Add `--rope`."""
    parser.add_argument(
        "--rope",
        type=practical_difference,
        metavar="X",
        help="a difference of UAR that does not matter, such as 0.02: of every pair it is then said whether one is "
        "better or worse by more, the same, or cannot be told",
    )


def practical_difference(text: str) -> float:
    """Read half the width of a region of practical equivalence.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is no number between 0 and 1.

    Examples
    --------
    >>> practical_difference("0.02")
    0.02
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a difference of UAR between 0 and 1, such as 0.02")
    return value


def add_cache_argument(parser: argparse._ActionsContainer) -> None:
    """Add `--no-cache`."""
    parser.add_argument("--no-cache", action="store_true", help="extract features anew, and keep none")


def load_corpus(arguments: argparse.Namespace) -> Corpus:
    """Load the corpus that the options choose, downloaded first if they say so.

    Raises
    ------
    CorpusError
        If it cannot be had as asked for.
    """
    from benchmarks import corpora

    corpus = corpora.load(
        arguments.corpus,
        arguments.root,
        classes=arguments.classes,
        **names_of(arguments),
        improvised=arguments.improvised,
        allow_partial=arguments.allow_partial,
        join_names=arguments.join_names,
        on_error=arguments.on_error,
        seed=arguments.corpus_seed,
        download=arguments.download,
    )
    if getattr(arguments, "control", None):
        from benchmarks.evaluation.control import permuted

        return permuted(corpus)
    return corpus


def _pairs(option: str, items: Sequence[str], *, example: str) -> dict[str, str]:
    """What stands left and right of the equals signs of an option's values."""
    pairs = {}
    for item in items:
        left, sign, right = item.partition("=")
        if not (left and sign and right):
            raise CorpusError(
                f"{option} {item}: expected {'OLD=NEW' if option == '--map' else 'OURS=THEIRS'}, such as {example}"
            )
        pairs[left] = right
    return pairs


def out_folder(arguments: argparse.Namespace, corpus: Corpus, *, suffix: str = "") -> Path:
    """Where results are kept: `--out`, or a folder named after the corpus, and after a control where there is one."""
    control = f"-{corpus.control}" if corpus.control else ""
    return arguments.out or Path("results") / f"{corpus.name}{suffix}{control}"


def say_whether_chance_holds(corpus: Corpus, predictions: pd.DataFrame, *, by: Sequence[str] = ("pipeline",)) -> int:
    """Say whether every row of a control scores chance; 1 where one does not, 0 where all do or this is no control."""
    if not corpus.control or predictions.empty:
        return 0
    from benchmarks.evaluation.control import check_chance

    check = check_chance(predictions, corpus.labels, by=by)
    show(check.text())
    return 0 if check.holds else 1


def check_sound(
    corpus: Corpus, arguments: argparse.Namespace, pipelines: Sequence[str], options: PipelineOptions | None = None
) -> Corpus:
    """Read the sound of a corpus before anything is trained, and treat what is bad as `--on-error` says.

    Where all pipelines take their features from tables, nobody listens and nothing is read.

    Raises
    ------
    BadClipsError
        If sound cannot be analysed, and it is not to be left out; every such clip is named.
    PipelineError
        If a pipeline is unknown: said at once, and not after everything was read.
    """
    from benchmarks.corpora.bad_sound import without_bad_sound
    from benchmarks.pipelines import build
    from benchmarks.pipelines.feature_sets import is_stored

    options = options or PipelineOptions()
    built = [build(name, labels=corpus.labels, corpus=corpus.name, options=options) for name in pipelines]
    parts = [part for pipeline in built for part in (pipeline.parts or (pipeline,))]
    if all(part.features and is_stored(part.features) for part in parts):
        return corpus
    progress = sys.stderr.isatty()
    usable = without_bad_sound(corpus, on_error=arguments.on_error, cache=cache_of(arguments), progress=progress)
    report_bad(usable.left_out[len(corpus.left_out) :], len(corpus.utterances), arguments.on_error)
    return usable


def options_of(arguments: argparse.Namespace) -> PipelineOptions:
    """The options of pipelines, as `add_pipeline_arguments` reads them.

    Raises
    ------
    PipelineError
        If `--layer` is neither a number nor `auto` or `all`, or `--heard` names no level.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_pipeline_arguments(parser)
    >>> options_of(parser.parse_args(["--layer", "7"])).layer
    '7'
    """
    if arguments.layer not in ("auto", "all") and not arguments.layer.isdecimal():
        raise PipelineError(f"--layer {arguments.layer}: expected a number, auto or all")
    for text in getattr(arguments, "heard", ()):
        parse_heard(text)
    names = [option.name for option in fields(PipelineOptions)]
    values: dict[str, Any] = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return PipelineOptions(**values)


def cache_of(arguments: argparse.Namespace) -> FeatureCache | None:
    """The user's feature cache, none with `--no-cache`."""
    from features.cache import user_cache

    return None if arguments.no_cache else user_cache()


def run_arguments(module: str, arguments: argparse.Namespace, corpus: Corpus, *, suffix: str = "") -> dict[str, Any]:
    """What `add_fold_arguments` and `add_run_arguments` read, as keywords of `evaluate` and of the studies.

    Parameters
    ----------
    module : str
        Of the command, such as `benchmarks.run`: the record says what was typed.
    arguments : Namespace
    corpus : Corpus
    suffix : str
        What stands behind the corpus's name in the folder's, where none is given.
    """
    return {
        "folds": arguments.folds,
        "seeds": arguments.seeds,
        "jobs": arguments.jobs,
        "out": out_folder(arguments, corpus, suffix=suffix),
        "overwrite": Overwrite(arguments.overwrite),
        "cache": cache_of(arguments),
        "allow_duplicates": arguments.allow_duplicates,
        "progress": sys.stderr.isatty(),
        "command": command_line(module, arguments),
    }


def command_line(module: str, arguments: argparse.Namespace) -> str:
    """The command as it was typed, for `run.json`.

    Examples
    --------
    >>> command_line("benchmarks.run", argparse.Namespace(command_line=["--pipelines", "svm"]))
    'python -m benchmarks.run --pipelines svm'
    """
    return shlex.join(["python", "-m", module, *arguments.command_line])
