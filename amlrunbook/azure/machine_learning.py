"""azure-ai-ml behind an allow-list: the reads of it that this program may use.

The SDK builds some clients of its own that ignore policies, CA file and retry options, and its workspace creation
deploys a template. So no client of it is handed out: only the operations named below can be called, and whatever
they send passes the guarded wire, which is read-only for this client in every mode.
"""

from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import Iterator
from typing import Any

from amlrunbook.azure.access import Access
from amlrunbook.azure.guard import CreateGuard, Guard
from amlrunbook.errors import RefusedError
from amlrunbook.model.resource_id import ResourceId

ALLOWED: frozenset[str] = frozenset(
    {
        "workspaces.get",
        "compute.list",
        "datastores.list",
        "models.list",
        "models.get",
        "environments.list",
        "environments.get",
        "data.list",
        "data.get",
        "components.list",
        "components.get",
        "jobs.list",
        "online_endpoints.list",
        "online_endpoints.get",
        "online_deployments.list",
        "batch_endpoints.list",
        "batch_deployments.list",
        "schedules.list",
    }
)
"""The operations of ``MLClient`` that may be called: all of them read ARM."""

_SDK_CLOUDS = {
    "public": "AzureCloud",
    "us-government": "AzureUSGovernment",
    "china": "AzureChinaCloud",
}


class MachineLearning:
    """The allowed operations of one workspace."""

    def __init__(self, access: Access, workspace: ResourceId) -> None:
        self._access = access
        self._workspace = workspace
        self._made: Any = None

    def read(self, operation: str, **arguments: Any) -> Any:
        """Call an allowed operation; an iterator of the SDK's comes back as a list.

        Raises:
            RefusedError: the operation is not on the list; nothing was sent.
            AzureError: it cannot be read.
        """
        if operation not in ALLOWED:
            raise RefusedError(
                f"{operation} of azure-ai-ml is not on the list of operations that may be used.",
                state="Nothing was sent.",
                next_step="Use the ARM document of the resource instead.",
            )

        def ask() -> Any:
            group, name = operation.split(".")
            answer = getattr(getattr(self._client(), group), name)(**arguments)
            return list(answer) if isinstance(answer, Iterator) else answer

        with _quiet():
            return self._access.run("GET", f"azure-ai-ml {operation}", ask)

    def _client(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _make(self) -> Any:
        options: dict[str, Any] = {}
        if self._access.cloud.ca_file:
            options["cloud_metadata"] = self._metadata()
        return sdk_client()(
            self._access.credential,
            self._workspace.subscription,
            self._workspace.resource_group,
            self._workspace.name,
            cloud=self._sdk_cloud(),
            enable_telemetry=False,
            show_progress=False,
            transport=self._access.transport,
            per_call_policies=[_guard_policy(self._access.guard)],
            retry_total=0,
            **options,
        )

    def _sdk_cloud(self) -> str:
        """Name the cloud as the SDK does; a simulated one by its URL, since the SDK keeps the first of a name."""
        return (
            _SDK_CLOUDS.get(self._access.cloud.name)
            or f"amlrunbook {self._access.cloud.resource_manager}"
        )

    def _metadata(self) -> dict[str, str]:
        base = self._access.cloud.resource_manager + "/"
        return {
            "azure_portal": self._access.cloud.portal,
            "resource_manager": base,
            "active_directory": self._access.cloud.authority + "/",
            "aml_resource_id": base,
            "storage_endpoint": "core.invalid",
            "registry_discovery_endpoint": base,
        }


def _guard_policy(guard: Guard | CreateGuard) -> Any:
    """Return the guard as a policy that many pipelines may share, which needs the SDK's own base class."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class SharedGuard(SansIOHTTPPolicy):  # type: ignore[misc]
        """Refuses before anybody signs in."""

        def on_request(self, request: Any) -> None:
            """Check the request."""
            http = request.http_request
            guard.check(http.method, http.url, http.headers)

    return SharedGuard()


def sdk_client() -> Any:
    """Import azure-ai-ml, which takes a second or more, and return its client's class.

    No garbage is collected meanwhile: the import keeps all that it makes, and to look through that again and again
    stops every thread, so that whoever is at the keys waits.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        from azure.ai.ml import MLClient
    finally:
        if collected:
            gc.enable()
    return MLClient


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the SDK's own talk (experimental classes, telemetry) off the terminal."""
    logger = logging.getLogger("azure.ai.ml")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
