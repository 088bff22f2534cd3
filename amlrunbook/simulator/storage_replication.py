"""Object replication policies: made at the destination, whose ids the source then repeats.

The destination is asked first, under the name ``default``; Azure gives the policy and its rules
their ids, and the source takes the same ones. Recorded from Azure: azure-cli,
test_storage_account_ors.

Source: https://learn.microsoft.com/azure/storage/blobs/object-replication-overview
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.world import Document, World

POLICIES = "Microsoft.Storage/storageAccounts/objectReplicationPolicies"
_NEW = "default"


def complete(world: World, document: Document, before: Document | None) -> None:
    """Give a policy and its rules the ids that they lack; the source says since when it copies."""
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    properties["policyId"] = document["name"]
    for rule in properties.get("rules") or []:
        rule.setdefault("ruleId", world.guid())
    if _account(properties.get("sourceAccount")) == _of(document):
        properties["enabledTime"] = held.get("enabledTime") or stamp(world.now())


def _account(text: object) -> str:
    """Return an account's name from its name or its id."""
    return str(text or "").rpartition("/")[2].lower()


def _of(document: Document) -> str:
    """Return the account that holds a policy."""
    return str(document["id"]).split("/")[-3].lower()


def _put(call: Call) -> Response | None:
    """Make a new policy of what is sent to ``default``, at the destination only.

    Raises:
        Refusal: the source is asked first.
    """
    if call.path.name.lower() != _NEW:
        return None
    account = call.path.names[0].lower()
    properties = call.document().get("properties")
    if (
        not isinstance(properties, dict)
        or _account(properties.get("destinationAccount")) != account
    ):
        raise Refusal(
            400,
            "InvalidRequestPropertyValue",
            f"The value '{_NEW}' is not allowed for property policyId.",
        )
    path = parse(f"{call.path.text.rpartition('/')[0]}/{call.world.guid()}")
    return arm_verbs.put(replace(call, path=path), kind(()))


def kind(versions: tuple[str, ...]) -> Kind:
    """Return the kind of object replication policies."""
    return Kind(
        type=POLICIES,
        api_versions=versions,
        complete=complete,
        create_status=200,
        patchable=False,
        on_put=_put,
    )
