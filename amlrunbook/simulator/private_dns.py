"""Private DNS zones, their records and their links to virtual networks.

Source: https://learn.microsoft.com/rest/api/dns/privatedns/
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_lookup import named
from amlrunbook.simulator.filling import fill
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

ZONES = "Microsoft.Network/privateDnsZones"
RECORDS = f"{ZONES}/A"
LINKS = f"{ZONES}/virtualNetworkLinks"
DNS_VERSIONS = ("2024-06-01", "2020-06-01", "2020-01-01", "2018-09-01")


def complete_zone(world: World, document: Document, before: Document | None) -> None:
    """Fill a private DNS zone's document as Azure does."""
    document["etag"] = world.guid()
    under = f"{document['id']}/".lower()
    fill(
        document,
        before,
        {
            "provisioningState": "Succeeded",
            "maxNumberOfRecordSets": 25_000,
            "maxNumberOfVirtualNetworkLinks": 1000,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
            "numberOfRecordSets": sum(
                item["type"] == RECORDS
                for key, item in world.resources.items()
                if key.startswith(under)
            ),
        },
    )


def complete_record(world: World, document: Document, before: Document | None) -> None:
    """Fill a record set's document: it has a new etag at each change."""
    zone = str(document["id"]).split("/")[-3]
    document["etag"] = world.guid()
    properties = fill(document, before, {"ttl": 3600, "aRecords": [], "isAutoRegistered": False})
    properties["fqdn"] = f"{document['name']}.{zone}."


def _check_record(call: Call, document: Document, before: Document | None) -> None:
    """Refuse a change of a record set that is not the one that was read.

    Raises:
        Refusal: 412, where ``If-Match`` names another etag.
    """
    wanted = call.headers.get("if-match")
    if wanted and wanted != "*" and (before is None or before["etag"] != wanted.strip('"')):
        raise Refusal(
            412, "PreconditionFailed", f"The record set '{document['name']}' has been modified."
        )
    if call.headers.get("if-none-match") == "*" and before is not None:
        raise Refusal(
            412, "PreconditionFailed", f"The record set '{document['name']}' exists already."
        )


def complete_link(world: World, document: Document, before: Document | None) -> None:
    """Fill a zone's link to a virtual network; its location is global."""
    document["location"] = "global"
    document.setdefault("tags", {})
    document["etag"] = world.guid()
    fill(
        document,
        before,
        {
            "provisioningState": "Succeeded",
            "virtualNetworkLinkState": "Completed",
            "registrationEnabled": False,
            "resolutionPolicy": "Default",
        },
    )


def _list_all(call: Call) -> Response:
    """Answer all record sets of a zone."""
    zone = named(call)
    under = f"{zone['id']}/A/".lower()
    found = [item for key, item in sorted(call.world.resources.items()) if key.startswith(under)]
    return call.page(found)


KINDS = (
    Kind(
        type=ZONES,
        api_versions=DNS_VERSIONS,
        tracked=True,
        is_global=True,
        complete=complete_zone,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        delete_style=Style.BOTH,
    ),
    Kind(
        type=RECORDS,
        api_versions=DNS_VERSIONS,
        check=_check_record,
        complete=complete_record,
    ),
    Kind(
        type=LINKS,
        api_versions=DNS_VERSIONS,
        complete=complete_link,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.BOTH,
        delete_style=Style.BOTH,
    ),
)

SPECIALS = {("GET", "microsoft.network/privatednszones/*/all"): _list_all}
