"""Layers: how much linear probes read of emotion, sentence and speaker in each layer of a frozen encoder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from benchmarks.evaluation.execute import Outcome
from benchmarks.evaluation.record import describe_study
from benchmarks.evaluation.run_options import RunOptions, check_tests_all
from benchmarks.evaluation.runs import STUDY_RECORD, write_table
from benchmarks.folds.splitters import uses_text
from benchmarks.pipelines.feature_sets import extract
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.reporting.lines import fitted
from benchmarks.reporting.numbers import with_intervals
from benchmarks.reporting.plots.layers import layer_points_figure, layers_figure
from benchmarks.reporting.sections import Findings, FolderSection, NamedPlot
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import difference_interval, speaker_confusions, speaker_interval
from benchmarks.studies.layer_targets import Question, Target, questions
from classical.logistic import LogisticClassifier
from deep.frozen import layer_positions, layers_of
from features.errors import FoldError, InputError
from features.files import write_atomically
from features.processes import number_of_processes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.corpora.corpus import Corpus
    from features.cache import FeatureCache
    from features.extractors.table import FeatureTable

PRETRAINED, RANDOM = "pretrained", "random"
PROJECTIONS = ("pca", "tsne")
MOST_POINTS = 2000
"""So many clips are drawn at most; of more, as many are chosen at random."""

ENCODER = "wav2vec2-synthetic"
"""The encoder that comes with the toolkit."""


def layer_probes(
    corpus: Corpus,
    *,
    out: str | Path,
    encoder: str = ENCODER,
    folds: str | None = None,
    projection: str = "pca",
    seeds: Sequence[int] = (0,),
    jobs: int | None = None,
    device: str = "auto",
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
    command: str = "",
) -> pd.DataFrame:
    """Fit linear probes to the mean vector of every layer of an encoder, and of the same encoder with random weights.

    A probe is `classical.logistic.LogisticClassifier`, its penalty chosen on inner folds, on values that are
    standardised by the training's. Emotion and sentence are tested on speakers who do not train, the speaker on
    sentences that do not train; see `benchmarks.studies.layer_targets.questions`.

    Parameters
    ----------
    corpus, jobs, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.
    folds : str, optional
        A scheme of speakers, `speaker`, `session` or a number; by default the corpus's own.
    out : path
        Folder; the figures go to `layers.csv`, the picture's points to `layer_points.csv` in it.
    encoder : str
        Hub name, folder, or the encoder that comes with the toolkit.
    projection : {'pca', 'tsne'}
        How the picture lays a layer's vectors into a plane: by their first two principal components, or by t-SNE, which
        shows neighbours and whose distances between groups mean nothing.
    seeds : sequence of int
        Of the random weights, whose scores are means over them; the first also of t-SNE.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.

    Returns
    -------
    DataFrame
        `weights` (pretrained, random), `target, layer, classes, clips, held_out, chance, uar, uar_low, uar_high`;
        `gain, gain_low, gain_high`, what the pretrained layer is ahead of the random one; `behind, behind_low,
        behind_high`, what a layer is behind the highest of the same weights. Differences are paired. Intervals are over
        what is held out.

    Raises
    ------
    InputError
        If the projection is unknown.
    FoldError
        If the folds are by text.
    SerError
        For what else a user can cause, such as an encoder that is not here.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> corpus = corpora.load("manifest", "my.csv")  # doctest: +SKIP
    >>> layer_probes(corpus, encoder="FOLDER", jobs=1, out="results/layers")  # doctest: +SKIP
    """
    if projection not in PROJECTIONS:
        raise InputError(f"projection {projection!r}; expected pca or tsne")
    if uses_text(folds or corpus.default_scheme):
        raise FoldError(f"--folds {folds}: expected a scheme of speakers, such as speaker; texts are held out besides")
    options = PipelineOptions(encoder=encoder, device=device)
    how = RunOptions(out, seeds, jobs, options=options, cache=cache, allow_duplicates=allow_duplicates, command=command)
    plan = how.plan(corpus, pipelines=["logistic@encoder", "logistic@encoder~random"], folds=folds)
    check_tests_all(plan)
    asked, notes = questions(corpus, plan.folds)
    processes = number_of_processes(-1 if jobs is None else jobs)
    with how.store() as store:

        def layers_at(text: str, seed: int) -> FeatureTable:
            table, _ = extract(
                text,
                corpus.utterances,
                options=options,
                seed=seed,
                cache=cache,
                n_jobs=processes,
                progress=progress,
            )
            return table

        pretrained = layers_at("encoder", plan.seeds[0])
        answers = {PRETRAINED: answers_of(asked, [pretrained], n_jobs=processes)}
        answers[RANDOM] = answers_of(asked, [layers_at("encoder~random", s) for s in plan.seeds], n_jobs=processes)
        table = layers_table(asked, answers)
        layer = _highest(table, Target.EMOTION)
        points, named = plane(pretrained, corpus, layer, projection=projection, seed=plan.seeds[0])
        write_table(store.folder / "layers.csv", table)
        write_table(store.folder / "layer_points.csv", points)
        record = {
            **describe_study(Outcome(plan, (), {}, notes=tuple(notes)), command),
            "encoder": Path(encoder).name,
            "projection": {"method": projection, "axes": list(named)},
        }
        write_atomically(store.folder / STUDY_RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return table


def answers_of(
    asked: Sequence[Question], tables: Sequence[FeatureTable], *, n_jobs: int = 1
) -> dict[tuple[Target, int], pd.DataFrame]:
    """What probes answer to every question from every layer.

    Parameters
    ----------
    asked : sequence of Question
    tables : sequence of FeatureTable
        All layers of an encoder, of several draws of its weights.
    n_jobs : int, default=1
        Processes.

    Returns
    -------
    dict of (Target, int) to DataFrame
        By target and layer: `seed` (the place of the table), `speaker` (the unit), `truth, prediction`.
    """
    work = [
        (question, layer, seed, table)
        for question in asked
        for seed, table in enumerate(tables)
        for layer in layers_of(table.names)
    ]
    calls = (delayed(probe)(question, layer_means(table, layer)) for question, layer, _, table in work)
    found: dict[tuple[Target, int], list[pd.DataFrame]] = {}
    for (question, layer, seed, _), predicted in zip(work, Parallel(n_jobs=n_jobs)(calls), strict=True):
        rows = {"seed": seed, "speaker": question.units, "truth": question.truth, "prediction": predicted}
        found.setdefault((question.target, layer), []).append(pd.DataFrame(rows))
    return {key: pd.concat(parts, ignore_index=True) for key, parts in found.items()}


def layer_means(table: FeatureTable, layer: int) -> NDArray[np.float64]:
    """The mean vector of a layer over each clip's frames, shape (n_clips, width)."""
    positions = [index for index in layer_positions(table.names, layer) if ".mean." in table.names[index]]
    return np.asarray(table.values[:, positions], dtype=float)


def probe(question: Question, values: NDArray[np.float64]) -> NDArray[np.str_]:
    """What a linear classifier predicts of each clip of a question, trained on the folds that do not test it.

    Parameters
    ----------
    question : Question
    values : ndarray of shape (n_utterances, width)
        Of all utterances of the corpus.

    Returns
    -------
    ndarray of str of shape (n_clips,)

    Examples
    --------
    >>> truth, units = np.array(["ang", "sad"] * 4), np.repeat(["ann", "bob"], 4)
    >>> folds = ((np.arange(4), np.arange(4, 8)), (np.arange(4, 8), np.arange(4)))
    >>> question = Question(Target.EMOTION, np.arange(8), truth, units, "speakers", folds)
    >>> probe(question, (truth == "sad")[:, None].astype(float)).tolist()[:2]
    ['ang', 'sad']
    """
    own = values[question.positions]
    predicted = np.empty(len(own), dtype=object)
    for train, test in question.folds:
        centre, scale = own[train].mean(axis=0), own[train].std(axis=0)
        scaled = (own - centre) / np.where(scale > 0, scale, 1.0)
        model = LogisticClassifier().fit(scaled[train], question.truth[train], groups=question.units[train])
        predicted[test] = model.predict(scaled[test])
    return predicted


def layers_table(
    asked: Sequence[Question], answers: Mapping[str, Mapping[tuple[Target, int], pd.DataFrame]]
) -> pd.DataFrame:
    """Score the answers of all probes; see `layer_probes`.

    Parameters
    ----------
    asked : sequence of Question
    answers : mapping
        By weights, then as `answers_of` gives them.
    """
    rows = []
    for question in asked:
        confusions = {
            (weights, layer): speaker_confusions(predictions, question.classes)[1]
            for weights, by_layer in answers.items()
            for (target, layer), predictions in by_layer.items()
            if target is question.target
        }
        estimates = {key: speaker_interval(counts) for key, counts in confusions.items()}
        for (weights, layer), interval in estimates.items():
            best = max((key for key in estimates if key[0] == weights), key=lambda key: estimates[key].estimate)
            row = {
                "weights": weights,
                "target": str(question.target),
                "layer": layer,
                "classes": len(question.classes),
                "clips": len(question.truth),
                "held_out": question.held_out,
                "chance": question.chance,
                **interval.columns("uar"),
            }
            counts = confusions[weights, layer]
            if weights == PRETRAINED:
                row |= difference_interval(counts, confusions[RANDOM, layer]).columns("gain")
            rows.append(row | difference_interval(confusions[best], counts).columns("behind"))
    return pd.DataFrame(rows)


def _highest(table: pd.DataFrame, target: Target) -> int:
    rows = table[(table["weights"] == PRETRAINED) & (table["target"] == target)]
    return int(rows.loc[rows["uar"].idxmax(), "layer"])


def plane(
    table: FeatureTable, corpus: Corpus, layer: int, *, projection: str, seed: int
) -> tuple[pd.DataFrame, tuple[str, str]]:
    """A layer's mean vectors in a plane; neither emotion nor speaker is told to what lays them there.

    Parameters
    ----------
    table : FeatureTable
        All layers, a row per utterance.
    corpus : Corpus
    layer : int
    projection : {'pca', 'tsne'}
    seed : int
        Of t-SNE, and of the choice among more than 2,000 clips.

    Returns
    -------
    points : DataFrame
        `layer, utterance, speaker, label, x, y`.
    axes : tuple of str
        What x and y are.
    """
    values = layer_means(table, layer)
    scale = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    drawn = np.sort(np.random.default_rng(seed).permutation(len(values))[:MOST_POINTS])
    if projection == "pca":
        from sklearn.decomposition import PCA

        pca = PCA(2, svd_solver="full").fit(values)
        where = pca.transform(values[drawn])
        shares = [f"{100 * share:.0f} % of the variance" for share in pca.explained_variance_ratio_]
        named = f"first component, {shares[0]}", f"second component, {shares[1]}"
    else:
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(drawn) - 1) / 3)
        where = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(values[drawn])
        named = "t-SNE, first coordinate", "t-SNE, second coordinate"
    rows = corpus.utterances.iloc[drawn]
    points = {
        "layer": layer,
        "utterance": rows.index.get_level_values("id"),
        "speaker": rows.index.get_level_values("speaker"),
        "label": rows["label"].to_numpy(),
        "x": where[:, 0],
        "y": where[:, 1],
    }
    return pd.DataFrame(points), named


def layers_text(table: pd.DataFrame) -> str:
    """Write the study for a terminal: a table for each target, and what its intervals carry."""
    lines = ["UAR % [95 % interval], the same with random weights, and the difference in points, paired"]
    for target, rows in table.groupby("target", sort=False):
        one = rows.iloc[0]
        about = f"{one['classes']} classes, chance {100 * one['chance']:.1f}, {one['clips']} clips"
        lines += ["", f"{target}: {about}; held out: {one['held_out']}"]
        twins = rows[rows["weights"] == RANDOM].set_index("layer")
        for row in rows[rows["weights"] == PRETRAINED].to_dict("records"):
            gain = f"{100 * row['gain']:+.1f} [{100 * row['gain_low']:+.0f}, {100 * row['gain_high']:+.0f}]"
            scores = f"{_percent(row):>18}{_percent(twins.loc[row['layer']]):>18}"
            lines.append(f"  layer {row['layer']:>2}{scores}{gain:>20}")
    return fitted([*lines, "", *layers_sentences(table)])


def _percent(row: Mapping[Any, Any] | pd.Series) -> str:
    return f"{100 * row['uar']:.1f} [{100 * row['uar_low']:.0f}, {100 * row['uar_high']:.0f}]"


def layers_sentences(table: pd.DataFrame) -> list[str]:
    """Which layer is highest for each target and which cannot be told from it; where pretraining and chance show.

    Parameters
    ----------
    table : DataFrame
        As `layer_probes` gives it.

    Examples
    --------
    >>> columns = ["layer", "uar", "uar_low", "uar_high", "gain_low", "gain_high", "behind_low"]
    >>> rows = [(0, 0.5, 0.4, 0.6, 0.1, 0.3, 0.05), (1, 0.7, 0.6, 0.8, 0.2, 0.4, 0.0)]
    >>> table = pd.DataFrame(rows, columns=columns).assign(weights="pretrained", target="emotion", chance=0.25)
    >>> print(layers_sentences(table)[0])
    emotion: highest at layer 1, 70.0 [60, 80]; below it by more than the paired interval: layer 0.
    """
    told = []
    pretrained = table[table["weights"] == PRETRAINED]
    for target, rows in pretrained.groupby("target", sort=False):
        best = rows.loc[rows["uar"].idxmax()]
        others = rows[rows["layer"] != best["layer"]]
        below, equal = others[others["behind_low"] > 0], others[~(others["behind_low"] > 0)]
        parts = [f"highest at layer {best['layer']:.0f}, {_percent(best)}"]
        parts += [f"below it by more than the paired interval: {_layers(below)}"] if len(below) else []
        parts += [f"not told from it: {_layers(equal)}"] if len(equal) else []
        told.append(f"{target}: {'; '.join(parts)}.")
        ahead, level = rows[rows["gain_low"] > 0], rows[~(rows["gain_low"] > 0)]
        parts = [f"ahead of random weights at {_layers(ahead)}"] if len(ahead) else []
        parts += [f"not shown to be ahead of random weights at {_layers(level)}"] if len(level) else []
        guessing = rows[rows["uar_low"] <= rows["chance"]]
        parts += [f"the interval holds chance at {_layers(guessing)}"] if len(guessing) else []
        told.append(f"{target}: {'; '.join(parts)}.")
    told.append(
        "The highest layer was picked by these same clips, and intervals are not corrected for the number of layers. A "
        "probe shows what a linear classifier reads of a layer's mean, not what a network makes of it; targets have "
        "other numbers of classes, so that their heights are not comparable."
    )
    if Target.SPEAKER in set(table["target"]):
        told.append(
            "A speaker's clips mostly share a room and a microphone: what tells the speaker may be the recording."
        )
    return told


def _layers(rows: pd.DataFrame) -> str:
    numbers = [f"{layer:.0f}" for layer in sorted(rows["layer"])]
    return f"layer{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def _findings(tables: Mapping[str, pd.DataFrame], record: Mapping[str, Any]) -> Findings:
    table, points = tables["layers"], tables["layer_points"]
    rows = with_intervals(table.to_dict("records"), "uar", "gain", "behind", signed_names=("gain", "behind"))
    columns = (
        Column("target", "Target"),
        Column("weights", "Weights"),
        Column("layer", "Layer", ".0f"),
        Column("chance", "Chance", ".3f"),
        Column("uar", "UAR", ".3f"),
        Column("uar_interval", "95 % interval"),
        Column("gain", "Ahead of random", "+.3f"),
        Column("gain_interval", "95 % interval"),
        Column("behind", "Behind highest", "+.3f"),
        Column("behind_interval", "95 % interval"),
    )
    caption = "UAR of linear probes on the mean vector of each layer; differences are paired, intervals are over what "
    caption += "is held out: speakers for emotion and sentence, sentences or blocks of clips for the speaker."
    axes = [*record.get("projection", {}).get("axes", ()), "first coordinate", "second coordinate"]
    picture = layer_points_figure(points, axes_named=(axes[0], axes[1]))
    encoder = record.get("encoder", "the encoder")
    plots = (
        NamedPlot("layers", f"What linear probes read of each layer of {encoder}", layers_figure(table)),
        NamedPlot(
            "layer-points",
            f"Clips by the mean vector of layer {points['layer'].iloc[0]:.0f}, the highest for emotion; what lays them "
            "there knows neither emotions nor speakers, and two dimensions show less than the probes read",
            picture,
        ),
    )
    return Findings(tuple(layers_sentences(table)), plots, (Table("layers", caption, columns, rows),))


SECTIONS = (FolderSection("What does each layer hold?", ("layers", "layer_points"), _findings),)
"""What a report shows of a folder in which `python -m benchmarks.layers` was run."""
