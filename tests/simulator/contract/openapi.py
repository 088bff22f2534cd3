"""Finds the documented operation behind a request, and holds the answer against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.shared_data import openapi_root
from tests.simulator.contract.schema import Library, Node, Violation, Walker

_METHODS = frozenset({"get", "put", "post", "patch", "delete", "head"})
_FIRST_ERROR = 400
_ANY_RESOURCE = frozenset({"/{resourceId}", "/{scope}", "/{resourceUri}"})
_ANY_TYPE = "{resourceProviderNamespace}/{parentResourcePath}/{resourceType}/{resourceName}"
_ERROR_TYPES = "common-types/resource-management/v5/types.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a document."""

    file: Path
    template: str
    """The documented path."""
    method: str
    """In upper case."""
    json: dict[str, Any]
    pattern: re.Pattern[str]
    literals: int
    """How many segments of the path are literal: of several operations the most literal fits."""
    is_generic: bool
    """Whether it stands for any resource of any provider, so that it documents none by name."""

    @property
    def rank(self) -> tuple[int, bool, bool]:
        """What tells which of several fitting operations a request means: the highest.

        The one with more literal segments; then one that names its provider; then the resource
        manager's own, for Key Vault's document lists vaults by ``/subscriptions/{id}/resources``
        with a filter, and that of role assignments has a ``/{roleAssignmentId}``.
        """
        is_arms = "Microsoft.Resources" in self.file.parts
        return self.literals, not self.is_generic or not self.literals, is_arms

    @property
    def name(self) -> str:
        """The document's id of it, such as ``StorageAccounts_Failover``."""
        return str(self.json["operationId"])

    @property
    def version(self) -> str:
        """The document's api-version: its folder's name."""
        return self.file.parent.name


class Contract:
    """The control-plane documents of a folder, indexed by path and method."""

    def __init__(self, root: Path) -> None:
        self.library = Library()
        self._root = root
        self._walker = Walker(self.library)
        self.operations: tuple[Operation, ...] = tuple(self._operations())

    def operation(self, method: str, url: str) -> Operation | None:
        """Return the documented operation that a request means; ``None`` when there is none."""
        path = unquote(urlsplit(url).path)
        fitting = [
            op
            for op in self.operations
            if op.method == method.upper() and op.pattern.fullmatch(path)
        ]
        return max(fitting, key=lambda op: op.rank, default=None)

    def validate_response(self, method: str, url: str, status: int, body: Any) -> list[Violation]:
        """Return where an answer leaves its document; raises ``LookupError`` without a document.

        ``body`` is parsed JSON, or ``None`` for no body.
        """
        operation = self.operation(method, url)
        if operation is None:
            raise LookupError(f"no document knows {method} {url}")
        return self.validate(operation, status, body)

    def validate(self, operation: Operation, status: int, body: Any) -> list[Violation]:
        """Hold the answer of a known operation against its document."""
        if status >= _FIRST_ERROR:
            return self._validate_error(operation, status, body)
        responses = operation.json["responses"]
        if str(status) not in responses:
            return [Violation("status", f"{status} is none of {sorted(responses)}")]
        response = self.library.follow(Node(operation.file, responses[str(status)]))
        if "schema" not in response.json:
            return [Violation("$", "a body where none is documented")] if body else []
        if body is None:
            return [Violation("$", "no body where one is documented")]
        return self._walker.check(Node(response.file, response.json["schema"]), body)

    def check(self, node: Node, body: Any) -> list[Violation]:
        """Hold any body against any piece of a document."""
        return self._walker.check(node, body)

    def _validate_error(self, operation: Operation, status: int, body: Any) -> list[Violation]:
        """An error has the form that the document names, or the one of Azure Resource Manager.

        Some documents describe an error without its ``error`` envelope, some describe none; the
        Resource Manager in front of all answers in its own form.
        https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#error-response
        """
        general = self.library.target(self._root / _ERROR_TYPES, "#/definitions/ErrorResponse")
        violations = self._walker.check(general, body)
        if isinstance(body, dict) and not isinstance(body.get("error"), dict):
            violations.append(Violation("$", "an error without the 'error' object"))
        declared = operation.json["responses"].get(str(status)) or operation.json["responses"].get(
            "default"
        )
        if violations and declared and "schema" in declared:
            own = self._walker.check(Node(operation.file, declared["schema"]), body)
            return own and violations
        return violations

    def examples(self, operation: Operation) -> Iterator[tuple[str, Any]]:
        """Yield name and content of each of Microsoft's examples of an operation that is here."""
        for reference in operation.json.get("x-ms-examples", {}).values():
            file = (operation.file.parent / reference["$ref"]).resolve()
            if file.is_file():
                yield file.relative_to(self._root).as_posix(), self.library.document(file)

    def _operations(self) -> Iterator[Operation]:
        for file in sorted(self._root.rglob("*.json")):
            if "examples" in file.parts or "data-plane" in file.parts:
                continue
            for template, methods in self.library.document(file.resolve()).get("paths", {}).items():
                for method, json in methods.items():
                    if method in _METHODS:
                        yield self._operation(file.resolve(), template, method, json, methods)

    def _operation(
        self, file: Path, template: str, method: str, json: dict[str, Any], item: dict[str, Any]
    ) -> Operation:
        declared = [*item.get("parameters", []), *json.get("parameters", [])]
        wide = set(self._wide_parameters(file, declared))
        segments = [segment for segment in template.strip("/").split("/") if segment]
        pattern = "".join(_segment_pattern(segment, wide) for segment in segments)
        return Operation(
            file=file,
            template=template,
            method=method.upper(),
            json=json,
            pattern=re.compile(pattern or "/", re.IGNORECASE),
            literals=sum("{" not in segment for segment in segments),
            is_generic=template in _ANY_RESOURCE or template.endswith(_ANY_TYPE),
        )

    def _wide_parameters(self, file: Path, declared: list[dict[str, Any]]) -> Iterator[str]:
        """Yield the path parameters that may hold slashes, such as a scope or a resource's id."""
        for parameter in declared:
            json = self.library.follow(Node(file, parameter)).json
            if json.get("in") == "path" and json.get("x-ms-skip-url-encoding"):
                yield json["name"]


def _segment_pattern(segment: str, wide: set[str]) -> str:
    if segment == "{parentResourcePath}":
        return "(?:/.+)?"  # a resource of the first level has no parent
    parts = re.split(r"(\{\w+\})", segment)
    return "/" + "".join(
        (".+" if part[1:-1] in wide else "[^/]+") if part.startswith("{") else re.escape(part)
        for part in parts
        if part
    )


@cache
def contract() -> Contract:
    """Return the contract of the documents at hand, read once a process."""
    return Contract(openapi_root().resolve())


def unserved_documents(served: Iterable[tuple[str, str]]) -> list[str]:
    """Return, of served requests (method, URL), those for which no document is there by name."""
    missing = set()
    for method, url in served:
        operation = contract().operation(method, url)
        if operation is None or operation.is_generic:
            missing.add(f"{method} {_shape_of(url)}")
    return sorted(missing)


def _shape_of(url: str) -> str:
    """Return a path with its names taken out, so that one operation stands once in a list."""
    path = re.sub(r"(?i)(/subscriptions/|/resourceGroups/)[^/]+", r"\1*", urlsplit(url).path)
    head, provider, tail = path.rpartition("/providers/")
    if not provider:
        return path
    segments = tail.split("/")
    return f"{head}{provider}" + "/".join(
        "*" if index and index % 2 == 0 else segment for index, segment in enumerate(segments)
    )
