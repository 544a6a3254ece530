"""Checkpoints of a fine-tuning: the last epoch to resume from and the best one, never half of one."""

from __future__ import annotations

import hashlib
import logging
import shutil
from pathlib import Path
from typing import Any

from speechbrain.utils.checkpoints import Checkpoint, Checkpointer

from deep.runtime import settle_lazy_modules
from features.errors import ModelError

settle_lazy_modules()

PARTIAL = "partial"


class WholeCheckpointer(Checkpointer):
    """SpeechBrain's checkpointer, made safe against being killed.

    SpeechBrain writes a checkpoint's description first and its tensors after it, so that a process killed in between
    leaves something that looks whole. Here a checkpoint is written beside its folder and moved into it when it is
    complete, and moved out of it before it is deleted.
    """

    checkpoints_dir: Path

    def save_checkpoint(
        self,
        meta: dict[str, Any] | None = None,
        end_of_epoch: bool = True,
        name: str | None = None,
        verbosity: int = logging.DEBUG,
    ) -> Checkpoint:
        """Save all recoverables; see SpeechBrain."""
        folder = self.checkpoints_dir
        self.checkpoints_dir = folder / PARTIAL
        try:
            saved = super().save_checkpoint(meta or {}, end_of_epoch, name=name, verbosity=verbosity)
        finally:
            self.checkpoints_dir = folder
        final = folder / saved.path.name
        saved.path.replace(final)
        return Checkpoint(final, saved.meta, {key: final / file.name for key, file in saved.paramfiles.items()})

    @staticmethod
    def _delete_checkpoint(checkpoint: Checkpoint, verbosity: int = logging.DEBUG) -> None:  # noqa: ARG004
        doomed = checkpoint.path.parent / PARTIAL / f"old-{checkpoint.path.name}"
        checkpoint.path.replace(doomed)
        shutil.rmtree(doomed)


def training_folder(work_dir: Path, *, identity: str) -> Path:
    """Return the folder of one training's checkpoints, made if need be.

    Its name is a hash of everything that determines the training, so that another fold, another seed or other data
    cannot pick its checkpoints up.

    Raises
    ------
    ModelError
        If it cannot be made.
    """
    folder = Path(work_dir) / f"checkpoints-{hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{folder} cannot be made ({error.strerror}): choose another working folder") from error
    return folder
