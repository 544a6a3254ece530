"""Features that were computed before, found again by what the sound is and by what computes them."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from features.clips import Clip
from features.command import command, make_parser
from features.errors import CacheError
from features.extractors.table import FeatureTable
from features.files import content_hash

Compute = Callable[[list[Clip]], tuple[np.ndarray, np.ndarray]]
_CHUNK = 256
_Rows = dict[bytes, tuple[np.ndarray, float]]


class FeatureCache:
    """A folder of computed features: one array file a corpus and extractor.

    A row is found by the hash of its sound's bytes, by the stretch, and by the text that determines the values (class,
    parameters, version of the code), so that a changed file or parameter is never served stale. A corpus asked for
    again is read from one file. Files are written beside their place and moved into it, so two processes may share
    the folder; what is computed is stored every 256 clips, so that a run that was stopped resumes.

    Parameters
    ----------
    folder : Path, optional
        Default: the user's cache folder as platformdirs gives it, `XDG_CACHE_HOME` honoured.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    @property
    def place(self) -> Path:
        """The folder in use."""
        if self.folder is not None:
            return Path(self.folder)
        import platformdirs

        return Path(platformdirs.user_cache_dir("speech-emotion-baselines", appauthor=False)) / "features"

    def extract(
        self, utterances: list[Clip], *, identity: str, names: tuple[str, ...], compute: Compute
    ) -> FeatureTable:
        """Rows of these utterances, from the cache where they are in it, computed and stored where not.

        Parameters
        ----------
        utterances : list of Clip
            In the order wanted; a clip may occur twice.
        identity : str
            Text that determines the values.
        names : tuple of str
            Names of the columns.
        compute : callable
            Given clips, returns (values [shape=(n, n_features)], seconds [shape=(n,)]).

        Raises
        ------
        CacheError
            The folder cannot be read or written.
        AudioError
            A file cannot be read.
        """
        keys = _keys(utterances)
        folder = self.place / hashlib.blake2b("\n".join((identity, *names)).encode(), digest_size=16).hexdigest()
        target = folder / f"{hashlib.blake2b(b''.join(sorted(set(keys))), digest_size=16).hexdigest()}.npz"
        rows = _read(target, len(names))
        if not rows.keys() >= set(keys):
            rows = self._complete(rows, dict(zip(keys, utterances)), folder, target, len(names), compute)
        return FeatureTable(
            values=np.array([rows[key][0] for key in keys], dtype=np.float32).reshape(len(keys), len(names)),
            names=names,
            seconds=np.array([rows[key][1] for key in keys], dtype=np.float64),
        )

    def size(self) -> int:
        """Bytes that the cache holds."""
        return sum(path.stat().st_size for path in self.place.rglob("*") if path.is_file())

    def clear(self) -> int:
        """Delete everything in the cache and return how many bytes that were."""
        freed = 0
        for path in sorted(self.place.rglob("*"), reverse=True):
            if path.is_dir():
                path.rmdir()
            elif path.suffix in {".npz", ".part"}:
                freed += path.stat().st_size
                path.unlink(missing_ok=True)
        return freed

    def _complete(
        self, rows: _Rows, wanted: dict[bytes, Clip], folder: Path, target: Path, width: int, compute: Compute
    ) -> _Rows:
        """Add what other files of this extractor hold, then compute the rest and store it as it comes."""
        others = sorted(folder.glob("*.npz")) if folder.is_dir() else []
        for other in others:
            if other != target:
                rows.update({key: row for key, row in _read(other, width).items() if key in wanted})
        missing = [key for key in wanted if key not in rows]
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            values, seconds = compute([wanted[key] for key in chunk])
            rows.update({key: (values[i], float(seconds[i])) for i, key in enumerate(chunk)})
            _write(target, rows, width)
        if missing:
            _drop_subsets(others, target, set(rows))
        return rows


def _keys(utterances: Sequence[Clip]) -> list[bytes]:
    contents: dict[Path, str] = {}
    for clip in utterances:
        if clip.path is not None and clip.path not in contents:
            contents[clip.path] = content_hash(clip.path)
    return [clip.digest(None if clip.path is None else contents[clip.path]) for clip in utterances]


def _read(path: Path, width: int) -> _Rows:
    """Rows of one array file; none where it is missing or was damaged from outside."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            keys, values, seconds = stored["keys"], stored["values"], stored["seconds"]
    except (FileNotFoundError, zipfile.BadZipFile, KeyError, ValueError, EOFError):
        return {}
    except OSError as error:
        raise CacheError(f"{path}: {error.strerror or error}; expected a cache; use --no-cache") from error
    if keys.ndim != 2 or values.shape != (len(keys), width) or seconds.shape != (len(keys),):
        return {}
    return {key.tobytes(): (values[i], float(seconds[i])) for i, key in enumerate(keys)}


def _write(path: Path, rows: _Rows, width: int) -> None:
    keys = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)
    values = np.array([row[0] for row in rows.values()], dtype=np.float32).reshape(len(rows), width)
    seconds = np.array([row[1] for row in rows.values()], dtype=np.float64)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as stream:
            np.savez(stream, keys=keys, values=values, seconds=seconds)
        Path(stream.name).replace(path)
    except OSError as error:
        raise CacheError(
            f"{path.parent}: {error.strerror or error}; expected a folder that can be written; use --no-cache"
        ) from error


def _drop_subsets(others: Sequence[Path], target: Path, keys: set[bytes]) -> None:
    """Delete files whose rows the new file holds too, so that the cache grows with the sound, not with the runs."""
    for other in others:
        if other == target:
            continue
        try:
            with np.load(other, allow_pickle=False) as stored:
                held = {key.tobytes() for key in stored["keys"]}
        except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError):
            continue
        if held <= keys:
            other.unlink(missing_ok=True)


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m features.cache`."""
    parser = make_parser(
        "features.cache",
        "Show where computed features are kept and how much room they take, or delete them.",
        examples="python -m features.cache --clear",
    )
    parser.add_argument("--clear", action="store_true", help="delete everything in the cache")
    parser.add_argument("--folder", type=Path, help="another folder than the user's cache")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Clear the cache or tell its size."""
    cache = FeatureCache(arguments.folder)
    done, size = ("cleared", cache.clear()) if arguments.clear else ("holds", cache.size())
    sys.stdout.write(f"{cache.place} {done} {size / 1e6:.1f} MB\n")


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
