"""A vault's own endpoint on ``/keyvault/{vault}``: secrets, deleted secrets, backups.

A vault that does not exist has no name in Azure's DNS: the connection is closed without an answer.

Source: https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator import vault_secrets
from amlrunbook.simulator.answers import Refusal, json_answer, no_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.data_actions import permitted
from amlrunbook.simulator.vault_data import VaultData
from amlrunbook.simulator.vault_secrets import VaultCall

_METHODS = ["GET", "PUT", "PATCH", "POST", "DELETE"]
_ACTIONS = "Microsoft.KeyVault/vaults/secrets"

Operation = Callable[[VaultCall], Response]

_OPERATIONS: dict[tuple[str, str], tuple[str, Operation]] = {
    # method, path with names replaced by stars: data action, what answers
    ("GET", "secrets"): ("readMetadata/action", vault_secrets.list_secrets),
    ("POST", "secrets/restore"): ("restore/action", vault_secrets.restore),
    ("GET", "secrets/*"): ("getSecret/action", vault_secrets.get),
    ("PUT", "secrets/*"): ("setSecret/action", vault_secrets.put),
    ("DELETE", "secrets/*"): ("delete", vault_secrets.delete),
    ("GET", "secrets/*/versions"): ("readMetadata/action", vault_secrets.list_versions),
    ("POST", "secrets/*/backup"): ("backup/action", vault_secrets.backup),
    ("GET", "secrets/*/*"): ("getSecret/action", vault_secrets.get),
    ("PATCH", "secrets/*/*"): ("update/action", vault_secrets.update),
    ("GET", "deletedsecrets"): ("readMetadata/action", vault_secrets.list_deleted),
    ("GET", "deletedsecrets/*"): ("readMetadata/action", vault_secrets.get_deleted),
    ("DELETE", "deletedsecrets/*"): ("purge/action", vault_secrets.purge),
    ("POST", "deletedsecrets/*/recover"): ("recover/action", vault_secrets.recover),
}
_WORDS = {"restore", "versions", "backup", "recover"}
"""Segments that are no names, where one stands that could be."""


def routes(azure: SimulatedAzure) -> list[Route]:
    """Return the routes of the vaults' own endpoints."""

    async def answer(request: Request) -> Response:
        name = str(request.path_params["vault"]).lower()
        held = vault(azure, name)
        if held is None:
            return no_answer(request)
        parts = [p for p in str(request.path_params.get("rest", "")).split("/") if p]
        call = VaultCall(
            azure=azure,
            vault=held,
            method=request.method,
            names=tuple(parts[1:]),
            query={key.lower(): value for key, value in request.query_params.items()},
            body=await request.body(),
        )
        try:
            return _dispatch(call, parts)
        except Refusal as refusal:
            return refused(refusal)

    return [
        Route("/keyvault/{vault}", answer, methods=_METHODS),
        Route("/keyvault/{vault}/{rest:path}", answer, methods=_METHODS),
    ]


def vault(azure: SimulatedAzure, name: str) -> VaultData | None:
    """Return the data of a vault that exists, by its globally unique name."""
    held = azure.world.vaults.get(name)
    return held if held is not None and azure.world.get(held.resource_id) else None


def _dispatch(call: VaultCall, parts: list[str]) -> Response:
    if not call.query.get("api-version"):
        raise Refusal(400, "BadParameter", "api-version must be specified")
    shape = "/".join(
        part.lower() if place == 0 or _is_word(place, parts) else "*"
        for place, part in enumerate(parts)
    )
    found = _OPERATIONS.get((call.method, shape))
    if found is None:
        raise Refusal(404, "BadParameter", f"There is no {call.method} /{'/'.join(parts)}.")
    action, operation = found
    if not permitted(call.world, call.vault.resource_id, f"{_ACTIONS}/{action}"):
        raise Refusal(
            403,
            "Forbidden",
            f"Caller is not authorized to perform action on resource. Action: "
            f"'{_ACTIONS}/{action}'. Vault: {call.vault.name}.",
            details=[{"code": "ForbiddenByRbac"}],
        )
    call.expire()
    return operation(call)


def _is_word(place: int, parts: list[str]) -> bool:
    word = parts[place].lower()
    if word == "restore":
        return place == 1
    return place == 2 and word in _WORDS  # noqa: PLR2004


def refused(refusal: Refusal) -> Response:
    """Return a refusal as a vault words it: its reason is an inner error."""
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["innererror"] = refusal.details[0]
    return json_answer({"error": error}, refusal.status, refusal.headers)
