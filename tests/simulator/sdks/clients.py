"""Clients that the program does not use, on a simulated Azure: nothing patched, only addresses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.loganalytics import LogAnalyticsManagementClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcehealth import ResourceHealthMgmtClient
from azure.mgmt.sql import SqlManagementClient
from azure.mgmt.storage import StorageManagementClient

from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator.blob_world import advance
from tests.simulator_fixtures import add_fault, clear_faults, credential

EAST, WEST = "rg-fraud-e", "rg-fraud-w"


class Clients:
    """One client a service, all signed in with the same credential."""

    def __init__(self, endpoint: Endpoint, stack: ExitStack) -> None:
        self.endpoint = endpoint
        self._stack = stack
        self._credential = stack.enter_context(credential(endpoint))

    def open(self, kind: Any, *arguments: str, **options: Any) -> Any:
        """Open a client of this simulated Azure."""
        given = {
            "base_url": self.endpoint.base_url,
            "credential_scopes": [f"{self.endpoint.base_url}/.default"],
            "connection_verify": self.endpoint.ca_file,
            "polling_interval": 0,
            "retry_total": 0,
            **options,
        }
        return self._stack.enter_context(kind(self._credential, *arguments, **given))

    def _of_subscription(self, kind: Any) -> Any:
        return self.open(kind, self.endpoint.subscription_id)

    @cached_property
    def storage(self) -> Any:
        return self._of_subscription(StorageManagementClient)

    @cached_property
    def vaults(self) -> Any:
        return self._of_subscription(KeyVaultManagementClient)

    @cached_property
    def registries(self) -> Any:
        return self._of_subscription(ContainerRegistryManagementClient)

    @cached_property
    def logs(self) -> Any:
        return self._of_subscription(LogAnalyticsManagementClient)

    @cached_property
    def health(self) -> Any:
        return self._of_subscription(ResourceHealthMgmtClient)

    @cached_property
    def sql(self) -> Any:
        return self._of_subscription(SqlManagementClient)

    @cached_property
    def clusters(self) -> Any:
        return self._of_subscription(ContainerServiceClient).managed_clusters

    @cached_property
    def graph(self) -> Any:
        return self.open(ResourceGraphClient)

    def pass_time(self, seconds: float) -> None:
        """Let world time pass."""
        advance(self.endpoint, seconds)

    @contextmanager
    def fault(self, **fault: Any) -> Iterator[None]:
        """Let a fault be there for a while."""
        add_fault(self.endpoint, **fault)
        try:
            yield
        finally:
            clear_faults(self.endpoint)


@contextmanager
def refused(status: int, code: str) -> Iterator[pytest.ExceptionInfo[HttpResponseError]]:
    """Expect Azure's refusal, read by the client itself."""
    with pytest.raises(HttpResponseError) as caught:
        yield caught
    assert (caught.value.status_code, caught.value.error.code) == (status, code)
