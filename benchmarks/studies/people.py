"""People: whether a pipeline serves some groups of speakers, or some speakers, worse than others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.corpora.base import PEOPLE
from benchmarks.evaluation.runs import Run, write_table
from benchmarks.reporting.lines import fill
from benchmarks.reporting.numbers import interval_text
from benchmarks.reporting.plots import ReportPlot
from benchmarks.reporting.plots.people import people_figure
from benchmarks.reporting.ranking import ALPHA, Ranking
from benchmarks.reporting.sections import Section
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.groups import group_difference
from benchmarks.scoring.intervals import Matrix, speaker_interval
from benchmarks.scoring.shrinkage import speaker_scores
from benchmarks.scoring.sign_flips import holm
from features.errors import ResultsError
from features.names import normalise
from features.tables import read_table

if TYPE_CHECKING:
    from features.plotting import Plot

MOST_VALUES = 4
"""So many different numbers, such as ages, are groups of their own; more are divided at the speakers' median."""


@dataclass(frozen=True, eq=False)
class People:
    """Who is served how well.

    Attributes
    ----------
    groups : DataFrame
        `pipeline, attribute, group, speakers, clips, uar, uar_low, uar_high`; `ahead, ahead_low, ahead_high`, what the
        group is ahead of all other speakers of whom the attribute is known; `p` of that, and `p_holm`, corrected for
        all comparisons of the table. Intervals over speakers.
    speakers : DataFrame
        `pipeline, speaker`, the speaker's groups, `clips, uar, expected, expected_low, expected_high, spread`; see
        `benchmarks.scoring.shrinkage.speaker_scores`. Lowest expected score first.
    notes : tuple of str
        Who is left out, and why.

    Examples
    --------
    >>> people("results/emodb").groups  # doctest: +SKIP
    """

    groups: pd.DataFrame
    speakers: pd.DataFrame
    notes: tuple[str, ...] = ()


def people(run: Run | str | Path, *, pipelines: Sequence[str] = (), speakers: str | Path | None = None) -> People:
    """Compare groups of speakers, and speakers, by the stored predictions of a run.

    Parameters
    ----------
    run : Run or path
        The run, or its folder; `people.csv` and `people_speakers.csv` are written into it.
    pipelines : sequence of str, default=()
        Only these; all when empty.
    speakers : path, optional
        A table with the column `speaker` and one column for each attribute, such as gender, age or accent; in place of
        what the run knows of its speakers.

    Returns
    -------
    People

    Raises
    ------
    ResultsError
        If nothing is known of the speakers, or a pipeline or a speaker is not in the run.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.people("results/emodb", pipelines=["svm"]).groups  # doctest: +SKIP
    """
    run = run if isinstance(run, Run) else Run.load(run)
    known, notes = known_people(run) if speakers is None else read_people(Path(speakers), run)
    names = list(pipelines) or list(run.confusions)
    missing = [name for name in names if name not in run.confusions]
    if missing:
        raise ResultsError(f"{run.folder} has no predictions of {missing}; expected some of {list(run.confusions)}")
    groups, more = into_groups(known)
    confusions = {name: run.confusions[name] for name in names}
    found = People(group_table(confusions, groups), speaker_table(confusions, groups), (*notes, *more))
    write_table(run.folder / "people.csv", found.groups)
    write_table(run.folder / "people_speakers.csv", found.speakers)
    return found


def known_people(run: Run) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """What a run knows of its speakers: a row each, in the run's order, and the attributes in columns; with notes.

    Raises
    ------
    ResultsError
        If it knows nothing.
    """
    table = run.utterances
    columns = [name for name in PEOPLE if table is not None and name in table and (table[name] != "").any()]
    notes, found = [], {}
    for name in columns:
        values = table.groupby("speaker")[name].agg(lambda some: set(some) - {""})  # type: ignore[union-attr]
        several = [speaker for speaker in run.speakers if len(values.get(speaker, ())) > 1]
        if several:
            notes.append(f"{name}: speaker {several[0]} has several; it is left out, as it is not one of speakers")
            continue
        found[name] = [next(iter(values.get(speaker, ())), "") for speaker in run.speakers]
    if not found:
        raise ResultsError(
            f"{run.folder} knows neither {', '.join(PEOPLE[:-1])} nor {PEOPLE[-1]} of its speakers; expected a corpus "
            "that tells, or --speakers FILE, a table with the columns speaker and, for example, gender"
        )
    return pd.DataFrame(found, index=list(run.speakers)), tuple(notes)


def read_people(file: Path, run: Run) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """What a table says of the speakers of a run, as `known_people` gives it.

    Raises
    ------
    ResultsError
        If it cannot be read, says nothing, or lacks a speaker of the run, or has one twice.
    """
    rows = read_table(file, required=("speaker",), error=ResultsError).rows
    rows = rows.assign(speaker=rows["speaker"].map(normalise))
    columns = [name for name in rows.columns if name != "speaker"]
    twice = rows["speaker"][rows["speaker"].duplicated()]
    missing = sorted(set(run.speakers) - set(rows["speaker"]))
    if not columns:
        raise ResultsError(f"{file}: the column speaker alone; expected others beside it, such as gender or age")
    if len(twice) or missing:
        problem = f"speaker {twice.iloc[0]} twice" if len(twice) else f"no row of speaker {', '.join(missing[:5])}"
        raise ResultsError(f"{file}: {problem}; expected one row of every speaker of {run.folder}")
    return rows.set_index("speaker").loc[list(run.speakers), columns].map(normalise), ()


def into_groups(known: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Attributes as groups: many different numbers become two, divided at the median of the speakers.

    Examples
    --------
    >>> known = pd.DataFrame({"age": ["21", "25", "26", "30", "31", "35"]})
    >>> into_groups(known)[0]["age"].tolist()
    ['21 to 26', '21 to 26', '21 to 26', '30 to 35', '30 to 35', '30 to 35']
    """
    groups, notes = {}, []
    for name in known.columns:
        texts = known[name].astype(str)
        numbers = pd.to_numeric(texts.where(texts != ""), errors="coerce")
        if (numbers.notna() == (texts != "")).all() and numbers.nunique() > MOST_VALUES:
            upper = numbers > numbers.median()
            names = {side: f"{numbers[upper == side].min():g} to {numbers[upper == side].max():g}" for side in (0, 1)}
            texts = pd.Series([names[int(side)] for side in upper], index=texts.index).where(texts != "", "")
            notes.append(f"{name}: two groups, divided at the median of the speakers, {numbers.median():g}")
        unknown = int((texts == "").sum())
        if unknown:
            notes.append(f"{name}: not known of {unknown} of {len(texts)} speakers, who are left out of its rows")
        if (texts[texts != ""]).nunique() < 2:
            notes.append(f"{name}: all speakers are in one group; nothing to compare")
            continue
        groups[name] = texts
    return pd.DataFrame(groups, index=known.index), tuple(notes)


def group_table(confusions: Mapping[str, Matrix], groups: pd.DataFrame) -> pd.DataFrame:
    """Score every group, and compare it with all other speakers; the two groups of a pair are one comparison.

    Parameters
    ----------
    confusions : mapping of str to ndarray of shape (n_speakers, n_labels, n_labels)
        By pipeline, in the order of the rows of `groups`.
    groups : DataFrame
        A row per speaker, a column per attribute; empty texts are unknown.

    Returns
    -------
    DataFrame
        As `People.groups`.

    Examples
    --------
    >>> matrices = np.array([[[5, 0], [0, 5]], [[5, 0], [1, 4]], [[3, 2], [2, 3]], [[4, 1], [3, 2]]])
    >>> table = group_table({"svm": matrices}, pd.DataFrame({"gender": ["female", "female", "male", "male"]}))
    >>> table[["group", "speakers", "uar", "ahead"]].round(2).values.tolist()
    [['female', 2, 0.95, 0.35], ['male', 2, 0.6, -0.35]]
    """
    rows: list[dict[str, Any]] = []
    for pipeline, matrices in confusions.items():
        for attribute in groups.columns:
            values = groups[attribute].to_numpy()
            names = sorted(set(values) - {""})
            for place, name in enumerate(names):
                own = matrices[values == name]
                found = group_difference(own, matrices[(values != name) & (values != "")])
                rows.append(
                    {
                        "pipeline": pipeline,
                        "attribute": attribute,
                        "group": name,
                        "speakers": len(own),
                        "clips": round(own.sum()),
                        **speaker_interval(own).columns("uar"),
                        **found.interval.columns("ahead"),
                        "p": found.p,
                        "mirrored": len(names) == 2 and place == 1,
                    }
                )
    columns = [*("pipeline", "attribute", "group", "speakers", "clips", "uar", "uar_low", "uar_high")]
    columns += ["ahead", "ahead_low", "ahead_high", "p", "p_holm"]
    table = pd.DataFrame(rows, columns=[*columns, "mirrored"])
    tested = table["p"].notna() & (table["mirrored"] == 0)
    table["p_holm"] = math.nan
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"])
    mirrored = np.flatnonzero(table["mirrored"])
    table.loc[mirrored, "p_holm"] = table["p_holm"].to_numpy()[mirrored - 1]
    return table[columns]


def speaker_table(confusions: Mapping[str, Matrix], groups: pd.DataFrame) -> pd.DataFrame:
    """Score every speaker, as counted and as to be expected of further clips; as `People.speakers`."""
    parts = []
    for pipeline, matrices in confusions.items():
        scores = speaker_scores(matrices)
        table = pd.DataFrame(
            {
                **{"pipeline": pipeline, "speaker": groups.index, **groups.to_dict("list")},
                **{"clips": matrices.sum(axis=(1, 2)).round().astype(int), "uar": scores.counted},
                **{"expected": scores.expected, "expected_low": scores.low, "expected_high": scores.high},
                "spread": scores.spread,
            }
        )
        order = table["expected"] if table["expected"].notna().any() else table["uar"]
        parts.append(table.iloc[order.argsort(kind="stable")])
    return pd.concat(parts, ignore_index=True)


def people_text(found: People) -> str:
    """Write the study for a terminal: the groups, the speakers with the lowest scores, and sentences."""
    lines = [groups_shown(found.groups).text(("pipeline", "attribute", "group", *SHOWN)), ""]
    lines += [fill(sentence) for sentence in people_sentences(found)]
    return "\n".join([*lines, *(fill(f"note: {note}", hang="  ") for note in found.notes)])


SHOWN = ("speakers", "uar", "interval", "ahead", "ahead_interval", "p_holm")


def groups_shown(groups: pd.DataFrame) -> Table:
    """The groups as a table of the report."""
    rows = [
        {
            **{str(key): value for key, value in row.items()},
            "interval": interval_text(row["uar_low"], row["uar_high"]),
            "ahead_interval": interval_text(row["ahead_low"], row["ahead_high"], sign="+"),
        }
        for row in groups.to_dict("records")
    ]
    columns = (
        Column("pipeline", "Pipeline"),
        Column("attribute", "By"),
        Column("group", "Group"),
        Column("speakers", "Speakers", "d"),
        Column("clips", "Clips", "d"),
        Column("uar", "UAR", ".3f"),
        Column("interval", "95 % interval"),
        Column("ahead", "Ahead of others", "+.3f"),
        Column("ahead_interval", "95 % interval"),
        Column("p_holm", "p, Holm", ".2g"),
    )
    caption = (
        "UAR of groups of speakers; ahead of others: of all other speakers of whom it is known. Intervals over "
        f"speakers, each by itself; p corrected for the number of comparisons, {n_comparisons(groups)}."
    )
    return Table("people", caption, columns, tuple(rows))


def n_comparisons(groups: pd.DataFrame) -> int:
    """How many comparisons p was corrected for: one of two groups, as many as there are of more."""
    sizes = groups[groups["p"].notna()].groupby(["pipeline", "attribute"], sort=False).size()
    return int(sum(1 if size == 2 else size for size in sizes))


def people_sentences(found: People) -> list[str]:
    """What the study found: every difference that is shown, the worst group, and the worst speaker."""
    best = found.speakers.groupby("pipeline", sort=False)["uar"].mean().idxmax()
    sentences = []
    for (pipeline, _), rows in found.groups.groupby(["pipeline", "attribute"], sort=False):
        worst = rows.loc[rows["uar"].idxmin()]
        shown = rows[(rows["p_holm"] <= ALPHA) & (rows["ahead"] < 0)]
        if len(shown):
            sentences += [_difference(row, shown=True) for row in shown.to_dict("records")]
        elif pipeline == best:
            sentences.append(_difference(worst.to_dict(), shown=False))
    return [*sentences, *_worst_speaker(found.speakers[found.speakers["pipeline"] == best])]


def _difference(row: Mapping[str, object], *, shown: bool) -> str:
    numbers = {key: float(str(row[key])) for key in ("uar", "ahead", "ahead_low", "ahead_high", "p_holm")}
    lowest = f"{row['pipeline']} by {row['attribute']}: UAR is lowest for {row['group']} ({numbers['uar']:.3f})"
    if math.isnan(numbers["ahead_low"]):
        return f"{lowest}; too few speakers to say more."
    behind = f"{-100 * numbers['ahead']:.1f} points below the others"
    interval = f"95 % interval {-100 * numbers['ahead_high']:+.1f} to {-100 * numbers['ahead_low']:+.1f}"
    text = f"{lowest}, {behind} ({interval}; p after correction {numbers['p_holm']:.2g})"
    if shown:
        return f"{text}: a difference is shown."
    return f"{text}: no difference is shown; one as large as the interval's ends is not ruled out."


def _worst_speaker(rows: pd.DataFrame) -> list[str]:
    """The speaker with the lowest score, and what of it is the luck of being the lowest of many."""
    if not rows["expected"].notna().any():
        return []
    lowest, first = rows.loc[rows["uar"].idxmin()], rows.iloc[0]
    of = f"the lowest of {len(rows)}, which is partly the luck of few clips"
    expected = f"{lowest['expected']:.3f} (95 % interval {lowest['expected_low']:.3f} to {lowest['expected_high']:.3f})"
    text = (
        f"{first['pipeline']}: speaker {lowest['speaker']} has UAR {lowest['uar']:.3f} on {lowest['clips']} clips, "
        f"{of}; of further clips {expected} is to be expected."
    )
    mean = rows["uar"].mean()
    below = "below" if lowest["expected_high"] < mean else "not shown to be below"
    spread = f"Between speakers, true UAR varies by {100 * lowest['spread']:.1f} points (standard deviation)."
    return [f"{text} That is {below} the mean of all speakers, {mean:.3f}. {spread}"]


def _stored(ranking: Ranking) -> People | None:
    """The tables that the study left in a run's folder; None where it has not been asked."""
    groups, speakers = ranking.run.table("people"), ranking.run.table("people_speakers")
    return None if groups is None or speakers is None else People(groups, speakers)


def people_plot(ranking: Ranking) -> Plot | None:
    """Speakers as dots in the rows of their groups; None where the study has not been asked."""
    found = _stored(ranking)
    if found is None:
        return None
    best = str(found.speakers.groupby("pipeline", sort=False)["uar"].mean().idxmax())
    groups, speakers = (table[table["pipeline"] == best] for table in (found.groups, found.speakers))
    return people_figure(groups, speakers, pipeline=best, chance=ranking.chance)


def _shown_groups(ranking: Ranking) -> Table:
    found = _stored(ranking)
    return groups_shown(found.groups) if found else Table("people", "", (), ())


def _shown_speakers(ranking: Ranking) -> Table:
    """Every speaker's score as counted and as expected."""
    found = _stored(ranking)
    rows = [] if found is None else found.speakers.to_dict("records")
    shown = tuple(
        {
            **{str(key): value for key, value in row.items()},
            "interval": interval_text(row["expected_low"], row["expected_high"]),
        }
        for row in rows
    )
    columns = (
        Column("pipeline", "Pipeline"),
        Column("speaker", "Speaker"),
        Column("clips", "Clips", ".0f"),
        Column("uar", "UAR counted", ".3f"),
        Column("expected", "UAR expected", ".3f"),
        Column("interval", "95 % interval"),
    )
    caption = (
        "UAR of every speaker, as counted, and as to be expected of further clips of the same speaker: drawn to the "
        "mean of all speakers by as much as few clips leave open."
    )
    return Table("people_speakers", caption, columns, shown)


def _sentences(ranking: Ranking) -> list[str]:
    found = _stored(ranking)
    return people_sentences(found) if found else []


SECTIONS = (
    Section(
        "Whom does it serve worse?",
        plots=(ReportPlot("people", "Speakers by group", people_plot),),
        tables=(_shown_groups, _shown_speakers),
        sentences=_sentences,
    ),
)
"""What the report of a run shows once `python -m benchmarks.people` has been asked."""
