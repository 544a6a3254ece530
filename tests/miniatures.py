"""Miniature copies of every corpus, each in its publisher's own layout, with a moment of noise for sound."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import soundfile
import yaml


def sound(path: Path, *, seed: int, rate: int = 16_000, channels: int = 1, seconds: float = 0.3) -> Path:
    """A tone with noise, a different one for each seed."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    tone = 0.2 * np.sin(2 * np.pi * (120 + 7 * (seed % 40)) * time)[:, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone + 0.02 * rng.normal(size=(len(time), channels)), rate)
    return path


def _write(root: Path, names: Iterable[str]) -> Path:
    for seed, name in enumerate(names):
        sound(root / name, seed=seed)
    return root


def emodb(root: Path) -> Path:
    names = [f"wav/{s}{text}{e}a.wav" for s in ("03", "08", "11") for e in "WLEAFTN" for text in ("a01", "b02")]
    return _write(root, names)


def ravdess(root: Path) -> Path:
    names = [
        f"Actor_{actor:02d}/03-01-{emotion:02d}-01-{text}-01-{actor:02d}.{'flac' if actor == 3 else 'wav'}"
        for actor in (1, 2, 3, 4)
        for emotion in range(1, 9)
        for text in ("01", "02")
    ]
    _write(root, names)
    sound(root / "Actor_01/03-01-05-02-01-01-01.wav", seed=900, rate=48_000, channels=2)
    sound(root / "Actor_01/03-02-05-01-01-01-01.wav", seed=901)
    return root


def cremad(root: Path) -> Path:
    emotions = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    names = [f"AudioWAV/{a}_{t}_{e}_XX.wav" for a in (1001, 1002, 1003) for e in emotions for t in ("DFA", "IEO")]
    _write(root, names)
    text = "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,C,N\n1002,21,Female,C,N\n1003,21,Female,C,N\n"
    (root / "VideoDemographics.csv").write_text(text)
    return root


def savee(root: Path) -> Path:
    emotions = ("a", "d", "f", "h", "n", "sa", "su")
    return _write(root, [f"AudioData/{s}/{e}{t:02d}.wav" for s in ("DC", "JE", "KL") for e in emotions for t in (1, 2)])


def tess(root: Path) -> Path:
    emotions = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
    names = [
        f"{s}_{e}/{s}_{w}_{e}.wav"
        for s in ("OAF", "YAF")
        for e in emotions
        for w in ("back", "bar", "base", "bath", "bean")
    ]
    return _write(root, [*names, "OAF_neutral/OA_bite_neutral.wav"])


def emovo(root: Path) -> Path:
    emotions = ("dis", "gio", "neu", "pau", "rab", "sor", "tri")
    return _write(root, [f"{s}/{e}-{s}-{t}.wav" for s in ("f1", "m1", "m2") for e in emotions for t in ("b1", "n3")])


def nemo(root: Path) -> Path:
    emotions = ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
    names = [f"{s}_{e}_{t}" for s in ("SK1", "MK2", "AB3") for e in emotions for t in ("1", "2")]
    _write(root, [f"samples/{name}.wav" for name in names])
    rows = [
        f"{name}.wav\t{name.split('_')[1]}\tZdanie {name[-1]}.\tzdanie\t{name[:3]}\t"
        f"{'female' if name[1] == 'K' else 'male'}\t25"
        for name in names
    ]
    head = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"
    (root / "data.tsv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return root


def shemo(root: Path) -> Path:
    speakers = ("F03", "F14", "M02", "M56", "M07")
    names = [f"{s}{e}{n:02d}" for s in speakers for e in "AFHNSW" for n in (1, 2)]
    _write(root, [f"{'female' if name[0] == 'F' else 'male'}/{name}.wav" for name in names])
    texts = {f"{name}": {"gender": name[0], "emotion": name[3], "transcript": f"جمله {name[-1]}"} for name in names}
    (root / "shemo.json").write_text(json.dumps(texts), encoding="utf-8")
    return root


def jl(root: Path) -> Path:
    speakers, emotions = ("female1", "female2", "male1", "male2"), ("angry", "happy", "excited", "sad", "neutral")
    names = [f"{s}_{e}_{n}_1" for s in speakers for e in (*emotions, "anxious", "encouraging") for n in ("1a", "10b")]
    return _write(root, [f"Raw JL corpus (unchecked and unannotated)/JL(wav+txt)/{name}.wav" for name in names])


def mesd(root: Path) -> Path:
    emotions = ("Anger", "Disgust", "Fear", "Happiness", "Neutral", "Sadness")
    return _write(root, [f"{e}_{v}_A_{w}.wav" for e in emotions for v in "FMC" for w in ("abajo", "por_favor")])


def cafe(root: Path) -> Path:
    folders = {"C": "Colère", "D": "Dégoût", "J": "Joie", "P": "Peur", "S": "Surprise", "T": "Tristesse"}
    actors, sentences = [f"{actor:02d}" for actor in range(1, 7)], ("1", "6")
    names = [f"{folders[e]}/Fort/{a}-{e}-2-{s}.wav" for a in actors for e in folders for s in sentences]
    return _write(root, [*names, *(f"Neutre/{a}-N-1-{s}.wav" for a in actors for s in sentences)])


def aesdd(root: Path) -> Path:
    folders = {"a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "s": "sadness"}
    names = [f"{folders[e]}/{e}{t} ({s}).wav" for e in folders for t in ("01", "05", "20") for s in (1, 2, 3)]
    _write(root, [*names, "fear/f18 (2)b.wav", "fear/f12 (01).wav"])
    (root / "sadness/s05 (3).wav").write_bytes(b"RIFF")
    return root


def esd(root: Path) -> Path:
    firsts = {"Neutral": 0, "Angry": 350, "Happy": 700, "Sad": 1050, "Surprise": 1400}
    speakers = ("0001", "0004", "0009", "0011", "0019", "0020")
    return _write(
        root,
        [
            f"{s}/{e}/{'train/' if s == '0001' else ''}{s}_{first + n:06d}.wav"
            for s in speakers
            for e, first in firsts.items()
            for n in (1, 350)
        ],
    )


def meld(root: Path) -> Path:
    folders = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
    emotions = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
    speakers = ("Joey", "Rachel", "Ross", "Mark", "All", "Dr. Leedbetter")
    head = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
    for place, (part, folder) in enumerate(folders.items()):
        lines = [head]
        for number in range(14):
            name, seed = f"{folder}/dia{number // 7}_utt{number % 7}.wav", 100 * place + number
            sound(root / name, seed=seed)
            speaker, emotion = speakers[(place + number) % 6], emotions[number % 7]
            said = f'"Well, look: {seed}."'
            lines.append(
                f"{number},{said},{speaker},{emotion},neutral,{number // 7},{number % 7},3,19,"
                '"00:14:38,127","00:14:40,378"'
            )
        if part == "train":
            lines.append('99,Broken.,Joey,anger,negative,125,3,3,19,"00:14:38,127","00:14:40,378"')
        path = root / (f"train/{part}_sent_emo.csv" if part == "train" else f"{part}_sent_emo.csv")
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def enterface(root: Path) -> Path:
    emotions = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
    names = [
        f"subject {s}/{e}/sentence {k}/{'s12' if s == 11 else f's{s}'}_{e[:2]}_{k}.wav"
        for s in (1, 11, 12, 16, 43)
        for e in emotions
        for k in (1, 2)
    ]
    return _write(root, [*names, *(f"subject 6/{e}/s6_{e[:2]}.wav" for e in emotions)])


def table_rows(root: Path, n_speakers: int) -> list[dict[str, str]]:
    """Rows of a table, and their sounds: four utterances a speaker, two of each of two labels."""
    rows = []
    for number in range(4 * n_speakers):
        path = sound(root / f"{number:02d}.wav", seed=number)
        rows.append({"path": path.name, "label": ("ang", "sad")[number % 2], "speaker": f"s{number // 4}"})
    return rows


def manifest(root: Path) -> Path:
    lines = ["path,label,speaker,gender,valence"]
    for speaker in ("anna", "bo", "cy", "dée", "eli", "fay"):
        for place, label in enumerate(("joy", "NA", "rage")):
            for take in (1, 2):
                name = f"clips/{speaker} {label} {take}.wav"
                sound(root / name, seed=len(lines))
                lines.append(
                    f"{name},{label},{speaker},{'male' if speaker in ('bo', 'cy', 'eli') else 'female'},{place + 1}.5"
                )
    path = root / "my corpus.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def audformat(root: Path) -> Path:
    """Two tables: an emotion of every file, and who speaks in it; genders are the speakers'."""
    files, emotions = [], ("anger", "neutral", "sadness")
    for seed, (speaker, emotion) in enumerate((s, e) for s in (3, 8, 9) for e in emotions * 2):
        files.append((f"audio/{seed:03d}.wav", speaker, emotion))
        sound(root / files[-1][0], seed=seed)
    header = {
        "name": "mini",
        "source": "internal",
        "usage": "research",
        "license": "CC-BY-4.0",
        "author": "A. Nobody",
        "media": {"microphone": {"type": "audio", "format": "wav"}},
        "schemes": {
            "emotion": {"dtype": "str", "labels": {emotion: {"name": emotion} for emotion in emotions}},
            "speaker": {"dtype": "int", "labels": {3: {"gender": "male"}, 8: {"gender": "female"}, 9: {"gender": "f"}}},
        },
        "splits": {"test": {"type": "test"}, "train": {"type": "train"}},
        "tables": {
            "emotion": {"type": "filewise", "split_id": "train", "columns": {"emotion": {"scheme_id": "emotion"}}},
            "files": {"type": "filewise", "columns": {"speaker": {"scheme_id": "speaker"}}},
        },
    }
    (root / "db.yaml").write_text(yaml.safe_dump(header))
    for table, place in (("emotion", 2), ("files", 1)):
        column = next(iter(header["tables"][table]["columns"]))  # type: ignore[index]
        lines = [f"file,{column}", *(f"{row[0]},{row[place]}" for row in files)]
        (root / f"db.{table}.csv").write_text("\n".join(lines) + "\n")
    return root


def hub_table(path: Path, /, *, speakers: Iterable[str], first: int = 0, **columns: list[object]) -> Path:
    """A Parquet file as `datasets` writes it: sound as bytes, classes as numbers whose names are in the schema."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [(speaker, emotion) for speaker in speakers for emotion in (0, 1, 0, 1)]
    clips = []
    for seed in range(first, first + len(rows)):
        stream = io.BytesIO()
        rng = np.random.default_rng(seed)
        soundfile.write(stream, 0.1 * rng.normal(size=4000), 16_000, format="WAV", subtype="PCM_16")
        clips.append({"bytes": stream.getvalue(), "path": f"{seed}.wav"})
    features = {
        "audio": {"sampling_rate": 16_000, "_type": "Audio"},
        "emotion": {"names": ["anger", "sadness"], "_type": "ClassLabel"},
        "speaker_id": {"dtype": "string", "_type": "Value"},
    }
    table = pa.table(
        {
            "audio": pa.array(clips, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            "emotion": pa.array([emotion for _, emotion in rows], pa.int64()),
            "speaker_id": [speaker for speaker, _ in rows],
            **columns,
        }
    )
    about = json.dumps({"info": {"features": features, "license": "cc-by-4.0"}})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"huggingface": about}), path)
    return path


def parquet(root: Path) -> Path:
    hub_table(root / "data/train-00000-of-00001.parquet", speakers=("01", "02"))
    hub_table(root / "data/test-00000-of-00001.parquet", speakers=("03",), first=50)
    return root


LABEL_LINE = "[{start:.4f} - {end:.4f}]\t{turn}\t{label}\t[2.5000, 3.0000, 3.5000]\n"


def iemocap_dialog(root: Path, dialog: str, turns: Iterable[tuple[str, str]], *, audio: bool = True) -> None:
    """One dialogue of `(turn, label)`, with evaluators' lines, a transcript and the quirks of the release."""
    session = root / f"Session{int(dialog[3:5])}"
    labels, spoken, clock = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"], [], 6.29
    for place, (turn, label) in enumerate(turns):
        labels.append(
            LABEL_LINE.format(start=clock, end=clock + 1, turn=turn, label=label)
            + "C-E2:\tNeutral;\t()\nC-F1:\tNeutral; Anger;\t(curious)\nA-E3:\tval 3; act 2; dom  2;\t()\n"
        )
        spoken.append(f"{turn} [{clock:08.4f}-{clock + 1:08.4f}]: Caf\xe9 number {place}.\n")
        clock += 1.5
        path = session / "sentences/wav" / dialog / f"{turn}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        if audio:
            sound(path, seed=hash_of(turn), seconds=0.1)
        else:
            path.touch()
    for place, text in (("EmoEvaluation", "\n".join(labels)), ("transcriptions", "".join(spoken))):
        path = session / "dialog" / place / f"{dialog}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    evaluators = session / "dialog/EmoEvaluation/Categorical"
    evaluators.mkdir(exist_ok=True)
    (evaluators / f"{dialog}_e2_cat.txt").write_text("Ses01F_impro01_F000 :Anger; ()\n")
    (session / f"dialog/EmoEvaluation/._{dialog}.txt").write_bytes(b"\x00\x05\x16\x07Mac OS X\xff\xfe")
    (session / "sentences/wav" / dialog / "._x.wav").write_bytes(b"\x00\x05")
    (root / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")


def hash_of(text: str) -> int:
    return zlib.crc32(text.encode())


def iemocap(root: Path) -> Path:
    release = root / "IEMOCAP_full_release"
    for session in range(1, 6):
        for dialog in (f"Ses{session:02d}F_impro01", f"Ses{session:02d}M_script01_1b"):
            turns = [
                (f"{dialog}_{letter}{number:03d}", label)
                for letter in "FM"
                for number, label in enumerate(("ang", "hap", "exc", "sad", "neu", "fru", "xxx", "ang", "sad", "neu"))
            ]
            iemocap_dialog(release, dialog, turns)
    return root


BUILDERS: dict[str, Callable[[Path], Path]] = {
    "iemocap": iemocap,
    "emodb": emodb,
    "ravdess": ravdess,
    "crema-d": cremad,
    "savee": savee,
    "tess": tess,
    "emovo": emovo,
    "nemo": nemo,
    "shemo": shemo,
    "jl": jl,
    "mesd": mesd,
    "cafe": cafe,
    "aesdd": aesdd,
    "esd": esd,
    "meld": meld,
    "enterface": enterface,
    "manifest": manifest,
    "audformat": audformat,
    "parquet": parquet,
}
"""Builder of each corpus's miniature; the synthetic corpus is its own."""


def six_speakers(folder: Path) -> list[list[str]]:
    """Rows `path, label, speaker` of six speakers with two labels, whose clips are written below the folder."""
    rows = []
    for i, speaker in enumerate("abcdef"):
        for j, label in enumerate(("ang", "sad")):
            path = sound(folder / f"clips/{speaker}{j}.wav", seed=2 * i + j)
            rows.append([str(path.relative_to(folder)), label, speaker])
    return rows


def write_manifest(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([["path", "label", "speaker"], *rows])
    return path


def line_of(table: Path, *more: str) -> list[str]:
    """Arguments of a command that runs on such a manifest."""
    return ["--corpus", "manifest", "--root", str(table), "--folds", "3", "--jobs", "1", *more]
