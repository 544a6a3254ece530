"""A container without a container engine: a read-only system, no home, a user that nobody has created."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
USER = 12345
WORK = Path("/mnt")
"""Where the folder that can be written lies inside; every Linux has it, and nothing is written to what it hides."""

SCRIPT = """
set -e
mount --make-rprivate /
{opened}
mount --bind {folder} {work}
mount -o remount,bind,ro /
{temporary}
cd {work}
exec setpriv --reuid={user} --regid={user} --clear-groups env -i {environment} {command}
"""


def run_inside(
    command: Sequence[str | Path], folder: Path, *, temporary: bool = True, seconds: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run `python -m COMMAND` where only `folder`, which is the current one, can be written.

    Parameters
    ----------
    command : sequence of str
    folder : Path
        Given to the user inside.
    temporary : bool
        Whether there is a /tmp that can be written.
    seconds : float
        Time limit.
    """
    _require_namespaces()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER, USER)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    script = SCRIPT.format(
        opened=_opened([Path(sys.base_prefix), Path(sys.prefix), ROOT]),
        folder=shlex.quote(str(folder)),
        work=WORK,
        temporary=_temporary([Path(sys.base_prefix), Path(sys.prefix), ROOT]) if temporary else "",
        user=USER,
        environment=shlex.join(f"{name}={value}" for name, value in environment.items()),
        command=shlex.join([sys.executable, "-m", *map(str, command)]),
    )
    return subprocess.run(
        ["unshare", "--mount", "bash", "-c", script], capture_output=True, text=True, check=False, timeout=seconds
    )


def _temporary(needed: Sequence[Path]) -> str:
    """Shell lines for a /tmp that can be written; what is needed and lies below it is put back, to be read."""
    below = [path for path in needed if path.is_relative_to("/tmp")]
    kept = f"/dev/shm/ser-{os.getpid()}-tmp"
    lines = [f"mkdir {kept}", f"mount --rbind /tmp {kept}", "mount -t tmpfs -o mode=1777 tmpfs /tmp"]
    for path in below:
        inside, outside = shlex.quote(f"{kept}/{path.relative_to('/tmp')}"), shlex.quote(str(path))
        lines += [f"mkdir -p {outside}", f"mount --bind {inside} {outside}", f"mount -o remount,bind,ro {outside}"]
    return "\n".join([*lines, f"umount -l {kept} && rmdir {kept}"]) if below else lines[2]


def _opened(needed: Sequence[Path]) -> str:
    """Shell lines that let any user reach some folders: a closed one above them is covered, and they are put back."""
    closed: dict[Path, list[Path]] = {}
    for path in needed:
        above = [parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001]
        if above:
            closed.setdefault(above[0], []).append(path)
    lines = []
    for number, (parent, paths) in enumerate(closed.items()):
        kept = f"/dev/shm/ser-{os.getpid()}-{number}"
        lines += [f"mkdir {kept}", f"mount --rbind {shlex.quote(str(parent))} {kept}"]
        lines.append(f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(parent))}")
        for path in paths:
            inside = shlex.quote(f"{kept}/{path.relative_to(parent)}")
            lines += [f"mkdir -p {shlex.quote(str(path))}", f"mount --bind {inside} {shlex.quote(str(path))}"]
        lines.append(f"umount -l {kept} && rmdir {kept}")
    return "\n".join(lines)


def _require_namespaces() -> None:
    """Skip where this machine cannot make such a place; in CI, which sets `SER_CONTAINERS`, that is a failure."""
    tools = all(shutil.which(tool) for tool in ("unshare", "setpriv", "mount"))
    if not tools or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        reason = "needs root, and unshare, setpriv and mount of util-linux"
        if os.environ.get("SER_CONTAINERS"):
            pytest.fail(reason)
        pytest.skip(reason)
