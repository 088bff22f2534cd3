"""The gateway on Microsoft's SDKs: the one implementation of :class:`amlrunbook.azure.gateway.AzureGateway`.

The simulated Azure is reached through the same code: only endpoints, CA file and secret differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from amlrunbook.azure.answer import Answer
from amlrunbook.azure.arm_pages import all_pages
from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.arm_requests import ArmRequests
from amlrunbook.azure.blob_service import BlobService, blob_bases
from amlrunbook.azure.blob_store import BlobStore, container_of
from amlrunbook.azure.call_log import CallLog
from amlrunbook.azure.changes import ChangeAnswer, change
from amlrunbook.azure.connections import Connections
from amlrunbook.azure.credentials import SharedCredential
from amlrunbook.azure.deadline import Deadline, current_deadline
from amlrunbook.azure.fanout import bounded
from amlrunbook.azure.file_service import FileService
from amlrunbook.azure.guard import Guard
from amlrunbook.azure.machine_learning import MachineLearning
from amlrunbook.azure.policies import CLIENT_REQUEST_ID, DEFAULT_DEADLINE
from amlrunbook.azure.reach import Doorbell, Reached
from amlrunbook.azure.registry_data import RegistryImages, registry_base
from amlrunbook.azure.resource_manager import resource_manager
from amlrunbook.azure.scoring import Scoring, scoring_address
from amlrunbook.errors import RefusedError
from amlrunbook.model.cloud import Cloud
from amlrunbook.model.mode import Mode
from amlrunbook.model.resource_id import ResourceId

PARALLEL = 32
"""How many requests leave at once; the connection pool is as large."""


def _silent(_text: str) -> None:
    """Nobody listens."""


class SdkGateway:
    """The gateway on Microsoft's SDKs. Thread-safe; clients are made at the first use."""

    def __init__(
        self,
        cloud: Cloud,
        credential: SharedCredential,
        mode: Mode,
        subscription: str,
        *,
        call_log: CallLog | None = None,
        parallel: int = PARALLEL,
    ) -> None:
        _fits(cloud, mode)
        self._cloud = cloud
        self._mode = mode
        self._log = call_log or CallLog()
        self._parallel = parallel
        self._doorbell = Doorbell(cloud, self._log)
        self._connections = Connections(cloud, credential, self._log, parallel)
        self._guard = guard = Guard(mode, (cloud.resource_manager,))
        self._arm = ArmRequests(
            cloud.resource_manager,
            lambda: resource_manager(
                cloud, subscription, credential, guard, self._connections.transport(guard)
            ),
        )

    @property
    def mode(self) -> Mode:
        """What this gateway may change."""
        return self._mode

    @property
    def cloud(self) -> Cloud:
        """The cloud it speaks to."""
        return self._cloud

    @property
    def call_log(self) -> CallLog:
        """What left, and what came back."""
        return self._log

    @property
    def parallel(self) -> int:
        """How many requests may leave at once."""
        return self._parallel

    def now(self) -> datetime:
        """Return the time as Azure tells it; see :meth:`AzureGateway.now`."""
        return self._connections.clock.now()

    def reach(self, url: str, *, seconds: float) -> Reached:
        """Ask an address whether anybody is there; see :meth:`AzureGateway.reach`."""
        return self._doorbell.ring(url, seconds)

    def get(
        self, path: str, *, version: str = "", seconds: float = DEFAULT_DEADLINE, **query: str
    ) -> dict[str, Any]:
        """Read one ARM document; see :meth:`AzureGateway.get`."""
        target = _target(path, version, query)
        return bounded(lambda: self._arm.document(target), _deadline(seconds))

    def get_all(
        self,
        path: str,
        *,
        version: str = "",
        seconds: float = DEFAULT_DEADLINE,
        most: int = 0,
        **query: str,
    ) -> list[dict[str, Any]]:
        """Read a collection; see :meth:`AzureGateway.get_all`."""
        target = _target(path, version, query)
        base = self._cloud.resource_manager
        return bounded(
            lambda: all_pages(self._arm.document, base, target, most), _deadline(seconds)
        )

    def change(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        request_id: str,
        on_sent: Callable[[str, str], None],
        on_accepted: Callable[[int, str, str], None],
        on_progress: Callable[[str], None] = _silent,
        look: Callable[[], str] | None = None,
        version: str = "",
        seconds: float = 600.0,
        **query: str,
    ) -> ChangeAnswer:
        """Send one changing request, once; see :meth:`AzureGateway.change`."""
        target = _target(path, version, query)
        self._guard.check(method, self._cloud.resource_manager + target)

        def send(announce: Callable[[], None]) -> Answer:
            return self._arm.send(
                method,
                target,
                body=body,
                headers={CLIENT_REQUEST_ID: request_id},
                on_sent=announce,
            )

        return change(
            send,
            self._arm.polled,
            method=method,
            path=target,
            base=self._cloud.resource_manager,
            deadline=_deadline(seconds),
            on_sent=lambda: on_sent(method, target),
            on_accepted=on_accepted,
            on_progress=on_progress,
            look=look,
        )

    def poll(self, url: str, *, seconds: float = DEFAULT_DEADLINE) -> Answer:
        """Read a poll URL; see :meth:`AzureGateway.poll`."""
        return bounded(lambda: self._arm.polled(url), _deadline(seconds))

    def blob_service(self, account: str) -> BlobService:
        """Return the reads of an account's blob service; never writes, in any mode."""
        return BlobService(self._connections.reading(blob_bases(self._cloud, account)), account)

    def file_service(self, account: str) -> FileService:
        """Return the reads of an account's file service; never writes, in any mode."""
        base = self._cloud.file_endpoint.format(account=account)
        return FileService(self._connections.reading((base,)), account)

    def blob_store(self, url: str) -> BlobStore:
        """Return a container that is only created in; see :meth:`AzureGateway.blob_store`."""
        account, container = container_of(self._cloud, url)
        base = self._cloud.blob_endpoint.format(account=account)
        return BlobStore(self._connections.adding(f"{base}/{container}"), base, container)

    def machine_learning(self, workspace: ResourceId) -> MachineLearning:
        """Return the allowed reads of azure-ai-ml for a workspace; never writes, in any mode."""
        return MachineLearning(
            self._connections.reading((self._cloud.resource_manager,)), workspace
        )

    def scoring(self, endpoint: ResourceId, uri: str, auth_mode: str) -> Scoring:
        """Return what sends scoring requests; see :meth:`AzureGateway.scoring`."""
        address = scoring_address(self._cloud, uri)
        keys = frozenset({"endpoint keys", "endpoint token"})
        return Scoring(
            self._connections.reading((self._cloud.resource_manager,), keys),
            self._connections.reading((address,), frozenset({"scoring"})),
            endpoint,
            address,
            auth_mode,
        )

    def registry_images(self, login_server: str, region: str = "") -> RegistryImages:
        """Return the reads of a registry's images; never writes, in any mode."""
        base = registry_base(self._cloud, login_server, region)
        return RegistryImages(
            self._connections.reading((base,), frozenset({"registry token"})), base, login_server
        )

    def close(self) -> None:
        """Close the connections. Requests under way on abandoned threads fail."""
        self._connections.close()


def _deadline(seconds: float) -> Deadline:
    return current_deadline(seconds).within(seconds)


def _target(path: str, version: str, query: Mapping[str, str]) -> str:
    """Return path and query of a request, with the ``$`` that OData's names begin with."""
    odata = {"expand", "filter", "top", "select", "skip"}
    named = {f"${name}" if name in odata else name: text for name, text in query.items()}
    return with_version(path, version, **named)


def _fits(cloud: Cloud, mode: Mode) -> None:
    """Refuse a drill against real Azure, and a live run against a simulated one.

    Raises:
        RefusedError: mode and cloud do not belong together.
    """
    host = urlsplit(cloud.resource_manager).hostname or ""
    loopback = host in {"127.0.0.1", "::1", "localhost"}
    if mode is Mode.DRILL and not (loopback and cloud.ca_file):
        raise RefusedError(
            f"A drill speaks to a simulated Azure on this machine, never to {quote(host)}.",
            state="Nothing was sent.",
            next_step="Start it with `amlrunbook drill`.",
        )
    if mode is Mode.LIVE and loopback:
        raise RefusedError(
            "A live run speaks to real Azure, never to a simulated one.",
            state="Nothing was sent.",
            next_step="Use a drill for the simulated Azure.",
        )
