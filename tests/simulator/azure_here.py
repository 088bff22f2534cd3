"""A simulated Azure for a test module, and gateways to it. Import the fixtures that a module uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amlrunbook.azure.credentials import ClientSecret, credential_for
from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.model.cloud import loopback_cloud
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Profile
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.process import control
from tests.simulator_fixtures import lent


class AzureHere:
    """One simulated Azure."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        world: Any = control(endpoint, "GET", "/world")
        self.profile = msgspec.convert(world["profile"], Profile)
        self._gateways: list[SdkGateway] = []

    def gateway(self, mode: Mode = Mode.READ_ONLY, **options: Any) -> SdkGateway:
        e = self.endpoint
        cloud = loopback_cloud(e.base_url, e.ca_file)
        secret = ClientSecret(e.tenant_id, e.client_id, e.client_secret)
        credential = credential_for(cloud, secret=secret)
        gateway = SdkGateway(cloud, credential, mode, self.profile.subscription, **options)
        self._gateways.append(gateway)
        return gateway

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What reached the wire, oldest first."""
        found: Any = control(self.endpoint, "GET", f"/requests?since={since}")
        return list(found)

    @property
    def last(self) -> int:
        """The number of the last request."""
        return max((request["number"] for request in self.requests()), default=0)

    def fault(self, **fault: Any) -> None:
        control(self.endpoint, "POST", "/faults", fault)

    def clear(self) -> None:
        control(self.endpoint, "DELETE", "/faults")

    def close(self) -> None:
        for gateway in self._gateways:
            gateway.close()


@contextmanager
def azure_running(folder: Path, scenario: str, *, own: bool = False) -> Iterator[AzureHere]:
    with lent(folder / "azure", scenario, own=own) as endpoint:
        here = AzureHere(endpoint)
        try:
            yield here
        finally:
            here.close()


@pytest.fixture(scope="module")
def pair_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureHere]:
    with azure_running(tmp_path_factory.mktemp("pair"), "healthy-pair") as here:
        yield here


@pytest.fixture
def pair(pair_running: AzureHere) -> Iterator[AzureHere]:
    """A healthy pair, shared by the module's tests: leave its world as it was."""
    yield pair_running
    pair_running.clear()


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[AzureHere]:
    """A lonely workspace of this test's own."""
    with azure_running(tmp_path, "lonely-workspace") as here:
        yield here
