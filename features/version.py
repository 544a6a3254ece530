"""The toolkit's version, one number for its four packages."""

VERSION = "0.1.0"
