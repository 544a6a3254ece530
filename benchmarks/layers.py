"""What each layer of a speech encoder holds: `python -m benchmarks.layers`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import command as shared
from features.command import add_jobs_argument, command, make_parser, show

EXAMPLES = """
python -m benchmarks.layers
python -m benchmarks.layers --corpus emodb --root emodb --encoder FOLDER
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.layers",
        "How much of each layer of a frozen encoder is emotion, sentence and speaker: linear probes on a layer's mean "
        "vector, beside the same encoder with random weights. Emotion and sentence are tested on speakers who do not "
        "train, the speaker on sentences that do not train. The figures stand in layers.csv, the curves and a picture "
        "of the clips in report.html.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--encoder",
        default="wav2vec2-synthetic",
        metavar="NAME",
        help="a hub name or a local folder (default: the one that comes with the toolkit)",
    )
    parser.add_argument(
        "--projection",
        choices=["pca", "tsne"],
        default="pca",
        help="how the picture lays a layer's vectors into a plane (default: pca)",
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(
        parser, schemes="session, speaker, speaker-811 or a number (default: the corpus's own); speakers stay apart"
    )
    group = parser.add_argument_group("run")
    group.add_argument(
        "--seeds", type=int, nargs="+", default=[0], metavar="N", help="seeds of the random weights (default: 0)"
    )
    add_jobs_argument(group, "probes at a time (default: all cores); changes no result")
    group.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    group.add_argument(
        "--out", type=Path, metavar="DIR", help="where results are kept (default: results/CORPUS-layers)"
    )
    shared.add_cache_argument(group)
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Fit the probes, print what they read, and write the report."""
    from benchmarks.pipelines.options import PipelineOptions
    from benchmarks.studies.layers import layer_probes, layers_text
    from benchmarks.studies.reports import write_report

    options = PipelineOptions(encoder=arguments.encoder, device=arguments.device)
    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, ["logistic@encoder"], options)
    folder = shared.out_folder(arguments, corpus, suffix="-layers")
    table = layer_probes(
        corpus,
        out=folder,
        encoder=arguments.encoder,
        folds=arguments.folds,
        projection=arguments.projection,
        seeds=arguments.seeds,
        jobs=arguments.jobs,
        device=arguments.device,
        cache=shared.cache_of(arguments),
        allow_duplicates=arguments.allow_duplicates,
        progress=sys.stderr.isatty(),
        command=shared.command_line("benchmarks.layers", arguments),
    )
    show(layers_text(table))
    show(f"table: {folder / 'layers.csv'}\nreport: {write_report(folder)}")


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
