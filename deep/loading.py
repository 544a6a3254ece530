"""Load encoders and models from a folder or the hub, whatever the form in which they are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from deep.encoder import Encoder
from deep.formats import pretrained, released, saved
from deep.hub import RELEASED, RELEASED_MARKER, SAVED_MARKER, Kind, Resolved, resolve
from deep.network import EmotionNetwork
from deep.predictor import Predictor
from deep.probe_network import ProbeNetwork
from deep.runtime import quiet
from deep.versions import changes
from features.errors import ModelError

ENCODER_READERS: Mapping[Kind, Callable[[Path], Encoder]] = {
    Kind.ENCODER: pretrained.read_encoder,
    Kind.RELEASED: released.read_encoder,
    Kind.SAVED: saved.read_encoder,
}
MODEL_READERS: Mapping[Kind, Callable[[Path], tuple[EmotionNetwork | ProbeNetwork, list[str]]]] = {
    Kind.RELEASED: released.read_network,
    Kind.SAVED: saved.read_network,
}


def load_encoder(source: str | Path) -> Encoder:
    """Load a pretrained encoder.

    Parameters
    ----------
    source : str or Path
        A local folder in Hugging Face format, or a hub name: wav2vec 2.0, HuBERT, WavLM or Whisper. The encoder of the
        published emotion model, or of a model that this toolkit saved, is taken out of it.

    Returns
    -------
    WaveformEncoder or MelEncoder

    Raises
    ------
    ModelError
        If it is not here and cannot be fetched, its files do not fit together, or weights are missing.
    """
    resolved = resolve(source)
    return ENCODER_READERS[resolved.kind](resolved.folder)


def load(
    source: str | Path = RELEASED, *, device: str = "auto", precision: str = "auto", batch_seconds: float | None = None
) -> Predictor:
    """Load a model: one saved by this toolkit, or SpeechBrain's published one.

    Parameters
    ----------
    source : str or Path, default="speechbrain/emotion-recognition-wav2vec2-IEMOCAP"
        Local folder or hub name.
    device : str, default="auto"
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str, default="auto"
        `auto`, `float32` or `bfloat16`.
    batch_seconds : float, default=None
        Seconds of sound in a batch; None for the device's own.

    Returns
    -------
    Predictor
        With `predict_proba(paths)`, and `classify_file(path)` as SpeechBrain's users know it.

    Raises
    ------
    ModelError
        If it is not here and cannot be fetched, is damaged, or is of another form.

    Examples
    --------
    >>> import deep
    >>> model = deep.load("speechbrain/emotion-recognition-wav2vec2-IEMOCAP")  # doctest: +SKIP
    >>> probability, score, index, label = model.classify_file("anger.wav")  # doctest: +SKIP
    """
    resolved = resolve(source, hub_kind=Kind.RELEASED)
    if resolved.kind not in MODEL_READERS:
        either = f"{SAVED_MARKER} (saved by this toolkit) or {RELEASED_MARKER} (SpeechBrain's published model)"
        raise ModelError(f"{resolved.folder} holds no model: expected {either}")
    with quiet():
        network, labels = MODEL_READERS[resolved.kind](resolved.folder)
    model = Predictor(network, labels, device=device, precision=precision, batch_seconds=batch_seconds)
    model.notes_ = _version_notes(resolved)
    return model


def _version_notes(resolved: Resolved) -> list[str]:
    if resolved.kind is not Kind.SAVED:
        return []
    description = saved.read_description(resolved.folder)
    return changes(description.get("toolkit"), description.get("versions", {}))
