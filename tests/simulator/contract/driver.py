"""Asks the simulated resource manager everything it serves, over real HTTPS, and checks it all."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from amlrunbook.simulator import process
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.catalog import BY_TYPE, SPECIALS
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator.blob_world import credential
from tests.simulator.contract.openapi import contract, openapi_root
from tests.simulator.contract.schema import Violation

_LRO_TYPES = "common-types/resource-management/v5/types.json"
_POLLS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request was answered."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: Any
    """Parsed JSON, or ``None`` without a body."""


@dataclass(slots=True)
class Driver:
    """A client that checks what it hears, and keeps what was asked and what was wrong."""

    endpoint: Endpoint
    violations: dict[str, list[str]] = field(default_factory=dict)
    """Request to what was wrong with its answer."""
    _connection: http.client.HTTPSConnection = field(init=False)
    _token: str = field(init=False)

    def __post_init__(self) -> None:
        trust = ssl.create_default_context(cafile=self.endpoint.ca_file)
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1", self.endpoint.port, timeout=100, context=trust
        )
        scope = f"{self.endpoint.base_url}/.default"
        with credential(self.endpoint) as signed_in:
            self._token = signed_in.get_token(scope).token

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def world(self) -> dict[str, Any]:
        """Return the whole world."""
        answer = process.control(self.endpoint, "GET", "/world")
        assert isinstance(answer, dict)
        return answer

    def ask(
        self, method: str, path: str, version: str, body: Any = None, query: str = ""
    ) -> Answer:
        """Send a request, follow its operation to the end, check every answer, return the first."""
        url = f"{quote(path)}?api-version={version}{query}"
        first = self.send(method, url, body)
        self._check(method, url, first)
        if first.status in {200, 201, 202}:
            self._follow(method, url, first)
        return first

    def send(self, method: str, url: str, body: Any = None) -> Answer:
        """Send a request and check nothing."""
        content = None if body is None else json.dumps(body)
        self._connection.request(
            method,
            url,
            body=content,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        response = self._connection.getresponse()
        data = response.read()
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=json.loads(data) if data else None,
        )

    def _follow(self, method: str, url: str, first: Answer) -> None:
        status_url = first.headers.get("azure-asyncoperation")
        result_url = first.headers.get("location")
        if status_url:
            last = self._poll(status_url, lambda a: a.body["status"] in {"Succeeded", "Failed"})
            self._keep(f"{method} {url}: operation status", self._check_status(last))
        elif result_url:
            last = self._poll(result_url, lambda a: a.status != 202)
            operation = contract().operation(method, url)
            if operation is not None and last.body and "200" in operation.json["responses"]:
                self._keep(
                    f"{method} {url} ({operation.name}): result",
                    contract().validate(operation, 200, last.body),
                )

    def _poll(self, url: str, is_done: Any) -> Answer:
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == self.endpoint.base_url
        for _ in range(_POLLS):
            answer = self.send("GET", f"{parts.path}?{parts.query}")
            if is_done(answer):
                return answer
        raise AssertionError(f"{url} never ends")

    def _check_status(self, answer: Answer) -> list[Violation]:
        types = openapi_root().resolve() / _LRO_TYPES
        known = contract().library.target(types, "#/definitions/OperationStatusResult")
        return contract().check(known, answer.body)

    def _check(self, method: str, url: str, answer: Answer) -> None:
        operation = contract().operation(method, url)
        if operation is None or (method == "HEAD" and answer.body is None):
            return
        self._keep(
            f"{method} {url} ({operation.name}): {answer.status}",
            contract().validate(operation, answer.status, answer.body),
        )

    def _keep(self, where: str, violations: list[Violation]) -> None:
        if violations:
            self.violations[where] = [str(item) for item in violations]


def everything_to_read(world: dict[str, Any], kind: Kind) -> Iterator[str]:
    """Yield the path of each resource of a kind, and of each collection it can be in."""
    collections = set()
    for document in documents(world, kind):
        resource_id = str(document["id"])
        path = parse(resource_id)
        yield resource_id
        collections.add(resource_id.rpartition("/")[0])
        if kind.depth == 1 and kind.tracked:
            subscription = f"/subscriptions/{path.subscription}"
            collections.add(f"{subscription}/providers/{kind.type}")
    yield from sorted(collections)


def served_requests() -> Iterator[tuple[str, str]]:
    """Yield method and path of every request that the catalog serves, with made-up names."""
    group = "/subscriptions/s/resourceGroups/g"
    for path in ("", "/s", "/s/locations", "/s/providers", "/s/resourceGroups", "/s/resources"):
        yield "GET", f"/subscriptions{path}"
    yield "GET", "/tenants"
    yield "GET", f"{group}/resources"
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        yield method, group
    for method, shape in SPECIALS:
        yield method, f"{special_scope(shape, '/subscriptions/s')}/providers/{named(shape)}"
    for kind in BY_TYPE.values():
        namespace, *types = kind.type.split("/")
        above = "".join(
            f"/{type_}/{'default' if type_.endswith('Services') else 'name'}"
            for type_ in types[:-1]
        )
        collection = f"{group}/providers/{namespace}{above}/{types[-1]}"
        yield "GET", collection
        if kind.tracked and kind.depth == 1:
            yield "GET", f"/subscriptions/s/providers/{kind.type}"
        methods = kind.methods - {"HEAD"} - (set() if kind.patchable else {"PATCH"})
        for method in sorted(methods):
            yield method, f"{collection}/name"
        for action in kind.actions:
            yield "POST", f"{collection}/name/{action}"


def special_scope(shape: str, subscription: str) -> str:
    """Return where a request of a shape goes: to what is in a group, or to the subscription."""
    if "resourcegraph" in shape:
        return ""
    of_a_group = "/".join(shape.split("/")[:2]) in BY_TYPE and "/*" in shape
    of_a_group = of_a_group or shape.endswith("/workspaces/*/failover")
    return f"{subscription}/resourceGroups/g" if of_a_group else subscription


_NAMES = {
    "availabilitystatuses": "current",
    "deletedvaults": "none",
    "eventtypes": "management",
    "fileservices": "default",
    "locations": "eastus",
    "tags": "default",
}


def named(shape: str) -> str:
    """Return a shape with a name in place of every star."""
    parts = shape.split("/")
    for place, part in enumerate(parts):
        if part == "*":
            parts[place] = _NAMES.get(parts[place - 1], "name")
    return "/".join(parts)


def documents(world: dict[str, Any], kind: Kind) -> list[dict[str, Any]]:
    """Return the resources of a kind."""
    found = world["resources"].values()
    return [document for document in found if str(document["type"]).lower() == kind.type.lower()]
