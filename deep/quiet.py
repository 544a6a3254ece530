"""Keep the libraries below quiet: what they log and draw is not this toolkit's output."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

LOUD = ("speechbrain", "transformers", "huggingface_hub")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence SpeechBrain's and transformers' logs, progress bars and warnings, and restore them afterwards.

    Their errors are still logged, and exceptions pass through untouched.
    """
    from transformers.utils import logging as transformers_logging

    levels = {name: logging.getLogger(name).level for name in LOUD}
    bars = transformers_logging.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for name in LOUD:
                logging.getLogger(name).setLevel(logging.ERROR)
            transformers_logging.disable_progress_bar()
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            if bars:
                transformers_logging.enable_progress_bar()
