"""Speed of the deep room, measured: batched against one by one, a training epoch, memory, share of the matrix rate.

`python -m benchmarks.speed deep` prints it; the measuring stands here because it needs torch.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.audio import RATE

if TYPE_CHECKING:
    import torch

    from deep.predictor import Recogniser

MEDIAN, SHORTEST, LONGEST, MEAN = 3.58, 0.58, 34.1, 4.55
EPOCH_CLIPS = 4400
RUNS = 5 * 30
LABELS = ("ang", "hap", "neu", "sad")


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    measure: str
    figure: str
    asked: str = ""


def lengths_like_iemocap(n_clips: int, *, seed: int) -> np.ndarray:
    """Draw lengths in seconds: log-normal with IEMOCAP's median and mean, within its shortest and longest.

    Parameters
    ----------
    n_clips : int
        How many.
    seed : int
        Of the draw.

    Returns
    -------
    np.ndarray
        float64, shape (n_clips,), 0.58 to 34.1 s, median about 3.58 s.
    """
    spread = np.sqrt(2 * np.log(MEAN / MEDIAN))
    drawn = np.random.default_rng(seed).normal(np.log(MEDIAN), spread, n_clips)
    return np.clip(np.exp(drawn), SHORTEST, LONGEST)


def measured(args: argparse.Namespace) -> list[Line]:
    """Take all measurements.

    Raises
    ------
    ModelError
        When the device is not on this machine.
    """
    from deep import runtime as devices
    from deep.quiet import quiet

    device = devices.resolve(args.device)
    on_gpu = device.type == "cuda"
    n_clips = args.clips or (600 if on_gpu else 12)
    with tempfile.TemporaryDirectory() as folder, devices.threads(args.threads), quiet():
        paths = _write_clips(Path(folder), lengths_like_iemocap(n_clips, seed=0))
        model = _model(args, paths)
        lines = [*_setting(device, n_clips), *_answering(model, paths, args.rounds)]
        model.network.to("cpu")
        train_lengths = lengths_like_iemocap(EPOCH_CLIPS, seed=1)
        steps = args.steps or (None if on_gpu else 2)
        lines += _training(args, device, Path(folder), train_lengths, steps)
    return lines


def _setting(device: torch.device, n_clips: int) -> list[Line]:
    import torch

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    libraries = ", ".join(f"{library} {version(library)}" for library in ("torch", "transformers", "speechbrain"))
    return [
        Line("date, device", f"{date.today()}, {name}, {platform.machine()}"),
        Line("versions", f"Python {platform.python_version()}, {libraries}"),
        Line("clips answered for", f"{n_clips}, lengths drawn as IEMOCAP's"),
    ]


def _write_clips(folder: Path, seconds: np.ndarray) -> list[Path]:
    """Write noise of different colours and pitches, one file a length."""
    import soundfile

    rng = np.random.default_rng(2)
    paths = []
    for number, length in enumerate(seconds):
        n = round(length * RATE)
        phase = rng.uniform(80, 3000) * np.arange(n) / RATE
        sound = rng.uniform(0.02, 0.3) * np.sign(np.sin(2 * np.pi * phase))
        sound += rng.uniform(0.01, 0.1) * rng.standard_normal(n)
        paths.append(folder / f"{len(list(folder.iterdir())):05d}-{number}.wav")
        soundfile.write(paths[-1], np.clip(sound, -1, 1), RATE)
    return paths


def _model(args: argparse.Namespace, paths: Sequence[Path]) -> Recogniser:
    """Build a base-sized recogniser whose random weights tell some of the clips clearly apart."""
    import torch
    from transformers import Wav2Vec2Config

    from deep.encoder import WAVEFORM_PREPROCESSOR, build_encoder
    from deep.network import EmotionNetwork
    from deep.predictor import Recogniser
    from features.audio import load

    config = Wav2Vec2Config(num_hidden_layers=args.layers).to_dict()
    network = EmotionNetwork(build_encoder(config, WAVEFORM_PREPROCESSOR, seed=0), len(LABELS)).eval()
    some = [torch.from_numpy(load(path)[: 2 * RATE])[None] for path in paths[: len(LABELS)]]
    with torch.inference_mode():
        embedded = torch.cat([network.embed(sound, torch.tensor([sound.shape[1]])) for sound in some])
    with torch.no_grad():
        network.head.weight.copy_(torch.linalg.pinv(embedded).T)
    return Recogniser(network, LABELS, device=args.device, precision="float32", batch_seconds=args.batch_seconds)


def _answering(model: Recogniser, paths: Sequence[Path], rounds: int) -> list[Line]:
    """Time one by one as SpeechBrain's interface does it, then batched, in float32 and bfloat16."""
    _one_by_one(model, paths[:2])
    model.predict_proba(paths[:2])
    _reset_peak(model.device)
    times = []
    for _ in range(rounds):
        slow, alone = _timed(lambda: _one_by_one(model, paths))
        fast, together = _timed(lambda: model.predict_proba(paths))
        times.append((slow, fast))
    slow, fast = np.min(times, axis=0)
    memory = _peak(model.device)
    model.precision = "bfloat16"
    rough, lower = _timed(lambda: model.predict_proba(paths))
    model.precision = "float32"
    on_gpu = model.device.type == "cuda"
    wanted = "at least 20 times on a data-centre GPU" if on_gpu else "at least as fast"
    rough_figure = f"{len(paths) / rough:.2f} clips/s, {slow / rough:.2f} times"
    return [
        Line("one by one, by SpeechBrain's forward pass", f"{len(paths) / slow:.2f} clips/s"),
        Line("batched, float32", f"{len(paths) / fast:.2f} clips/s, {slow / fast:.2f} times", wanted),
        Line("batched, bfloat16", rough_figure, wanted if on_gpu else ""),
        Line("largest difference of a probability, float32", f"{np.abs(together - alone).max():.1e}", "1e-4"),
        Line("largest difference of a probability, bfloat16", f"{np.abs(lower - alone).max():.1e}", "2e-2"),
        Line("probabilities range over", f"{alone.min():.3f} to {alone.max():.3f}"),
        Line("peak memory, answering", memory),
    ]


def _one_by_one(model: Recogniser, paths: Sequence[Path]) -> np.ndarray:
    """Answer with SpeechBrain's own forward pass, one file at a time, as its published interface does."""
    import torch

    from features.audio import load

    lobe: Any = model.network.encoder.lobe
    lobe.output_norm = True
    rows = []
    with torch.inference_mode():
        for path in paths:
            waveform = torch.from_numpy(load(path))[None].to(model.device)
            logits = model.network.head(lobe(waveform).mean(dim=1))
            rows.append(logits.softmax(dim=-1).cpu().numpy())
    return np.concatenate(rows)


def _training(
    args: argparse.Namespace, device: torch.device, folder: Path, seconds: np.ndarray, steps: int | None
) -> list[Line]:
    """Time an epoch of fine-tuning, or some of its batches, drawn at random from all of them."""
    import torch
    from transformers import Wav2Vec2Config

    from deep import runtime as devices
    from deep.batches import ClipDataset, LengthBuckets, loader
    from deep.checkpoints import WholeCheckpointer
    from deep.encoder import WAVEFORM_PREPROCESSOR, build_encoder
    from deep.network import EmotionNetwork
    from deep.predictor import WORKERS
    from deep.trainer import EmotionBrain, Recipe
    from features.clips import clips_from

    budget = round(args.train_batch_seconds * RATE)
    every = list(LengthBuckets(np.round(seconds * RATE), budget=budget, seed=0))
    chosen = every if steps is None else [every[i] for i in np.linspace(0, len(every) - 1, steps).round().astype(int)]
    picked = sorted(position for batch in chosen for position in batch)
    sounds = _write_clips(folder, seconds[picked])
    dataset = ClipDataset(clips_from(sounds), [position % len(LABELS) for position in range(len(picked))])
    encoder = build_encoder(Wav2Vec2Config(num_hidden_layers=args.layers).to_dict(), WAVEFORM_PREPROCESSOR, seed=0)
    encoder.freeze_front_end()
    dtype = devices.number_type("auto", device)
    brain = EmotionBrain(
        EmotionNetwork(encoder, len(LABELS)),
        recipe=Recipe(epochs=1),
        class_weights=[1.0] * len(LABELS),
        n_valid=1,
        checkpointer=WholeCheckpointer(folder / "checkpoints"),
        device=device,
        dtype=dtype,
    )
    brain.init_optimizers()
    brain.modules.train()
    own = LengthBuckets(dataset.n_samples, budget=budget, seed=0)
    batches = loader(dataset, own, workers=WORKERS[device.type], pinned=device.type == "cuda")
    operations = _operations(brain, dataset, own)
    _reset_peak(device)
    spent, _ = _timed(lambda: [brain.fit_batch(batch) for batch in batches], device)
    share = float(seconds[picked].sum() / seconds.sum())
    epoch = spent / share
    rate = operations * float(seconds[picked].sum()) / spent
    peak_rate = _matrix_rate(device, torch.float32 if dtype == torch.float32 else dtype)
    how = "measured" if steps is None else f"computed from {len(own)} batches, {100 * share:.1f} % of its sound"
    return [
        Line(f"training epoch of {EPOCH_CLIPS} clips, {dtype}".replace("torch.", ""), f"{epoch:.1f} s ({how})"),
        Line("5 folds x 30 epochs", f"{RUNS * epoch / 60:.0f} min (computed from the epoch)", "under 30 min on a GPU"),
        Line("peak memory, training", _peak(device)),
        Line("share of the matrix rate, training", f"{100 * rate / peak_rate:.0f} % of {peak_rate / 1e12:.3g} TFLOP/s"),
    ]


def _operations(brain: Any, dataset: Any, buckets: Any) -> float:
    """Count the operations of a training step for a second of sound, padding included."""
    from torch.utils.flop_counter import FlopCounterMode

    from deep.batches import collate

    batch = collate([dataset[position] for position in next(iter(buckets))])
    with FlopCounterMode(display=False) as counter:
        brain.fit_batch(batch)
    return counter.get_total_flops() / (float(batch.lengths.sum()) / RATE)


def _matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Measure the operations a second of a large matrix product, best of five."""
    import torch

    size = 8192 if device.type == "cuda" else 1536
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    _timed(lambda: left @ right, device)
    return 2 * size**3 / min(_timed(lambda: left @ right, device)[0] for _ in range(5))


def _timed(work: Any, device: torch.device | None = None) -> tuple[float, Any]:
    import torch

    began = time.perf_counter()
    found = work()
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began, found


def _reset_peak(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> str:
    import resource

    import torch

    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB of the GPU's"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB of the process, so far"
