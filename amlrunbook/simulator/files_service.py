"""The file service on ``/file/{account}``: shares, folders and files by token.

There is no secondary to read files from. A request with a token has to state its intent.
Source: https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator import files_reads, files_writes, storage_data_plane
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.files_call import FilesCall
from amlrunbook.simulator.storage_data_plane import Operations, lowered, operation

_METHODS = ["GET", "HEAD", "PUT", "DELETE"]
_INTENT = "x-ms-file-request-intent"

_OPERATIONS: Operations[FilesCall] = {
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
    return storage_data_plane.routes(FilesCall.SERVICE, _METHODS, partial(_call, azure), _serve)


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
        query=lowered(request.query_params),
        headers=lowered(request.headers),
        body=body,
    )


def _serve(call: FilesCall) -> Response:
    _check(call)
    level = "path" if call.path else "share" if call.share_name else "service"
    return operation(_OPERATIONS, call, level)(call)


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
    call.refuse_while_swapping()
