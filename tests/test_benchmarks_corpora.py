"""Every corpus keeps the same contract, on a miniature in its own layout; and each refuses what is not it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from miniatures import BUILDERS, sound

from benchmarks import corpora
from benchmarks.corpora.base import COLUMNS, LABEL_NAMES
from benchmarks.corpora.correspondence import corresponding
from benchmarks.folds.leakage import check_folds
from benchmarks.folds.splitters import make_folds
from features.errors import CorpusError


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | None]:
    made: dict[str, Path | None] = {name: build(tmp_path_factory.mktemp(name)) for name, build in BUILDERS.items()}
    return {**made, "synthetic": None}


def load(name: str, root: Path | None, **options: object) -> corpora.Corpus:
    return corpora.load(name, root, allow_partial=True, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", corpora.MODULES)
def test_contract(name: str, roots: dict[str, Path | None]) -> None:
    source = corpora.find(name)
    assert source.name == name
    for field in ("title", "licence", "citation", "homepage", "obtain", "layout", "folds"):
        assert getattr(source, field), field
    assert all(fact.says and fact.source for fact in source.facts)
    corpus = load(name, roots[name])
    table = corpus.utterances
    assert corpus.validate() is corpus
    assert table.index.names == ["speaker", "id"]
    assert list(table.columns) == list(COLUMNS)
    assert table.index.is_unique
    assert table.index.is_monotonic_increasing
    assert set(table["label"]) == set(corpus.labels)
    assert all(Path(path).is_file() for path in table["path"])
    assert table[["start", "end"]].isna().all(axis=None)
    assert set(table["gender"]) <= {"female", "male", ""}
    known = table["session"] != ""
    assert known.all() or (not known.any() and name not in ("iemocap", "synthetic"))
    if not source.own:
        assert set(corpus.labels) <= set(LABEL_NAMES)
    assert len(corpus.speakers) >= 2
    again = load(name, roots[name])
    assert again.fingerprint == corpus.fingerprint
    assert again.utterances.equals(table)
    assert corpus.synthetic == (name == "synthetic")


@pytest.mark.parametrize("name", corpora.MODULES)
def test_default_folds_do_not_leak(name: str, roots: dict[str, Path | None]) -> None:
    corpus = load(name, roots[name])
    scheme = corpus.source.folds
    if scheme.isdecimal() and len(corpus.speakers) < int(scheme):
        scheme = "speaker"
    folds = make_folds(corpus.utterances, scheme)
    check_folds(folds, corpus.utterances, corpus.audio_keys.tolist())
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(corpus.utterances)))


COUNTED = [name for name in corpora.MODULES if corpora.find(name).counts or corpora.find(name).more_counts]


@pytest.mark.parametrize("name", [name for name in COUNTED if name != "synthetic"])
def test_a_subset_is_refused_unless_allowed(name: str, roots: dict[str, Path | None]) -> None:
    with pytest.raises(CorpusError, match=r"expected \d+ .*found \d+.*--allow-partial"):
        corpora.load(name, roots[name])


@pytest.mark.parametrize("name", [name for name in corpora.MODULES if name != "synthetic"])
def test_wrong_root(name: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no root given.*--root"):
        corpora.load(name)
    with pytest.raises(CorpusError, match="does not exist.*--root"):
        corpora.load(name, tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"expected .*--root"):
        corpora.load(name, tmp_path, allow_partial=True)


@pytest.mark.parametrize("name", ["emodb", "crema-d", "savee", "shemo", "aesdd", "esd", "enterface"])
def test_a_foreign_file_is_not_dropped_in_silence(name: str, roots: dict[str, Path | None], tmp_path: Path) -> None:
    root = roots[name]
    assert root is not None
    shutil.copytree(root, tmp_path / "copy")
    stray = sound(tmp_path / "copy" / "my recording.wav", seed=1)
    with pytest.raises(CorpusError, match=str(stray)):
        load(name, tmp_path / "copy")


def test_two_copies_of_an_utterance_are_refused(roots: dict[str, Path | None], tmp_path: Path) -> None:
    root = roots["ravdess"]
    assert root is not None
    shutil.copytree(root / "Actor_01", tmp_path / "Actor_01")
    shutil.copytree(root / "Actor_01", tmp_path / "audio_speech_actors_01-24" / "Actor_01")
    with pytest.raises(CorpusError, match="same utterance.*one copy"):
        load("ravdess", tmp_path)


def test_unknown_names() -> None:
    with pytest.raises(CorpusError, match=r"unknown corpus 'emo-db'.*emodb"):
        corpora.load("emo-db")
    with pytest.raises(CorpusError, match=r"improvised.*means nothing"):
        corpora.load("emodb", Path(__file__).parent, improvised=True)


def test_restrict_and_rename(roots: dict[str, Path | None]) -> None:
    corpus = load("ravdess", roots["ravdess"], classes="ang,neu", mapping={"cal": "neu"})
    assert corpus.labels == ("ang", "neu")
    assert corpus.counts().to_dict() == {"ang": 9, "neu": 16}
    assert "cal as neu" in corpus.policy
    with pytest.raises(CorpusError, match=r"unknown label 'joy'.*ang"):
        load("ravdess", roots["ravdess"], classes="ang,joy")
    with pytest.raises(CorpusError, match=r"unknown label 'joy' in --map"):
        load("ravdess", roots["ravdess"], mapping={"joy": "hap"})


def test_facts_of_single_corpora(roots: dict[str, Path | None]) -> None:
    emodb = load("emodb", roots["emodb"]).utterances
    assert emodb.loc[("03", "03a01Wa"), ["label", "gender"]].tolist() == ["ang", "male"]
    assert emodb.loc[("08", "08b02La"), ["label", "gender"]].tolist() == ["bor", "female"]
    ravdess = load("ravdess", roots["ravdess"])
    assert ravdess.utterances.loc[("02", "03-01-08-01-01-01-02"), ["label", "gender"]].tolist() == ["sur", "female"]
    assert ravdess.notes == (
        "left out 1 sung clips (03-02-...)",
        "partial: 65 utterances; published counts are not asserted",
    )
    assert load("crema-d", roots["crema-d"]).utterances.loc["1002"]["gender"].unique().tolist() == ["female"]
    assert load("tess", roots["tess"]).speakers == ("OAF", "YAF")
    assert load("savee", roots["savee"]).utterances.loc[("KL", "KL_sa02"), "label"] == "sad"
    assert load("emovo", roots["emovo"]).utterances.loc[("m2", "gio-m2-n3"), "label"] == "hap"
    nemo = load("nemo", roots["nemo"]).utterances.loc[("SK1", "SK1_surprised_2")]
    assert nemo[["label", "gender", "text"]].tolist() == ["sur", "female", "Zdanie 2."]


def test_facts_of_the_corpora_of_many_languages(roots: dict[str, Path | None]) -> None:
    shemo = load("shemo", roots["shemo"]).utterances
    assert shemo.loc[("M07", "M07F01"), ["label", "gender", "text"]].tolist() == ["fea", "male", "جمله 1"]
    cafe = load("cafe", roots["cafe"]).utterances
    assert cafe.loc[("04", "04-J-2-1"), ["label", "gender", "text"]].tolist() == [
        "hap",
        "female",
        "Un cheval fou dans mon jardin.",
    ]
    aesdd = load("aesdd", roots["aesdd"])
    assert aesdd.utterances.loc[("2", "f18 (2)b"), ["label", "text"]].tolist() == ["fea", "18"]
    assert aesdd.utterances.loc[("1", "f12 (01)"), "label"] == "fea"
    improvised = aesdd.utterances[aesdd.utterances["text"].str.startswith("20")]
    assert improvised["text"].is_unique
    assert [clip.name for clip in aesdd.left_out] == ["s05 (3)"]
    mesd = load("mesd", roots["mesd"])
    assert mesd.speakers == ("children", "men", "women")
    assert mesd.utterances.loc[("children", "Fear_C_A_por_favor"), ["gender", "text"]].tolist() == ["", "por favor"]
    assert "which of 3 women, 2 men and 6 children" in mesd.notes[0]


def test_transcripts_of_shemo_in_its_two_forms(roots: dict[str, Path | None], tmp_path: Path) -> None:
    shutil.copytree(roots["shemo"], tmp_path, dirs_exist_ok=True)  # type: ignore[arg-type]
    (tmp_path / "shemo.json").write_text('[{"id": "F03A01", "transcript": "salam"}, 3]')
    assert load("shemo", tmp_path).utterances.loc[("F03", "F03A01"), "text"] == "salam"
    (tmp_path / "shemo.json").write_text("[")
    with pytest.raises(CorpusError, match=r"shemo.json cannot be read as JSON.*move it away"):
        load("shemo", tmp_path)


def test_sentences_of_esd_are_parallel_within_a_language(roots: dict[str, Path | None]) -> None:
    table = load("esd", roots["esd"]).utterances
    assert table.loc[("0019", "0019_000351_Angry"), ["label", "gender", "text"]].tolist() == ["ang", "female", "en 001"]
    assert table.loc[("0009", "0009_001750_Surprise"), ["label", "gender", "text"]].tolist() == [
        "sur",
        "female",
        "zh 350",
    ]
    assert set(table.groupby("text").size()) == {15}


def test_labels_of_the_corpora_correspond_to_those_of_all() -> None:
    nothing = {"cal", "bor", "fru", "oth", "xxx", *corpora.find("jl").labels[5:]}
    for name in corpora.MODULES:
        for label in set(corpora.find(name).labels) - nothing:
            assert corresponding(label) in {"ang", "hap", "sad", "neu", "fea", "dis", "sur"}, (name, label)
    assert corresponding("anxious") == "anxious"


def test_label_policies_of_jl(roots: dict[str, Path | None]) -> None:
    assert load("jl", roots["jl"]).labels == ("ang", "hap", "sad", "neu", "exc")
    assert load("jl", roots["jl"], classes="4").labels == ("ang", "hap", "sad", "neu")
    everything = load("jl", roots["jl"], classes="10").utterances
    assert everything.loc[("female1", "female1_anxious_10b_1"), ["label", "text"]].tolist() == ["anxious", "anxious 10"]


def test_meld_is_read_from_its_three_tables(roots: dict[str, Path | None]) -> None:
    corpus = load("meld", roots["meld"])
    row = corpus.utterances.loc[("Rachel", "train_dia0_utt1")]
    assert row[["label", "gender", "text", "script"]].tolist() == ["dis", "female", "Well, look: 1.", "train_dia0"]
    assert "Dr. Ledbetter" in corpus.speakers
    assert [clip.name for clip in corpus.left_out] == ["train_dia125_utt3"]
    assert len(corpus.utterances) == 42


def test_enterface_believes_folders_and_leaves_out_the_uncut_subject(roots: dict[str, Path | None]) -> None:
    corpus = load("enterface", roots["enterface"])
    assert corpus.utterances.loc[("11", "subject 11/anger/sentence 1/s12_an_1"), "text"] == "anger 1"
    assert "6" not in corpus.speakers
    assert corpus.notes[0] == "left out 6 recordings of subject 6, which are published uncut"


@pytest.mark.parametrize(
    ("name", "video"), [("enterface", "subject 1/anger/sentence 1/s1_an_1.avi"), ("meld", "a.mp4")]
)
def test_a_corpus_of_videos_says_how_to_convert_it(
    name: str, video: str, roots: dict[str, Path | None], tmp_path: Path
) -> None:
    if name == "meld":
        shutil.copytree(roots["meld"], tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.wav"))  # type: ignore[arg-type]
    (tmp_path / video).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / video).touch()
    with pytest.raises(CorpusError, match=rf"1 {Path(video).suffix} files and no sound.*find .*ffmpeg -i"):
        corpora.load(name, tmp_path)


def test_the_published_numbers_add_up_to_what_their_sources_say() -> None:
    totals = {"jl": 2400, "mesd": 862, "cafe": 936, "esd": 35_000, "meld": 13_708, "enterface": 1287}
    for name, total in totals.items():
        assert sum(corpora.find(name).counts.values()) == total


def test_flat_savee(roots: dict[str, Path | None], tmp_path: Path) -> None:
    for path in (roots["savee"] / "AudioData").rglob("*.wav"):  # type: ignore[operator]
        shutil.copy(path, tmp_path / f"{path.parent.name}_{path.name}")
    flat, nested = load("savee", tmp_path), load("savee", roots["savee"])
    assert flat.utterances.index.equals(nested.utterances.index)
    assert flat.fingerprint == nested.fingerprint


def test_crema_without_demographics(roots: dict[str, Path | None], tmp_path: Path) -> None:
    shutil.copytree(roots["crema-d"] / "AudioWAV", tmp_path / "AudioWAV")  # type: ignore[operator]
    corpus = load("crema-d", tmp_path / "AudioWAV")
    assert set(corpus.utterances["gender"]) == {""}
    assert "gender unknown" in corpus.notes[0]


def test_fingerprint_sees_labels_and_sound(roots: dict[str, Path | None], tmp_path: Path) -> None:
    shutil.copytree(roots["emodb"], tmp_path / "a")  # type: ignore[arg-type]
    before = load("emodb", tmp_path / "a").fingerprint
    assert before == load("emodb", roots["emodb"]).fingerprint
    sound(tmp_path / "a/wav/03a01Wa.wav", seed=77)
    assert load("emodb", tmp_path / "a").fingerprint != before
    renamed = load("emodb", roots["emodb"], mapping={"bor": "neu"})
    assert renamed.fingerprint != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.wav,joy\n", "no column speaker"),
        ("path,label,speaker\na.wav,joy,\n", "line 2: no speaker"),
        ("path,label,speaker\na.wav,,bo\n", "line 2: no label"),
        ("path,label,speaker\nb.wav,joy,bo\n", "audio of utterance 'b.wav' is missing"),
        ("path,label,speaker,start,end\na.wav,joy,bo,0,soon\n", "line 2: end is 'soon'"),
        ("path,label,speaker,start,end\na.wav,joy,bo,2,1\n", "lasts from 2.0 to 1.0 s"),
        ("path,label,speaker,id\na.wav,joy,bo,x\na.wav,joy,bo,x\n", "'x' stands twice"),
        ('path,label,speaker\na.wav,"joy,bo\n', "cannot be read as a CSV"),
        ("", "cannot be read as a CSV"),
        ("path,label,speaker\n", "no utterances"),
    ],
)
def test_bad_manifests(text: str, message: str, tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", seed=1)
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(CorpusError, match=message) as caught:
        corpora.load("manifest", path)
    assert "\n" not in str(caught.value)


def test_a_binary_manifest(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"\xff\xfe\x00\x01path,label")
    with pytest.raises(CorpusError, match="UTF-8"):
        corpora.load("manifest", path)


def test_manifest_keeps_texts_as_they_are(roots: dict[str, Path | None]) -> None:
    corpus = corpora.load("manifest", roots["manifest"])
    assert corpus.labels == ("NA", "joy", "rage")
    assert "dée" in corpus.speakers
    assert sorted(set(corpus.utterances["valence"])) == [1.5, 2.5, 3.5]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_manifest_with_stretches_of_one_file(mark: str, tmp_path: Path) -> None:
    sound(tmp_path / "long.wav", seed=3, seconds=2.0)
    lines = ["path,label,speaker,start,end,colour", "long.wav,joy,01,0,0.5,red", "long.wav,rage,02,0.5,,blue"]
    path = tmp_path / "list.csv"
    path.write_text("\ufeff" + "\n".join(lines).replace(",", mark) + "\n", encoding="utf-8")
    corpus = corpora.load("manifest", path)
    assert corpus.speakers == ("01", "02")
    assert corpus.utterances["start"].tolist() == [0.0, 0.5]
    assert np.isnan(corpus.utterances["end"].tolist()[1])
    assert len(set(corpus.audio_keys)) == 2
    assert corpus.notes == ("columns not used: colour",)


def test_real_emodb(emodb_root: Path) -> None:
    corpus = corpora.load("emodb", emodb_root)
    assert len(corpus.utterances) == 535
    assert corpus.counts().to_dict() == {"ang": 127, "hap": 71, "sad": 62, "neu": 79, "fea": 69, "dis": 46, "bor": 81}
    men = set(corpus.utterances[corpus.utterances["gender"] == "male"].index.get_level_values("speaker"))
    assert men == {"03", "10", "11", "12", "15"}
    folds = make_folds(corpus.utterances, corpus.source.folds)
    assert len(folds) == 10
    assert check_folds(folds, corpus.utterances, corpus.audio_keys.tolist()) == ()


def test_real_ravdess(ravdess_root: Path) -> None:
    corpus = corpora.load("ravdess", ravdess_root)
    assert len(corpus.utterances) == 1440
    folds = make_folds(corpus.utterances, corpus.source.folds)
    assert len(folds) == 6
    for fold in folds:
        test = corpus.utterances.iloc[fold.test]
        heads = {speaker: rows["gender"].iloc[0] for speaker, rows in test.groupby(level="speaker")}
        assert sorted(heads.values()) == ["female", "female", "male", "male"]
    assert check_folds(folds, corpus.utterances, corpus.audio_keys.tolist()) == ()
    _, counts = np.unique([key.partition(":")[0] for key in corpus.audio_keys], return_counts=True)
    assert counts.max() == 2, "one identical pair of clips, of one actor"
