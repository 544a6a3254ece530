"""Command: what a frozen speech encoder makes of any number of clips, as a folder of Parquet files."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from features.bad_files import add_on_error_argument
from features.command import add_cluster_argument, command, make_parser
from features.errors import InputError, ModelError
from features.shards.contents import ROWS, Summary, is_folder

TOGETHER = 64
"""Clips that are batched by length among themselves."""


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m deep.extract`."""
    parser = make_parser(
        "deep.extract",
        "Compute mean and deviation of a frozen speech encoder's layers over each clip, for a sound file, every one in "
        "a folder, or every row of a manifest.",
        examples="""
python -m deep.extract calls.csv calls-whisper.parquet/ --encoder FOLDER --layer 2      (goes on where it was stopped)
python -m deep.extract calls.csv calls.parquet/ --encoder wav2vec2-synthetic --cluster tcp://HOST:8786
""",
    )
    add = parser.add_argument
    add(
        "input",
        type=Path,
        help="sound file, folder (searched throughout), or CSV with `path` and perhaps `id start end`",
    )
    add("output", help="folder of Parquet files to fill; its name ends in .parquet/")
    add("--encoder", required=True, metavar="NAME", help="speech encoder: a hub name or a local folder")
    add("--layer", default="all", metavar="N", help="one layer's columns alone, 0 the first one's input (default: all)")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    add(
        "--precision",
        default="float32",
        choices=["float32", "bfloat16"],
        help="bfloat16 is faster where the processor or card has it (default: float32)",
    )
    add("--jobs", type=int, default=1, help="processes, each with the encoder in its memory (default: 1)")
    add_cluster_argument(parser)
    add_on_error_argument(parser, good_ones="write the others, name the bad ones, end with 1", skip_bad=True)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Fill the folder, and print what is in it; 1 where clips are missing that were asked for."""
    from features.shards.report import report_summary

    if not is_folder(arguments.output):
        raise InputError(f"{arguments.output}: expected the name of a folder that ends in .parquet/, as calls.parquet/")
    summary = extract_embeddings(
        arguments.input,
        Path(arguments.output),
        encoder=arguments.encoder,
        layer=_layer(arguments.layer),
        device=arguments.device,
        precision=arguments.precision,
        n_jobs=arguments.jobs,
    )
    return report_summary(summary, Path(arguments.output), arguments.on_error)


def _layer(text: str) -> int | str:
    if text == "all":
        return "auto"
    if not text.isdecimal():
        raise InputError(f"--layer {text}: expected all or the number of a layer, from 0")
    return int(text)


def extract_embeddings(
    source: Path,
    target: Path,
    *,
    encoder: str,
    layer: int | str = "auto",
    device: str = "auto",
    precision: str = "float32",
    n_jobs: int = 1,
    rows: int = ROWS,
) -> Summary:
    """Write what a frozen encoder makes of any number of clips into a folder of Parquet files, and go on from there.

    Clips are batched by length in each piece of work; where workers of a cluster have graphics cards, these do it.

    Parameters
    ----------
    source : Path
        Sound file, folder of them, or CSV with one row per clip, which is read in pieces.
    target : Path
        The folder; a pipeline takes it as `svm@calls.parquet/`.
    encoder : str
        Hub name or folder, which on a cluster every worker sees.
    layer : int or str
        One layer, or `auto` for the columns of all.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        `float32` or `bfloat16`.
    n_jobs : int
        Processes; of no effect on a cluster.
    rows : int
        Of each file.

    Returns
    -------
    Summary
        What is in the table; clips that cannot be analysed are in its `_bad.csv`.

    Raises
    ------
    FeatureError
        If there is nothing to do, the encoder has no such layer, or the folder holds another table.
    ModelError
        If the encoder is not here.

    Examples
    --------
    >>> extract_embeddings(Path("calls.csv"), Path("calls.parquet"), encoder="FOLDER", layer=2)  # doctest: +SKIP
    """
    from deep.frozen import KeptEncoder, layer_positions
    from deep.hub import SHIPPED, resolve
    from deep.versions import availability
    from features.engines.registry import engine_of
    from features.extract import NO_JOBS, listed_in
    from features.processes import number_of_processes
    from features.shards.clip_rows import ClipRows
    from features.shards.contents import Columns, Made
    from features.shards.filling import fill
    from features.shards.folder import ShardFolder
    from features.version import VERSION

    if n_jobs == 0:
        raise InputError(NO_JOBS)
    missing = availability()
    if missing:
        raise ModelError(f"deep.extract {missing}")
    where = encoder if encoder in SHIPPED else str(resolve(encoder).folder)
    make = partial(KeptEncoder, where, device=device, precision=precision)
    extractor = make()
    names, identity = extractor.names(), extractor.identity()
    columns = tuple(range(len(names))) if layer == "auto" else tuple(map(int, layer_positions(names, layer)))
    utterances = listed_in(source)
    made = Made(f"{encoder}, layer {layer}", identity, VERSION, utterances.identity(), rows)
    return fill(
        ShardFolder(target, made, Columns(tuple(names[i] for i in columns))),
        utterances,
        ClipRows(make, identity, columns),
        engine_of(number_of_processes(n_jobs)),
        what="embeddings",
        together=TOGETHER,
        gpu=device != "cpu",
    )


main = command(build_parser, execute, on_interrupt="stopped; the same command goes on from here")

if __name__ == "__main__":
    sys.exit(main())
