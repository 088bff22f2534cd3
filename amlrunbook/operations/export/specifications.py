"""Specifications of a workspace: its ARM documents, and the same as YAML where azure-ai-ml can say it.

The documents are complete and put back by the resource manager; the YAML is what ``az ml … create -f`` takes in another
workspace. Source: https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.machine_learning import MachineLearning
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.redaction import masked_document, masked_text
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.export.items import Found, Gap, listed, of_content, safe_path

SECONDS = 600.0
"""The deadline of one list: run history may be long."""
PLAIN = ("jobs", "datastores", "computes", "schedules", "connections")
VERSIONED = ("models", "environments", "data", "components")
ENDPOINTS = ("onlineEndpoints", "batchEndpoints")
_FOLDER = "specifications"


class Specifications:
    """The specifications of one workspace."""

    def __init__(self, gateway: AzureGateway, workspace: ResourceId) -> None:
        self._gateway = gateway
        self._workspace = workspace

    def jobs(self) -> Iterator[Found]:
        """List the jobs: documents and YAML."""
        yield from self._plain("jobs")
        yield from self._yaml("jobs", "jobs.list", {})

    def assets(self) -> Iterator[Found]:
        """List all versions of models, environments, data assets and components."""
        for collection in VERSIONED:
            yield from listed(self._what(collection), lambda c=collection: self._versions(c))  # type: ignore[misc]

    def endpoints(self) -> Iterator[Found]:
        """List endpoints and their deployments."""
        for collection in ENDPOINTS:
            yield from listed(self._what(collection), lambda c=collection: self._endpoints(c))  # type: ignore[misc]

    def settings(self) -> Iterator[Found]:
        """List what else belongs to the workspace: itself, datastores, computes, schedules, connections."""

        def itself() -> Iterator[Found]:
            yield self._document(
                self._gateway.get(self._workspace.text, seconds=SECONDS), "workspace"
            )

        yield from listed(self._workspace.name, itself)
        for collection in PLAIN:
            if collection != "jobs":
                yield from self._plain(collection)

    def _plain(self, collection: str) -> Iterator[Found]:
        def documents() -> Iterator[Found]:
            path = f"{self._workspace.text}/{collection}"
            for document in self._gateway.get_all(path, seconds=SECONDS):
                yield self._document(document, collection, Document(document).name)

        yield from listed(self._what(collection), documents)

    def _versions(self, collection: str) -> Iterator[Found]:
        path = f"{self._workspace.text}/{collection}"
        for container in self._gateway.get_all(path, seconds=SECONDS):
            name = Document(container).name
            at = f"{path}/{name}/versions"
            for document in self._gateway.get_all(at, seconds=SECONDS):
                yield self._document(document, collection, name, Document(document).name)
            yield from self._yaml(collection, f"{collection}.list", {"name": name})

    def _endpoints(self, collection: str) -> Iterator[Found]:
        group = "online" if collection == "onlineEndpoints" else "batch"
        path = f"{self._workspace.text}/{collection}"
        for endpoint in self._gateway.get_all(path, seconds=SECONDS):
            name = Document(endpoint).name
            yield self._document(endpoint, collection, name, "endpoint")
            for document in self._gateway.get_all(f"{path}/{name}/deployments", seconds=SECONDS):
                yield self._document(document, collection, name, Document(document).name)
            of = {"endpoint_name": name}
            yield from self._yaml(collection, f"{group}_deployments.list", of, under=name)
        yield from self._yaml(collection, f"{group}_endpoints.list", {}, leaf="endpoint")

    def _yaml(
        self,
        collection: str,
        operation: str,
        arguments: dict[str, str],
        *,
        under: str = "",
        leaf: str = "",
    ) -> Iterator[Found]:
        """Yield entities of azure-ai-ml as YAML; one that it cannot say is a gap: its document is saved all the same."""
        client: MachineLearning = self._gateway.machine_learning(self._workspace)

        def entities() -> Iterator[Found]:
            for entity in _entities(client.read(operation, **arguments)):
                name = str(getattr(entity, "name", "") or "")
                version = str(getattr(entity, "version", "") or "")
                parts = [part for part in (under, name, version, leaf) if part]
                what = f"{collection}/{'/'.join(parts)}"
                try:
                    content = yaml_of(entity)
                except AmlRunbookError as error:
                    yield Gap(f"{what} as YAML", error.what)
                    continue
                yield of_content(
                    self._place(collection, *parts, ending=".yml"),
                    f"{self._workspace.text}/{what}",
                    content,
                )

        yield from listed(f"{self._what(collection)} as YAML", entities)

    def _document(self, document: dict[str, Any], collection: str, *names: str) -> Found:
        content = msgspec.json.encode(masked_document(document), order="sorted")
        origin = Document(document).id or f"{self._workspace.text}/{collection}"
        place = self._place(collection, *(names or (self._workspace.name,)), ending=".json")
        return of_content(place, origin, msgspec.json.format(content, indent=1) + b"\n")

    def _place(self, collection: str, *names: str, ending: str) -> str:
        *folders, last = names
        return safe_path(self._workspace.name, _FOLDER, collection, *folders, last + ending)

    def _what(self, collection: str) -> str:
        return f"{self._workspace.name}/{collection}"


def _entities(answer: Any) -> Iterable[Any]:
    return answer if isinstance(answer, list) else list(answer)


def yaml_of(entity: Any) -> bytes:
    """Return an entity of azure-ai-ml as YAML, without secrets.

    Raises:
        AmlRunbookError: the SDK cannot say it.
    """
    text = io.StringIO()
    try:
        entity.dump(text)
    except Exception as error:  # the SDK raises what it likes for kinds that it half knows
        raise AmlRunbookError(
            f"azure-ai-ml cannot write it as YAML: {type(error).__name__}."
        ) from error
    return masked_text(text.getvalue()).encode()
