"""Check the licences of everything that setup.cfg asks for, as installed here: `python .ci/licences.py`.

Follows the requirements of the package and of all its extras from package to package. A licence that is not on the list
below ends with status 1; so does a package that names none.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

ROOT = "speech-emotion-baselines"
PERMISSIVE = (
    r"mit|expat|bsd|isc|apache|python software foundation|psf|mpl|mozilla public|zlib|unlicense|cc0|0bsd|hpnd|mit-cmu"
    r"|unicode|historical permission|public domain|boost|bsl-1\.0|blueoak|cnri-python|llvm-exception"
)
ACCEPTED = {
    "opensmile": "audEERING's licence, free for research and education; in the extra `peers` only",
    "praat-parselmouth": "GPL; a test compares with it, nothing imports it otherwise",
    "pyroomacoustics": "MIT, by its licence file; its metadata give the line of copyright",
    "pyworld": "MIT, by its licence file; its metadata name none",
    "skops": "MIT, by its licence file; its metadata name none",
    "soxr": "LGPL; used as a library of its own",
}
"""What is accepted by name, and why."""
PROPRIETARY = re.compile(r"^(nvidia-|cuda-)")
"""The CUDA libraries that torch's wheels for Linux ask for: NVIDIA's licence, free to use, not passed on by us."""


def installed() -> Iterator[Distribution]:
    """Every installed distribution that the package asks for, directly or not."""
    seen: set[str] = set()
    waiting = [(ROOT, "")]
    while waiting:
        name, extras = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if f"{key}[{extras}]" in seen:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        if key not in seen and key != ROOT:
            yield package
        seen |= {key, f"{key}[{extras}]"}
        for text in package.requires or []:
            requirement = Requirement(text)
            wanted = (package.metadata.get_all("Provides-Extra") or []) if key == ROOT else extras.split(",")
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in ["", *wanted]):
                waiting.append((requirement.name, ",".join(sorted(requirement.extras))))


def licence_of(package: Distribution) -> str:
    """What a distribution says of its licence: the expression, the classifiers, or the first line of the text."""
    about = package.metadata
    classifiers = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    text = (about.get("License") or "").strip().splitlines()
    return (
        about.get("License-Expression") or "; ".join(c for c in classifiers if c != "OSI Approved") or "".join(text[:1])
    )


def complaint(name: str, licence: str) -> str:
    """What speaks against a licence, or nothing."""
    if name in ACCEPTED or PROPRIETARY.match(name):
        return ""
    if not licence:
        return "names no licence"
    parts = re.split(r"\s+(?:and|or)\s+|[;,/&]|\s+with\s+", licence.lower().replace("(", " ").replace(")", " "))
    unknown = [part.strip() for part in parts if part.strip() and not re.search(rf"\b(?:{PERMISSIVE})", part)]
    return f"licence not on the list: {', '.join(unknown)}" if unknown else ""


def main() -> int:
    """Print package, version and licence of each; 0 if all are on the list, else 1."""
    complaints = []
    for package in sorted(installed(), key=lambda package: package.metadata["Name"].lower()):
        name, licence = package.metadata["Name"], licence_of(package)
        sys.stdout.write(f"{name} {package.version}: {ACCEPTED.get(name.lower(), licence)}\n")
        found = complaint(name.lower().replace("_", "-"), licence)
        complaints += [f"{name}: {found}"] if found else []
    for line in complaints:
        sys.stderr.write(f"error: {line}; see .ci/licences.py\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
