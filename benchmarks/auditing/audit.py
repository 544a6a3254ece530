"""Audit folds of any origin: read them, ask every check, and say what a score on them would be worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.auditing.checks import CHECKS
from benchmarks.auditing.feature_tables import check_features, is_feature_table
from benchmarks.auditing.finding import Finding, Kind, Severity
from benchmarks.auditing.recordings import check_recordings
from benchmarks.auditing.subject import make_subject
from benchmarks.folds.formats.base import COLUMNS
from benchmarks.folds.formats.folds_csv import REQUIRED
from benchmarks.folds.formats.registry import MODULES, find, form_of, read_form
from features.errors import FoldError
from features.files import replacing
from features.tables import for_spreadsheets

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.auditing.subject import Subject
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.formats.base import FoldFormat
    from features.cache import FeatureCache


@dataclass(frozen=True)
class FoldSummary:
    """A fold in numbers: its utterances, and what both sides share of what is tested; None where it is not known."""

    fold: str
    train: int
    valid: int
    test: int
    speakers: tuple[int, int] | None
    sentences: tuple[int, int] | None
    recordings: int | None


@dataclass(frozen=True)
class Audit:
    """What an audit found in one file or folder of folds.

    Attributes
    ----------
    path : str
    form : str
        Whose form the folds have.
    corpus : str
        The corpus that the utterances were looked up in; empty for none.
    folds : tuple of FoldSummary
    findings : tuple of Finding
        Errors first.
    notes : tuple of str
        How utterances were matched.
    """

    path: str
    form: str
    corpus: str
    folds: tuple[FoldSummary, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity, without what was not checked."""
        return [finding for finding in self.findings if finding.severity is severity and finding.checked]

    @property
    def clean(self) -> bool:
        """Whether there is no error and no warning."""
        return not self.of(Severity.ERROR) and not self.of(Severity.WARNING)


def audit(
    paths: Sequence[Path],
    *,
    corpus: Corpus | None = None,
    join_names: bool = False,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> list[Audit]:
    """Audit files and folders of folds.

    Parameters
    ----------
    paths : sequence of Path
        Each a file or a folder of folds of any form in `benchmarks.folds.formats`; files that hold a side each are
        taken together; a CSV of `id` and numbers is a table of features, checked against all folds.
    corpus : Corpus, optional
        Where speakers, sentences and sounds are looked up.
    join_names : bool, default=False
        Take ids that differ only in case, space or leading zeros for one.
    cache : FeatureCache, optional
        Where fingerprints of sounds are kept.
    progress : bool, default=False
        Draw a bar on stderr.

    Returns
    -------
    list of Audit
        One for every folder and every file of whole folds.

    Raises
    ------
    SerError
        If something cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from benchmarks import corpora
    >>> from benchmarks.folds.fold import write_folds
    >>> from benchmarks.folds.splitters import make_folds
    >>> corpus = corpora.load("synthetic")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_folds(Path(folder) / "own.csv", make_folds(corpus.utterances, "2"), corpus.utterances)
    ...     audit([Path(folder) / "own.csv"])[0].clean
    True
    """
    tables = [path for path in paths if is_feature_table(path)]
    subjects = list(_subjects([path for path in paths if path not in tables], corpus, join_names))
    if not subjects:
        raise FoldError(f"{paths[0]} holds features alone; expected folds beside it; give their file or folder too")
    return [audit_subject(subject, tables, cache=cache, progress=progress) for subject in subjects]


def convert(
    paths: Sequence[Path], out: Path, *, corpus: Corpus | None = None, join_names: bool = False
) -> pd.DataFrame:
    """Write folds of any form as this toolkit's CSV; columns that are not known are left out.

    Parameters
    ----------
    paths : sequence of Path
        Of one set of folds; tables of features beside them are passed over.
    out : Path
        The CSV.
    corpus : Corpus, optional
        Under whose ids and speakers utterances are written; those that it lacks keep their own.
    join_names : bool, default=False
        As for `audit`.

    Returns
    -------
    pandas.DataFrame
        What was written.

    Raises
    ------
    SerError
        If the folds cannot be read, or are several sets.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "mine_test_fold_1.jsonl").write_text('{"wav": "audio/a.wav", "emo": "Angry"}')
    ...     _ = convert([folder], folder / "folds.csv")
    ...     print((folder / "folds.csv").read_text().splitlines()[1])
    fold_1,a,test,Angry,audio/a.wav
    """
    subjects = list(_subjects([path for path in paths if not is_feature_table(path)], corpus, join_names))
    if len(subjects) != 1:
        raise FoldError(f"{len(subjects)} sets of folds; expected one to write to {out}; give the PATH of one")
    rows = subjects[0].rows
    if corpus is not None:
        known, ids = (rows["position"] >= 0).to_numpy(), corpus.utterances.index.get_level_values("id").to_numpy()
        rows = rows.assign(utterance=np.where(known, ids[rows["position"]], rows["utterance"]))
    columns = [name for name in COLUMNS if name in REQUIRED or subjects[0].knows(name)]
    with replacing(out) as part:
        for_spreadsheets(rows[columns]).to_csv(part, index=False, lineterminator="\n")
    return rows[columns]


def _subjects(paths: Sequence[Path], corpus: Corpus | None, join_names: bool) -> Iterator[Subject]:
    sides: dict[str, list[Path]] = {}
    for path in paths:
        form = form_of(path) if path.is_file() else None
        if form is not None and form.one_side:
            sides.setdefault(form.title, []).append(path)
            continue
        table, form = read_form(path)
        subject = make_subject(table, form, corpus=corpus, join_names=join_names)
        yield replace(subject, notes=(*_notes_on_others(path, form), *subject.notes))
    for files in sides.values():
        form = form_of(files[0])
        if form is not None:
            root = files[0].parent if len(files) > 1 else files[0]
            yield make_subject(form.read(files, root), form, corpus=corpus, join_names=join_names)


def _notes_on_others(path: Path, form: FoldFormat) -> list[str]:
    """A note on files of other forms in a folder, which are not read."""
    if not path.is_dir() or form.scored:
        return []
    others = {file for name in MODULES for file in find(name).find(path)} - set(form.find(path))
    if not others:
        return []
    return [f"{len(others)} files of other forms in {path} are not read, such as {min(others).name}"]


def audit_subject(
    subject: Subject, tables: Sequence[Path] = (), *, cache: FeatureCache | None = None, progress: bool = False
) -> Audit:
    """Audit folds that have been read.

    Parameters
    ----------
    subject : Subject
    tables : sequence of Path, default=()
        Tables of features.
    cache, progress
        As for `audit`.
    """
    found = [finding for check in CHECKS for finding in check(subject)]
    found += check_recordings(subject, cache=cache, progress=progress)
    found += [finding for table in tables for finding in check_features(table, subject)]
    order = list(Severity)
    found.sort(key=lambda finding: (not finding.checked, order.index(finding.severity)))
    return Audit(
        str(subject.path),
        subject.form,
        subject.corpus.name if subject.corpus else "",
        tuple(_summary(subject, found)),
        tuple(replace(finding, path=str(subject.path)) for finding in found),
        subject.notes,
    )


def _summary(subject: Subject, findings: Sequence[Finding]) -> Iterator[FoldSummary]:
    for fold in subject.folds:
        shared = {
            column: tuple(map(len, fold.shared(column))) if subject.knows(column) else None
            for column in ("speaker", "sentence")
        }
        copies = sum(
            finding.count
            for finding in findings
            if finding.kind is Kind.RECORDING and finding.severity is Severity.ERROR and finding.fold == fold.name
        )
        yield FoldSummary(
            fold.name,
            len(fold.train),
            len(fold.valid),
            len(fold.test),
            shared["speaker"],  # type: ignore[arg-type]
            shared["sentence"],  # type: ignore[arg-type]
            copies if subject.corpus else None,
        )
