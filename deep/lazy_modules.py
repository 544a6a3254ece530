"""SpeechBrain leaves modules in `sys.modules` that are imported when touched, some of which cannot be."""

from __future__ import annotations

import sys


def settle() -> None:
    """Give them a `__file__` of None, so that whoever walks `sys.modules` does not set the import off.

    Hypothesis, debuggers and notebook reloaders ask every module for its file; SpeechBrain's placeholder for k2 then
    raises ImportError in the middle of them.
    """
    from speechbrain.utils.importutils import LazyModule

    for module in list(sys.modules.values()):
        if isinstance(module, LazyModule):
            vars(module).setdefault("__file__", None)
