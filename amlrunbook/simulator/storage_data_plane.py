"""What the blob and the file service of a storage account do alike with a request.

An account that does not exist has no name in Azure's DNS: the connection is closed without an
answer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator.answers import Refusal, no_answer, storage_error
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.blobs import BlobAccount
from amlrunbook.simulator.data_actions import permitted
from amlrunbook.simulator.geo_takeover import PLANNED_FACET
from amlrunbook.simulator.world import World

_VERSION = "2024-08-04"
"""Answered to a client that names no version."""
_META = "x-ms-meta-"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, kw_only=True)
class StorageCall:
    """One request, with the account it goes to."""

    SERVICE: ClassVar[str]
    """The service's first segment of a path: ``blob``."""
    ACTIONS: ClassVar[str]
    """What all data actions of the service begin with."""

    azure: SimulatedAzure
    account: BlobAccount
    method: str
    query: Mapping[str, str]
    """Names in lower case."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def world(self) -> World:
        """The world."""
        return self.azure.world

    @property
    def endpoint(self) -> str:
        """The account's endpoint, as answers name it."""
        return f"{self.azure.base_url}/{self.SERVICE}/{self.account.name}/"

    @property
    def reads(self) -> bool:
        """Does it leave all as it is?"""
        return self.method in {"GET", "HEAD"}

    def metadata(self) -> dict[str, str]:
        """Return the metadata that the request carries."""
        return {
            name.removeprefix(_META): value
            for name, value in self.headers.items()
            if name.startswith(_META)
        }

    def need(self, action: str) -> None:
        """Refuse a caller whom the scenario does not permit a data action.

        ``action`` is what follows :attr:`ACTIONS`, such as ``blobs/read``.

        Raises:
            Refusal: the caller may not.
        """
        if not permitted(self.world, self.account.resource_id, f"{self.ACTIONS}/{action}"):
            raise Refusal(
                403,
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
            )

    def part(self, size: int) -> tuple[int, int] | None:
        """Return the first and the last byte that are asked for; ``None`` for all ``size`` of them.

        Raises:
            Refusal: the range begins behind the end.
        """
        asked = self.headers.get("x-ms-range") or self.headers.get("range")
        found = _RANGE.fullmatch(asked) if asked else None
        if found is None:
            return None
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
        if first >= size or last < first:
            raise Refusal(
                416,
                "InvalidRange",
                "The range specified is invalid for the current size of the resource.",
                headers={"Content-Range": f"bytes */{size}"},
            )
        return first, last

    def refuse_while_swapping(self) -> None:
        """Refuse changes while a planned failover swaps the regions.

        Raises:
            Refusal: it does.
        """
        swapping = self.world.facets.get(self.account.resource_id.lower(), {}).get(PLANNED_FACET)
        if swapping and not self.reads:
            raise Refusal(503, "ServerBusy", "The server is busy. Please retry after some time.")


C = TypeVar("C", bound=StorageCall)
Operations = Mapping[tuple[str, str, str, str], Callable[[C], Response]]
"""What answers a request, by level, method, restype and comp."""


def routes(
    service: str,
    methods: list[str],
    take: Callable[[Request], Awaitable[C | None]],
    serve: Callable[[C], Response],
) -> list[Route]:
    """Return the routes of a service.

    Args:
        service: the first segment of its paths.
        methods: the methods it knows.
        take: returns a request with its account; ``None`` when the host's name would not resolve.
        serve: answers it, or refuses.
    """

    async def answer(request: Request) -> Response:
        call = await take(request)
        if call is None:
            return no_answer(request)
        try:
            response = serve(call)
        except Refusal as refusal:
            response = _refused(refusal)
        response.headers["x-ms-version"] = call.headers.get("x-ms-version", _VERSION)
        return response

    return [
        Route(f"/{service}/{{account}}", answer, methods=methods),
        Route(f"/{service}/{{account}}/{{rest:path}}", answer, methods=methods),
    ]


def operation(operations: Operations[C], call: C, level: str) -> Callable[[C], Response]:
    """Return what answers a request.

    Raises:
        Refusal: nothing does.
    """
    restype, comp = call.query.get("restype", ""), call.query.get("comp", "")
    found = operations.get((level, call.method, restype, comp))
    if found is None:
        raise Refusal(
            501,
            "NotImplemented",
            f"The simulated {call.SERVICE} service does not serve {call.method} on a {level} with "
            f"restype='{restype}' and comp='{comp}'.",
        )
    return found


def lowered(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return query parameters or headers, their names in lower case."""
    return {key.lower(): value for key, value in mapping.items()}


def http_date(moment: float) -> str:
    """Return a moment as HTTP headers and storage's lists write it: RFC 1123."""
    return format_datetime(datetime.fromtimestamp(int(moment), UTC), usegmt=True)


def _refused(refusal: Refusal) -> Response:
    if refusal.status == HTTPStatus.NOT_MODIFIED:  # which has no body
        return Response(status_code=refusal.status, headers={"x-ms-error-code": refusal.code})
    return storage_error(refusal.status, refusal.code, refusal.message, headers=refusal.headers)
