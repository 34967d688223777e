"""What crosses a shuffle in place of a curated document: where its record and pixels lie, and its fate so far."""

from dataclasses import dataclass, replace

from schemas.members import key_of


@dataclass(frozen=True)
class Slice:
    """Bytes of a file under OUTPUT; `path` is relative to it."""

    path: str
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True)
class Reference:
    """One document. `images` and `previews` are runs of tar members, `record` the packed JSON of its rows.

    `reason` is None for an accepted document; `split` and `family_id` are decided over the corpus.
    """

    uri: str
    fingerprint: str
    sha256: str | None
    reason: str | None
    picture: str | None  # hash of the composite: its size and its pixels
    layers: int
    sample_bytes: int  # that it takes in a shard
    record: Slice
    images: Slice | None = None
    previews: Slice | None = None
    look: str | None = None  # perceptual hash of the composite
    aspect: float = 1.0  # its width / height
    pictures: tuple[str, ...] = ()  # hashes of the layers that carry a picture
    area_px: int = 0  # of the composite
    captioned: bool = False  # by a model, which is asked once the corpus has been curated
    was_near: bool = False  # the last run rejected it as a near duplicate, so its pixels are in no shard
    published: str | None = None  # the split in which it was published, where that is heeded
    message: str | None = None  # of a rejection that the corpus decided
    split: str | None = None
    family_id: str | None = None

    @property
    def key(self) -> str | None:
        return None if self.sha256 is None else key_of(self.sha256)

    @property
    def order(self) -> tuple[str, str]:
        """The order of every table and tar: by key, then by uri."""
        return self.sha256 or "", self.uri

    def rejected(self, reason: str, message: str) -> "Reference":
        return replace(self, reason=reason, message=message)
