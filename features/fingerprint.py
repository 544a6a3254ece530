"""Fingerprints of code: which stored results are stale because what computed them has changed.

The source files that a result depends on are found by following imports, not by a list that somebody keeps.
"""

from __future__ import annotations

import ast
import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("features", "classical", "deep", "benchmarks")
OTHER_BUILDS = {"xgboost": ("xgboost-cpu",)}
"""Names of packages that install a library without what a GPU needs."""

_ROOT = Path(__file__).resolve().parent.parent
_PARSER = threading.Lock()
"""Python 3.11's parser fails with a SystemError where two threads parse at once (python/cpython issue 106905)."""


@lru_cache(maxsize=64)
def code_fingerprint(*modules: str, libraries: tuple[str, ...] = ()) -> str:
    """Hash of some modules' source, of all that they import from the four packages, and of library versions.

    Imports are followed wherever they stand, in functions too, but not those for type checkers alone. A text that
    is the full name of a module counts as an import of it, as in a registry. It is computed once per process.

    Parameters
    ----------
    *modules : str
        Full names; that of a package stands for all modules in it.
    libraries : tuple of str
        Names of installed distributions whose versions count.

    Returns
    -------
    str
        16 hexadecimal digits.

    Examples
    --------
    >>> len(code_fingerprint("features.audio", libraries=("numpy",)))
    16
    """
    digest = hashlib.blake2b(digest_size=8)
    with _PARSER:
        files = sources(*modules)
    for path in files:
        digest.update(f"{path.relative_to(_ROOT).as_posix()}\n".encode() + path.read_bytes())
    for library in libraries:
        digest.update(f"{library}={installed_version(library)}\n".encode())
    return digest.hexdigest()


def sources(*modules: str) -> list[Path]:
    """Source files of some modules and of all that they import from the four packages, sorted.

    Examples
    --------
    >>> [path.name for path in sources("features.files")]
    ['errors.py', 'files.py', 'regular_file.py', 'remote.py']
    """
    waiting = [path for name in modules for path in _files_of(name)]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imported(path))
    return sorted(seen)


def _files_of(name: str) -> list[Path]:
    folder = _ROOT.joinpath(*name.split("."))
    found = sorted(folder.rglob("*.py")) if folder.is_dir() else [_file(name)]
    if None in found or not found:
        raise ModuleNotFoundError(f"no module {name!r} in {', '.join(PACKAGES)}", name=name)
    return [path for path in found if path is not None]


@lru_cache(maxsize=1024)
def _file(name: str) -> Path | None:
    """Source file of a module of the four packages, or of a name that a package hands on; None where it is neither."""
    parts = name.split(".")
    if parts[0] not in PACKAGES or not all(part.isidentifier() for part in parts):
        return None
    path = _ROOT.joinpath(*parts)
    file = next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
    return file or (_handed_on(".".join(parts[:-1]), parts[-1]) if len(parts) > 1 else None)


def _handed_on(package: str, name: str) -> Path | None:
    """File behind a name that a package's stub hands on lazily."""
    stub = _ROOT.joinpath(*package.split("."), "__init__.pyi")
    for node in ast.parse(stub.read_bytes()).body if stub.is_file() else ():
        if isinstance(node, ast.ImportFrom) and node.module and name in {alias.name for alias in node.names}:
            return _file(f"{package}.{node.module}")
    return None


@lru_cache(maxsize=1024)
def _imported(path: Path) -> tuple[Path, ...]:
    names = _names(ast.parse(path.read_bytes()))
    return tuple(file for name in names if (file := _file(name)) is not None)


def _names(tree: ast.AST) -> Iterator[str]:
    """Full names that may be modules; of `from a import b` both `a` and `a.b`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        yield from _names(node)


def installed_version(library: str) -> str:
    """The installed version of a library, or of another build of it; `none` where there is neither.

    Examples
    --------
    >>> installed_version("no-such-library")
    'none'
    """
    for name in (library, *OTHER_BUILDS.get(library, ())):
        with suppress(PackageNotFoundError):
            return version(name)
    return "none"
