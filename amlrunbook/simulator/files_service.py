"""The file service on ``/file/{account}``: shares, folders and files by token.

There is no secondary to read files from. A request with a token has to state its intent.
Source: https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator import files_reads, files_writes
from amlrunbook.simulator.answers import Refusal, storage_error
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.files_call import FilesCall
from amlrunbook.simulator.geo_takeover import PLANNED_FACET

_METHODS = ["GET", "HEAD", "PUT", "DELETE"]
_VERSION = "2024-08-04"
"""Answered to a client that names no version."""
_INTENT = "x-ms-file-request-intent"

Operation = Callable[[FilesCall], Response]

_OPERATIONS: dict[tuple[str, str, str, str], Operation] = {
    # level, method, restype, comp
    ("service", "GET", "service", "properties"): files_reads.service_properties,
    ("service", "GET", "", "list"): files_reads.list_shares,
    ("share", "PUT", "share", ""): files_writes.create_share,
    ("share", "GET", "share", ""): files_reads.share_properties,
    ("share", "HEAD", "share", ""): files_reads.share_properties,
    ("share", "GET", "directory", "list"): files_reads.list_folder,
    ("share", "GET", "directory", ""): files_reads.folder_properties,
    ("share", "HEAD", "directory", ""): files_reads.folder_properties,
    ("path", "GET", "directory", "list"): files_reads.list_folder,
    ("path", "GET", "directory", ""): files_reads.folder_properties,
    ("path", "HEAD", "directory", ""): files_reads.folder_properties,
    ("path", "PUT", "directory", ""): files_writes.create_folder,
    ("path", "DELETE", "directory", ""): files_writes.delete_folder,
    ("path", "GET", "", ""): files_reads.get_file,
    ("path", "HEAD", "", ""): files_reads.file_properties,
    ("path", "GET", "", "rangelist"): files_reads.list_ranges,
    ("path", "PUT", "", ""): files_writes.create_file,
    ("path", "PUT", "", "range"): files_writes.put_range,
    ("path", "PUT", "", "metadata"): files_writes.set_metadata,
    ("path", "DELETE", "", ""): files_writes.delete_file,
}


def routes(azure: SimulatedAzure) -> list[Route]:
    """Return the routes of the file service."""

    async def answer(request: Request) -> Response:
        call = await _call(azure, request)
        if call is None:
            request.state.transport.abort()
            return Response(status_code=502)  # nobody hears it: the connection is gone
        response = _answer(call)
        response.headers["x-ms-version"] = call.headers.get("x-ms-version", _VERSION)
        return response

    return [
        Route("/file/{account}", answer, methods=_METHODS),
        Route("/file/{account}/{rest:path}", answer, methods=_METHODS),
    ]


async def _call(azure: SimulatedAzure, request: Request) -> FilesCall | None:
    """Return the request with its account; ``None`` when the host's name would not resolve."""
    account = azure.world.accounts.get(str(request.path_params["account"]).lower())
    body = await request.body()
    if account is None or azure.world.storage_account(account.name) is None:
        return None
    share, _, path = str(request.path_params.get("rest", "")).partition("/")
    return FilesCall(
        azure=azure,
        account=account,
        method=request.method,
        share_name=share,
        path=path.strip("/"),
        query=_lowered(request.query_params),
        headers=_lowered(request.headers),
        body=body,
    )


def _lowered(mapping: Mapping[str, Any]) -> dict[str, str]:
    return {key.lower(): value for key, value in mapping.items()}


def _answer(call: FilesCall) -> Response:
    try:
        _check(call)
        return _operation(call)(call)
    except Refusal as refusal:
        return storage_error(refusal.status, refusal.code, refusal.message, headers=refusal.headers)


def _check(call: FilesCall) -> None:
    """Refuse a request without an intent, and changes while regions are swapped.

    Raises:
        Refusal: it is one.
    """
    if call.headers.get(_INTENT, "").lower() != "backup":
        raise Refusal(
            400,
            "MissingRequiredHeader",
            f"An HTTP header that's mandatory for this request is not specified: {_INTENT}.",
        )
    swapping = call.world.facets.get(call.account.resource_id.lower(), {}).get(PLANNED_FACET)
    if swapping and call.method not in {"GET", "HEAD"}:
        raise Refusal(503, "ServerBusy", "The server is busy. Please retry after some time.")


def _operation(call: FilesCall) -> Operation:
    level = "path" if call.path else "share" if call.share_name else "service"
    key = (level, call.method, call.query.get("restype", ""), call.query.get("comp", ""))
    found = _OPERATIONS.get(key)
    if found is None:
        raise Refusal(
            501,
            "NotImplemented",
            f"The simulated Azure does not serve {call.method} on a {level} of files with "
            f"restype='{key[2]}' and comp='{key[3]}'.",
        )
    return found
