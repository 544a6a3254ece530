"""Known people: every way to train has as many speakers and clips, and the same clips test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import corpora
from benchmarks.folds.splitters import make_folds
from benchmarks.known_people import main as known_people_command
from benchmarks.studies.known_people import TRAINED, training_folds


def test_every_way_to_train_has_as_many_clips_of_the_right_people():
    table = corpora.load("synthetic").utterances
    speakers, genders = table.index.get_level_values("speaker").to_numpy(), table["gender"].to_numpy()
    for fold in make_folds(table, "speaker"):
        made = dict(training_folds(fold, table, table["gender"], random_state=1))
        assert tuple(made) == TRAINED
        counts = [tuple(table["label"].iloc[one.training].value_counts().sort_index()) for one in made.values()]
        assert len(set(counts)) == 1
        own = genders[fold.test][0]
        assert set(genders[made["same"].training]) == {own}
        assert own not in set(genders[made["other"].training])
        assert len(set(genders[made["mixed"].training])) == 2
        assert len({len(set(speakers[one.training])) for one in made.values()}) == 1
        assert all(np.array_equal(one.test, fold.test) for one in made.values())
        assert not set(speakers[fold.test]) & {name for one in made.values() for name in speakers[one.training]}


def test_the_command_tests_the_same_clips_and_names_what_it_lacks(tmp_path, capsys):
    arguments = ["--pipelines", "majority", "--jobs", "1", "--out", str(tmp_path / "out")]
    assert known_people_command(arguments) == 0
    table = pd.read_csv(tmp_path / "out" / "known_people.csv")
    assert list(table["tested"].unique()) == ["female", "male", "all"]
    assert table["clips"].nunique() == 1
    assert known_people_command([*arguments, "--by", "accent"]) == 2
    assert "--by accent: 0 groups" in capsys.readouterr().err
