"""IEMOCAP: identity of turns, quirks of the release, published counts."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from miniatures import iemocap, iemocap_dialog

from benchmarks import corpora
from benchmarks.corpora.iemocap import (
    COUNTS,
    FOUR,
    IMPROVISED,
    IMPROVISED_COUNTS,
    SPEAKER_COUNTS,
    parse_turn,
    read_labels,
    read_turns,
)
from benchmarks.folds.leakage import check_folds
from benchmarks.folds.splitters import make_folds
from features.errors import CorpusError


@pytest.mark.parametrize(
    ("name", "speaker", "gender", "improvised"),
    [
        ("Ses01F_impro01_F000", "Ses01F", "female", True),
        ("Ses01F_impro01_M000", "Ses01M", "male", True),
        ("Ses02M_script02_2_F013", "Ses02F", "female", False),
        ("Ses03M_impro05a_F012", "Ses03F", "female", True),
        ("Ses03M_impro08b_M021", "Ses03M", "male", True),
        ("Ses05M_script01_1b_F005", "Ses05F", "female", False),
    ],
)
def test_the_last_field_says_who_speaks(name: str, speaker: str, gender: str, improvised: bool) -> None:
    turn = parse_turn(name, label="ang", ratings=(1.0, 2.0, 3.0), file=Path("x.txt"))
    assert (turn.speaker, turn.gender, turn.session) == (speaker, gender, name[:5])
    assert bool(re.search(IMPROVISED, turn.id)) == improvised
    assert turn.dialog + name[-5:] == name


@pytest.mark.parametrize("name", ["Ses06F_impro01_F000", "Ses01F_impro01_X000", "Ses01F_impro01", "Ses01_impro01_F000"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(CorpusError, match=r"x\.txt.*not a turn's name"):
        parse_turn(name, label="ang", ratings=(1.0, 2.0, 3.0), file=Path("x.txt"))


def test_unknown_label_names_file_and_turn() -> None:
    with pytest.raises(
        CorpusError, match=r"x\.txt: Ses01F_impro01_F000 has the unknown label 'joy'; expected one of ang"
    ):
        parse_turn("Ses01F_impro01_F000", label="joy", ratings=(1.0, 2.0, 3.0), file=Path("x.txt"))


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return iemocap(tmp_path_factory.mktemp("iemocap"))


def test_quirks(mini: Path) -> None:
    path = mini / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01M_script01_1b.txt"
    assert Counter(turn.label for turn in read_labels(path)) == {
        "ang": 4, "sad": 4, "neu": 4, "hap": 2, "exc": 2, "fru": 2, "xxx": 2,
    }  # fmt: skip
    corpus = corpora.load("iemocap", mini, allow_partial=True)
    row = corpus.utterances.loc[("Ses01F", "Ses01M_script01_1b_F002")]
    assert row[["label", "gender", "session", "text"]].tolist() == ["hap", "female", "Ses01", "Café number 2."]
    assert row[["valence", "arousal", "dominance"]].tolist() == [2.5, 3.0, 3.5]
    assert corpus.speakers == tuple(f"Ses{n:02d}{g}" for n in range(1, 6) for g in "FM")


@pytest.mark.parametrize(
    ("classes", "labels", "size"),
    [
        ("4", ("ang", "hap", "sad", "neu"), 160),
        ("4-no-exc", ("ang", "hap", "sad", "neu"), 140),
        ("5", ("ang", "hap", "sad", "neu", "fru"), 180),
        ("6", ("ang", "hap", "sad", "neu", "fru", "exc"), 180),
        ("9", ("ang", "hap", "sad", "neu", "fru", "exc"), 180),
        ("ang,sad", ("ang", "sad"), 80),
    ],
)
def test_label_policies(mini: Path, classes: str, labels: tuple[str, ...], size: int) -> None:
    corpus = corpora.load("iemocap", mini, classes=classes, allow_partial=True)
    assert (corpus.labels, len(corpus.utterances)) == (labels, size)
    half = corpora.load("iemocap", mini, classes=classes, allow_partial=True, improvised=True)
    assert len(half.utterances) == size // 2
    assert half.utterances.index.get_level_values("id").str.contains("impro").all()


def test_labels_as_they_are_can_be_merged(mini: Path) -> None:
    merged = corpora.load("iemocap", mini, classes="ang,hap,sad,neu", mapping={"exc": "hap"}, allow_partial=True)
    four = corpora.load("iemocap", mini, allow_partial=True)
    assert merged.utterances.equals(four.utterances)
    with pytest.raises(CorpusError, match="unknown --classes '7'; expected 4, 4-no-exc"):
        corpora.load("iemocap", mini, classes="7", allow_partial=True)


def test_a_damaged_line_is_named(mini: Path, tmp_path: Path) -> None:
    shutil.copytree(mini, tmp_path / "copy")
    path = tmp_path / "copy/IEMOCAP_full_release/Session2/dialog/EmoEvaluation/Ses02F_impro01.txt"
    path.write_text(path.read_text(encoding="latin-1").replace("[2.5000, 3.0000, 3.5000]", "[2.5000, 3.0000]", 1))
    with pytest.raises(CorpusError, match=r"Ses02F_impro01\.txt, line \d+: cannot read"):
        corpora.load("iemocap", tmp_path / "copy", allow_partial=True)


def write_published(root: Path, change: dict[str, str] | None = None) -> Path:
    """All 10,039 turns with the published counts, empty sound files, spread over a dialogue a speaker and kind."""
    left = Counter(COUNTS)
    turns: dict[str, list[tuple[str, str]]] = {}
    improvised = Counter(IMPROVISED_COUNTS)
    for speaker, counts in SPEAKER_COUNTS.items():
        for label, count in zip(FOUR, counts, strict=True):
            left[label] -= count
            for _ in range(count):
                kind = "impro01" if improvised[label] else "script01_1"
                improvised[label] -= kind == "impro01"
                own = turns.setdefault(f"{speaker[:5]}F_{kind}", [])
                own.append((f"{speaker[:5]}F_{kind}_{speaker[5]}{len(own):04d}", label))
    own = turns["Ses05F_script01_1"]
    for label, count in left.items():
        own += [(f"Ses05F_script01_1_F{len(own) + place:04d}", label) for place in range(count)]
    for dialog, spoken in turns.items():
        iemocap_dialog(root, dialog, [(turn, (change or {}).get(turn, label)) for turn, label in spoken], audio=False)
    return root


def test_published_counts_pass_and_a_difference_is_named(tmp_path: Path) -> None:
    root = write_published(tmp_path)
    corpus = corpora.load("iemocap", root)
    assert len(corpus.utterances) == 5531
    assert corpus.counts().to_dict() == {"ang": 1103, "hap": 1636, "sad": 1084, "neu": 1708}
    victim = next(turn for turn, _, _ in read_turns(root) if turn.speaker == "Ses03M" and turn.label == "sad")
    path = root / f"Session3/dialog/EmoEvaluation/{victim.dialog}.txt"
    path.write_bytes(path.read_bytes().replace(f"{victim.id}\tsad".encode(), f"{victim.id}\tfru".encode()))
    with pytest.raises(
        CorpusError, match="session 3, speaker Ses03M, label sad: expected 133 as published, found 132"
    ) as caught:
        corpora.load("iemocap", root)
    assert "--allow-partial" in str(caught.value)
    assert len(corpora.load("iemocap", root, allow_partial=True).utterances) == 5530


def test_missing_audio_is_named_or_counted(tmp_path: Path) -> None:
    root = write_published(tmp_path)
    gone = next(root.rglob("Ses02F_impro01_M*.wav"))
    gone.unlink()
    with pytest.raises(CorpusError, match=f"'{gone.stem}' is missing: expected .*{gone.name}"):
        corpora.load("iemocap", root)
    partial = corpora.load("iemocap", root, allow_partial=True)
    assert f"left out 1 labelled utterances without audio, the first {gone.stem}" in partial.notes[1]


def test_the_five_counts_add_up() -> None:
    """The table of speakers, the improvised totals and all totals are one set of figures."""
    columns = [sum(column) for column in zip(*SPEAKER_COUNTS.values(), strict=True)]
    assert dict(zip(FOUR, columns, strict=True)) == {k: COUNTS[k] for k in FOUR}
    assert sum(COUNTS.values()) == 10_039
    assert sum(columns) == 5531


def test_published_utterances_in_real_dialogs(tmp_path: Path) -> None:
    """The real ids of the 5,531 utterances, where the list is at hand: speakers, sessions, dialogues, folds."""
    path = Path(os.environ.get("SER_CORPORA", "nowhere")).parent / "reference" / "iemocap_utterances.csv"
    if not path.is_file():
        pytest.skip("needs iemocap_utterances.csv in the folder reference beside SER_CORPORA")
    dialogs: dict[str, list[tuple[str, str]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            dialogs.setdefault(row["utterance"].rpartition("_")[0], []).append((row["utterance"], row["emotion"]))
    for dialog, turns in dialogs.items():
        iemocap_dialog(tmp_path, dialog, turns, audio=False)
    assert len(dialogs) == 151
    corpus = corpora.load("iemocap", tmp_path, allow_partial=True)
    found = corpus.utterances.groupby(level="speaker").size().to_dict()
    assert found == {speaker: sum(counts) for speaker, counts in SPEAKER_COUNTS.items()}
    sizes = corpus.utterances.groupby("session").size().tolist()
    assert sizes == [1085, 1023, 1151, 1031, 1241]
    keys = corpus.utterances.index.get_level_values("id").tolist()
    for scheme, number in (("session", 5), ("speaker", 10), ("speaker-811", 10)):
        folds = make_folds(corpus.utterances, scheme)
        assert len(folds) == number
        check_folds(folds, corpus.utterances, keys)
