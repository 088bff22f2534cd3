"""The simulated Azure for tests: started as its own process, driven by the real SDKs.

``healthy_pair`` and ``lonely_workspace`` are shared by the whole session: read them only.
``fresh_azure`` gives a world of its own to a test that changes things. To start a process costs more
than most tests: one that is done with, and whole, begins the next test's world (:func:`lent`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from math import floor
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
import requests
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from amlrunbook.errors import SimulatorError
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint, read_endpoint


def set_pace(
    endpoint: Endpoint, *, polls: int = 2, seconds: float = 600.0, retry_after: int = 0
) -> None:
    """Let long-running operations end after so many polls, and not by time."""
    pace = {"polls": polls, "seconds": seconds, "retry_after": retry_after}
    process.control(endpoint, "POST", "/pace", pace)


def stand_still(endpoint: Endpoint) -> None:
    """Have time pass only where a test lets it, from a whole second on: what is written of it is exact."""
    told: Any = process.control(endpoint, "POST", "/clock", {"rate": 0.0})
    process.control(endpoint, "POST", "/clock", {"advance": floor(told["now"]) + 1 - told["now"]})


def end(folder: Path) -> None:
    """End a simulated Azure whose world nobody looks at any more: at once where it is a child of ours."""
    endpoint = read_endpoint(folder.resolve())
    child = process._children.get(endpoint.pid)
    if child is None:
        process.stop(folder)
    else:
        child.kill()
        process._reap(endpoint.pid)


_idle: list[Endpoint] = []
"""Simulated Azures that no test uses any more, each of them whole."""


def _begun(folder: Path, scenario: str | Path, seed: int) -> Endpoint:
    """Return a simulated Azure with a new world: one that is idle, or one started in ``folder``."""
    named = str(scenario)
    named = str(Path(named).resolve()) if named.endswith(".toml") else named
    while _idle:
        endpoint = _idle.pop()
        try:
            told = process.control(endpoint, "POST", "/begin", {"scenario": named, "seed": seed})
        except SimulatorError:
            end(Path(endpoint.ca_file).parent)
        else:
            return msgspec.convert(told, Endpoint)
    return process.start(folder, named, seed=seed)


def _given_back(endpoint: Endpoint) -> None:
    """Keep a simulated Azure for the next test, unless something may still hang in it."""
    try:
        whole = process.control(endpoint, "GET", "/faults") == []
    except SimulatorError:
        whole = False
    if whole:
        _idle.append(endpoint)
    else:
        end(Path(endpoint.ca_file).parent)


def pytest_sessionfinish() -> None:
    """End the simulated Azures that are left."""
    while _idle:
        end(Path(_idle.pop().ca_file).parent)


@contextmanager
def lent(
    folder: Path, scenario: str | Path = "healthy-pair", *, seed: int = 0, own: bool = False
) -> Iterator[Endpoint]:
    """Yield a simulated Azure with a new world, and take it back. Time passes there where a test lets it.

    ``own`` starts one in ``folder`` and ends it: for a test that stops it, or looks at its files.
    """
    if own:
        endpoint = process.start(folder, str(scenario), seed=seed)
    else:
        endpoint = _begun(folder, scenario, seed)
    stand_still(endpoint)
    try:
        yield endpoint
    finally:
        if own:
            end(folder)
        else:
            _given_back(endpoint)


@contextmanager
def running(
    folder: Path, scenario: str | Path = "healthy-pair", *, seed: int = 0, own: bool = False
) -> Iterator[Endpoint]:
    """Yield a simulated Azure as :func:`lent`, its operations at a test's pace."""
    with lent(folder, scenario, seed=seed, own=own) as endpoint:
        set_pace(endpoint)
        yield endpoint


def credential(endpoint: Endpoint, **options: Any) -> ClientSecretCredential:
    """Return the real azure-identity credential that signs in there; close it."""
    return ClientSecretCredential(
        endpoint.tenant_id,
        endpoint.client_id,
        endpoint.client_secret,
        authority=endpoint.base_url,
        disable_instance_discovery=True,
        connection_verify=endpoint.ca_file,
        **options,
    )


@contextmanager
def resource_client(endpoint: Endpoint, **options: Any) -> Iterator[ResourceManagementClient]:
    """Yield the real azure-mgmt-resource client on an endpoint, polling without waiting."""
    with (
        credential(endpoint) as signed_in,
        ResourceManagementClient(
            signed_in,
            endpoint.subscription_id,
            base_url=endpoint.base_url,
            credential_scopes=[f"{endpoint.base_url}/.default"],
            connection_verify=endpoint.ca_file,
            **{"polling_interval": 0, "retry_total": 0, **options},
        ) as client,
    ):
        yield client


class Wire:
    """Bare HTTPS to the resource manager, signed in; for what no SDK shows."""

    def __init__(self, endpoint: Endpoint, *, timeout: float = 100.0) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._session = requests.Session()
        self._session.verify = endpoint.ca_file
        self._session.trust_env = False
        with credential(endpoint) as signed_in:
            self.token = signed_in.get_token(f"{endpoint.base_url}/.default").token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(
        self,
        method: str,
        path: str,
        version: str | None = "2024-04-01",
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = "",
        **query: str,
    ) -> requests.Response:
        """Send one request; ``path`` may leave out the subscription by starting with ``@/``.

        A ``token`` of ``None`` sends no Authorization header, any text sends that one.
        """
        if path.startswith("@"):
            path = f"/subscriptions/{self.endpoint.subscription_id}{path[1:]}"
        url = path if path.startswith("https:") else f"{self.endpoint.base_url}{path}"
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.token}"
        if version is not None:
            query = {"api-version": version, **query}
        return self._session.request(
            method, url, params=query, json=body, headers=sent, timeout=self.timeout
        )

    def get(self, path: str, version: str | None = "2024-04-01", **query: str) -> Any:
        """Return the JSON of a GET that must succeed."""
        answer = self.ask("GET", path, version, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


def add_fault(endpoint: Endpoint, **fault: Any) -> str:
    """Add a fault by the control endpoint and return its id."""
    added = process.control(endpoint, "POST", "/faults", fault)
    assert isinstance(added, dict)
    return str(added["id"])


def clear_faults(endpoint: Endpoint) -> None:
    """Clear all faults."""
    process.control(endpoint, "DELETE", "/faults")


def world(endpoint: Endpoint) -> dict[str, Any]:
    """Return the whole world."""
    found = process.control(endpoint, "GET", "/world")
    assert isinstance(found, dict)
    return found


def revision(endpoint: Endpoint) -> int:
    """Return the world's revision."""
    found = process.control(endpoint, "GET", "/ping")
    assert isinstance(found, dict)
    return int(found["revision"])


def seen(endpoint: Endpoint, since: int = 0) -> list[dict[str, Any]]:
    """Return the requests that the simulator noted."""
    found = process.control(endpoint, "GET", f"/requests?since={since}")
    assert isinstance(found, list)
    return found


@pytest.fixture(scope="session")
def healthy_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A simulated Azure with the scenario ``healthy-pair``; read it only."""
    with running(tmp_path_factory.mktemp("healthy") / "azure", "healthy-pair") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def lonely_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A simulated Azure with the scenario ``lonely-workspace``; read it only."""
    with running(tmp_path_factory.mktemp("lonely") / "azure", "lonely-workspace") as endpoint:
        yield endpoint


@pytest.fixture
def fresh_azure(tmp_path: Path) -> Iterator[Callable[..., Endpoint]]:
    """A function that begins a simulated Azure of the test's own: ``fresh_azure("name")``."""
    with ExitStack() as stack:
        numbers = count()

        def start(scenario: str | Path = "healthy-pair", *, seed: int = 0) -> Endpoint:
            folder = tmp_path / f"azure-{next(numbers)}"
            return stack.enter_context(running(folder, scenario, seed=seed))

        yield start
