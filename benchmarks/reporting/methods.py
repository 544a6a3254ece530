"""How a run was made, as the paragraphs of a paper: what `run.json` says and no more, with what has to be cited."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.corpora.base import LABEL_NAMES
from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.latex import latex_text
from benchmarks.reporting.references import TOOLKIT, Reference, Used, corpus_references, references_of
from features.names import listed

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Entry, Ranking

_CITED = re.compile(r" ?\[(@[^\]]+)\]")
_SCHEMES = {
    "session": "each session tested once",
    "speaker": "each speaker tested once",
    "text": "each sentence tested once",
    "speaker-x-text": "every speaker and every sentence tested apart",
    "speaker-811": "speakers divided 8:1:1",
}
_OWN_CLIPS = (Flag.TRANSDUCTIVE, Flag.ENROLLED, Flag.ADAPTED)
_DEEP = ("torch", "speechbrain", "transformers")
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost", "librosa", *_DEEP, "opensmile")


@dataclass(frozen=True)
class Methods:
    r"""What a paper says of how a run was made.

    Attributes
    ----------
    paragraphs : tuple of str
        In Markdown, citations as pandoc reads them: `[@emodb]`.
    references : tuple of Reference
        What they cite.

    Examples
    --------
    >>> known = Methods(("Tested on EmoDB [@emodb].",), (Reference("emodb", "@misc{emodb}"),))
    >>> print(known.latex())
    Tested on EmoDB~\cite{emodb}.
    """

    paragraphs: tuple[str, ...]
    references: tuple[Reference, ...]

    def markdown(self) -> str:
        """The paragraphs in Markdown."""
        return "\n\n".join(self.paragraphs)

    def latex(self) -> str:
        """The paragraphs in LaTeX."""
        return "\n\n".join(map(_latex, self.paragraphs))

    def bibtex(self) -> str:
        """The bibliography."""
        return "\n\n".join(one.bibtex for one in self.references)

    def write(self, folder: Path) -> None:
        """Write `methods.md`, `methods.tex` and `references.bib` into a folder, which is made.

        Examples
        --------
        >>> Methods((), ()).write(Path())  # doctest: +SKIP
        """
        texts = {"methods.md": self.markdown(), "methods.tex": self.latex(), "references.bib": self.bibtex()}
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(f"{text}\n", encoding="utf-8")


def methods_of(ranking: Ranking) -> Methods:
    """Say how a run was made: corpus, folds, pipelines, scores, tests and versions, each as `run.json` has it.

    Parameters
    ----------
    ranking : Ranking
        Of a run; where only predictions are known, what they tell is said.

    Examples
    --------
    >>> print(methods_of(rank(Run.load("results/emodb"))).markdown())  # doctest: +SKIP
    """
    references = references_of(ranking)
    keys = {one.key for one in references}

    def cited(*wanted: str) -> str:
        some = [key for key in wanted if key in keys]
        return f" [{'; '.join(f'@{key}' for key in some)}]" if some else ""

    parts = (_corpus, _folds, _pipelines, _scores, _tests, _versions)
    paragraphs = (" ".join(part(ranking, cited)) for part in parts)
    return Methods(tuple(text for text in paragraphs if text), references)


Cite = Callable[..., str]


def _corpus(ranking: Ranking, cited: Cite) -> list[str]:
    run = ranking.run
    corpus = run.corpus
    sources = cited(*(one.key for one in corpus_references(ranking)))
    labels = [f"{LABEL_NAMES.get(label, label)}{_count(corpus, label)}" for label in ranking.labels]
    first = run.predictions.drop_duplicates(["speaker", "utterance"])
    title = corpus.get("title", corpus["name"])
    told = [
        f"The corpus is {title}{sources}: {corpus.get('n_utterances', len(first)):,} utterances of "
        f"{corpus.get('n_speakers', len(ranking.speakers))} speakers, {len(labels)} classes ({listed(labels)})."
    ]
    if corpus.get("policy"):
        told.append(f"Labels: {corpus['policy']}.")
    if corpus.get("n_left_out"):
        told.append(f"{corpus['n_left_out']:,} published utterances were left out (listed in run.json).")
    if run.synthetic:
        told.append("The voices are synthetic, and the scores say nothing about people.")
    if corpus.get("control"):
        told.append("Labels are permuted within every speaker (control).")
    return told


def _count(corpus: Mapping[str, Any], label: str) -> str:
    count = corpus.get("counts", {}).get(label)
    return f" {count:,}" if count is not None else ""


def _folds(ranking: Ranking, _: Cite) -> list[str]:
    record = ranking.run.record.get("folds", {})
    folds: Sequence[Mapping[str, Any]] = record.get("folds", ())
    if not folds:
        return ["How the test folds were made is not recorded with these predictions."]
    scheme = str(record.get("scheme", "given"))
    about = _SCHEMES.get(scheme, f"{scheme} groups of speakers" if scheme.isdigit() else "as given in a file")
    told = [f"Utterances were tested in {len(folds)} {'fold' if len(folds) == 1 else 'folds'} ({scheme}: {about})."]
    sharing = [fold for fold in folds if {*fold.get("train", ()), *fold.get("valid", ())} & set(fold.get("test", ()))]
    own = [flag for flag in _OWN_CLIPS if any(flag in entry.flags for entry in ranking.scored)]
    if sharing:
        told.append(
            f"In {len(sharing)} of them speakers who test also train, with other clips: their scores say nothing of "
            "people whom a model never heard."
        )
    else:
        told.append(
            "No speaker of a test fold takes part in its training, selection or tuning, nor in its scaling"
            + (f" but for rows marked {listed(own)}, which use other clips of theirs without labels." if own else ".")
        )
    if ranking.enrolment_note:
        told.append(ranking.enrolment_note.strip())
    if any(fold.get("valid") for fold in folds) and any(entry.name in _deep(ranking) for entry in ranking.scored):
        told.append(
            f"{listed(sorted(_deep(ranking)))} trained without the speakers that validate and chose the epoch on them; "
            "classical pipelines trained on both."
        )
    return told


def _deep(ranking: Ranking) -> frozenset[str]:
    """Pipelines that were fine-tuned: their jobs have a history of epochs."""
    return frozenset(job["pipeline"] for job in ranking.run.record.get("jobs", ()) if job.get("history"))


def _tuned(ranking: Ranking) -> frozenset[str]:
    """Pipelines that chose among several settings."""
    jobs = ranking.run.jobs
    some = pd.to_numeric(jobs.get("n_candidates"), errors="coerce").fillna(0) > 1
    return frozenset(jobs["pipeline"][some]) if "n_candidates" in jobs else frozenset()


def _pipelines(ranking: Ranking, cited: Cite) -> list[str]:
    used = Used(ranking)
    told = []
    ours = [entry for entry in ranking.scored if Flag.BROUGHT not in entry.flags]
    if ours and ranking.run.record:
        rows = [f"{entry.name} ({_row(ranking, entry)})" for entry in ours]
        software = cited(TOOLKIT, "librosa", "scikit-learn", "svm", "xgboost", "opensmile", "egemaps", "compare")
        encoders = ("speechbrain", "transformers", "wav2vec2", "hubert", "wavlm", "whisper")
        models = cited(*encoders, "superb", "attentive", "lora", "coral")
        told.append(f"Pipelines{software}{models}: {'; '.join(rows)}.")
    tuned, deep = _tuned(ranking), _deep(ranking)
    if tuned - deep:
        told.append(
            "Every fold tuned anew on inner folds of its training utterances, speakers kept together where there are "
            "two or more, by the UAR of all inner answers pooled; the best setting was fitted to all of them."
        )
    if tuned & deep:
        told.append(
            f"Of {listed(sorted(tuned & deep))}, learning rates and the number of epochs were chosen in every fold by "
            "the mean over inner folds of the UAR on held-out training speakers; then each was trained once more."
        )
    if used.statistics:
        told.append(
            "The feature set all holds statistics of a clip's pitch, energy, timing, voice quality, spectrum and "
            "MFCCs; others are named parts of it, tables or encoders."
        )
    brought = [entry.name for entry in ranking.scored if Flag.BROUGHT in entry.flags]
    if brought:
        told.append(f"Predictions of {listed(brought)} were brought from elsewhere, on the same utterances.")
    seeds = ranking.run.record.get("seeds", ())
    if len(seeds) > 1:
        told.append(f"Scores are means over {len(seeds)} seeds ({', '.join(map(str, seeds))}).")
    return told


def _row(ranking: Ranking, entry: Entry) -> str:
    """What stands in brackets behind a pipeline's name: what it is, how many features, how many settings tried."""
    record = ranking.run.record.get("pipelines", {}).get(entry.name, {})
    jobs = ranking.run.jobs
    tried = pd.to_numeric(jobs.loc[jobs["pipeline"] == entry.name, "n_candidates"], errors="coerce").dropna()
    parts = [entry.description or "no description"]
    if record.get("n_features"):
        parts.append(f"{record['n_features']:,} features")
    if len(tried) and tried.max() > 1:
        low, high = int(tried.min()), int(tried.max())
        parts.append(f"{low if low == high else f'{low} to {high}'} settings tried a fold")
    caveats = [flag for flag in entry.flags if flag in set(Flag) and flag != Flag.SYNTHETIC]
    return ", ".join([*parts, *caveats])


def _scores(ranking: Ranking, cited: Cite) -> list[str]:
    if not ranking.scored:
        return []
    return [
        "Scores are computed from the stored predictions, pooled over folds. UAR, the unweighted average recall, is "
        f"the mean of the classes' recalls; guessing scores {100 * ranking.chance:.1f} %. Intervals (95 %) are by the "
        f"jackknife over speakers{cited('jackknife')} on the logit scale with Student's t, since the clips of one "
        f"speaker are not independent; there are {len(ranking.speakers)} speakers."
    ]


def _tests(ranking: Ranking, cited: Cite) -> list[str]:
    if not ranking.tests:
        return []
    exact = {test.exact for test in ranking.tests}
    swaps = {
        frozenset({True}): "all swaps",
        frozenset({False}): "swaps drawn at random",
    }.get(frozenset(exact), "all swaps, or swaps drawn at random where they are too many")
    told = [
        "Pipelines are compared by two-sided paired permutation tests that swap the answers of whole speakers "
        f"({swaps}){_correction(ranking, cited)}."
    ]
    if len(ranking.families) > 1:
        told.append(
            "Pipelines that use other clips of the test speaker are ranked, tested and corrected among themselves."
        )
    if ranking.rope is not None:
        told.append(
            f"A difference within {ranking.rope:g} of UAR is taken as none that matters; one-sided "
            f"tests{cited('tost')} say whether it is larger."
        )
    told.append("The tests speak of the models as they were trained here, met by new speakers.")
    return told


def _correction(ranking: Ranking, cited: Cite) -> str:
    """For how many pairs p is corrected; nothing where there is but one of each family."""
    counts = [len(tests) for family in ranking.families if (tests := ranking.tests_of(family))]
    if max(counts) == 1:
        return ""
    words = [f"{count} {'pair' if count == 1 else 'pairs'}" for count in counts]
    over = words[0] if len(words) == 1 else f"{listed(words)} of the two families"
    return f", corrected{cited('holm')} over {over}"


def _versions(ranking: Ranking, cited: Cite) -> list[str]:
    record = ranking.run.record
    versions = record.get("versions", {})
    if not versions:
        return []
    used = Used(ranking)
    unused = {
        *(() if _deep(ranking) or "encoder" in used.pretrained else _DEEP),
        *(() if used.sets & {"egemaps", "compare"} else ("opensmile",)),
        *(() if "xgboost" in used.models else ("xgboost",)),
    }
    libraries = [_named(name, versions) for name in _LIBRARIES if name in versions and name not in unused]
    revision = f", revision {record['revision']}" if record.get("revision") else ""
    machine = record.get("machine", {})
    where = f", {machine['system']} {machine['machine']}" if {"system", "machine"} <= set(machine) else ""
    return [
        f"Computed with {_named(TOOLKIT, versions)}{revision}{cited(TOOLKIT)}, "
        f"{_named('python', versions).capitalize()}, {listed(libraries)}{where}."
    ]


def _named(library: str, versions: Mapping[str, str]) -> str:
    return f"{library} {versions.get(library, '')}".strip()


def _latex(paragraph: str) -> str:
    pieces, end = [], 0
    for found in _CITED.finditer(paragraph):
        pieces.append(latex_text(paragraph[end : found.start()]))
        pieces.append(rf"~\cite{{{','.join(key.strip().removeprefix('@') for key in found[1].split(';'))}}}")
        end = found.end()
    return "".join([*pieces, latex_text(paragraph[end:])])
