"""Lists of utterances that a folder of shards is filled from: some clips by name, or a CSV of any length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from features.clips import Clip, clips_from
from features.files import content_hash
from features.names import storable
from features.utterance_pieces import LongManifest


@dataclass(frozen=True, eq=False)
class ListedClips:
    """Clips that are known by name.

    Attributes
    ----------
    clips : mapping of str to Clip
        By id.
    """

    clips: Mapping[str, Clip]

    @property
    def n_rows(self) -> int:
        """How many there are."""
        return len(self.clips)

    def identity(self) -> str:
        """Hash of the list, not of the sound."""
        text = "\n".join(f"{name}\t{clip.name}\t{clip.start}\t{clip.end}" for name, clip in self.clips.items())
        return hashlib.blake2b(text.encode(errors="backslashreplace"), digest_size=16).hexdigest()

    def shards(self, most: int) -> Iterator[Sequence[tuple[str, Clip]]]:
        """Ids and clips, so many at a time."""
        items = iter(self.clips.items())
        while some := list(islice(items, most)):
            yield some


@dataclass(frozen=True, eq=False)
class ManifestClips:
    """Clips that a CSV lists.

    Attributes
    ----------
    manifest : LongManifest
    """

    manifest: LongManifest

    @property
    def n_rows(self) -> int:
        """How many there are."""
        return self.manifest.n_rows

    def identity(self) -> str:
        """Hash of the CSV, not of the sound."""
        return content_hash(self.manifest.path)

    def shards(self, most: int) -> Iterator[Sequence[tuple[str, Clip]]]:
        """Ids and clips, so many at a time, as they are read.

        Raises
        ------
        FeatureError
            If a row cannot be used; the line is named.
        """
        for table in self.manifest.pieces(most):
            rows = table.rows.assign(start=table.seconds("start"), end=table.seconds("end"))
            yield [(storable(name), clip) for name, clip in zip(rows["id"], clips_from(rows))]
