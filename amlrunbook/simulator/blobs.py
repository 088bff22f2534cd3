"""What lies in the storage accounts of the simulated Azure: containers, blobs, file shares.

Bytes are kept beside the world, in files named by their SHA-256, so that the world itself stays
small enough to be written after every change.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from amlrunbook.simulator.files import replace_file


class Lease(msgspec.Struct, kw_only=True):
    """Who may change a blob or a container, and for how long; times are world time."""

    id: str
    seconds: int
    """How long it runs when it is renewed; -1 for ever."""
    until: float | None = None
    """When it runs out; ``None`` for never."""
    breaks_at: float | None = None
    """When it is broken, once that was asked for."""


class Copied(msgspec.Struct, kw_only=True):
    """Where a blob was copied from."""

    id: str
    source: str
    at: float


class Blob(msgspec.Struct, kw_only=True):
    """One state of one blob: the current one, a version, a snapshot or a deleted one.

    Times are world time in Unix seconds.
    """

    name: str
    kind: str = "BlockBlob"
    """``BlockBlob``, ``AppendBlob`` or ``PageBlob``."""
    digest: str = ""
    """SHA-256 of the bytes, as :class:`Contents` knows them; empty for an empty blob."""
    size: int = 0
    content_type: str = "application/octet-stream"
    content_headers: dict[str, str] = {}
    """Other headers that a read gives back: Content-Encoding, Cache-Control, Content-MD5."""
    metadata: dict[str, str] = {}
    tags: dict[str, str] = {}
    etag: str = ""
    created: float = 0.0
    modified: float = 0.0
    tier: str = "Hot"
    tier_given: bool = False
    """Was the tier asked for? If not it is the account's."""
    rehydrated_at: float | None = None
    """When it leaves the archive, if it is on its way."""
    rehydrated_to: str = ""
    """The tier that it then is in."""
    lease: Lease | None = None
    copied: Copied | None = None
    version_id: str | None = None
    current: bool = True
    """Is this the state that a read without version or snapshot sees (unless deleted)?"""
    snapshot: str | None = None
    deleted_at: float | None = None
    """When it was soft-deleted; ``None`` for a live one."""
    since: float = 0.0
    """When this state came to be, where that is not :attr:`modified`: a snapshot's own time."""
    until: float | None = None
    """When it stopped being the current state."""
    gone_at: float | None = None
    """When it went for good; kept while the secondary, which trails, still shows it."""
    blocks: int = 0
    """Committed blocks of an append blob."""
    uncommitted: dict[str, str] = {}
    """Staged blocks of a block blob, block id to SHA-256."""
    block_list: list[tuple[str, str, int]] = []
    """Committed blocks of a block blob: block id, SHA-256, size."""


class Container(msgspec.Struct, kw_only=True):
    """A blob container and its blobs: name to all states of that name, oldest first."""

    name: str
    etag: str = ""
    created: float = 0.0
    modified: float = 0.0
    metadata: dict[str, str] = {}
    lease: Lease | None = None
    deleted_at: float | None = None
    version: str | None = None
    """What names a soft-deleted container; ``None`` while it lives."""
    blobs: dict[str, list[Blob]] = {}


class FileFacts(msgspec.Struct, kw_only=True):
    """What is known of a file besides its bytes. Times are world time in Unix seconds."""

    size: int = 0
    created: float = 0.0
    modified: float = 0.0
    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = {}


class FileShare(msgspec.Struct, kw_only=True):
    """An Azure file share and its files, path to SHA-256."""

    name: str
    created: float = 0.0
    modified: float = 0.0
    etag: str = ""
    quota_gib: int = 5120
    metadata: dict[str, str] = {}
    deleted_at: float | None = None
    version: str | None = None
    files: dict[str, str] = {}
    facts: dict[str, FileFacts] = {}
    """What is known of files that were written since the start, by path."""
    folders: list[str] = []
    """Folders that were made; a folder with a file below it needs no entry."""


class BlobAccount(msgspec.Struct, kw_only=True):
    """The data of one storage account; its settings are ARM documents of the world."""

    name: str
    resource_id: str
    """The account's ARM id, as Azure writes it."""
    containers: dict[str, Container] = {}
    deleted_containers: list[Container] = []
    """Soft-deleted containers, oldest first; a name may occur more than once."""
    shares: dict[str, FileShare] = {}
    deleted_shares: list[FileShare] = []


class Contents:
    """The bytes of blobs and files: a folder of files named by SHA-256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def team_folder(self) -> Path:
        """Where the files of the team lie that works with this world: its config files."""
        return self._folder.resolve() / "team"

    def put(self, data: bytes) -> str:
        """Keep ``data`` and return its digest; the empty string for no bytes."""
        if not data:
            return ""
        digest = hashlib.sha256(data).hexdigest()
        target = self._folder / digest
        if not target.exists():
            replace_file(target, data)
        return digest

    def size(self, digest: str) -> int:
        """Return how many bytes are behind ``digest``."""
        return (self._folder / digest).stat().st_size if digest else 0

    def get(self, digest: str) -> bytes:
        """Return the bytes behind ``digest``.

        Raises:
            FileNotFoundError: nothing with that digest was ever put.
        """
        return (self._folder / digest).read_bytes() if digest else b""
