"""Folds: nobody on both sides, everybody tested once, validation from the training side; and files of folds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpora.corpus import utterances_table
from benchmarks.folds.fold import Fold, read_folds, read_folds_with_notes, speakers_of, write_folds
from benchmarks.folds.leakage import check_folds
from benchmarks.folds.same_sound import SameSound
from benchmarks.folds.splitters import balanced_speaker_groups, make_folds, validation_speakers
from features.errors import FoldError


def table_of(sizes: list[int], *, sessions: int = 0, seed: int = 0) -> pd.DataFrame:
    """Speakers with so many clips each; every second one a man; sessions of two where asked for."""
    rng = np.random.default_rng(seed)
    return utterances_table(
        {
            "speaker": f"s{speaker:02d}",
            "id": f"s{speaker:02d}_{clip:03d}",
            "path": "x.wav",
            "gender": ("female", "male")[speaker % 2],
            "session": f"S{speaker // 2}" if sessions else "",
            "label": str(rng.choice(["ang", "hap", "neu"])) if clip > 2 else ("ang", "hap", "neu")[clip],
        }
        for speaker, size in enumerate(sizes)
        for clip in range(size)
    )


def keys_of(table: pd.DataFrame) -> list[str]:
    return table.index.get_level_values("id").tolist()


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(3, 12), min_size=4, max_size=12),
    scheme=st.sampled_from(["session", "speaker", "speaker-811", "2", "3", "4"]),
    seed=st.integers(0, 99),
)
def test_no_speaker_on_both_sides_and_everybody_tested_once(sizes: list[int], scheme: str, seed: int) -> None:
    sizes = sizes[: len(sizes) // 2 * 2]
    table = table_of(sizes, sessions=1, seed=seed)
    folds = make_folds(table, scheme)
    assert check_folds(folds, table, keys_of(table)) == ()
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(table)))
    for fold in folds:
        assert sorted(np.concatenate([fold.train, fold.valid, fold.test])) == list(range(len(table)))
        sides = [set(speakers_of(table, side)) for side in (fold.train, fold.valid, fold.test)]
        assert not sides[0] & sides[1]
        assert not (sides[0] | sides[1]) & sides[2]
    again = make_folds(table, scheme)
    assert all(np.array_equal(one.valid, other.valid) for one, other in zip(folds, again, strict=True))


@settings(deadline=None, max_examples=40)
@given(sizes=st.lists(st.integers(5, 30), min_size=8, max_size=24), k=st.integers(2, 4), seed=st.integers(0, 99))
def test_k_folds_are_balanced_in_gender(sizes: list[int], k: int, seed: int) -> None:
    table = table_of(sizes, seed=seed)
    groups = balanced_speaker_groups(table, k)
    for gender in ("female", "male"):
        own = [groups[s] for s in sorted(groups) if table.loc[s]["gender"].iloc[0] == gender]
        numbers = np.bincount(own, minlength=k)
        assert numbers.max() - numbers.min() <= 1
    assert np.ptp(np.bincount(list(groups.values()), minlength=k)) <= 1


def test_k_folds_are_closer_to_the_labels_shares_than_dealing_in_order() -> None:
    table = table_of([60, 10, 12, 50, 9, 40, 8, 30, 30, 10, 20, 10], seed=3)
    total = table["label"].value_counts() / len(table) * len(table) / 4

    def deviation(groups: dict[str, int]) -> float:
        member = [groups[s] for s in table.index.get_level_values("speaker")]
        return float(((pd.crosstab(member, table["label"]) - total) ** 2).to_numpy().sum())

    balanced = balanced_speaker_groups(table, 4)
    dealt = {speaker: place % 4 for place, speaker in enumerate(sorted(balanced))}
    assert deviation(balanced) < deviation(dealt)


def counted(clips: dict[str, dict[str, int]], *, gender: str = "female", session: str = "") -> pd.DataFrame:
    """Speakers with so many clips of each label."""
    return utterances_table(
        {
            "speaker": who,
            "id": f"{who}_{label}_{clip}",
            "path": "x",
            "gender": gender,
            "session": session,
            "label": label,
        }
        for who, labels in clips.items()
        for label, number in labels.items()
        for clip in range(number)
    )


def test_a_rare_label_counts_as_much_as_a_frequent_one() -> None:
    """Dealt in turn, s1 and s3 would have 5 of 8 rare clips; 8 frequent ones of 408 are the smaller harm."""
    frequent, rare = (104, 104, 100, 100), (3, 1, 2, 2)
    table = counted({f"s{n + 1}": {"neu": frequent[n], "fea": rare[n]} for n in range(4)})
    groups = balanced_speaker_groups(table, 2)
    assert groups["s1"] == groups["s2"] != groups["s3"] == groups["s4"]


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(3, 30), min_size=4, max_size=12), k=st.integers(2, 4), seed=st.integers(0, 99))
def test_no_two_speakers_of_a_gender_could_change_places_for_the_better(sizes: list[int], k: int, seed: int) -> None:
    table = table_of(sizes, seed=seed)
    groups = balanced_speaker_groups(table, k)
    names, women = sorted(groups), {name for name in groups if table.loc[name]["gender"].iloc[0] == "female"}
    shares = pd.crosstab(table.index.get_level_values("speaker"), table["label"].to_numpy()).loc[names]
    shares = (shares / shares.sum()).to_numpy()

    def unevenness(member: list[int]) -> float:
        return float(sum((shares[np.array(member) == group].sum(axis=0) ** 2).sum() for group in range(k)))

    found = [groups[name] for name in names]
    for one in range(len(names)):
        for other in range(one):
            if (names[one] in women) == (names[other] in women):
                member = found.copy()
                member[one], member[other] = found[other], found[one]
                assert unevenness(member) >= unevenness(found) - 1e-9


def test_as_many_folds_as_speakers_are_possible_and_no_more() -> None:
    table = table_of([4, 5, 6])
    assert sorted(balanced_speaker_groups(table, 3).values()) == [0, 1, 2]
    with pytest.raises(FoldError, match="has 3 speakers; expected 2 to 3"):
        balanced_speaker_groups(table, 4)
    with pytest.raises(FoldError, match="--folds 1"):
        balanced_speaker_groups(table, 1)
    with pytest.raises(FoldError, match="only speaker s00; .*--no-scores"):
        make_folds(table_of([4]), "2")
    with pytest.raises(FoldError, match="only session S0; .*choose --folds speaker"):
        make_folds(table_of([4, 4], sessions=1), "session")
    with pytest.raises(FoldError, match="only speaker s00; .*add speakers, or keep"):
        make_folds(table_of([4], sessions=1), "speaker")


def test_sessions_that_some_speakers_lack_make_no_folds() -> None:
    table = pd.concat([counted({"p": {"ang": 1}, "q": {"ang": 1}}, session="A"), counted({"r": {"ang": 1}})])
    with pytest.raises(FoldError, match="no sessions; choose --folds speaker"):
        make_folds(table, "session")


def test_a_fifth_of_the_speakers_validates_where_the_next_fold_is_all_that_is_left() -> None:
    table = table_of([3] * 20)
    for fold in make_folds(table, "2"):
        assert speakers_of(table, fold.valid) == speakers_of(table, fold.training)[:2]
        assert len(speakers_of(table, fold.train)) == 8


def test_one_utterance_is_one_speaker() -> None:
    with pytest.raises(FoldError, match="only speaker s00; "):
        make_folds(table_of([1]), "speaker")


def test_811_takes_the_next_speaker_of_a_session_of_any_size() -> None:
    """In order of names around the session; where a speaker is alone in it, around the corpus."""
    six = {f"p{place}": {"ang": 1} for place in (3, 1, 5, 0, 2, 4)}
    table = pd.concat([counted(six, session="A"), counted({"q": {"ang": 1}}, session="B")])
    valid = {fold.name: speakers_of(table, fold.valid) for fold in make_folds(table, "speaker-811")}
    assert valid == {**{f"p{n}": [f"p{(n + 1) % 6}"] for n in range(6)}, "q": ["p0"]}


def test_clips_of_the_only_training_speaker_are_cut_where_they_suffice() -> None:
    """Five clips for each label on average, and two of each at least."""
    enough, rare, few = {"ang": 8, "hap": 2}, {"ang": 19, "hap": 1}, {"ang": 7, "hap": 2}
    table = counted({"s1": enough, "s2": enough})
    for fold in make_folds(table, "speaker"):
        assert (len(fold.train), len(fold.valid)) == (8, 2)
        # scores of older versions stay comparable: the same clips as ever
        assert fold.valid.tolist() == {"s1": [14, 15], "s2": [4, 5]}[fold.name]
    for clips in (rare, few):
        with pytest.raises(FoldError, match=f"one training speaker with {sum(clips.values())} clips cannot be cut"):
            make_folds(counted({"s1": clips, "s2": clips}), "speaker")


def test_811_validates_on_the_sessions_other_speaker() -> None:
    folds = make_folds(table_of([5] * 10, sessions=1), "speaker-811")
    assert [(fold.name, len(fold.train) // 5) for fold in folds] == [(f"s{n:02d}", 8) for n in range(10)]
    table = table_of([5] * 10, sessions=1)
    assert [speakers_of(table, fold.valid) for fold in folds] == [[f"s{n + 1 - 2 * (n % 2):02d}"] for n in range(10)]
    table = table_of([5] * 4)
    assert [speakers_of(table, fold.valid) for fold in make_folds(table, "speaker-811")] == [
        ["s01"],
        ["s02"],
        ["s03"],
        ["s00"],
    ]


def test_one_training_speaker_left() -> None:
    table = table_of([40, 40])
    folds = make_folds(table, "speaker")
    notes = check_folds(folds, table, keys_of(table))
    assert len(notes) == 2
    assert "one training speaker only (s01): inner folds are stratified clips" in notes[0]
    for fold in folds:
        assert set(table["label"].iloc[fold.valid]) == {"ang", "hap", "neu"}
    with pytest.raises(FoldError, match="one training speaker with 4 clips"):
        make_folds(table_of([4, 4]), "speaker")


@pytest.mark.parametrize("scheme", ["session", "speaker", "speaker-811", "3"])
def test_validation_speakers_are_those_of_the_folds(scheme: str) -> None:
    table = table_of([5, 6, 7, 8, 9, 5], sessions=1)
    folds = make_folds(table, scheme)
    for fold in folds:
        assert validation_speakers(table, scheme, fold.name) == speakers_of(table, fold.valid)
    everybody = sorted(set(table.index.get_level_values("speaker")))
    assert validation_speakers(table, scheme) == speakers_of(table, folds[0].test)
    assert set(validation_speakers(table, scheme)) < set(everybody)


def test_validation_speakers_leave_somebody_to_train() -> None:
    table = table_of([40, 40])
    assert validation_speakers(table, "speaker") == ["s00"]
    assert validation_speakers(table, "speaker", "s00") == []
    table = table_of([5, 5, 5, 5])
    assert validation_speakers(table, "2", "fold1") == speakers_of(table, make_folds(table, "2")[0].valid)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("session", "no sessions; choose --folds speaker"),
        ("sessions", "unknown folds 'sessions'; expected session, speaker"),
        ("1", "unknown folds '1'"),
        ("<k>", "unknown folds '<k>'"),
        ("9", "has 3 speakers; expected 2 to 3"),
    ],
)
def test_impossible_schemes(scheme: str, message: str) -> None:
    with pytest.raises(FoldError, match=message):
        make_folds(table_of([4, 5, 6]), scheme)
    with pytest.raises(FoldError, match="only speaker s00; .*--no-scores"):
        make_folds(table_of([4]), "speaker")


def planted() -> tuple[pd.DataFrame, Fold]:
    table = table_of([6, 6, 6, 6])
    return table, make_folds(table, "speaker")[0]


def test_planted_leaks_are_named() -> None:
    table, fold = planted()
    keys = keys_of(table)
    some = fold.test[:2]
    speaker = Fold("f", fold.train, np.concatenate([fold.valid, some]), fold.test[2:])
    with pytest.raises(FoldError, match="fold f: speaker s00 stands on the training side and in test"):
        check_folds([speaker], table, keys)
    utterance = Fold("f", np.concatenate([fold.train, some]), fold.valid, fold.test)
    with pytest.raises(FoldError, match=r"utterance 's00_000' \(2 in all\) stands in train and in test"):
        check_folds([utterance], table, keys)
    inner = Fold("f", fold.train[1:], np.sort(np.append(fold.valid, fold.train[0])), fold.test)
    with pytest.raises(FoldError, match="speaker s02 both trains and validates"):
        check_folds([inner], table, keys)
    twin = keys.copy()
    twin[fold.test[3]] = keys[fold.train[0]]
    with pytest.raises(FoldError, match=r"byte-identical.*such as s00_003 and s02_000.*--allow-duplicates"):
        check_folds([fold], table, twin)
    notes = check_folds([fold], table, twin, allow_duplicates=True)
    assert "s00_003 and s02_000" in notes[0]
    with pytest.raises(FoldError, match="tested in more than one fold"):
        check_folds([fold, Fold("other", fold.train, fold.valid, fold.test)], table, keys)
    with pytest.raises(FoldError, match="share a name"):
        check_folds([fold, fold], table, keys)
    with pytest.raises(FoldError, match="no utterance in the subset valid"):
        check_folds([Fold("f", fold.train, fold.valid[:0], fold.test)], table, keys)
    with pytest.raises(FoldError, match="no folds"):
        check_folds([], table, keys)


@pytest.mark.parametrize(("place", "known"), [(-1, True), (0, False), (23, False), (24, True), (99, True)])
def test_a_position_outside_of_the_table_is_named(place: int, known: bool) -> None:
    table, fold = planted()
    if not known:
        assert place in np.concatenate([fold.train, fold.valid, fold.test])
        assert check_folds([fold], table, keys_of(table)) == ()
        return
    astray = Fold("f", np.append(fold.train, place), fold.valid, fold.test)
    with pytest.raises(FoldError, match=f"fold f: position {place} is outside of the 24 utterances"):
        check_folds([astray], table, keys_of(table))


def test_speakers_and_labels_are_named_in_alphabetical_order() -> None:
    """Eight of each, so that no set happens to be in order."""
    table = table_of([4] * 24)
    (first, *_) = make_folds(table, "3")
    keys, everybody = keys_of(table), sorted(speakers_of(table, first.test))
    half = np.isin(np.arange(len(first.test)) % 4, [0, 1])
    leak = Fold("f", first.train, np.concatenate([first.valid, first.test[half]]), first.test[~half])
    with pytest.raises(FoldError, match=f"speaker {', '.join(everybody)} stands on the training side and in test"):
        check_folds([leak], table, keys)
    trains, half = speakers_of(table, first.train), np.isin(np.arange(len(first.train)) % 4, [0, 1])
    inner = Fold("f", first.train[half], np.concatenate([first.valid, first.train[~half]]), first.test)
    with pytest.raises(FoldError, match=f"speaker {', '.join(trains)} both trains and validates"):
        check_folds([inner], table, keys)
    labels = table["label"].to_numpy().copy()
    labels[first.test] = [f"rare{place // 4 % 8}" for place in range(len(first.test))]
    notes = check_folds([first], table.assign(label=labels), keys)
    assert [note.split()[3] for note in notes] == [f"rare{place}" for place in range(8)]
    labels[first.test] = "rare"
    (note,) = check_folds([first], table.assign(label=labels), keys)
    assert f"(only {', '.join(everybody)} have it)" in note


def test_clips_may_validate_only_where_one_speaker_is_left_to_train() -> None:
    table = table_of([6, 6, 6])
    place = np.arange(18)
    both = Fold("f", place[6:][place[6:] % 2 == 0], place[6:][place[6:] % 2 == 1], place[:6])
    with pytest.raises(FoldError, match="speaker s01, s02 both trains and validates"):
        check_folds([both], table, keys_of(table))
    some = Fold("f", place[6:9], place[9:], place[:6])
    with pytest.raises(FoldError, match="speaker s01 both trains and validates"):
        check_folds([some], table, keys_of(table))


def test_the_same_sound_in_training_and_test_is_found_whichever_comes_first() -> None:
    table, fold = planted()
    keys, (test, other) = keys_of(table), fold.test[:2].tolist()
    train, valid = int(fold.train[0]), int(fold.valid[0])

    def found(*pairs: tuple[int, int]) -> tuple[str, ...]:
        same = [SameSound(one, two, 1.25 + number, 0.0, 0.1) for number, (one, two) in enumerate(pairs)]
        return check_folds([fold], table, keys, same_sound=same, allow_duplicates=True)

    assert found((train, valid), (test, other)) == (), "within training or within test nothing leaks"
    for pair in ((test, train), (train, test)):
        (note,) = found(pair)
        assert (
            note
            == "fold s00: 1 test utterances hold the same sound as training ones, such as s00_000 and s02_000 (1.2 s)"
        )
    (note,) = found((train, valid), (test, valid), (train, test))
    assert "1 test utterances hold the same sound as training ones, such as s00_000 and s01_000 (2.2 s)" in note
    (note,) = found((test, train), (other, train))
    assert "2 test utterances hold the same sound" in note
    keys[train] = keys[test]
    (note,) = found((test, train))
    assert "byte-identical" in note, "equal bytes are told once"
    with pytest.raises(FoldError, match="hold the same sound.*--allow-duplicates"):
        check_folds([fold], table, keys_of(table), same_sound=[SameSound(test, train, 1.0, 0.0, 0.1)])


def test_the_utterance_that_is_tested_twice_is_the_one_named() -> None:
    table = table_of([6, 6, 6, 6])
    one, two, *_ = make_folds(table, "speaker")
    tested = np.sort(np.append(two.test, one.test[[2, 4]]))
    second = Fold("second", np.arange(12, 18), np.arange(18, 24), tested)
    with pytest.raises(FoldError, match="utterance 's00_002' is tested in more than one fold"):
        check_folds([one, second], table, keys_of(table))


def test_folds_survive_a_file(tmp_path: Path) -> None:
    table = table_of([5, 6, 7, 8])
    folds = make_folds(table, "2")
    write_folds(tmp_path / "folds.csv", folds, table)
    back = read_folds(tmp_path / "folds.csv", table)
    assert [fold.name for fold in back] == [fold.name for fold in folds]
    for one, other in zip(folds, back, strict=True):
        assert all(np.array_equal(getattr(one, side), getattr(other, side)) for side in ("train", "valid", "test"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace("s00_001,s00,test", "s00_001,s00,tset"),
            "line 3: side is 'tset'; expected train, valid, test",
        ),
        (lambda text: text.replace("s00_001", "s99_001"), "'s99_001' .*not in the corpus"),
        (lambda text: text.replace("s00_001", "s00_000"), "'s00_000' stands twice"),
        (lambda text: text.replace("s00,s00_001,s00,test\n", ""), "1 utterances of the corpus are missing"),
        (lambda text: text.replace("fold,", "part,", 1), "has no column fold"),
    ],
)
def test_bad_folds_files(change: object, message: str, tmp_path: Path) -> None:
    table = table_of([5, 6, 7, 8])
    path = tmp_path / "folds.csv"
    write_folds(path, make_folds(table, "speaker"), table)
    path.write_text(change(path.read_text()))  # type: ignore[operator]
    with pytest.raises(FoldError, match=message):
        read_folds(path, table)
    with pytest.raises(FoldError, match="cannot be read"):
        read_folds(tmp_path / "nowhere.csv", table)


FOLDS = """fold,utterance,side
z,s00_000,train
z,s01_000,valid
z,s02_000,test
a,s00_000,test
a,s01_000,train
a,s02_000,valid
"""


def folds_file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_folds_of_a_file_keep_its_order_and_pass_over_what_the_corpus_left_out(tmp_path: Path) -> None:
    table = table_of([1, 1, 1])
    folds = read_folds(folds_file(tmp_path / "plain.csv", FOLDS), table)
    assert [(fold.name, fold.train.tolist(), fold.valid.tolist(), fold.test.tolist()) for fold in folds] == [
        ("z", [0], [1], [2]),
        ("a", [1], [2], [0]),
    ]
    more = folds_file(tmp_path / "more.csv", f"{FOLDS}z,bad1,train\na,bad1,test\nz,bad2,train\na,bad2,valid\n")
    with pytest.raises(FoldError, match=r"'bad1' \(and 1 more\) is not in the corpus"):
        read_folds(more, table)
    with pytest.raises(FoldError, match=r"'bad2' \(and 0 more\) is not in the corpus"):
        read_folds(more, table, left_out=["bad1"])
    without = read_folds(more, table, left_out=["bad1", "bad2"])
    assert [fold.train.tolist() for fold in without] == [[0], [1]]
    one = folds_file(tmp_path / "one.csv", "fold,utterance,side\nz,s00_000,test\nz,elsewhere,train\n")
    with pytest.raises(FoldError, match="'elsewhere' .*not in the corpus"):
        read_folds(one, table_of([1]))


def test_a_fold_in_two_spellings_is_refused_unless_names_are_joined(tmp_path: Path) -> None:
    path = folds_file(tmp_path / "folds.csv", FOLDS.replace("\nz,s01", "\nZ,s01").replace("s02_000", "S02_000"))
    for read in (read_folds, read_folds_with_notes):
        with pytest.raises(FoldError, match="one fold in 2 spellings: 'z' .*--join-names"):
            read(path, table_of([1, 1, 1]))
    assert [fold.test.tolist() for fold in read_folds(path, table_of([1, 1, 1]), join_names=True)] == [[2], [0]]
    utterance = folds_file(tmp_path / "utterance.csv", FOLDS.replace("s02_000", "S02_000"))
    for read in (read_folds, read_folds_with_notes):
        with pytest.raises(FoldError, match="another spelling of 's02_000'.*--join-names"):
            read(utterance, table_of([1, 1, 1]))


@pytest.mark.parametrize(("row", "column"), [("z,,train", "utterance"), (",s00_000,train", "fold")])
def test_a_row_without_a_name_is_refused(row: str, column: str, tmp_path: Path) -> None:
    path = folds_file(tmp_path / "folds.csv", FOLDS.replace("z,s00_000,train", row))
    with pytest.raises(FoldError, match=f"line 2: no {column}; expected a name in every row"):
        read_folds(path, table_of([1, 1, 1]))


def test_a_fold_is_itself_only_and_cannot_be_changed() -> None:
    """Arrays have no single answer to `==`; folds stand in sets and as keys all the same."""
    table, fold = planted()
    again = Fold(fold.name, fold.train, fold.valid, fold.test)
    assert fold == fold
    assert fold != again
    assert len({fold, again}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        fold.name = "other"  # type: ignore[misc]
    many = table_of([1] * 12).iloc[::-1]
    assert speakers_of(many, np.arange(12)) == [f"s{place:02d}" for place in range(12)]
    assert speakers_of(table, fold.training) == ["s01", "s02", "s03"]


@pytest.mark.parametrize("other", ["train", "valid"])
def test_a_label_is_unlearnable_only_where_nobody_else_has_it(other: str) -> None:
    """A label that validates has been heard: classical models learn from those utterances too."""
    table, fold = planted()
    labels = np.full(len(table), "ang", dtype=object)
    labels[fold.test[0]] = "sad"
    (note,) = check_folds([fold], table.assign(label=labels), keys_of(table))
    assert "fold s00: label sad is not among its training utterances (only s00 has it)" in note
    labels[getattr(fold, other)[0]] = "sad"
    assert check_folds([fold], table.assign(label=labels), keys_of(table)) == ()
