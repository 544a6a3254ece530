"""The linear probe: what the layers of a frozen speech encoder tell a linear classifier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from deep import runtime
from deep.batches import LayerMeans
from deep.checkpoints import WholeCheckpointer
from deep.estimator import EpochClassifier
from deep.predictor import Predictor, softmax
from deep.probe_network import ProbeHead, ProbeNetwork
from deep.trainer import EmotionBrain, Recipe
from deep.training import balanced_weights, identity_of, train
from features.clips import Clip
from features.errors import FeatureError, PipelineError

CPU = torch.device("cpu")


class LinearProbe(EpochClassifier):
    """A learnt sum of a frozen encoder's layers, their mean over the clip, and a linear head.

    SUPERB's probe for emotion, by its numbers: the layers are summed with weights that start alike and are positive and
    sum to 1, the mean over frames is projected to 256 values and these to the labels, all linear; Adam at a constant
    1e-4, 32 clips a step. Four differences: every value is first scaled by its mean and deviation over the training
    clips, the loss weighs classes by the inverse of their frequency, there are 100 epochs in place of 30,000 steps, and
    gradients are clipped at 5 in place of 1. The epoch with the best UAR on the validation speakers is kept.

    The encoder is run once for each clip, by `features`; what is trained is small, and is trained on the CPU.

    Parameters
    ----------
    features : FrozenEncoder
        Gives the mean of every layer; with a cache, each clip's are computed once.
    epochs : int
        Number of epochs.
    patience : int, optional
        Stop after so many epochs without a better UAR on the validation speakers; None trains them all.
    rate : float
        Learning rate of Adam.
    batch_clips : int
        Clips in a training batch.
    projection : int
        Values between the two linear maps.
    n_jobs : int, optional
        CPU threads; None leaves torch's own choice.
    random_state : int
        Seed of the first weights and of the order of the batches.
    work_dir : Path, optional
        Folder of this training alone: checkpoints, so that it can be resumed, and `history.csv` and `history.svg`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    head_ : ProbeHead
        What was learnt.
    layer_weights_ : ndarray of shape (n_layers,)
        Weight of each layer; they sum to 1.
    history_ : list of dict
        One row per epoch: losses, learning rate, UAR on validation speakers, seconds.
    best_params_ : dict
        The selected epoch, its UAR on validation speakers, and the weights of the layers.
    n_trained_ : int
        How many numbers were trained.
    oof_proba_ : ndarray of shape (n_clips, n_classes)
        Probabilities of the validation rows, NaN in the others.
    notes_ : list of str
        What a reader of the result must know.

    References
    ----------
    Yang et al. (2021), SUPERB: Speech processing Universal PERformance Benchmark, https://arxiv.org/abs/2105.01051; its
    numbers as in s3prl, `s3prl/downstream/emotion/config.yaml`

    Examples
    --------
    >>> from deep import FrozenEncoder, LinearProbe
    >>> LinearProbe(FrozenEncoder("microsoft/wavlm-base"), epochs=5).get_params()["rate"]
    0.0001

    With a small encoder in a folder, on a corpus of one's own:

    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> probe = LinearProbe(FrozenEncoder("FOLDER")).fit(table, table["label"])  # doctest: +SKIP
    >>> probe.predict(table[:2]), probe.predict_proba(table[:2]), probe.layer_weights_  # doctest: +SKIP
    >>> probe.predictor_.predict_proba(["clip.wav"]).shape  # doctest: +SKIP
    (1, 2)
    """

    def __init__(
        self,
        features: Any,
        *,
        epochs: int = 100,
        patience: int | None = None,
        rate: float = 1e-4,
        batch_clips: int = 32,
        projection: int = 256,
        n_jobs: int | None = None,
        random_state: int = 0,
        work_dir: Path | None = None,
    ) -> None:
        self.features = features
        self.epochs = epochs
        self.patience = patience
        self.rate = rate
        self.batch_clips = batch_clips
        self.projection = projection
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.work_dir = work_dir

    def _check(self) -> None:
        super()._check()
        if self.batch_clips < 1:
            raise PipelineError(f"batch_clips={self.batch_clips}; expected at least 1")

    def _train(self, X: Any, clips: list[Clip], targets: np.ndarray, valid: np.ndarray) -> None:
        means = self._means(X)
        flat = means.reshape(len(means), -1)
        self.head_, history, epoch = train(
            partial(self._brain, means[~valid], targets[~valid], int(valid.sum())),
            LayerMeans(flat[~valid], targets[~valid]),
            LayerMeans(flat[valid], targets[valid]),
            budget=self.batch_clips * flat.shape[1],
            device=CPU,
            seed=self.random_state,
            work_dir=self.work_dir,
            identity=identity_of(
                self.get_params(deep=False) | {"features": blake2b(means.tobytes()).hexdigest()},
                clips,
                targets,
                valid,
            ),
        )
        self.head_.eval()
        self.layer_weights_ = self.head_.layer_logits.detach().softmax(dim=0).numpy()
        self._keep(self.head_, history, epoch)
        self.best_params_["layer_weights"] = [round(float(weight), 4) for weight in self.layer_weights_]

    def _validated(self, X: Any, _clips: list[Clip], rows: np.ndarray) -> np.ndarray:
        return self.predict_proba(X)[rows]

    def _brain(self, means: np.ndarray, targets: np.ndarray, n_valid: int, folder: Path) -> EmotionBrain:
        torch.manual_seed(self.random_state)
        n_layers, width = means.shape[1:]
        head = ProbeHead(n_layers, width, len(self.classes_), projection=self.projection)
        head.standardise_by(torch.from_numpy(means))
        return EmotionBrain(
            head,
            recipe=Recipe(
                epochs=self.epochs,
                patience=self.patience,
                head_rate=self.rate,
                annealing_factor=1.0,
                seed=self.random_state,
            ),
            class_weights=balanced_weights(targets, len(self.classes_)),
            n_valid=n_valid,
            checkpointer=WholeCheckpointer(folder),
            device=CPU,
        )

    def _means(self, X: Any) -> np.ndarray:
        """Mean of every layer, float32 of shape (n_clips, n_layers, width)."""
        return layer_means(self.features.transform(X), self.features.get_feature_names_out())

    @torch.inference_mode()
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, float64 of shape (n_clips, n_classes), columns as `classes_`."""
        check_is_fitted(self, "head_")
        with runtime.threads(self.n_jobs):
            return softmax(self.head_(torch.from_numpy(self._means(X))).double().numpy())

    @property
    def predictor_(self) -> Predictor:  # type: ignore[override]
        """The encoder and what was learnt as one network, which `deep.save` keeps."""
        check_is_fitted(self, "head_")
        network = ProbeNetwork(self.features.load(), self.head_)
        return Predictor(network, self.classes_.tolist(), device=self.features.device)


def layer_means(values: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return the means alone of a `FrozenEncoder`'s values.

    Parameters
    ----------
    values : ndarray of shape (n_clips, n_columns)
    names : sequence of str
        Of the columns.

    Returns
    -------
    float32 ndarray of shape (n_clips, n_layers, width)

    Raises
    ------
    FeatureError
        If the columns are not those of an encoder's layers.

    Examples
    --------
    >>> import numpy as np
    >>> names = ["layer0.mean.0", "layer0.deviation.0", "layer1.mean.0", "layer1.deviation.0"]
    >>> layer_means(np.array([[1.0, 2.0, 3.0, 4.0]]), names).tolist()
    [[[1.0], [3.0]]]
    """
    columns = [index for index, name in enumerate(names) if str(name).startswith("layer") and ".mean." in str(name)]
    if not columns:
        raise FeatureError(f"{len(names)} columns, none of them a mean of an encoder's layer; expected a FrozenEncoder")
    n_layers = len({str(names[index]).partition(".")[0] for index in columns})
    return np.asarray(values, dtype=np.float32)[:, columns].reshape(len(values), n_layers, -1)
