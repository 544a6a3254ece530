"""Measure the deep package: batched against one by one, a training epoch, memory: ``python -m benchmarks.speed deep``.

Networks have random weights and clips are noise, whose lengths are drawn as IEMOCAP's, since neither changes the time.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.audio import RATE
from features.command import command, make_parser

if TYPE_CHECKING:
    import numpy as np
    import torch

    from deep.encoder import Encoder
    from deep.predictor import Predictor

    Rows = Iterator[tuple[str, str, str]]
    """A measure, its figure, and what was asked of it."""

MEDIAN, SHORTEST, LONGEST, MEAN = 3.58, 0.58, 34.1, 4.55
EPOCH_CLIPS = 4400
N_EPOCHS = 5 * 30
LABELS = ("ang", "hap", "neu", "sad")


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = make_parser(
        "benchmarks.speed deep",
        "Measure a wav2vec2 of base size with random weights on clips of lengths drawn as IEMOCAP's.",
        examples="python -m benchmarks.speed deep --clips 24 --device cpu",
    )
    parser.add_argument("--clips", type=_clips, help="clips to predict for (default: 12 on a CPU, 600 on a GPU)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds that alternate, the best counts (default: 2)")
    parser.add_argument("--steps", type=int, help="training batches to measure (default: 2 on a CPU, all on a GPU)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's own choice)")
    parser.add_argument("--layers", type=int, default=12, help="transformer layers; base size has 12 (default: 12)")
    parser.add_argument("--batch-seconds", type=float, help="seconds of sound in a batch of predictions")
    parser.add_argument("--train-batch-seconds", type=float, default=64.0, help="the same in training (default: 64)")
    return parser


def _clips(text: str) -> int:
    """Read a number of clips: the answers of the model that is made up are told apart by one clip a label."""
    if not text.isdigit() or int(text) < len(LABELS):
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number of at least {len(LABELS)}")
    return int(text)


def execute(arguments: argparse.Namespace) -> None:
    """Measure and print a Markdown table."""
    from deep import runtime

    device = runtime.resolve(arguments.device)
    sys.stdout.write("| measure | figure | asked |\n|---|---|---|\n")
    with tempfile.TemporaryDirectory() as folder, runtime.threads(arguments.threads), runtime.quiet():
        for row in chain(_prediction(arguments, device, Path(folder)), _training(arguments, device, Path(folder))):
            sys.stdout.write(f"| {' | '.join(row)} |\n")
            sys.stdout.flush()


def lengths_like_iemocap(n_clips: int, *, seed: int) -> np.ndarray:
    """Draw lengths in seconds: log-normal with IEMOCAP's median and mean, within its shortest and longest.

    Parameters
    ----------
    n_clips : int
        How many.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray of shape (n_clips,)
        0.58 to 34.1 s, median about 3.58 s.
    """
    import numpy as np

    spread = np.sqrt(2 * np.log(MEAN / MEDIAN))
    drawn = np.random.default_rng(seed).normal(np.log(MEDIAN), spread, n_clips)
    return np.clip(np.exp(drawn), SHORTEST, LONGEST)


def _write_clips(folder: Path, seconds: np.ndarray) -> list[Path]:
    """Write noise of different colours and pitches, one file per length."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(2)
    folder.mkdir()
    paths = [folder / f"{number:05d}.wav" for number in range(len(seconds))]
    for path, length in zip(paths, seconds, strict=True):
        n_samples = round(length * RATE)
        phase = rng.uniform(80, 3000) * np.arange(n_samples) / RATE
        sound = rng.uniform(0.02, 0.3) * np.sign(np.sin(2 * np.pi * phase))
        sound += rng.uniform(0.01, 0.1) * rng.standard_normal(n_samples)
        soundfile.write(path, np.clip(sound, -1, 1), RATE)
    return paths


def _encoder(n_layers: int) -> Encoder:
    from transformers import Wav2Vec2Config

    from deep.configuration import EncoderConfig
    from deep.encoder import build_encoder

    return build_encoder(EncoderConfig(Wav2Vec2Config(num_hidden_layers=n_layers).to_dict()), seed=0)


def _predictor(arguments: argparse.Namespace, paths: Sequence[Path]) -> Predictor:
    """Build a predictor of base size whose random weights tell some of the clips clearly apart."""
    import torch

    from deep.network import EmotionNetwork
    from deep.predictor import Predictor
    from features.audio import recorded

    network = EmotionNetwork(_encoder(arguments.layers), len(LABELS)).eval()
    some = [torch.from_numpy(recorded(path)[: 2 * RATE])[None] for path in paths[: len(LABELS)]]
    with torch.inference_mode():
        embedded = torch.cat([network.embed(sound, torch.tensor([sound.shape[1]])) for sound in some])
    with torch.no_grad():
        network.head.weight.copy_(torch.linalg.pinv(embedded).T)
    device, seconds = arguments.device, arguments.batch_seconds
    return Predictor(network, LABELS, device=device, precision="float32", batch_seconds=seconds)


def _prediction(arguments: argparse.Namespace, device: torch.device, folder: Path) -> Rows:
    """Time one by one as SpeechBrain's interface does it, then batched, in float32 and bfloat16."""
    import numpy as np
    import torch

    on_gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    libraries = ", ".join(f"{library} {version(library)}" for library in ("torch", "transformers", "speechbrain"))
    seconds = lengths_like_iemocap(arguments.clips or (600 if on_gpu else 12), seed=0)
    paths = _write_clips(folder / "test", seconds)
    yield "date, device", f"{date.today()}, {name}, {platform.machine()}", ""
    yield "versions", f"Python {platform.python_version()}, {libraries}", ""
    yield "clips predicted for", f"{len(paths)}, lengths drawn as IEMOCAP's", ""

    model = _predictor(arguments, paths)
    _one_by_one(model, paths[:2])
    model.predict_proba(paths[:2])
    _reset_peak(device)
    times = []
    for _ in range(arguments.rounds):
        slow, alone = _timed(lambda: _one_by_one(model, paths))
        fast, together = _timed(lambda: model.predict_proba(paths))
        times.append((slow, fast))
    slow, fast = np.min(times, axis=0)
    memory = _peak(device)
    model.precision = "bfloat16"
    rough, lower = _timed(lambda: model.predict_proba(paths))
    asked = "at least 20 times on a data-centre GPU" if on_gpu else "at least as fast"
    yield "one by one, as SpeechBrain's interface", _rate(seconds, slow), ""
    yield "batched, float32", f"{_rate(seconds, fast)}, {slow / fast:.2f} times", asked
    yield "batched, bfloat16", f"{_rate(seconds, rough)}, {slow / rough:.2f} times", asked if on_gpu else ""
    yield "largest difference of a probability, float32", f"{np.abs(together - alone).max():.1e}", "1e-4"
    yield "largest difference of a probability, bfloat16", f"{np.abs(lower - alone).max():.1e}", "2e-2"
    yield "probabilities range over", f"{alone.min():.3f} to {alone.max():.3f}", ""
    yield "peak memory, predicting", memory, ""
    model.network.to("cpu")


def _rate(seconds: np.ndarray, elapsed: float) -> str:
    """Say how fast clips of so many seconds each were answered."""
    return f"{len(seconds) / elapsed:.2f} clips/s, {seconds.sum() / 3600 / elapsed:.2g} hours of sound a second"


def _one_by_one(model: Predictor, paths: Sequence[Path]) -> np.ndarray:
    """Predict by the forward pass of `transformers`, one file at a time, as SpeechBrain's published interface does."""
    import numpy as np
    import torch
    from torch.nn.functional import layer_norm

    from features.audio import recorded

    rows = []
    with torch.inference_mode():
        for path in paths:
            waveform = torch.from_numpy(recorded(path))[None].to(model.device)
            hidden = model.network.encoder.model(layer_norm(waveform, waveform.shape[1:])).last_hidden_state
            logits = model.network.head(layer_norm(hidden, hidden.shape[1:]).mean(dim=1))
            rows.append(logits.softmax(dim=-1).cpu().numpy())
    return np.concatenate(rows)


def _training(arguments: argparse.Namespace, device: torch.device, folder: Path) -> Rows:
    """Time an epoch of fine-tuning, or some of its batches, drawn at random from all of them."""
    import numpy as np

    from deep import runtime
    from deep.batches import WORKERS, ClipDataset, LengthBuckets, loader
    from deep.checkpoints import WholeCheckpointer
    from deep.network import EmotionNetwork
    from deep.trainer import EmotionBrain, Recipe
    from features.clips import clips_from

    on_gpu = device.type == "cuda"
    steps = arguments.steps or (None if on_gpu else 2)
    budget = round(arguments.train_batch_seconds * RATE)
    seconds = lengths_like_iemocap(EPOCH_CLIPS, seed=1)
    batches = list(LengthBuckets(np.round(seconds * RATE), budget=budget, seed=0))
    if steps is not None:
        batches = [batches[i] for i in np.linspace(0, len(batches) - 1, steps).round().astype(int)]
    measured = seconds[sorted(index for batch in batches for index in batch)]
    targets = [index % len(LABELS) for index in range(len(measured))]
    dataset = ClipDataset(clips_from(_write_clips(folder / "train", measured)), targets)
    buckets = LengthBuckets(dataset.n_samples, budget=budget, seed=0)

    encoder = _encoder(arguments.layers)
    encoder.freeze_front_end()
    dtype = runtime.number_type("auto", device)
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
    operations = _operations(brain, dataset, buckets)
    _reset_peak(device)
    batches_loaded = loader(dataset, buckets, workers=WORKERS[device.type], pinned=on_gpu)
    elapsed, _ = _timed(lambda: [brain.fit_batch(batch) for batch in batches_loaded], device)
    share = float(measured.sum() / seconds.sum())
    epoch, rate, peak_rate = elapsed / share, operations * float(measured.sum()) / elapsed, _matrix_rate(device, dtype)
    how = "measured" if steps is None else f"computed from {len(buckets)} batches, {100 * share:.1f} % of its sound"
    precision = str(dtype).removeprefix("torch.")
    matrix = f"{100 * rate / peak_rate:.0f} % of {peak_rate / 1e12:.3g} TFLOP/s"
    yield f"training epoch of {EPOCH_CLIPS} clips, {precision}", f"{epoch:.1f} s ({how})", ""
    yield "5 folds x 30 epochs", f"{N_EPOCHS * epoch / 60:.0f} min (computed)", "under 30 min on a GPU"
    yield "peak memory, training", _peak(device), ""
    yield "share of the matrix rate, training", matrix, ""


def _operations(brain: Any, dataset: Any, buckets: Any) -> float:
    """Count the operations of a training step per second of sound, padding included."""
    from torch.utils.flop_counter import FlopCounterMode

    from deep.batches import collate

    batch = collate([dataset[index] for index in next(iter(buckets))])
    with FlopCounterMode(display=False) as counter:
        brain.fit_batch(batch)
    return counter.get_total_flops() / (float(batch.lengths.sum()) / RATE)


def _matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Measure the operations per second of a large matrix product, best of five."""
    import torch

    size = 8192 if device.type == "cuda" else 1536
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    _timed(lambda: left @ right, device)
    return 2 * size**3 / min(_timed(lambda: left @ right, device)[0] for _ in range(5))


def _timed(work: Callable[[], Any], device: torch.device | None = None) -> tuple[float, Any]:
    import torch

    began = time.perf_counter()
    result = work()
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began, result


def _reset_peak(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> str:
    import torch

    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB of the GPU's"
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return f"{psutil.Process().memory_info().peak_wset / 2**30:.1f} GiB of the process, so far"
    scale = 1 if sys.platform == "darwin" else 1024
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**30:.1f} GiB of the process, so far"


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
