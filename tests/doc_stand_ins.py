"""Small things under the names that the documentation uses, so that its commands and snippets run as they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from miniatures import iemocap_dialog, sound

RELEASED = "speechbrain/emotion-recognition-wav2vec2-IEMOCAP"


def own_corpus(path: Path) -> None:
    """A CSV of the form that docs/your_own_corpus.md shows, and its clips beside it."""
    lines = ["path,label,speaker,gender"]
    for speaker, gender in (("anna", "female"), ("bo", "male"), ("cy", "male"), ("di", "female"), ("eli", "male")):
        for take in range(1, 5):
            name = f"clips/{speaker}_{take:02d}.wav"
            sound(path.parent / name, seed=len(lines), seconds=0.6)
            lines.append(f"{name},{'joy' if take % 2 else 'rage'},{speaker},{gender}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def own_features(path: Path) -> None:
    """Numbers for the clips of `my.csv` beside it."""
    names = [line.partition(",")[0] for line in (path.parent / "my.csv").read_text(encoding="utf-8").splitlines()[1:]]
    rows = [f"{name},{place % 3},{place % 5},{place * place % 101}" for place, name in enumerate(names)]
    path.write_text("\n".join(["id,one,two,three", *rows]) + "\n", encoding="utf-8")


def own_predictions(path: Path) -> None:
    """Answers of another tool for the clips of `my.csv` beside it."""
    if not (path.parent / "my.csv").exists():
        own_corpus(path.parent / "my.csv")
    lines = (path.parent / "my.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [f"{line.split(',')[0]},{'joy' if place % 3 else 'rage'}" for place, line in enumerate(lines)]
    path.write_text("\n".join(["utterance,prediction", *rows]) + "\n", encoding="utf-8")


def clip(path: Path) -> None:
    sound(path, seed=len(path.name), seconds=1.0)


def call(path: Path) -> None:
    sound(path, seed=3, seconds=5.0)


def clips(folder: Path) -> None:
    for seed in (1, 2):
        sound(folder / f"{seed}.wav", seed=seed, seconds=0.8)


def clip_list(path: Path) -> None:
    sound(path.parent / "listed.wav", seed=9, seconds=2.0)
    path.write_text("path,speaker,start,end\nlisted.wav,anna,0,1\nlisted.wav,anna,1,2\n", encoding="utf-8")


def kept_model(path: Path) -> None:
    from benchmarks.train import main

    own_corpus(path.parent / "kept.csv")
    line = ["--corpus", "manifest", "--root", str(path.parent / "kept.csv"), "--pipeline", "svm", "--out", str(path)]
    assert main([*line, "--no-scores", "--jobs", "1"]) == 0


def run(folder: Path) -> None:
    from fabricated_runs import fabricate_run

    fabricate_run(folder, {"svm": 1.5, "xgboost": 1.0, "wav2vec2": 2.0})


def deep_model(folder: Path) -> None:
    import small_encoders

    from deep.loading import load_encoder
    from deep.network import EmotionNetwork
    from deep.persistence import save
    from deep.predictor import Predictor

    encoder = load_encoder(small_encoders.save("wav2vec2", folder.parent / "its-encoder"))
    save(Predictor(EmotionNetwork(encoder, 3), ["ang", "neu", "sad"], device="cpu"), folder)


def encoder(folder: Path) -> None:
    import small_encoders

    small_encoders.save("wav2vec2", folder)


def released_model(folder: Path) -> None:
    import small_encoders
    import torch
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2
    from test_deep_released import LABELS, YAML

    hub = small_encoders.save("wav2vec2", folder.parent / "hub")
    folder.mkdir(parents=True)
    torch.save(Wav2Vec2(source=str(hub), save_path=str(hub)).state_dict(), folder / "wav2vec2.ckpt")
    torch.save({"0.w.weight": torch.randn(4, 32)}, folder / "model.ckpt")
    (folder / "label_encoder.txt").write_text(LABELS)
    (folder / "hyperparams.yaml").write_text(YAML.format(hub=hub, folder=folder))


def emodb(folder: Path) -> None:
    names = [
        f"{speaker}{text}{emotion}a" for speaker in ("03", "08", "11") for text in ("a01", "b02") for emotion in "WFN"
    ]
    for seed, name in enumerate(names):
        sound(folder / "wav" / f"{name}.wav", seed=seed)


def ravdess(folder: Path) -> None:
    for actor in range(1, 7):
        for emotion in ("03", "05"):
            for take in ("01", "02"):
                name = f"Actor_{actor:02d}/03-01-{emotion}-01-{take}-01-{actor:02d}.wav"
                sound(folder / name, seed=10 * actor + int(emotion) + int(take))


def iemocap(folder: Path) -> None:
    for session in range(1, 6):
        dialog = f"Ses{session:02d}F_impro01"
        turns = [
            (f"{dialog}_{letter}{n:03d}", ("ang", "exc", "sad", "neu")[n % 4]) for letter in "FM" for n in range(4)
        ]
        iemocap_dialog(folder, dialog, turns)


MAKERS: dict[str, Callable[[Path], None]] = {
    "emodb": emodb,
    "ravdess": ravdess,
    "IEMOCAP_full_release": iemocap,
    "my.csv": own_corpus,
    "mine.csv": own_corpus,
    "calls.csv": own_corpus,
    "my_features.csv": own_features,
    "theirs.csv": own_predictions,
    "net.csv": own_predictions,
    "clip.wav": clip,
    "a.wav": clip,
    "b.wav": clip,
    "anger.wav": clip,
    "clips/anna_01.wav": clip,
    "call.wav": call,
    "folder/": clips,
    "recordings/": clips,
    "clips.csv": clip_list,
    "model.skops": kept_model,
    "mine.skops": kept_model,
    "results/emodb": run,
    "results/emodb-deep": run,
    "results/ravdess": run,
    "model/": deep_model,
    "FOLDER": encoder,
    RELEASED: released_model,
}


def provide(names: Iterable[str], workspace: Path) -> None:
    """Make what is named and not there yet; a pipeline's `model@FILE` and a row's `NAME=FILE` name that file."""
    for name in (name.rpartition("@")[2].rpartition("=")[2] for name in names):
        if name in MAKERS and not (workspace / name).exists():
            (workspace / name).parent.mkdir(parents=True, exist_ok=True)
            MAKERS[name](workspace / name)
