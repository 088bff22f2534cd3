"""Where an export goes: a folder on this machine, or a container in another region."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from amlrunbook.azure.blob_store import BlobStore
from amlrunbook.operations.export.items import Item
from amlrunbook.store.exports import ExportFolder, Kept, Staged, staged

_PIECE = 1024 * 1024


class ToFolder:
    """An export in a folder."""

    def __init__(self, folder: ExportFolder) -> None:
        self._folder = folder

    def holds(self, kept: Kept) -> bool:
        """Return whether the file is there in its full size."""
        return self._folder.holds(kept)

    def stage(self, item: Item) -> Staged:
        """Fetch an item beside the export's files."""
        return self._folder.stage(item.read())

    def keep(self, staged: Staged, path: str) -> None:
        """Move it to its place."""
        self._folder.place(staged, path)


class ToContainer:
    """An export in a container: each version of an item is a blob of its own, named by its digest."""

    def __init__(self, store: BlobStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self._stage = Path(tempfile.mkdtemp(prefix="amlrunbook-export-"))

    def holds(self, kept: Kept) -> bool:
        """Believe the ledger: a line stands in it only after the blob was there, and nothing removes it."""
        del kept
        return True

    def stage(self, item: Item) -> Staged:
        """Fetch an item to a temporary file."""
        return staged(self._stage, item.read())

    def keep(self, staged: Staged, path: str) -> None:
        """Add it to the container; one of the same content that is there already will do.

        Raises:
            AzureError: the container cannot be written.
        """
        file = Path(staged.file)
        try:
            self._store.add(self.name_of(path, staged.sha256), _pieces(file), staged.size)
        finally:
            file.unlink(missing_ok=True)

    def keep_ledger(self, ledger: Path, stamp: str) -> None:
        """Add the ledger as it is now, so that the container says by itself what it holds.

        Raises:
            AzureError: the container cannot be written.
        """
        name = f"{self._prefix}/ledger/{stamp}.jsonl"
        self._store.add(name, _pieces(ledger), ledger.stat().st_size)

    def name_of(self, path: str, sha256: str) -> str:
        """Return the blob's name of one version of an item."""
        return f"{self._prefix}/{path}/{sha256[:16]}"

    def close(self) -> None:
        """Remove what was not kept."""
        with contextlib.suppress(OSError):
            for left in self._stage.iterdir():
                left.unlink()
            self._stage.rmdir()


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as data:
        while piece := data.read(_PIECE):
            yield piece
