"""The results store: one file per job, written whole or not at all; a run is the set of its jobs."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from benchmarks.evaluation.job_result import JobResult
from features.errors import Note, ResultsError
from features.files import write_atomically

if TYPE_CHECKING:
    from benchmarks.evaluation.job import Job

_SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}\.part")
"""Names of the folders that `features.files.replacing` writes in."""


@dataclass(frozen=True)
class ResultsStore:
    """Where the results of a run lie.

    Attributes
    ----------
    folder : Path
        Folder of the run, which one command writes to at a time.
    part : str
        Folder in it whose jobs these are, such as `ablation`; empty for those of the run itself.

    Examples
    --------
    >>> ResultsStore(Path("results"), "ablation").jobs.as_posix()
    'results/ablation/jobs'
    """

    folder: Path
    part: str = ""

    @property
    def jobs(self) -> Path:
        """Folder of the results of the jobs."""
        return self.folder / self.part / "jobs"

    def within(self, part: str) -> ResultsStore:
        """The store of one part of the same run."""
        return replace(self, part=part)

    def path(self, job: Job | JobResult) -> Path:
        """File of a job's result: readable names first, the key last."""
        fold = job.fold if isinstance(job, JobResult) else job.fold.name
        name = re.sub(r"[^A-Za-z0-9@:+,.-]+", "_", f"{job.pipeline[:80]}--s{job.seed}--{fold[:60]}")
        return self.jobs / f"{name.replace(':', '=')}--{job.key}.json"

    @property
    def work(self) -> Path:
        """Where jobs have folders of their own, for checkpoints; they are not created here."""
        return self.folder / self.part / "work"

    def write(self, result: JobResult) -> None:
        """Store the result of a job."""
        write_atomically(self.path(result), result.to_json())

    def read(self, job: Job) -> JobResult | None:
        """Read the result of a job.

        Returns
        -------
        JobResult or None
            None where nothing is stored, and, with a note, where the file is damaged or holds the result of another
            job, so that the job is computed again.

        Raises
        ------
        ResultsError
            If what lies there is no file, or may not be read.
        """
        path = self.path(job)
        own = (job.key, job.pipeline, job.seed, job.fold.name)
        try:
            result = JobResult.from_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ResultsError(
                f"{path}: {error.strerror or error}; expected a stored result; remove it and run again"
            ) from error
        except ResultsError as error:
            problem = str(error)
        else:
            if result.belongs_to(job):
                return result
            found = (result.key, result.pipeline, result.seed, result.fold)
            problem = "it is not complete" if found == own else "it is that of another job"
        warnings.warn(Note(f"{path}: a stored result is not used: {problem}; it is computed again"), stacklevel=2)
        return None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one command; the lock ends with the process, however it ends.

        Raises
        ------
        ResultsError
            If another command holds it, or the folder cannot be created.
        """
        lock = FileLock(self.folder / ".lock", timeout=0)
        if (self.folder / ".lock").is_symlink():  # to lock a file empties it
            raise ResultsError(f"{self.folder / '.lock'} is a link; expected a file of this toolkit's own; remove it")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise ResultsError(
                f"another run is writing to {self.folder}; wait for it, or give another folder with --out"
            ) from error
        except OSError as error:
            raise ResultsError(
                f"{self.folder} cannot be written ({error.strerror}); give another folder with --out"
            ) from error
        try:
            self._sweep()
            yield
        finally:
            lock.release()

    def _sweep(self) -> None:
        """Remove what a killed run left half written."""
        for path in [*self.folder.glob(".*.part"), *self.folder.glob("**/jobs/.*.part")]:
            if _SCRATCH.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
