"""Old names of modules, functions and attributes: each warns for one version and gives what has the new name."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any


def renamed(old: str, new: str) -> Any:
    """Make a property under which a renamed attribute can still be read.

    Parameters
    ----------
    old
        Name of the attribute up to now.
    new
        Name of the attribute that holds the value.

    Returns
    -------
    property
        Reads `new` and warns with a FutureWarning.

    Examples
    --------
    >>> import warnings
    >>> class Search:
    ...     best_params_ = {"C": 1.0}
    ...     chosen_ = renamed("chosen_", "best_params_")
    >>> with warnings.catch_warnings(record=True):
    ...     Search().chosen_
    {'C': 1.0}
    """

    def read(instance: Any) -> Any:
        value = getattr(instance, new)
        message = f"{type(instance).__name__}.{old} is now {new}; the old name goes with the next version"
        warnings.warn(message, FutureWarning, stacklevel=2)
        return value

    return property(read, doc=f"Deprecated name of `{new}`.")


class RenamedResults:
    """What estimators with a search were called before, for one version."""

    chosen_ = renamed("chosen_", "best_params_")
    n_settings_ = renamed("n_settings_", "n_candidates_")
    tuning_cpu_seconds_ = renamed("tuning_cpu_seconds_", "search_time_")
    inner_probability_ = renamed("inner_probability_", "oof_proba_")
    sharpness_ = renamed("sharpness_", "inverse_temperature_")


class _OldModules(MetaPathFinder, Loader):
    """Imports the old modules of one package: empty modules whose attributes come from the new ones."""

    def __init__(self, package: str, modules: Mapping[str, str], names: Mapping[str, str]) -> None:
        self.package = package
        self.modules = modules
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        old = fullname.removeprefix(f"{self.package}.")
        if old == fullname or old not in self.modules:
            return None
        homes = " and ".join(f"{self.package}.{home}" for home in self.modules[old].split())
        message = f"module {fullname} is now {homes}; the old name goes with the next version"
        warnings.warn(message, FutureWarning, stacklevel=2)
        return spec_from_loader(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        old = module.__name__.removeprefix(f"{self.package}.")

        def read(name: str) -> Any:
            if not name.startswith("__"):
                if f"{old}.{name}" in self.names:
                    return self.resolve(self.names[f"{old}.{name}"])
                for home in self.modules[old].split():
                    holder = import_module(f"{self.package}.{home}")
                    if hasattr(holder, name):
                        return getattr(holder, name)
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}; see docs/renamed.md")

        vars(module)["__getattr__"] = read

    def resolve(self, address: str) -> Any:
        """Import `module.name`, an address relative to the package."""
        home, _, name = address.rpartition(".")
        return getattr(import_module(f"{self.package}.{home}"), name)


def with_old_names(
    read: Callable[[str], Any], package: str, *, modules: Mapping[str, str], names: Mapping[str, str]
) -> Callable[[str], Any]:
    """Keep the old names of a package in use for one version.

    Parameters
    ----------
    read : callable
        The package's own `__getattr__`.
    package : str
        Name of the package. All names that follow are relative to it.
    modules : mapping
        From each old module to the new one, or to several with spaces between them.
    names : mapping
        From old names, `name` in the package itself or `module.name` in an old module, to `module.name` of today.

    Returns
    -------
    callable
        `__getattr__` of the package, which also knows the old names.

    Examples
    --------
    >>> import features
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     from features.extractor import FeatureExtractor
    >>> FeatureExtractor is features.FeatureExtractor
    True
    >>> print(caught[0].message)
    module features.extractor is now features.extractors.statistics; the old name goes with the next version
    """
    old = _OldModules(package, modules, names)
    sys.meta_path.append(old)

    def read_any(name: str) -> Any:
        if name not in names:
            return read(name)
        message = f"{package}.{name} is now {package}.{names[name]}; the old name goes with the next version"
        warnings.warn(message, FutureWarning, stacklevel=2)
        return old.resolve(names[name])

    return read_any
