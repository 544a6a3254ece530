"""An audit as one page for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchmarks.auditing.finding import Finding, Severity
from benchmarks.reporting.lines import fill

if TYPE_CHECKING:
    from benchmarks.auditing.audit import Audit

MOST_FOLDS = 12
SHOWN = 3
INDENT = "         "


def audit_text(audit: Audit) -> str:
    """A table of the folds, and what was found, the same thing in several folds once.

    Examples
    --------
    >>> from benchmarks.auditing.audit import Audit
    >>> print(audit_text(Audit("folds.csv", "this toolkit", "emodb", (), ())))
    folds.csv: 0 folds (this toolkit), corpus emodb
    <BLANKLINE>
    Clean: no error, no warning.
    """
    corpus = f"corpus {audit.corpus}" if audit.corpus else "no corpus given"
    n_folds = f"{len(audit.folds)} fold{'s' * (len(audit.folds) != 1)}"
    lines = [fill(f"{audit.path}: {n_folds} ({audit.form}), {corpus}"), ""]
    if audit.folds:
        lines += [*_table(audit), ""]
    for group in grouped([finding for finding in audit.findings if finding.checked]):
        lines += [*_finding(group, len(audit.folds)), ""]
    lines += [fill(f"note: {note}", hang="  ") for note in audit.notes]
    return "\n".join([*lines, fill(verdict(audit))])


def verdict(audit: Audit) -> str:
    """What the audit comes to, in a sentence."""
    errors, warnings = len(audit.of(Severity.ERROR)), len(audit.of(Severity.WARNING))
    unchecked = [finding for finding in audit.findings if not finding.checked]
    if not audit.clean:
        text = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}."
    else:
        text = "No error, no warning in what could be checked." if unchecked else "Clean: no error, no warning."
    if not unchecked:
        return text
    remedies = "; ".join(dict.fromkeys(finding.remedy for finding in unchecked))
    missed = "; ".join(finding.message for finding in unchecked)
    return f"{text} {missed[:1].upper()}{missed[1:]}: {remedies}."


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings of one kind and severity with one remedy, which differ only by fold and numbers, together."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.kind, finding.severity, finding.remedy, finding.checked, not finding.fold)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())


def where(group: Sequence[Finding], n_folds: int) -> str:
    """The folds of some findings, in words."""
    names = [finding.fold for finding in group if finding.fold]
    if not names:
        return "all folds"
    if len(names) == n_folds:
        return f"every fold ({n_folds})" if n_folds > 1 else names[0]
    return f"{len(names)} of {n_folds} folds: {', '.join(names[:4])}{', ...' * (len(names) > 4)}"


def worst_of(group: Sequence[Finding]) -> Finding:
    """The finding of a group that counts most."""
    return max(group, key=lambda finding: finding.count)


def of_all(finding: Finding) -> str:
    """How many, among how many; empty where nothing is counted.

    Examples
    --------
    >>> from benchmarks.auditing.finding import Kind
    >>> of_all(Finding(Kind.SPEAKER, Severity.ERROR, "fold_1", "...", "...", 2, 4))
    '2 of 4'
    """
    if not finding.count:
        return ""
    return f"{finding.count:,}" if finding.of is None else f"{finding.count:,} of {finding.of:,}"


def _finding(group: Sequence[Finding], n_folds: int) -> Iterator[str]:
    worst = worst_of(group)
    head = f"{worst.severity.upper() if worst.severity is Severity.ERROR else worst.severity:<8} {worst.kind}"
    most = f"{worst.fold}: " if worst.fold and len({finding.message for finding in group}) > 1 else ""
    yield fill(f"{head}, {where(group, n_folds)}", hang=INDENT)
    examples = f"; such as {', '.join(worst.examples[:SHOWN])}" if worst.examples else ""
    yield fill(f"{most}{worst.message}{examples}", indent=INDENT)
    yield fill(f"-> {worst.remedy}", indent=INDENT, hang=f"{INDENT}   ")


def _table(audit: Audit) -> Iterator[str]:
    width = max(4, min(20, max(len(fold.fold) for fold in audit.folds)))
    head = f"{'fold':<{width}} {'train':>6} {'valid':>6} {'test':>6} {'speakers':>9} {'sentences':>10} {'copies':>7}"
    yield head
    yield "-" * len(head)
    for fold in audit.folds[:MOST_FOLDS]:
        copies = "-" if fold.recordings is None else fold.recordings
        yield (
            f"{fold.fold[:width]:<{width}} {fold.train:>6} {fold.valid:>6} {fold.test:>6} {share(fold.speakers):>9} "
            f"{share(fold.sentences):>10} {copies:>7}"
        )
    if len(audit.folds) > MOST_FOLDS:
        yield f"and {len(audit.folds) - MOST_FOLDS} more"
    yield fill("speakers, sentences: of those tested, how many are learnt; copies: test recordings that are learnt")


def share(shared: tuple[int, int] | None) -> str:
    """How many of those tested are learnt; a dash where it is not known.

    Examples
    --------
    >>> share((2, 4)), share(None)
    ('2/4', '-')
    """
    return "-" if shared is None else f"{shared[0]}/{shared[1]}"
