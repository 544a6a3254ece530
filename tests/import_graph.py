"""The imports among the four packages, read from their source: every import, those inside functions too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("features", "classical", "deep", "benchmarks")
Graph = Mapping[str, Set[str]]


@cache
def modules() -> dict[str, Path]:
    """All modules by name; a package is the module of its `__init__.py`."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@cache
def graph(*, type_checking: bool = False) -> Graph:
    """Which modules each module imports; a name that a package hands on leads to the module that defines it."""
    return {
        name: {target for target in _targets(path, type_checking) if target != name} for name, path in modules().items()
    }


def _targets(path: Path, type_checking: bool) -> Iterator[str]:
    for node in _imports(ast.parse(path.read_text(encoding="utf-8")), type_checking):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif node.module in modules():
            yield from (_home(node.module, alias.name) for alias in node.names)


def _imports(node: ast.AST, type_checking: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING" and not type_checking:
            continue
        else:
            yield from _imports(child, type_checking)


def _home(module: str, name: str) -> str:
    """The module that `from module import name` needs."""
    if f"{module}.{name}" in modules():
        return f"{module}.{name}"
    return _handed_on(module).get(name, module)


@cache
def _handed_on(package: str) -> dict[str, str]:
    """Names that a package's stub hands on, and where they are defined."""
    stub = modules()[package].with_suffix(".pyi")
    if not stub.exists():
        return {}
    return {
        alias.name: f"{package}.{node.module}"
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def reachable(edges: Graph, start: str) -> set[str]:
    """Every module that is imported, directly or not, once `start` and all its functions have run."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in edges[waiting.pop()]:
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def circles(edges: Graph) -> list[set[str]]:
    """Strongly connected components of more than one module."""
    closure = {name: reachable(edges, name) for name in edges}
    components = {
        frozenset({name, *(other for other in closure[name] if name in closure[other])})
        for name in edges
        if name in closure[name]
    }
    return sorted((set(component) for component in components), key=sorted)


def levels(edges: Graph, package: str) -> dict[str, int]:
    """How many modules stand on top of each other inside a package, up to and with each; there are no circles."""
    inside = {name for name in edges if name.partition(".")[0] == package}

    @cache
    def level(name: str) -> int:
        return 1 + max((level(target) for target in edges[name] & inside), default=0)

    return {name: level(name) for name in inside}
