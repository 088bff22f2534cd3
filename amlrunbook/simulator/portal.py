"""A plain stand-in for Azure's portal: what only the portal can do, on a page and as a command.

It stands outside faults, asks for the control token, and does what an operator does by hand in a
real outage: recover or purge a soft-deleted workspace, bring a deleted storage account back; and
what is changed outside Azure, where callers go.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-manage-soft-delete ,
https://learn.microsoft.com/azure/storage/common/storage-account-recover
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from amlrunbook.simulator import (
    activity,
    fronts,
    judging,
    ml_soft_delete,
    operations,
    soft_delete,
    studio,
)
from amlrunbook.simulator.answers import Refusal, arm_error, json_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.world import Deleted, World

_STORAGE = "Microsoft.Storage/storageAccounts"
_PURGE = "purge"
_RECOVER = "recover"
_ROUTE = "route"
_TRAFFIC = "traffic"


class _Command(msgspec.Struct, forbid_unknown_fields=True):
    """What the operator asks of the portal."""

    action: str
    """``recover``, ``purge``, ``route`` or ``traffic``."""
    id: str
    """The id that the deleted resource had, of the endpoint that callers shall reach, or whose traffic it is."""
    deployment: str = ""
    """Which one takes all traffic, for ``traffic``."""
    front: str = ""
    """What callers use, for ``route``."""


def deleted(world: World) -> list[tuple[str, Deleted]]:
    """Return what the portal can bring back: workspaces and storage accounts."""
    return [
        (key, held)
        for key, held in sorted(world.deleted.items())
        if not held.purging
        and (ml_soft_delete.is_workspace(held) or held.documents[0]["type"] == _STORAGE)
        and key not in world.resources
    ]


def act(
    azure: SimulatedAzure, action: str, resource_id: str, front: str = "", deployment: str = ""
) -> str:
    """Do what the operator asks; return a sentence that says what was done.

    Raises:
        Refusal: it cannot be done; the text says why.
    """
    before = azure.world.revision
    said = _acted(azure, action, resource_id, front, deployment)
    judging.witness(azure, "POST", f"/_portal/{action}{resource_id.strip()}", 200, before)
    return said


def _acted(
    azure: SimulatedAzure, action: str, resource_id: str, front: str, deployment: str
) -> str:
    world = azure.world
    if action == _ROUTE:
        return fronts.route(world, front, resource_id.strip())
    if action == _TRAFFIC:
        return studio.send_all(world, resource_id.strip(), deployment)
    key = resource_id.strip().lower()
    held = dict(deleted(world)).get(key)
    if held is None:
        raise Refusal(404, "ResourceNotFound", f"Nothing deleted has the id '{resource_id}'.")
    resource = held.documents[0]
    name = str(resource["name"])
    known: dict[tuple[str, bool], Callable[[], str]] = {
        (_RECOVER, True): lambda: _recover_workspace(world, key, name),
        (_PURGE, True): lambda: _purge_workspace(world, key, name),
        (_RECOVER, False): lambda: _recover_account(world, key, name),
    }
    doing = known.get((action, ml_soft_delete.is_workspace(held)))
    if doing is None:
        raise Refusal(400, "BadRequest", f"The portal cannot {action} a {resource['type']}.")
    said = doing()
    verb = "delete" if action == _PURGE else "write"
    activity.record(
        world,
        action=f"{resource['type']}/{verb}",
        resource_id=str(resource["id"]),
        status="Succeeded",
        http_status=200,
    )
    azure.dirty()
    return said


def _recover_workspace(world: World, key: str, name: str) -> str:
    ml_soft_delete.recover(world, key)
    return f"The workspace {name} is recovered. Its computes and endpoints have to be made anew."


def _purge_workspace(world: World, key: str, name: str) -> str:
    del world.deleted[key]
    world.touch()
    return f"The workspace {name} is permanently deleted."


def _recover_account(world: World, key: str, name: str) -> str:
    group = "/".join(key.split("/")[:5])
    if world.get(group) is None:
        raise Refusal(404, "ResourceGroupNotFound", f"Make the resource group {group} first.")
    if name in world.accounts:
        raise Refusal(409, "StorageAccountAlreadyTaken", f"The name {name} is taken again.")
    soft_delete.restore(world, key)
    return f"The storage account {name} is restored."


class _Portal:
    """The handlers; each asks for the control token."""

    def __init__(self, azure: SimulatedAzure) -> None:
        self._azure = azure

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._azure.secrets.control_token.encode())

    async def page(self, request: Request) -> Response:
        """Answer the page; a POST does first what its form asks."""
        fields = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        token = fields.get("token") or request.query_params.get("token", "")
        if not self._knows(token):
            return HTMLResponse("<p>Open the portal by the address that the drill shows.</p>", 401)
        operations.settle(self._azure)
        status, said = 200, ""
        if request.method == "POST":
            try:
                about = fields.get("id") or fields.get("target", "")
                action, front = fields.get("action", ""), fields.get("front", "")
                said = act(self._azure, action, about, front, fields.get("deployment", ""))
            except Refusal as refusal:
                status, said = refusal.status, refusal.message
            self._azure.commit()
        return HTMLResponse(_page(self._azure.world, token, said), status)

    async def command(self, request: Request) -> Response:
        """Answer the command; a GET lists what was deleted."""
        if not self._knows(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return arm_error(401, "ControlTokenRefused", "The control token is wrong.")
        operations.settle(self._azure)
        if request.method == "GET":
            return json_answer([_row(held) for _, held in deleted(self._azure.world)])
        try:
            asked = msgspec.json.decode(await request.body(), type=_Command)
            said = act(self._azure, asked.action, asked.id, asked.front, asked.deployment)
        except msgspec.MsgspecError as error:
            return arm_error(400, "BadRequest", str(error))
        except Refusal as refusal:
            return refusal.response()
        self._azure.commit()
        return json_answer({"said": said})


def routes(azure: SimulatedAzure) -> list[Route]:
    """Return the routes of the page, ``/_portal``, and of the command, ``/_simulator/portal``."""
    portal = _Portal(azure)
    return [
        Route("/_portal", portal.page, methods=["GET", "POST"]),
        Route("/_simulator/portal", portal.command, methods=["GET", "POST"]),
    ]


def _row(held: Deleted) -> dict[str, str]:
    resource = held.documents[0]
    return {
        "id": str(resource["id"]),
        "type": str(resource["type"]),
        "deleted": stamp(held.deleted_at),
        "purged": stamp(held.purge_at),
    }


def _page(world: World, token: str, said: str) -> str:
    rows = "".join(_table_row(_row(held), token) for _, held in deleted(world))
    body = rows or '<tr><td colspan="4">Nothing.</td></tr>'
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Simulated portal</title>"
        "<h1>Recently deleted</h1>"
        f"<p role=status>{escape(said)}</p>"
        "<table><tr><th>Resource<th>Deleted<th>Purged for good<th></tr>"
        f"{body}</table>{_routing(world, token)}{_splits(world, token)}</html>"
    )


def _routing(world: World, token: str) -> str:
    """Return the part of the page that sends callers elsewhere."""
    rows = "".join(
        f"<tr><td>{escape(front.name)}<td>{escape(target)}<td>"
        + ("here now" if target == front.chosen else _send_here(token, front.name, target))
        + "</tr>"
        for front in fronts.shown(world)
        for target in front.targets
    )
    return f"<h1>Where callers go</h1><table>{rows}</table>" if rows else ""


def _send_here(token: str, front: str, target: str) -> str:
    fields = {"token": token, "target": target, "front": front}
    return _form(fields, _ROUTE, "send callers here")


def _splits(world: World, token: str) -> str:
    """Return the part of the page that changes the traffic of endpoints."""
    rows = "".join(
        f"<tr><td>{escape(way['endpoint'])}<td>{escape(way['deployment'])}<td>"
        + _form(
            {"token": token, "id": way["endpoint"], "deployment": way["deployment"]},
            _TRAFFIC,
            "send all traffic here",
        )
        + "</tr>"
        for way in studio.ways(world)
    )
    return f"<h1>Traffic of endpoints</h1><table>{rows}</table>" if rows else ""


def _form(fields: dict[str, str], action: str, words: str) -> str:
    hidden = "".join(
        f'<input type=hidden name={key} value="{escape(value)}">' for key, value in fields.items()
    )
    button = f"<button name=action value={action}>{words}</button>"
    return f"<form method=post action=/_portal>{hidden}{button}</form>"


def _table_row(row: dict[str, str], token: str) -> str:
    actions = [_RECOVER] if row["type"] == _STORAGE else [_RECOVER, _PURGE]
    buttons = "".join(f"<button name=action value={name}>{name}</button>" for name in actions)
    return (
        f"<tr><td>{escape(row['id'])}<td>{row['deleted']}<td>{row['purged']}<td>"
        "<form method=post action=/_portal>"
        f'<input type=hidden name=token value="{escape(token)}">'
        f'<input type=hidden name=id value="{escape(row["id"])}">{buttons}</form></tr>'
    )
