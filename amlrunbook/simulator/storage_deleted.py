"""Deleted storage accounts: listed for 14 days, and brought back by an undocumented PUT.

Azure documents the lists and the portal's way back. The PUT with ``deletedAccountCreationTime`` is
what the portal sends; no document knows it, and Azure promises nothing of it. No source names the code
of the 404 for an account that was not deleted: ``DeletedAccountNotFound`` is assumed.

Sources: https://learn.microsoft.com/rest/api/storagerp/deleted-accounts ,
https://learn.microsoft.com/azure/storage/common/storage-account-recover
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, operations, soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_lookup import require_scope
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Restore
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.storage_failover import refuse_while_failing_over
from amlrunbook.simulator.world import Deleted, Document, World

_ACCOUNTS = "Microsoft.Storage/storageAccounts"


def delete(call: Call) -> Response | None:
    """Keep what a deletion takes away, for the portal's way back."""
    document = call.world.get(call.path.text)
    if document is not None:
        refuse_while_failing_over(document)
        soft_delete.keep(call.world, document)
    return None


def put(call: Call) -> Response | None:
    """Bring a deleted account back if the request says so; else let go of the deleted one.

    A plain creation takes the name: the account of that name that was deleted is gone for good.

    Raises:
        Refusal: no such account was deleted, or the name is taken again.
    """
    made = call.document().get("properties") or {}
    wanted = made.get("deletedAccountCreationTime") if isinstance(made, dict) else None
    if wanted is not None:
        return _restore(call, str(wanted))
    return None


def forget(call: Call, document: Document) -> None:
    """Let go of what was deleted under the name of a new account, in any resource group."""
    name = str(document["name"]).lower()
    for key, _ in _deleted(call.world):
        if key.rpartition("/")[2] == name:
            del call.world.deleted[key]


def _restore(call: Call, made: str) -> Response:
    key = call.path.text.lower()
    held = call.world.deleted.get(key)
    if call.world.get(key) is not None or call.path.name.lower() in call.world.accounts:
        raise Refusal(
            409,
            "StorageAccountAlreadyTaken",
            f"The storage account named {call.path.name} is already taken.",
        )
    if held is None or held.documents[0]["properties"]["creationTime"] != made:
        raise Refusal(
            404,
            "DeletedAccountNotFound",
            f"No deleted storage account '{call.path.name}' of resource group "
            f"'{call.path.group}' was created at {made}.",
        )
    require_scope(call, call.path.text)
    account = held.documents[0]
    if region_name(str(call.document().get("location", ""))) != account["location"]:
        raise Refusal(
            400,
            "InvalidValuesForRequestParameters",
            f"The deleted account is in location '{account['location']}'.",
        )
    operation = operations.begin(
        call.azure,
        target=str(account["id"]),
        action=f"{_ACCOUNTS}/write",
        effects=[Restore(id=key)],
        state=call.state,
    )
    arm_verbs.note(call, f"{_ACCOUNTS}/write", str(account["id"]), "Accepted", 202)
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
    )


def _deleted(world: World) -> list[tuple[str, Deleted]]:
    return [
        (key, held)
        for key, held in world.deleted.items()
        if str(held.documents[0]["type"]) == _ACCOUNTS
    ]


def _document(held: Deleted) -> Document:
    account = held.documents[0]
    subscription = str(account["id"]).split("/")[2]
    name, region = account["name"], account["location"]
    made = account["properties"]["creationTime"]
    return {
        "id": f"/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{region}"
        f"/deletedAccounts/{name}",
        "name": name,
        "type": "Microsoft.Storage/deletedAccounts",
        "properties": {
            "storageAccountResourceId": account["id"],
            "location": region,
            "restoreReference": f"{name}|{made}",
            "creationTime": made,
            "deletionTime": stamp(held.deleted_at),
        },
    }


def list_deleted(call: Call) -> Response:
    """List the deleted accounts of a subscription."""
    under = f"/subscriptions/{call.path.subscription}/".lower()
    found = [_document(held) for key, held in _deleted(call.world) if key.startswith(under)]
    return call.page(found)


def get_deleted(call: Call) -> Response:
    """Answer one deleted account.

    Raises:
        Refusal: none of that name was deleted in that region.
    """
    for key, held in _deleted(call.world):
        here = key.startswith(f"/subscriptions/{call.path.subscription}/".lower())
        names = [key.rpartition("/")[2], held.documents[0]["location"]]
        if here and names == [call.path.name.lower(), call.path.names[0].lower()]:
            return json_answer(_document(held))
    raise Refusal(
        404,
        "DeletedAccountNotFound",
        f"The deleted storage account '{call.path.name}' was not found.",
    )
