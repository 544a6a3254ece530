"""The results store: one file a cell, written atomically; a run is the set of its cells."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import ResultsError


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a kill at any moment, sees the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


@dataclass(frozen=True)
class ResultsStore:
    """Where a run's cells lie.

    Attributes
    ----------
    folder : path
        The run's `--out`.
    """

    folder: Path

    def cell_path(self, record: Mapping[str, Any]) -> Path:
        """The file of a cell: readable names first, the key last."""
        slug = re.sub(r"[^A-Za-z0-9@:+,.-]+", "_", f"{record['pipeline'][:80]}--s{record['seed']}--{record['fold']}")
        return self.folder / "cells" / f"{slug.replace(':', '=')}--{record['key']}.json"

    def work_folder(self, key: str) -> Path:
        """A folder that belongs to one cell alone, for checkpoints; not made yet."""
        return self.folder / "work" / key

    def write(self, record: Mapping[str, Any]) -> None:
        """Store a cell."""
        write_atomically(self.cell_path(record), json.dumps(record).encode())

    def read(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """A stored cell; None where there is none.

        Parameters
        ----------
        record : mapping
            With `pipeline`, `seed`, `fold` and `key`.

        Raises
        ------
        ResultsError
            If the file is damaged.
        """
        path = self.cell_path(record)
        if not path.exists():
            return None
        try:
            stored: dict[str, Any] = json.loads(path.read_bytes())
        except ValueError as error:
            raise ResultsError(f"{path} is damaged ({error}); remove it, and the cell is computed again") from error
        return stored

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one run; the lock goes with the process, however it ends.

        Raises
        ------
        ResultsError
            If another run holds it, or the folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = (self.folder / ".lock").open("w")
        except OSError as error:
            raise ResultsError(
                f"{self.folder} cannot be written ({error.strerror}); give another folder with --out"
            ) from error
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ResultsError(
                    f"another run is writing to {self.folder}; wait for it, or give another folder with --out"
                ) from error
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove what a killed run left half written."""
        for folder in (self.folder, self.folder / "cells"):
            for path in folder.glob(".*.part"):
                path.unlink(missing_ok=True)
