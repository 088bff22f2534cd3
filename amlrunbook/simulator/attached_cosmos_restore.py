"""Cosmos DB accounts that continuous backup can restore, deleted ones too, into a new account.

Source: https://learn.microsoft.com/azure/cosmos-db/continuous-backup-restore-introduction
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.clock import moment, stamp
from amlrunbook.simulator.filling import forget
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Document

ACCOUNTS = "Microsoft.DocumentDB/databaseAccounts"
_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Restorable:
    """An account with continuous backup, alive or deleted."""

    account: Document
    deleted_at: float | None

    def document(self, call: Call) -> Document:
        """Return it as Azure lists it."""
        properties = self.account["properties"]
        name, region = str(properties["instanceId"]), str(self.account["location"])
        tier = properties["backupPolicy"]["continuousModeProperties"]["tier"]
        days = 7 if tier == "Continuous7Days" else 30
        made = (self.account.get("systemData") or {}).get("createdAt") or stamp(call.world.now())
        oldest = max(call.world.now() - days * _DAY, moment(made))
        found: Document = {
            "accountName": self.account["name"],
            "creationTime": made,
            "oldestRestorableTime": stamp(oldest),
            "apiType": "Sql",
            "restorableLocations": [
                {
                    "locationName": one["locationName"],
                    "regionalDatabaseAccountInstanceId": name,
                    "creationTime": made,
                }
                for one in properties["locations"]
            ],
        }
        if self.deleted_at is not None:
            found["deletionTime"] = stamp(self.deleted_at)
        where = f"/subscriptions/{call.path.subscription}/providers/Microsoft.DocumentDB/locations"
        return {
            "id": f"{where}/{region}/restorableDatabaseAccounts/{name}",
            "name": name,
            "type": "Microsoft.DocumentDB/locations/restorableDatabaseAccounts",
            "location": properties["locations"][0]["locationName"],
            "properties": found,
        }


def _restorable(call: Call) -> list[_Restorable]:
    """Return all accounts of a path's subscription that can be restored."""
    under = f"/subscriptions/{call.path.subscription}/".lower()
    alive = [
        _Restorable(account=document, deleted_at=None)
        for key, document in sorted(call.world.resources.items())
        if key.startswith(under) and _is_continuous(document)
    ]
    gone = [
        _Restorable(account=held.documents[0], deleted_at=held.deleted_at)
        for key, held in sorted(call.world.deleted.items())
        if key.startswith(under) and _is_continuous(held.documents[0])
    ]
    return [*alive, *gone]


def _is_continuous(document: Document) -> bool:
    is_account = document["type"] == ACCOUNTS
    return is_account and bool(document["properties"]["backupPolicy"]["type"] == "Continuous")


def _of_path(call: Call) -> list[Document]:
    """Return what a path speaks of: the subscription, or one region of it."""
    region = region_name(call.path.names[0]) if call.path.names else None
    return [
        one.document(call)
        for one in _restorable(call)
        if region in {None, region_name(str(one.account["location"]))}
    ]


def _list(call: Call) -> Response:
    return json_answer({"value": _of_path(call)})


def _get(call: Call) -> Response:
    for document in _of_path(call):
        if document["name"] == call.path.name.lower():
            return json_answer(document)
    raise Refusal(404, "NotFound", f"There is no restorable account '{call.path.name}'.")


def check_restore(call: Call, document: Document, before: Document | None) -> None:
    """Refuse to restore an account from what cannot be restored, or to where it never was.

    Raises:
        Refusal: the source is not there, or the region or the time is not one of its own.
    """
    sent = forget(document, "createMode", "restoreParameters")
    if before is not None or str(sent.get("createMode", "Default")).lower() != "restore":
        return
    given = sent.get("restoreParameters") or {}
    wanted = str(given.get("restoreSource", "")).lower()
    source = next((one for one in _restorable(call) if one.document(call)["id"].lower() == wanted),
                  None)  # fmt: skip
    if source is None:
        raise Refusal(404, "NotFound", f"There is no restorable account '{wanted}'.")
    described = source.document(call)["properties"]
    places = {region_name(one["locationName"]) for one in described["restorableLocations"]}
    asked = document["properties"].get("locations") or [{"locationName": document["location"]}]
    if any(region_name(str(one["locationName"])) not in places for one in asked):
        raise Refusal(400, "BadRequest", "The account never was in the region to restore it to.")
    at = moment(str(given.get("restoreTimestampInUtc", "")))
    end = source.deleted_at if source.deleted_at is not None else call.world.now()
    if not moment(described["oldestRestorableTime"]) <= at <= end:
        raise Refusal(400, "BadRequest", "The restore timestamp is not in the restorable window.")
    document["properties"]["backupPolicy"] = source.account["properties"]["backupPolicy"]
    call.world.facet(str(document["id"]))["data_at"] = at


SPECIALS = {
    ("GET", "microsoft.documentdb/restorabledatabaseaccounts"): _list,
    ("GET", "microsoft.documentdb/locations/*/restorabledatabaseaccounts"): _list,
    ("GET", "microsoft.documentdb/locations/*/restorabledatabaseaccounts/*"): _get,
}
