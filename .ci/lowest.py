"""Print the lowest versions that setup.cfg allows, as pip's constraints: `python .ci/lowest.py [EXTRA ...] > FILE`."""

import re
import sys
from configparser import ConfigParser
from pathlib import Path

settings = ConfigParser()
settings.read(Path(__file__).resolve().parent.parent / "setup.cfg", encoding="utf-8")
lists = [settings["options"]["install_requires"]]
lists += [settings["options.extras_require"][extra] for extra in sys.argv[1:]]
for requirement in filter(None, map(str.strip, "\n".join(lists).split("\n"))):
    bound = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])? >=([\w.]+)(?:,<[\w.]+)?", requirement)
    if bound is None:
        sys.exit(f"{requirement!r} states no lowest version: expected NAME >=VERSION")
    sys.stdout.write("{}=={}\n".format(*bound.groups()))
