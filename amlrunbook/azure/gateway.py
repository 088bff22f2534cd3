"""The gateway: the one seam between this program and Azure.

:class:`AzureGateway` is what operations and the snapshot taker know; :class:`SdkGateway` is its one implementation, on
Microsoft's SDKs. The simulated Azure is reached through the same code: only endpoints, CA file and secret differ.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

from amlrunbook.azure.access import Access
from amlrunbook.azure.answer import Answer
from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.blob_service import BlobService, blob_bases
from amlrunbook.azure.blob_store import UPLOAD_SECONDS, BlobStore, container_of
from amlrunbook.azure.call_log import CallLog
from amlrunbook.azure.changes import ChangeAnswer, change
from amlrunbook.azure.credentials import SharedCredential
from amlrunbook.azure.deadline import Deadline, current_deadline
from amlrunbook.azure.fanout import bounded
from amlrunbook.azure.file_service import FileService
from amlrunbook.azure.guard import CreateGuard, Guard, under
from amlrunbook.azure.machine_learning import MachineLearning
from amlrunbook.azure.policies import CLIENT_REQUEST_ID, DEFAULT_DEADLINE, ThrottlePolicy
from amlrunbook.azure.reach import Doorbell, Reached
from amlrunbook.azure.registry_data import RegistryImages, registry_base
from amlrunbook.azure.resource_manager import resource_manager
from amlrunbook.azure.scoring import Scoring, scoring_address
from amlrunbook.azure.server_time import ServerTime
from amlrunbook.azure.translation import document_of, refusal, translated
from amlrunbook.azure.transport import GuardedTransport, wire
from amlrunbook.errors import AzureError, RefusedError
from amlrunbook.model.cloud import Cloud
from amlrunbook.model.mode import Mode
from amlrunbook.model.resource_id import ResourceId

T = TypeVar("T")
MOST_PAGES = 500
"""A list with more pages than this is taken for one without end."""
PARALLEL = 32
"""How many requests leave at once; the connection pool is as large."""
_ERRORS_FROM = 400


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
        self._credential = credential
        self._mode = mode
        self._subscription = subscription
        self._log = call_log or CallLog()
        self._parallel = parallel
        self._lock = threading.Lock()
        self._throttle = ThrottlePolicy()
        self._clock = ServerTime()
        self._doorbell = Doorbell(cloud, self._log)
        self._wire: Any = None
        self._arm: Any = None
        self._guard = Guard(mode, (cloud.resource_manager,))

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
        return self._clock.now()

    def reach(self, url: str, *, seconds: float) -> Reached:
        """Ask an address whether anybody is there; see :meth:`AzureGateway.reach`."""
        return self._doorbell.ring(url, seconds)

    def get(
        self, path: str, *, version: str = "", seconds: float = DEFAULT_DEADLINE, **query: str
    ) -> dict[str, Any]:
        """Read one ARM document; see :meth:`AzureGateway.get`."""
        target = with_version(path, version, **_dollared(query))
        deadline = current_deadline(seconds).within(seconds)
        return bounded(lambda: self._document("GET", target), deadline)

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
        target = with_version(path, version, **_dollared(query))
        deadline = current_deadline(seconds).within(seconds)
        return bounded(lambda: self._pages(target, most), deadline)

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
        target = with_version(path, version, **_dollared(query))
        self._guard.check(method, self._cloud.resource_manager + target)

        def send(announce: Callable[[], None]) -> Answer:
            return self._send(
                method,
                target,
                body=body,
                headers={CLIENT_REQUEST_ID: request_id},
                on_sent=announce,
            )

        return change(
            send,
            self._polled,
            method=method,
            path=target,
            base=self._cloud.resource_manager,
            deadline=current_deadline(seconds).within(seconds),
            on_sent=lambda: on_sent(method, target),
            on_accepted=on_accepted,
            on_progress=on_progress,
            look=look,
        )

    def poll(self, url: str, *, seconds: float = DEFAULT_DEADLINE) -> Answer:
        """Read a poll URL; see :meth:`AzureGateway.poll`."""
        deadline = current_deadline(seconds).within(seconds)
        return bounded(lambda: self._polled(url), deadline)

    def blob_service(self, account: str) -> BlobService:
        """Return the reads of an account's blob service; never writes, in any mode."""
        return BlobService(self._access(blob_bases(self._cloud, account)), account)

    def file_service(self, account: str) -> FileService:
        """Return the reads of an account's file service; never writes, in any mode."""
        base = self._cloud.file_endpoint.format(account=account)
        return FileService(self._access((base,)), account)

    def blob_store(self, url: str) -> BlobStore:
        """Return a container that is only created in; see :meth:`AzureGateway.blob_store`."""
        account, container = container_of(self._cloud, url)
        base = self._cloud.blob_endpoint.format(account=account)
        guard = CreateGuard(f"{base}/{container}")
        transport = self._transport(guard)
        access = Access(self._cloud, self._credential, guard, transport, self._writing)
        return BlobStore(access, base, container)

    def machine_learning(self, workspace: ResourceId) -> MachineLearning:
        """Return the allowed reads of azure-ai-ml for a workspace; never writes, in any mode."""
        return MachineLearning(self._access((self._cloud.resource_manager,)), workspace)

    def scoring(self, endpoint: ResourceId, uri: str, auth_mode: str) -> Scoring:
        """Return what sends scoring requests; see :meth:`AzureGateway.scoring`."""
        address = scoring_address(self._cloud, uri)
        keys = frozenset({"endpoint keys", "endpoint token"})
        return Scoring(
            self._access((self._cloud.resource_manager,), keys),
            self._access((address,), frozenset({"scoring"})),
            endpoint,
            address,
            auth_mode,
        )

    def registry_images(self, login_server: str, region: str = "") -> RegistryImages:
        """Return the reads of a registry's images; never writes, in any mode."""
        base = registry_base(self._cloud, login_server, region)
        return RegistryImages(
            self._access((base,), frozenset({"registry token"})), base, login_server
        )

    def close(self) -> None:
        """Close the connections. Requests under way on abandoned threads fail."""
        with self._lock:
            if self._wire is not None:
                self._wire.session.close()

    def _access(self, bases: tuple[str, ...], also: frozenset[str] = frozenset()) -> Access:
        """Return a read-only way to ``bases``, whatever this gateway's own mode is."""
        guard = Guard(Mode.READ_ONLY, bases, also)
        return Access(self._cloud, self._credential, guard, self._transport(guard), self._reading)

    def _reading(self, method: str, what: str, ask: Callable[[], T]) -> T:
        deadline = current_deadline(DEFAULT_DEADLINE)
        return bounded(lambda: translated(method, what, ask), deadline)

    def _writing(self, method: str, what: str, ask: Callable[[], T]) -> T:
        deadline = current_deadline(UPLOAD_SECONDS).within(UPLOAD_SECONDS)
        return bounded(lambda: translated(method, what, ask), deadline)

    def _transport(self, guard: Guard | CreateGuard) -> GuardedTransport:
        with self._lock:
            if self._wire is None:
                self._wire = wire(self._cloud, self._parallel)
            return GuardedTransport(self._wire, guard, self._log, self._throttle, self._clock)

    def _client(self) -> Any:
        if self._arm is None:
            transport = self._transport(self._guard)
            self._arm = resource_manager(
                self._cloud, self._subscription, self._credential, self._guard, transport
            )
        return self._arm

    def _send(
        self,
        method: str,
        target: str,
        *,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        from azure.core.rest import HttpRequest

        request = HttpRequest(
            method,
            target,
            headers={"Accept": "application/json", **(headers or {})},
            **({} if body is None else {"json": body}),
        )
        shown = urlsplit(target).path
        response = translated(
            method, shown, lambda: self._client().send_request(request, **options)
        )
        return Answer(response.status_code, response.headers, response.content)

    def _document(self, method: str, target: str) -> dict[str, Any]:
        answer = self._send(method, target)
        shown = urlsplit(target).path
        if answer.status >= _ERRORS_FROM:
            raise refusal(method, shown, answer)
        if answer.status >= 300:  # noqa: PLR2004 - a redirect is no answer here
            raise AzureError(
                f"{method} {shown} was answered with a redirect, which is not followed."
            )
        return document_of(method, shown, answer)

    def _pages(self, target: str, most: int) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = []
        seen: set[str] = set()
        shown = urlsplit(target).path
        while target and (not most or len(documents) < most):
            seen.add(target)
            page = self._document("GET", target)
            value = page.get("value")
            if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
                raise AzureError(f"GET {shown} was answered without a list of documents.")
            documents.extend(value)
            target = self._next(shown, page.get("nextLink"), seen)
        return documents[:most] if most else documents

    def _next(self, shown: str, link: Any, seen: set[str]) -> str:
        """Return the next page's URL, or an empty string after the last.

        Raises:
            AzureError: the link leads elsewhere, or round in a circle.
        """
        if not link:
            return ""
        if not isinstance(link, str) or not under(self._cloud.resource_manager, link):
            raise AzureError(
                f"The next page of GET {shown} lies on another host; it was not asked.",
                state="No token left for there; the list is incomplete.",
                next_step="Find out who answers for Azure on this network.",
            )
        if link in seen or len(seen) >= MOST_PAGES:
            raise AzureError(f"The pages of GET {shown} do not end: the list is incomplete.")
        return link

    def _polled(self, url: str) -> Answer:
        base = self._cloud.resource_manager
        target = base + url if url.startswith("/") else url
        if not under(base, target):
            raise AzureError("A poll URL lies on another host; it was not asked.")
        return self._send("GET", target)


def _dollared(query: Mapping[str, str]) -> dict[str, str]:
    """Return query parameters with the ``$`` that OData's names begin with."""
    odata = {"expand", "filter", "top", "select", "skip"}
    return {f"${name}" if name in odata else name: text for name, text in query.items()}


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


__all__ = ["Answer", "AzureGateway", "ChangeAnswer", "Deadline", "SdkGateway"]
