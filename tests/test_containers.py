"""In a container: a read-only system, no home, a user that nobody has created."""

from __future__ import annotations


def _clean(done) -> None:
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
