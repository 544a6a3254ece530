"""Combining corpora: ranks and tests of the same pipelines over several runs, one of each corpus."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.evaluation.provenance import versions
from benchmarks.evaluation.runs import SCHEMA_VERSION, STUDY_RECORD, Run, write_table
from benchmarks.pipelines.flags import Family
from benchmarks.reporting.numbers import with_intervals
from benchmarks.reporting.plots.ranks import ranks_plot
from benchmarks.reporting.ranking import ALPHA, Ranking, rank
from benchmarks.reporting.sections import Findings, FolderSection, NamedPlot
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.combined import (
    FEWEST_CORPORA,
    FEWEST_PIPELINES,
    CombinedTest,
    RankTest,
    by_rank,
    combined_tests,
    mean_ranks,
    rank_test,
    uar_matrix,
)
from benchmarks.scoring.significance import Verdict
from features.errors import ResultsError
from features.files import write_atomically
from features.names import listed

if TYPE_CHECKING:
    from benchmarks.scoring.intervals import Matrix

MANY_OF_ONE_NAME = ("manifest", "synthetic")
"""Corpora whose name does not tell whose clips they are."""


@dataclass(frozen=True)
class CombinedFamily:
    """Pipelines of one family that every corpus ranks.

    Attributes
    ----------
    family : Family
    ranks : DataFrame
        `pipeline, rank` (mean over corpora), `uar` (mean over corpora), and the UAR on each corpus; best rank first.
    tests : tuple of CombinedTest
        Every pair.
    rank_test : RankTest or None
        None with too few corpora or pipelines for ranks alone to show anything.

    Examples
    --------
    >>> combine(["results/emodb", "results/ravdess"]).families[0].ranks  # doctest: +SKIP
    """

    family: Family
    ranks: pd.DataFrame
    tests: tuple[CombinedTest, ...]
    rank_test: RankTest | None


@dataclass(frozen=True)
class Combined:
    """What several corpora say of the same pipelines.

    Attributes
    ----------
    corpora : dict of str to int
        Name of each corpus, and its number of speakers.
    families : tuple of CombinedFamily
    left_out : tuple of str
        A sentence for each pipeline that is not ranked on every corpus.
    synthetic : tuple of str
        Corpora whose voices a program made.

    Examples
    --------
    >>> combine(["results/emodb", "results/ravdess"]).corpora  # doctest: +SKIP
    {'emodb': 10, 'ravdess': 24}
    """

    corpora: Mapping[str, int]
    families: tuple[CombinedFamily, ...]
    left_out: tuple[str, ...]
    synthetic: tuple[str, ...] = ()


def combine(
    paths: Sequence[str | Path],
    *,
    pipelines: Sequence[str] = (),
    join_names: bool = False,
    random_state: int = 0,
) -> Combined:
    """Rank and test the pipelines of several runs, one of each corpus.

    Parameters
    ----------
    paths : sequence of path
        Folders of runs, or files `predictions.csv`; two or more.
    pipelines : sequence of str
        Only these; all when empty.
    join_names : bool, default=False
        As for `benchmarks.compare`.
    random_state : int, default=0
        Seed of drawn swaps, beyond 16 speakers.

    Returns
    -------
    Combined

    Raises
    ------
    ResultsError
        If there are fewer than two runs, two are of one corpus, a pipeline is in no run, or fewer than two pipelines
        are ranked on all.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.combine(["results/emodb", "results/ravdess"]).families[0].tests  # doctest: +SKIP
    """
    if len(paths) < 2:
        raise ResultsError(f"{len(paths)} run given; expected two or more, one of each corpus")
    runs = [Run.load(path, join_names=join_names) for path in paths]
    _check_distinct(runs, paths)
    rankings = dict(zip(_names(runs, paths), (rank(run, random_state=random_state) for run in runs)))
    wanted = _wanted(rankings, pipelines)
    families, left_out = [], []
    for family in Family:
        confusions = {
            corpus: {
                entry.name: ranking.run.confusions[entry.name]
                for entry in ranking.families.get(family, ())
                if entry.name in wanted
            }
            for corpus, ranking in rankings.items()
        }
        everywhere = set.intersection(*(set(rows) for rows in confusions.values()))
        if len(everywhere) > 1:
            shared = {corpus: {name: rows[name] for name in sorted(everywhere)} for corpus, rows in confusions.items()}
            families.append(_family(family, shared, random_state=random_state))
        wanted = [name for name in wanted if name not in everywhere or len(everywhere) < 2]
    left_out = [_why_left_out(name, rankings) for name in wanted]
    if not families:
        raise ResultsError(
            f"fewer than two pipelines of one kind are ranked on all of {', '.join(rankings)}: "
            f"{'; '.join(left_out)}; run the same pipelines on each"
        )
    synthetic = tuple(corpus for corpus, ranking in rankings.items() if ranking.run.synthetic)
    speakers = {corpus: len(ranking.speakers) for corpus, ranking in rankings.items()}
    return Combined(speakers, tuple(families), tuple(left_out), synthetic)


def _names(runs: Sequence[Run], paths: Sequence[str | Path]) -> list[str]:
    """Name of each run's corpus, with the run's folder behind it where two have the same."""
    names = [str(run.corpus["name"]) for run in runs]
    return [
        name if names.count(name) == 1 else f"{name} ({Path(path).name})"
        for name, path in zip(names, paths, strict=True)
    ]


def _check_distinct(runs: Sequence[Run], paths: Sequence[str | Path]) -> None:
    """Check that no corpus stands there twice: its speakers would count twice."""
    clips = [set(map(tuple, run.predictions[["speaker", "utterance"]].drop_duplicates().to_numpy())) for run in runs]
    for i, j in combinations(range(len(runs)), 2):
        one, other = runs[i].corpus, runs[j].corpus
        marks = one.get("fingerprint"), other.get("fingerprint")
        same_name = one["name"] == other["name"] and "licence" in one and one["name"] not in MANY_OF_ONE_NAME
        same_clips = len(clips[i] & clips[j]) > min(len(clips[i]), len(clips[j])) / 2
        same_voices = same_clips and not (one.get("synthetic") and other.get("synthetic") and marks[0] != marks[1])
        if same_name or (marks[0] is not None and marks[0] == marks[1]) or same_voices:
            raise ResultsError(
                f"{paths[i]} and {paths[j]} are both of {one['name']}, whose speakers would count twice; expected one "
                "run of each corpus; benchmarks.compare puts two of one corpus side by side"
            )


def _wanted(rankings: Mapping[str, Ranking], pipelines: Sequence[str]) -> list[str]:
    known = list(dict.fromkeys(entry.name for ranking in rankings.values() for entry in ranking.entries))
    missing = [name for name in pipelines if name not in known]
    if missing:
        raise ResultsError(f"pipelines {missing} are in no run; expected some of {known}")
    return [name for name in known if not pipelines or name in pipelines]


def _why_left_out(name: str, rankings: Mapping[str, Ranking]) -> str:
    reasons = []
    for corpus, ranking in rankings.items():
        entry = next((entry for entry in ranking.entries if entry.name == name), None)
        if entry is None:
            reasons.append(f"not run on {corpus}")
        elif not entry.ranked:
            why = ", ".join(entry.flags) or str(entry.status)
            reasons.append(f"not ranked on {corpus} ({why})")
    return f"{name}: {'; '.join(reasons) or 'nothing of its kind to compare it with'}"


def _family(family: Family, confusions: Mapping[str, Mapping[str, Matrix]], *, random_state: int) -> CombinedFamily:
    names, uars = uar_matrix(confusions)
    table = pd.DataFrame({"pipeline": names, "rank": mean_ranks(uars), "uar": uars.mean(axis=0)})
    for place, corpus in enumerate(confusions):
        table[corpus] = uars[place]
    table = table.set_index("pipeline").loc[by_rank(confusions)].reset_index()
    return CombinedFamily(family, table, combined_tests(confusions, random_state=random_state), rank_test(uars))


def combined_table(found: Combined) -> pd.DataFrame:
    """Every pair over all corpora, and on each of them.

    Parameters
    ----------
    found : Combined

    Returns
    -------
    DataFrame
        `family, first, second, corpus` (`all` for the combined row), `speakers, difference, difference_low,
        difference_high, effect, z, p` (two-sided and combined where the corpus is `all`, else the one-sided mid-p that
        is combined), `p_holm, verdict, ahead_on`.
    """
    rows = []
    for group in found.families:
        for test in group.tests:
            pair = {"family": str(group.family), "first": test.first, "second": test.second}
            rows.append(
                {
                    **pair,
                    "corpus": "all",
                    "speakers": test.difference.n_speakers,
                    **test.difference.columns("difference"),
                    "effect": test.effect,
                    "z": test.z,
                    "p": test.p,
                    "p_holm": test.p_holm,
                    "verdict": str(test.verdict(ALPHA)),
                    "ahead_on": test.n_better,
                }
            )
            rows += [
                {
                    **pair,
                    "corpus": one.corpus,
                    "speakers": one.n_speakers,
                    **one.difference.columns("difference"),
                    "effect": one.effect,
                    "p": one.mid_p,
                }
                for one in test.corpora
            ]
    return pd.DataFrame(rows)


def ranks_table(found: Combined) -> pd.DataFrame:
    """Mean rank and UAR of every pipeline, a row each: `family, pipeline, rank, uar` and a column for each corpus."""
    return (
        pd.concat([group.ranks.assign(family=str(group.family)) for group in found.families], ignore_index=True)
        .set_index("family")
        .reset_index()
    )


def save(found: Combined, folder: Path, *, command: str = "") -> list[Path]:
    """Write `combined.csv`, `ranks.csv` and `study.json`, from which a report is made, and return where they lie."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "combined.csv", folder / "ranks.csv", folder / STUDY_RECORD]
    write_table(paths[0], combined_table(found))
    write_table(paths[1], ranks_table(found))
    record = {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "notes": combined_notes(found),
        "critical_differences": {
            str(group.family): group.rank_test.critical_difference if group.rank_test else None
            for group in found.families
        },
        "sentences": [sentence for group in found.families for sentence in family_sentences(group, found)],
    }
    write_atomically(paths[2], json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return paths


def combined_notes(found: Combined) -> list[str]:
    """What is left out, and which voices are synthetic."""
    synthetic = [f"the voices of {', '.join(found.synthetic)} are synthetic"] if found.synthetic else []
    return [*(f"left out: {text}" for text in found.left_out), *synthetic]


def family_sentences(group: CombinedFamily, found: Combined) -> list[str]:
    """What is shown of the pipelines of a family, and what is not."""
    ranks, tests = group.ranks, group.tests
    first = [str(name) for name in ranks.loc[ranks["rank"] == ranks["rank"].min(), "pipeline"]]
    sentences = [f"{listed(first)} {'share' if len(first) > 1 else 'has'} the best mean rank."]
    for best in first:
        beaten = [test.second for test in tests if test.first == best and test.verdict(ALPHA) is Verdict.SHOWN]
        over = listed(beaten) if beaten else "none of the others"
        sentences.append(f"Over these corpora {best} is shown to be ahead of {over}.")
    hidden = [f"{test.first} and {test.second}" for test in tests if test.verdict(ALPHA) is Verdict.CANNOT_BE_FOUND]
    if hidden:
        sentences.append(f"With so few speakers no answers could show a difference between {'; '.join(hidden)}.")
    split = [f"{test.first} and {test.second}" for test in tests if 0 < test.n_better < len(found.corpora)]
    if split:
        sentences.append(f"Corpora disagree on which is ahead: {'; '.join(split)}.")
    sentences.append(rank_sentence(group.rank_test, n_corpora=len(found.corpora), n_pipelines=len(group.ranks)))
    return sentences


def rank_sentence(test: RankTest | None, *, n_corpora: int, n_pipelines: int) -> str:
    """What ranks alone say, or why they are not asked.

    Examples
    --------
    >>> rank_sentence(None, n_corpora=2, n_pipelines=4)
    'Ranks alone are not tested: 2 corpora, and Friedman and Nemenyi need 5.'
    """
    if test is not None:
        return (
            f"Friedman: chi-squared {test.statistic:.2f}, p {test.p:.3f}; Nemenyi: mean ranks further apart than "
            f"{test.critical_difference:.2f} differ."
        )
    if n_corpora < FEWEST_CORPORA:
        return f"Ranks alone are not tested: {n_corpora} corpora, and Friedman and Nemenyi need {FEWEST_CORPORA}."
    return f"Ranks alone are not tested: {n_pipelines} pipelines, and Friedman needs {FEWEST_PIPELINES}."


def _findings(tables: Mapping[str, pd.DataFrame], record: Mapping[str, Any]) -> Findings:
    ranks, pairs = tables["ranks"], tables["combined"]
    corpora = [name for name in ranks.columns if name not in _RANKS]
    plots = []
    for number, (family, rows) in enumerate(ranks.groupby("family", sort=False), start=1):
        some = pairs[(pairs["family"] == family) & (pairs["verdict"] == str(Verdict.SHOWN))]
        apart = list(zip(some["first"], some["second"]))
        critical = record.get("critical_differences", {}).get(family)
        own = rows[["pipeline", "rank", "uar", *corpora]].reset_index(drop=True)
        plot = ranks_plot(own, apart, critical_difference=critical)
        plots.append(NamedPlot(f"ranks-{number}", f"Pipelines that ask for {family}, over corpora", plot))
    return Findings(
        tuple(record.get("sentences", ())), tuple(plots), (_ranks_shown(ranks, corpora), _pairs_shown(pairs))
    )


_RANKS = ("family", "pipeline", "rank", "uar")


def _ranks_shown(ranks: pd.DataFrame, corpora: Sequence[str]) -> Table:
    columns = (
        Column("pipeline", "Pipeline"),
        Column("rank", "Mean rank", ".2f"),
        Column("uar", "Mean UAR", ".3f"),
        *(Column(name, name, ".3f") for name in corpora),
    )
    return Table("ranks", "Mean rank over corpora, and the UAR on each.", columns, tuple(ranks.to_dict("records")))


def _pairs_shown(pairs: pd.DataFrame) -> Table:
    columns = (
        Column("first", "Pipeline"),
        Column("second", "Against"),
        Column("corpus", "Corpus"),
        Column("speakers", "Speakers", ".0f"),
        Column("difference", "UAR difference", "+.3f"),
        Column("difference_interval", "95 % interval"),
        Column("effect", "Effect", "+.2f"),
        Column("p", "p", ".2g"),
        Column("p_holm", "p, Holm", ".2g"),
        Column("verdict", "Verdict"),
    )
    caption = (
        "Every pair over all corpora, each weighing the same, and on each of them; p of all is two-sided and combined "
        "by Stouffer's method, that of one corpus is one-sided."
    )
    rows = with_intervals(pairs.to_dict("records"), "difference", signed_names=("difference",))
    return Table("combined", caption, columns, rows)


SECTIONS = (FolderSection("The same pipelines on several corpora", ("combined", "ranks"), _findings),)
"""What a report shows of a folder in which `python -m benchmarks.combine` was run."""
