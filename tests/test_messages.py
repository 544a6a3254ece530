"""Every option that a message names is one of the commands that can print the message."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
from import_graph import graph, modules

OPTION = re.compile(
    r"(?:(?P<command>(?:benchmarks|features|classical|deep)\.\w+) )?(?<![\w-])(?P<option>--[a-z][a-z-]+)"
)
FOREIGN = {"--ignore-length", "--short", "--porcelain", "--untracked-files"}
"""Options of sox and git."""

READS_A_CORPUS = "--root"
PRINTED_BY = {
    "benchmarks.corpora": READS_A_CORPUS,
    "benchmarks.command": "--layer --download",
    "benchmarks.evaluation.brought": "--add",
    "benchmarks.auditing": READS_A_CORPUS,
    "benchmarks.evaluation.verification": "--overwrite",  # those of the run that it starts
    "benchmarks.evaluation.check": "--overwrite",  # likewise
    "benchmarks.evaluation.study_verification": "--overwrite",  # likewise
    "benchmarks.studies.under_conditions": "--conditions",
    "benchmarks.studies.comparison": "--join-names",
    "benchmarks.pipelines.heard": "--heard",
    "deep.configuration": "--last-layers",
    "deep.lora": "--lora-targets",
    "benchmarks.folds.leakage": "--folds-file",  # our own folds share no speaker
    "benchmarks.folds": "--folds",
    "benchmarks.evaluation.planning": READS_A_CORPUS,
    "benchmarks.evaluation.execute": "--overwrite",
    "benchmarks.evaluation.store": "--overwrite",
    "benchmarks.evaluation.runs": "--overwrite",  # messages that name options are those of a run that goes on
    "classical.labels": READS_A_CORPUS,  # raised by fit
    "features.extract": "--normalise-level",  # benchmarks.speed fills a table too
    "features.shards.report": "--on-error",
    "features.bad_files": "--on-error",  # the others answer with what they can, and name the rest
    "features.names": "--join-names",  # raised where a corpus or predictions are read
    "features.matching": "--join-names",
    "features.long_files": "--window",
    "features.engines": "--cluster",  # asked for, or by SER_CLUSTER
    "features.prediction_sets": "--coverage",
    "features.processes": "--jobs",  # raised where there are several
    "features.cards": "--coverage",  # the card tells how to predict
    "features.command": "--jobs",  # asked for before it is named
    "classical.model_card": "--one-speaker",  # the card tells how to predict
}
"""What a command has that can print the messages of some modules; elsewhere, every command that may run the module."""

TEXTS = ("benchmarks.torture", "benchmarks.reporting.plots.style", "benchmarks.speed.dask_processes")
"""Modules whose strings are command lines and styles, no messages."""


@cache
def commands() -> tuple[str, ...]:
    """Modules that build a parser."""
    return tuple(
        name for name, path in modules().items() if "\ndef build_parser() ->" in path.read_text(encoding="utf-8")
    )


@cache
def options(command: str) -> frozenset[str]:
    """Options of a command, those of its sub-commands too."""
    waiting, found = [import_module(command).build_parser()], set()
    while waiting:
        for action in waiting.pop()._actions:
            found |= set(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()
    return frozenset(found)


@cache
def reach(command: str) -> frozenset[str]:
    """Modules that a command may run."""
    seen, waiting = set(), [command]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph()[name]
    return frozenset(seen)


def messages(module: str) -> Iterator[tuple[int, str]]:
    """Line and text of each string that is no docstring and no help of an option."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    silent: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_help = isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
            "add_argument", "make_parser", "add_parser",
        }  # fmt: skip
        if is_help or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            silent |= set(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield node.lineno, node.value


def printers(module: str) -> list[str]:
    """Commands that can print a message of a module."""
    mark = next((mark for prefix, mark in PRINTED_BY.items() if f"{module}.".startswith(f"{prefix}.")), None)
    if mark is not None:
        return [command for command in commands() if set(mark.split()) <= options(command)]
    return [command for command in commands() if module in reach(command)]


@pytest.mark.parametrize("module", [name for name in modules() if not name.startswith(TEXTS)])
def test_options_that_messages_name_are_those_of_the_commands_that_print_them(module: str) -> None:
    lacking = [
        f"line {line}: {command} has no {found['option']}: {text!r}"
        for line, text in messages(module)
        for found in OPTION.finditer(text)
        if found["option"] not in FOREIGN
        for command in ([found["command"]] if found["command"] else printers(module))
        if found["option"] not in options(command)
    ]
    assert not lacking, "\n".join(lacking)


def test_messages_that_name_options_are_found() -> None:
    named = {found["option"] for name in modules() for _, text in messages(name) for found in OPTION.finditer(text)}
    assert {"--allow-duplicates", "--join-names", "--on-error", "--root", "--out", "--folds"} <= named
