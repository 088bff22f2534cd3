"""The gateway: the one seam between this program and Azure, and all of it that operations and the snapshot taker know.

Its one implementation is :class:`amlrunbook.azure.sdk_gateway.SdkGateway`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # whoever only names the seam loads nothing that stands behind it
    from amlrunbook.azure.answer import Answer
    from amlrunbook.azure.blob_service import BlobService
    from amlrunbook.azure.blob_store import BlobStore
    from amlrunbook.azure.call_log import CallLog
    from amlrunbook.azure.changes import ChangeAnswer
    from amlrunbook.azure.file_service import FileService
    from amlrunbook.azure.machine_learning import MachineLearning
    from amlrunbook.azure.reach import Reached
    from amlrunbook.azure.registry_data import RegistryImages
    from amlrunbook.azure.scoring import Scoring
    from amlrunbook.model.cloud import Cloud
    from amlrunbook.model.mode import Mode
    from amlrunbook.model.resource_id import ResourceId


class AzureGateway(Protocol):
    """Everything this program asks of Azure."""

    @property
    def mode(self) -> Mode:
        """What this gateway may change."""

    @property
    def cloud(self) -> Cloud:
        """The cloud it speaks to."""

    @property
    def call_log(self) -> CallLog:
        """What left, and what came back."""

    @property
    def parallel(self) -> int:
        """How many requests may leave at once."""

    def now(self) -> datetime:
        """Return the time in UTC as Azure's last answer told it; this machine's before that."""

    def reach(self, url: str, *, seconds: float) -> Reached:
        """Ask an address whether anybody is there: a GET without a token, nothing followed.

        Never raises for what a service does. In a drill only the simulated Azure is asked.
        """

    def get(
        self, path: str, *, version: str = "", seconds: float = ..., **query: str
    ) -> dict[str, Any]:
        """Read one ARM document.

        Args:
            path: the ARM id, beginning with a slash.
            version: the api-version; that of the table unless given.
            seconds: the deadline, retries included.
            query: further query parameters, without the ``$`` of ``$expand`` and its kin.

        Raises:
            NotFoundError: it is not there.
            AnswerError: Azure says no.
            AzureError: it cannot be reached or read in time.
        """

    def get_all(
        self, path: str, *, version: str = "", seconds: float = ..., most: int = 0, **query: str
    ) -> list[dict[str, Any]]:
        """Read all pages of an ARM collection, or its first ``most`` documents.

        Raises:
            AzureError: as :meth:`get`; also for pages that never end or lie on another host.
        """

    def change(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        request_id: str,
        on_sent: Callable[[str, str], None],
        on_accepted: Callable[[int, str, str], None],
        on_progress: Callable[[str], None] = ...,
        look: Callable[[], str] | None = None,
        version: str = "",
        seconds: float = ...,
        **query: str,
    ) -> ChangeAnswer:
        """Send one changing request, once, and follow it to its end.

        Never raises for what Azure does: a refusal is ``FAILED``, silence ``UNKNOWN``.

        Args:
            method: PUT, PATCH, POST or DELETE.
            path: the ARM id, or an action under it.
            body: the JSON body.
            request_id: the ``x-ms-client-request-id``, journaled by the caller before.
            on_sent: called with method and path right before the request leaves, on the thread that sends it while
                this call waits; if it raises, nothing leaves.
            on_accepted: called with status, poll URL and Azure's request id when the outcome is to be polled.
            on_progress: told how it goes on.
            look: asked after each poll that finds it running, for more than the poll tells; must not raise.
            version: the api-version; that of the table unless given.
            seconds: the deadline for the answer and the polls.
            query: further query parameters, as in :meth:`get`.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
            RefusedError: the path is not to be sent; nothing was.
        """

    def poll(self, url: str, *, seconds: float = ...) -> Answer:
        """Read a poll URL of an earlier operation, whatever its status says.

        Raises:
            AzureError: it lies on another host, or cannot be reached.
        """

    def blob_service(self, account: str) -> BlobService:
        """Return the reads of an account's blob service."""

    def file_service(self, account: str) -> FileService:
        """Return the reads of an account's file service."""

    def blob_store(self, url: str) -> BlobStore:
        """Return a container that exports are written to: created in, never changed; in every mode.

        Raises:
            UsageError: the URL names no container of this cloud.
        """

    def machine_learning(self, workspace: ResourceId) -> MachineLearning:
        """Return the allowed reads of azure-ai-ml for a workspace."""

    def scoring(self, endpoint: ResourceId, uri: str, auth_mode: str) -> Scoring:
        """Return what sends scoring requests to an online endpoint.

        Args:
            endpoint: the endpoint, whose key or token is fetched for each request.
            uri: its ``scoringUri``.
            auth_mode: its ``authMode``.

        Raises:
            RefusedError: the address lies outside Azure's own; no secret goes there.
        """

    def registry_images(self, login_server: str, region: str = "") -> RegistryImages:
        """Return the reads of a container registry's images, of one region's replica where asked.

        Raises:
            RefusedError: it is no registry of this cloud; no token goes there.
        """
