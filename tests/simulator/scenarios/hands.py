"""The hands that solve a scenario: the Azure SDKs, and the clock of the simulated world. Nothing of the program's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from azure.core import PipelineClient
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.storage.blob import BlobServiceClient

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator_fixtures import credential

ML = "2024-10-01"
STORAGE = "2023-05-01"
VAULT = "2023-07-01"
REGISTRY = "2023-07-01"
NO_ANSWER = 0
"""The status of a request that nobody answered."""


class Hands:
    """One person's hands, signed in to one world."""

    def __init__(
        self, endpoint: Endpoint, signed_in: ClientSecretCredential, arm: ResourceManagementClient
    ) -> None:
        self.endpoint = endpoint
        self._signed_in = signed_in
        self._arm = arm
        self._session = requests.Session()
        self._session.verify = endpoint.ca_file
        self._session.trust_env = False

    def close(self) -> None:
        """Let go of the lines."""
        self._session.close()

    def ask(
        self, method: str, path: str, version: str, body: Any = None, *, times: int = 1
    ) -> tuple[int, Any]:
        """Send a request by azure-mgmt-resource; return status and document of the last answer."""
        if path.startswith("@"):
            path = (
                f"{self.endpoint.base_url}/subscriptions/{self.endpoint.subscription_id}{path[1:]}"
            )
        mark = "&" if "?" in path else "?"
        status, document = NO_ANSWER, None
        for _ in range(times):
            request = HttpRequest(method, f"{path}{mark}api-version={version}", json=body)
            try:
                answer = self._arm._client.send_request(request)
            except (ServiceRequestError, ServiceResponseError):
                status, document = NO_ANSWER, None
                continue
            status = answer.status_code
            document = answer.json() if answer.content else None
        return status, document

    def do(self, method: str, path: str, version: str, body: Any = None) -> Any:
        """Send a request that must go through."""
        status, document = self.ask(method, path, version, body)
        assert status in {200, 201, 202, 204}, (method, path, status, document)
        self.wait(1)
        return document

    def change(self, path: str, version: str, values: dict[str, Any]) -> Any:
        """Put a resource back whole, with values laid over it."""
        document = self.do("GET", path, version)
        return self.do("PUT", path, version, laid_over(document, values))

    def blobs(self, account: str, *, secondary: bool = False) -> BlobServiceClient:
        """Return the blob service of an account, or of its read-only second region."""
        name = f"{account}-secondary" if secondary else account
        return BlobServiceClient(
            f"{self.endpoint.base_url}/blob/{name}",
            credential=self._signed_in,
            connection_verify=self.endpoint.ca_file,
            retry_total=0,
        )

    def secret(self, vault: str, name: str, value: str) -> int:
        """Set a secret in a vault; return the status of the answer."""
        policy = BearerTokenCredentialPolicy(self._signed_in, "https://vault.azure.net/.default")
        with PipelineClient(
            self.endpoint.base_url, policies=[policy], connection_verify=self.endpoint.ca_file
        ) as client:
            url = f"{self.endpoint.base_url}/keyvault/{vault}/secrets/{name}?api-version=7.4"
            answer = client.send_request(HttpRequest("PUT", url, json={"value": value}))
        return int(answer.status_code)

    def route(self, front: str, endpoint_path: str) -> None:
        """Send a front's callers to an endpoint, as on the portal's page."""
        target = f"/subscriptions/{self.endpoint.subscription_id}{endpoint_path[1:]}"
        self.control("POST", "/fronts", {"name": front, "target": target})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the simulator itself."""
        answer = self._session.request(
            method,
            f"{self.endpoint.base_url}/_simulator{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.endpoint.control_token}"},
            timeout=100,
        )
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer.json()

    def portal(self, action: str, path: str) -> Any:
        """Do what only the portal can do."""
        wanted = f"/subscriptions/{self.endpoint.subscription_id}{path[1:]}"
        return self.control("POST", "/portal", {"action": action, "id": wanted})

    def wait(self, seconds: float) -> None:
        """Let the world's time pass."""
        self.control("POST", "/clock", {"advance": seconds})


def laid_over(document: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    found = dict(document)
    for key, value in values.items():
        inner = found.get(key)
        both = isinstance(inner, dict) and isinstance(value, dict)
        found[key] = laid_over(inner, value) if both else value
    return found


@contextmanager
def hands_in(endpoint: Endpoint, scenario: str, seed: int = 0) -> Iterator[Hands]:
    """Begin a scenario in a running simulator, its clock standing still; yield hands in it, the alarm rung."""
    told: Any = process.control(endpoint, "POST", "/begin", {"scenario": scenario, "seed": seed})
    here = Endpoint(**told)
    process.control(here, "POST", "/clock", {"rate": 0.0})
    process.control(here, "POST", "/pace", {"polls": 0, "seconds": 0.0, "retry_after": 0})
    with (
        credential(here) as signed_in,
        ResourceManagementClient(
            signed_in,
            here.subscription_id,
            base_url=here.base_url,
            credential_scopes=[f"{here.base_url}/.default"],
            connection_verify=here.ca_file,
            retry_total=0,
        ) as arm,
    ):
        process.control(here, "POST", "/alarm")
        hands = Hands(here, signed_in, arm)
        try:
            yield hands
        finally:
            hands.close()
