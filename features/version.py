"""The toolkit's version, one number for its four packages, and where it is hosted."""

VERSION = "0.1.0"

REPOSITORY = ""
"""Address of the repository, `https://...`; where it is set, the wheel, the site, cards and reports show it."""
