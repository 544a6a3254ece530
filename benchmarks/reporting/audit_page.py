"""An audit as one HTML page that needs nothing but itself, in the form of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.reporting.audit_text import grouped, of_all, share, verdict, where, worst_of
from benchmarks.reporting.markup import fill_template
from benchmarks.reporting.tables import Column, Table
from features.files import write_atomically
from features.version import VERSION

if TYPE_CHECKING:
    from benchmarks.auditing.audit import Audit
    from benchmarks.auditing.finding import Finding


@dataclass(frozen=True)
class _Shown:
    """Findings that differ by fold and numbers only, as the page shows them."""

    worst: Finding
    where: str
    counted: str
    of_fold: str


@dataclass(frozen=True)
class _AuditPage:
    """Everything that the page shows of one audit."""

    audit: Audit
    verdict: str
    findings: tuple[_Shown, ...]
    folds: Table
    table: Table


@dataclass(frozen=True)
class Measured:
    """What folds are worth to a model, for the page.

    Attributes
    ----------
    sentence : str
    table : Table
    """

    sentence: str
    table: Table


def write_audit(audits: Sequence[Audit], out: Path, *, measured: Sequence[Measured] = (), command: str = "") -> Path:
    """Write the page of some audits.

    Parameters
    ----------
    audits : sequence of Audit
    out : Path
        The page.
    measured : sequence of Measured, default=()
        What the folds are worth, where that was measured.
    command : str, default=""
        The command line that made it.

    Returns
    -------
    Path
        The page.

    Examples
    --------
    >>> import tempfile
    >>> from benchmarks.auditing.audit import Audit
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_audit([Audit("folds.csv", "this toolkit", "emodb", (), ())], Path(folder) / "audit.html")
    ...     "Clean: no error, no warning." in page.read_text(encoding="utf-8")
    True
    """
    pages = tuple(map(_page, audits))
    write_atomically(
        out, fill_template("audit.html", audits=pages, measured=tuple(measured), command=command, version=VERSION)
    )
    return out


def folds_table(audit: Audit) -> Table:
    """Every fold in numbers.

    Examples
    --------
    >>> from benchmarks.auditing.audit import Audit
    >>> folds_table(Audit("folds.csv", "this toolkit", "emodb", (), ())).rows
    ()
    """
    rows = tuple(
        {
            "fold": fold.fold,
            "train": fold.train,
            "valid": fold.valid,
            "test": fold.test,
            "speakers": share(fold.speakers),
            "sentences": share(fold.sentences),
            "copies": fold.recordings,
        }
        for fold in audit.folds
    )
    numbers = [Column(name, name.capitalize(), ",.0f") for name in ("train", "valid", "test")]
    columns = (
        Column("fold", "Fold"),
        *numbers,
        Column("speakers", "Speakers"),
        Column("sentences", "Texts"),
        Column("copies", "Copies", ",.0f"),
    )
    caption = (
        "Utterances of each side. Speakers and texts: of those tested, how many are learnt; copies: test "
        "recordings that are learnt; a dash: not known."
    )
    return Table("folds", caption, columns, rows)


def findings_table(audit: Audit) -> Table:
    """Every finding of every fold, a row each.

    Examples
    --------
    >>> from benchmarks.auditing.audit import Audit
    >>> [column.key for column in findings_table(Audit("folds.csv", "this toolkit", "emodb", (), ())).columns][:3]
    ['fold', 'severity', 'kind']
    """
    rows = tuple(
        {**finding.json(), "fold": finding.fold or "all", "examples": " · ".join(finding.examples)}
        for finding in audit.findings
        if finding.checked
    )
    columns = (
        Column("fold", "Fold"),
        Column("severity", "Severity"),
        Column("kind", "Kind"),
        Column("count", "Count", ",.0f"),
        Column("of", "Of", ",.0f"),
        Column("examples", "Such as"),
        Column("message", "Found"),
    )
    return Table("findings", "Every finding by fold.", columns, rows)


def _page(audit: Audit) -> _AuditPage:
    groups = grouped([finding for finding in audit.findings if finding.checked])
    return _AuditPage(
        audit,
        verdict(audit),
        tuple(_shown(group, len(audit.folds)) for group in groups),
        folds_table(audit),
        findings_table(audit),
    )


def _shown(group: Sequence[Finding], n_folds: int) -> _Shown:
    worst = worst_of(group)
    several = len({finding.message for finding in group}) > 1
    return _Shown(worst, where(group, n_folds), of_all(worst), worst.fold if several else "")
