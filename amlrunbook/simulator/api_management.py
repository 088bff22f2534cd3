"""API Management: gateways in several regions, and deleted services for 48 hours.

Codes of refused changes are this simulator's choice, but for the name of a deleted service.

Sources: https://learn.microsoft.com/azure/api-management/soft-delete ,
https://learn.microsoft.com/azure/api-management/api-management-howto-disaster-recovery-backup-restore ,
https://learn.microsoft.com/azure/reliability/reliability-api-management
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Action, Kind, Lifecycle
from amlrunbook.simulator.arm_lookup import named, require_scope
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Purge
from amlrunbook.simulator.filling import fill, forget, keep_read_only
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.world import Deleted, Document, World

SERVICES = "Microsoft.ApiManagement/service"
_DAY = 86_400.0
_BACKUP_DAYS = 30


def complete_service(world: World, document: Document, before: Document | None) -> None:
    """Fill a service's document as Azure does."""
    name = str(document["name"]).lower()
    sku = document.setdefault("sku", {"name": "Developer"})
    sku.setdefault("capacity", 1)
    forget(document, "restore")
    keep_read_only(document, before, "createdAtUtc", "gatewayUrl", "gatewayRegionalUrl")
    region = str(document["location"])
    properties = fill(
        document,
        before,
        {
            "publisherEmail": "apis@example.com",
            "publisherName": "APIs",
            "notificationSenderEmail": "apimgmt-noreply@mail.windowsazure.com",
            "provisioningState": "Succeeded",
            "targetProvisioningState": "",
            "createdAtUtc": stamp(world.now()),
            "gatewayUrl": f"https://{name}.azure-api.net",
            "gatewayRegionalUrl": f"https://{name}-{region}-01.regional.azure-api.net",
            "developerPortalUrl": f"https://{name}.developer.azure-api.net",
            "managementApiUrl": f"https://{name}.management.azure-api.net",
            "publicIPAddresses": ["203.0.113.10"],
            "additionalLocations": [],
            "disableGateway": False,
            "virtualNetworkType": "None",
            "platformVersion": "stv2",
            "publicNetworkAccess": "Enabled",
            "customProperties": {},
        },
    )
    for one in properties["additionalLocations"]:
        place = region_name(str(one["location"]))
        one["location"] = REGIONS[place].display
        one.setdefault("sku", dict(sku))
        one.setdefault("disableGateway", False)
        one.setdefault("platformVersion", "stv2")
        one["gatewayRegionalUrl"] = f"https://{name}-{place}-01.regional.azure-api.net"


def _check(_call: Call, document: Document, before: Document | None) -> None:
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    if held.get("provisioningState", "Succeeded") != "Succeeded":
        raise Refusal(
            409, "ServiceLocked", f"The service '{document['name']}' is being changed already."
        )
    for key in ("publisherEmail", "publisherName"):
        if before is None and not properties.get(key):
            raise Refusal(400, "ValidationError", f"The property '{key}' is required.")
    others = properties.get("additionalLocations") or []
    for one in others:
        if region_name(str(one.get("location"))) not in REGIONS:
            raise Refusal(400, "ValidationError", f"There is no region '{one.get('location')}'.")
    sku = (document.get("sku") or {}).get("name")
    if others and sku not in {None, "Premium"}:
        raise Refusal(400, "ValidationError", f"Several regions need Premium, not {sku}.")
    _check_gateways(properties, others)


def _check_gateways(properties: Document, others: list[Document]) -> None:
    """Refuse to disable all gateways, or any of them within an internal network."""
    off = [bool(one.get("disableGateway")) for one in (properties, *others)]
    if all(off):
        raise Refusal(400, "ValidationError", "One region's gateway at least must be enabled.")
    if any(off) and properties.get("virtualNetworkType") == "Internal":
        raise Refusal(
            400, "ValidationError", "In an internal virtual network no gateway can be disabled."
        )


def _gone(world: World, name: str) -> tuple[str, Deleted] | None:
    for key, held in world.deleted.items():
        document = held.documents[0]
        if document["type"] == SERVICES and str(document["name"]).lower() == name.lower():
            return key, held
    return None


def _put(call: Call) -> Response | None:
    """Recover a deleted service, or refuse its name to a new one."""
    sent = call.document()
    properties = sent.get("properties")
    asked = isinstance(properties, dict) and properties.get("restore") is True
    gone = _gone(call.world, call.path.name)
    if call.world.get(call.path.text) is not None:
        return None
    if gone is None:
        if asked:
            raise Refusal(
                404, "ResourceNotFound", f"There is no deleted service '{call.path.name}'."
            )
        return None
    if not asked or gone[0] != call.path.text.lower():
        raise Refusal(
            409,
            "ServiceAlreadyExistsInSoftDeletedState",
            f"Api service {call.path.name} was soft-deleted. In order to create the new service "
            "with the same name, you have to either undelete the service or purge it. See "
            "https://aka.ms/apimsoftdelete.",
        )
    require_scope(call, call.path.text)
    soft_delete.restore(call.world, gone[0])
    document = gone[1].documents[0]
    arm_verbs.note(call, f"{SERVICES}/write", str(document["id"]), "Succeeded", 200)
    return json_answer(document)


def _deleted_document(call: Call, held: Deleted) -> Document:
    service = held.documents[0]
    where = f"/subscriptions/{call.path.subscription}/providers/Microsoft.ApiManagement/locations"
    return {
        "id": f"{where}/{service['location']}/deletedservices/{service['name']}",
        "name": service["name"],
        "type": "Microsoft.ApiManagement/deletedservices",
        "location": REGIONS[str(service["location"])].display,
        "properties": {
            "serviceId": service["id"],
            "deletionDate": stamp(held.deleted_at),
            "scheduledPurgeDate": stamp(held.purge_at),
        },
    }


def _list_deleted(call: Call) -> Response:
    under = f"/subscriptions/{call.path.subscription}/".lower()
    found = [
        _deleted_document(call, held)
        for key, held in sorted(call.world.deleted.items())
        if key.startswith(under) and held.documents[0]["type"] == SERVICES
    ]
    return call.page(found)


def _named(call: Call) -> tuple[str, Deleted]:
    gone = _gone(call.world, call.path.name)
    if gone is None or gone[1].documents[0]["location"] != region_name(call.path.names[0]):
        raise Refusal(404, "ResourceNotFound", f"There is no deleted service '{call.path.name}'.")
    return gone


def _get_deleted(call: Call) -> Response:
    return json_answer(_deleted_document(call, _named(call)[1]))


def _purge(call: Call) -> Response:
    key, held = _named(call)
    return accept(
        call,
        str(held.documents[0]["id"]),
        [Purge(id=key)],
        action="Microsoft.ApiManagement/locations/deletedservices/delete",
    )


def _network_status(call: Call) -> Response:
    """Answer how the service's regions reach what it depends on."""
    service = named(call)
    places = [str(service["location"])]
    places += [region_name(one["location"]) for one in service["properties"]["additionalLocations"]]
    status: Document = {"dnsServers": [], "connectivityStatus": []}
    return json_answer(
        [{"location": REGIONS[place].display, "networkStatus": status} for place in places]
    )


def _backup_place(call: Call) -> tuple[Document, str]:
    """Return the facts of the storage account that a request names, and the backup's name."""
    sent = call.document()
    name = str(sent.get("storageAccount", ""))
    account = call.world.storage_account(name)
    if account is None:
        raise Refusal(400, "ValidationError", f"There is no storage account '{name}'.")
    backups = call.world.facet(str(account["id"])).setdefault("service_backups", {})
    return backups, f"{sent.get('containerName')}/{sent.get('backupName')}"


def _back_up(call: Call, document: Document) -> Response:
    backups, name = _backup_place(call)
    backups[name] = {"at": call.world.now(), "sku": document["sku"]["name"]}
    return accept(call, str(document["id"]), [], answers_target=True)


def _restore_backup(call: Call, document: Document) -> Response:
    backups, name = _backup_place(call)
    held = backups.get(name)
    if held is None or held["at"] + _BACKUP_DAYS * _DAY < call.world.now():
        raise Refusal(400, "ValidationError", f"There is no backup '{name}' of the last 30 days.")
    if held["sku"] != document["sku"]["name"]:
        raise Refusal(400, "ValidationError", f"The backup is of a service of {held['sku']}.")
    call.world.facet(str(document["id"]))["data_at"] = held["at"]
    return accept(call, str(document["id"]), [], answers_target=True)


def complete_backend(_world: World, document: Document, before: Document | None) -> None:
    """Fill a backend's document: where a service sends requests to."""
    fill(document, before, {"protocol": "http", "type": "Single"})


def complete_api(_world: World, document: Document, before: Document | None) -> None:
    """Fill an API's document: its ``serviceUrl`` is its backend, where no policy says otherwise."""
    name = str(document["name"])
    fill(
        document,
        before,
        {
            "displayName": name,
            "apiRevision": "1",
            "path": name,
            "protocols": ["https"],
            "isCurrent": True,
            "subscriptionRequired": True,
        },
    )


_VERSIONS = ("2024-05-01", "2023-09-01-preview", "2022-08-01", "2021-08-01")
_ACTIONS: dict[str, Action] = {"backup": _back_up, "restore": _restore_backup}

KINDS = (
    Kind(
        type=SERVICES,
        api_versions=_VERSIONS,
        tracked=True,
        check=_check,
        complete=complete_service,
        create_style=Style.LOCATION,
        update_style=Style.LOCATION,
        patch_style=Style.LOCATION,
        delete_style=Style.LOCATION,
        lifecycle=Lifecycle(creating="Activating"),
        on_put=_put,
        on_delete=soft_delete.keep_deleted,
        actions=_ACTIONS,
    ),
    Kind(type=f"{SERVICES}/backends", api_versions=_VERSIONS, complete=complete_backend),
    Kind(type=f"{SERVICES}/apis", api_versions=_VERSIONS, complete=complete_api),
)

SPECIALS = {
    ("GET", "microsoft.apimanagement/deletedservices"): _list_deleted,
    ("GET", "microsoft.apimanagement/locations/*/deletedservices/*"): _get_deleted,
    ("DELETE", "microsoft.apimanagement/locations/*/deletedservices/*"): _purge,
    ("GET", "microsoft.apimanagement/service/*/networkstatus"): _network_status,
}
