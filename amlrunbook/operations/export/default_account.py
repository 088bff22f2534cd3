"""Bytes that lie only in a workspace's default account: notebooks, models, logs and outputs of jobs.

That account is never failed over, so what is not copied is out of reach with its region.
Sources: https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning,
https://learn.microsoft.com/azure/machine-learning/concept-workspace (what the default account holds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from amlrunbook.azure.blob_service import ARCHIVE, Blob, BlobService
from amlrunbook.azure.file_service import FileService, ShareFile
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AnswerError, AzureError
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.export.items import Found, Gap, Item, listed, safe_path

_ARTIFACTS = "azureml"
"""What the names of the containers begin with that a workspace keeps in its default account."""
_DATASTORES = 120.0


class DefaultAccount:
    """The default account of one workspace."""

    def __init__(self, gateway: AzureGateway, workspace: ResourceId, account: ResourceId) -> None:
        self._gateway = gateway
        self._workspace = workspace
        self._account = account

    def notebooks(self) -> Iterator[Found]:
        """List the files of the workspace's file shares."""
        service = self._gateway.file_service(self._account.name)
        for share in self._shares():
            if isinstance(share, Gap):
                yield share
                continue
            yield from listed(
                f"file share {share} of {self._account.name}",
                lambda share=share: self._files(service, share),  # type: ignore[misc]
            )

    def artifacts(self) -> Iterator[Found]:
        """List the blobs that the workspace keeps: models, logs, outputs, code.

        Where the account does not answer, its read-only secondary is asked, if it has one.
        """
        service = self._gateway.blob_service(self._account.name)
        where = f"blobs of {self._account.name}"
        try:
            names, secondary = self._containers(service)
        except AzureError as error:
            yield Gap(where, error.what)
            return
        if secondary:
            yield Gap(where, "the primary did not answer; what the secondary held was read instead")
        for name in names:
            yield from listed(
                f"container {name} of {self._account.name}",
                lambda name=name: self._blobs(service, name, secondary=secondary),  # type: ignore[misc]
            )

    def _containers(self, service: BlobService) -> tuple[list[str], bool]:
        """Return the containers of artifacts, and whether the secondary told them.

        Raises:
            AzureError: neither answers.
        """
        secondary = False
        try:
            found = service.containers()
        except AnswerError:
            raise
        except AzureError as error:
            try:
                found, secondary = service.containers(secondary=True), True
            except AzureError:
                raise error from None
        return [one.name for one in found if one.name.startswith(_ARTIFACTS)], secondary

    def _blobs(self, service: BlobService, container: str, *, secondary: bool) -> Iterator[Found]:
        for blob in service.blobs_of(container, secondary=secondary):
            what = f"{self._account.name}/{blob.path}"
            if blob.tier == ARCHIVE:
                yield Gap(what, "it is archived: rehydrate it before it can be read")
                continue
            yield Item(
                path=safe_path(self._workspace.name, "artifacts", container, *blob.name.split("/")),
                origin=what,
                mark=blob.etag or f"{blob.last_modified}/{blob.size}",
                read=_blob_reader(service, blob, secondary=secondary),
                size=blob.size,
            )

    def _files(self, service: FileService, share: str) -> Iterator[Found]:
        for file in service.files(share):
            yield Item(
                path=safe_path(self._workspace.name, "notebooks", share, *file.path.split("/")),
                origin=f"{self._account.name}/{share}/{file.path}",
                mark=file.etag or f"{file.last_modified}/{file.size}",
                read=_file_reader(service, file),
                size=file.size,
            )

    def _shares(self) -> Iterator[str | Gap]:
        """Yield the shares of the workspace's own file datastores in this account."""
        path = f"{self._workspace.text}/datastores"
        try:
            documents = self._gateway.get_all(path, seconds=_DATASTORES)
        except AzureError as error:
            yield Gap(f"file shares of {self._account.name}", error.what)
            return
        seen: set[str] = set()
        for document in map(Document, documents):
            share = document.field("properties.fileShareName")
            account = document.field("properties.accountName")
            ours = isinstance(account, str) and account.lower() == self._account.name.lower()
            if isinstance(share, str) and share and ours and share not in seen:
                seen.add(share)
                yield share


def _blob_reader(
    service: BlobService, blob: Blob, *, secondary: bool
) -> Callable[[], Iterable[bytes]]:
    return lambda: service.pieces(blob, secondary=secondary)


def _file_reader(service: FileService, file: ShareFile) -> Callable[[], Iterable[bytes]]:
    return lambda: service.pieces(file)
