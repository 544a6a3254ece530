"""Tables with the column names that nkululeko, audformat and the hub use, as they are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from miniatures import sound

from benchmarks import corpora, run
from benchmarks.corpora.own_tables import own_columns
from features.errors import CorpusError
from features.utterances import utterances

AESDD = """file,speaker,emotion,gender
AESDD/Acted Emotional Speech Dynamic Database/fear/f02 (5).wav,5,fear,male
AESDD/Acted Emotional Speech Dynamic Database/fear/f18 (5)b.wav,5,fear,male
AESDD/Acted Emotional Speech Dynamic Database/sadness/s01 (2).wav,2,sadness,female
"""
CREMA = """file,emotion,speaker_id,split
AudioWAV/1051_ITH_ANG_XX.wav,angry,1051,1
AudioWAV/1005_MTI_SAD_XX.wav,sad,1005,1
"""
DEMENTIA = """file,dementia,speaker,gender
English/Pitt/Control/cookie/158-0.wav,control,DEMENTIABANK_158,unknown
English/Pitt/Dementia/cookie/252-0.wav,dementia,DEMENTIABANK_252,unknown
"""
EMNS = """id,utterance,description,emotion,date_created,status,gender,age,level,file,speaker
454,There are two.,"With a {emotion} voice, {user_id} said.",sadness,2022-07-18,Complete,female,20s,7,r_3a.wav,3
189,Its name.,{user_id} said it.,neutral,2022-06-03,Complete,female,20s,0,r_ea.wav,3
"""
MELD = """file,Sr No.,Utterance,speaker,emotion,sentiment,Dialogue_ID,Utterance_ID,StartTime,EndTime,split,gender
dia0_utt0.wav,1,Why?,Mark,surprise,positive,0,0,"00:14:38,127","00:14:40,378",test,male
dia9_utt2.wav,84,"Yeah, most of it.",Fireman #1,sadness,negative,9,2,"00:05:10,852","00:05:12,978",test,
"""
MESD = """file,emotion,gender,language,word
MESD/Disgust_C_B_abandono.wav,disgust,child,spanish,abandono
MESD/Fear_M_A_por_favor.wav,fear,male,spanish,por favor
"""
SEGMENTED = """file,start,end,emotion,speaker
long.wav,0 days 00:00:00,0 days 00:00:00.500000,angry,a
long.wav,0 days 00:00:00.500000,,sad,b
long.wav,0.75,NaT,sad,a
"""


def table(folder: Path, text: str, *, column: int = 0) -> Path:
    """The table, and a moment of noise for each of its files."""
    for seed, line in enumerate(text.splitlines()[1:]):
        name = line.split(",")[column]
        if name.endswith(".wav") and not (folder / name).exists():
            sound(folder / name, seed=seed, seconds=1.0)
    path = folder / "published.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "note", "labels", "genders"),
    [
        (AESDD, "columns: file as path, emotion as label", ["fear", "sadness"], ["female", "male"]),
        (CREMA, "columns: file as path, emotion as label, speaker_id as speaker", ["angry", "sad"], [""]),
        (MELD, "columns: file as path, emotion as label", ["sadness", "surprise"], ["", "male"]),
    ],
)
def test_public_tables_of_nkululeko_load_as_they_are(
    text: str, note: str, labels: list[str], genders: list[str], tmp_path: Path
) -> None:
    corpus = corpora.load("manifest", table(tmp_path, text))
    assert len(corpus.utterances) == len(text.splitlines()) - 1
    assert corpus.notes[0] == note
    assert sorted(corpus.labels) == labels
    assert sorted(set(corpus.utterances["gender"])) == genders


LOAD = (
    "file,speaker,emotion,gender",
    "file,speaker,emotion,language,country",
    "file,emotion,speaker,gender,language,country",
    "file,emotion,speaker,language,gender",
    "file,emotion,gender,speaker,language,prototypicality",
    "file,emotion,speaker_id,split",
    "file,Utterance,speaker,emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time,split",
    "file,Sr No.,Utterance,speaker,emotion,sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime,split",
    "id,utterance,description,emotion,date_created,status,gender,age,level,file,speaker",
)
LACK = {
    "file,emotion,gender,language,word": "speaker",
    "file,emotion,valence,arousal,dominance": "speaker",
    "file,sentiment,emotion": "speaker",
    "file,dementia,speaker,gender": "label",
}
"""First lines of tables of nkululeko: AESDD, CaFE, JL, ESD, DEMoS, CREMA-D, EmoryNLP, MELD, EMNS; MESD and others."""


def test_first_lines_of_nkululekos_tables() -> None:
    for line in LOAD:
        found = own_columns(line.split(","), {}, where=line)
        assert {ours: theirs for ours, theirs in found.items() if ours in ("path", "label")} == {
            "path": "file",
            "label": "emotion",
        }, line
        assert found["speaker"].startswith("speaker"), line
        assert not {"start", "end"} & set(found), line
    for line, column in LACK.items():
        with pytest.raises(CorpusError, match=f"no column {column} .*--columns {column}=NAME"):
            own_columns(line.split(","), {}, where=line)


def test_times_of_an_episode_are_not_taken_for_times_in_a_file(tmp_path: Path) -> None:
    corpus = corpora.load("manifest", table(tmp_path, MELD))
    assert corpus.utterances[["start", "end"]].isna().all(axis=None)
    assert "StartTime" in corpus.notes[1]


def test_a_column_that_only_the_user_knows_is_said(tmp_path: Path) -> None:
    path = table(tmp_path, DEMENTIA)
    with pytest.raises(CorpusError, match=r"no column label .found file, dementia.*--columns label=NAME"):
        corpora.load("manifest", path)
    corpus = corpora.load("manifest", path, columns={"label": "dementia"})
    assert corpus.labels == ("control", "dementia")
    assert corpus.notes == (
        "columns: file as path, dementia as label",
        "gender is not known where the table says unknown (2)",
    )


def test_a_table_without_speakers_is_refused_with_a_way_on(tmp_path: Path) -> None:
    path = table(tmp_path, MESD)
    with pytest.raises(CorpusError, match=r"no column speaker.*add speaker, or say which it is with --columns speaker"):
        corpora.load("manifest", path)
    kinds = corpora.load("manifest", path, columns={"speaker": "gender", "text": "word"})
    assert kinds.speakers == ("child", "male")


def test_two_columns_that_may_be_one_are_refused_by_name(tmp_path: Path) -> None:
    path = table(
        tmp_path, CREMA.replace("emotion,", "emotion,spk,").replace("angry,", "angry,x,").replace("sad,", "sad,y,")
    )
    with pytest.raises(CorpusError, match=r"columns spk and speaker_id may all be the speaker.*--columns speaker=NAME"):
        corpora.load("manifest", path)
    assert corpora.load("manifest", path, columns={"speaker": "spk"}).speakers == ("x", "y")


def test_an_id_beside_a_file_keeps_its_place(tmp_path: Path) -> None:
    text = EMNS
    for seed, name in enumerate(("r_3a.wav", "r_ea.wav")):
        sound(tmp_path / name, seed=seed)
    corpus = corpora.load("manifest", table(tmp_path, text))
    assert list(corpus.utterances.index) == [("3", "189"), ("3", "454")]


def test_times_are_read_as_audformat_writes_them(tmp_path: Path) -> None:
    corpus = corpora.load("manifest", table(tmp_path, SEGMENTED))
    assert sorted(corpus.utterances["start"]) == [0.0, 0.5, 0.75]
    assert sorted(corpus.utterances["end"].fillna(-1)) == [-1, -1, 0.5]
    bad = table(tmp_path, SEGMENTED.replace("0 days 00:00:00.500000,,", "half past 1:2:x,,"))
    with pytest.raises(CorpusError, match=r"line 3: start is 'half past.*0 days 00:00:01.5"):
        corpora.load("manifest", bad)


def test_files_and_speakers_are_found_where_a_model_is_used(tmp_path: Path) -> None:
    rows = utterances([], manifest=table(tmp_path, SEGMENTED.replace("speaker", "spk")))
    assert rows.index.get_level_values("speaker").tolist() == ["a", "b", "a"]
    assert np.nan_to_num(rows["end"], nan=-1).tolist() == [0.5, -1, -1]
    head, *lines = SEGMENTED.replace("speaker", "spk").splitlines()
    two = "\n".join([f"{head},actor", *(f"{line},x" for line in lines)])
    rows = utterances([], manifest=table(tmp_path, two))
    assert set(rows.index.get_level_values("speaker")) == {""}, "who of the two speaks nobody says"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--columns", "label"], "expected OURS=THEIRS, such as label=emotion"),
        (["--columns", "colour=emotion"], "unknown column 'colour'; expected path, label, speaker"),
        (["--columns", "label=mood"], "has no column mood to take as label; expected one of file, speaker, emotion"),
    ],
)
def test_wrong_choices_of_columns(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path, AESDD)
    line = ["--corpus", "manifest", "--root", str(path), "--pipelines", "majority", "--out", str(tmp_path / "out")]
    assert run.main([*line, *options]) == 2
    assert says in capsys.readouterr().err.replace("\n", " ").replace("  ", " ")


def test_columns_mean_nothing_where_the_layout_is_known(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"--columns.*mean nothing"):
        corpora.load("emodb", tmp_path, columns={"label": "emotion"})
