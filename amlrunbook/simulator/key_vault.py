"""Key vaults and deleted vaults: the resource provider.

Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, operations, soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_lookup import require_scope
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Purge
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.vault_data import VaultData
from amlrunbook.simulator.world import Deleted, Document, World

VAULTS = "Microsoft.KeyVault/vaults"
VERSIONS = (
    "2026-05-15", "2026-02-01", "2025-05-01", "2024-11-01", "2023-07-01", "2023-02-01",
    "2022-07-01", "2021-10-01", "2019-09-01", "2015-06-01",
)  # fmt: skip


def complete(world: World, document: Document, before: Document | None) -> None:
    """Fill a vault's document as Azure does."""
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    defaults: Document = {
        "sku": {"family": "A", "name": "standard"},
        "tenantId": world.tenant_id,
        "accessPolicies": [],
        "enabledForDeployment": False,
        "enabledForDiskEncryption": False,
        "enabledForTemplateDeployment": False,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enableRbacAuthorization": True,
        "publicNetworkAccess": "Enabled",
    }
    for key, value in defaults.items():
        properties.setdefault(key, held.get(key, value))
    if held.get("enablePurgeProtection"):
        properties["enablePurgeProtection"] = True
    name = str(document["name"])
    properties["vaultUri"] = f"{world.base_url}/keyvault/{name}/"
    world.vaults.setdefault(
        name.lower(), VaultData(name=name.lower(), resource_id=str(document["id"]))
    )
    properties.pop("createMode", None)
    properties.setdefault("provisioningState", "Succeeded")
    document.setdefault("tags", {})


def _check(call: Call, document: Document, before: Document | None) -> None:
    properties = document["properties"]
    name = str(document["name"])
    if before is None and name.lower() in call.world.vaults:
        raise Refusal(
            409,
            "VaultAlreadyExists",
            f"The vault name '{name}' is already in use. Vault names are globally unique so it is "
            "possible that the name is already taken.",
        )
    if before is None and str(properties.get("createMode", "default")).lower() == "recover":
        raise Refusal(404, "DeletedVaultNotFound", f"There is no deleted vault '{name}'.")
    held: Document = (before or {}).get("properties", {})
    days = properties.get("softDeleteRetentionInDays", 90)
    if not isinstance(days, int) or not 7 <= days <= 90:  # noqa: PLR2004
        raise Refusal(
            400,
            "BadRequest",
            f"The property \"softDeleteRetentionInDays\" is '{days}'; it must be 7 to 90.",
        )
    if properties.get("enablePurgeProtection") is False:
        raise Refusal(
            400,
            "BadRequest",
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge '
            "protection for a vault is an irreversible action.",
        )
    if properties.get("enableSoftDelete") is False and held.get("enableSoftDelete", True):
        raise Refusal(
            400,
            "BadRequest",
            'The property "enableSoftDelete" cannot be set to false. Enabling soft delete for a '
            "vault is an irreversible action.",
        )


def _put(call: Call) -> Response | None:
    """Recover a deleted vault, or refuse its name to a new one."""
    gone = _deleted(call.world, call.path.name)
    if gone is None or call.world.get(call.path.text) is not None:
        return None
    key, held = gone
    mode = str(call.document().get("properties", {}).get("createMode", "default")).lower()
    if mode != "recover" or key != call.path.text.lower():
        raise Refusal(
            409,
            "ConflictError",
            "A vault with the same name already exists in deleted state. You need to either "
            "recover or purge existing key vault. Follow this link "
            "https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
        )
    require_scope(call, call.path.text)
    soft_delete.restore(call.world, key)
    arm_verbs.note(call, f"{VAULTS}/write", str(held.documents[0]["id"]), "Succeeded", 200)
    return json_answer(held.documents[0])


def _delete(call: Call) -> Response | None:
    document = call.world.get(call.path.text)
    if document is None:
        return None
    soft_delete.keep(call.world, document)
    call.world.remove(str(document["id"]))
    arm_verbs.note(call, f"{VAULTS}/delete", str(document["id"]), "Succeeded", 200)
    return Response(status_code=200)


def _deleted(world: World, name: str) -> tuple[str, Deleted] | None:
    for key, held in world.deleted.items():
        document = held.documents[0]
        if document["type"] == VAULTS and str(document["name"]).lower() == name.lower():
            return key, held
    return None


def _deleted_document(call: Call, held: Deleted) -> Document:
    vault = held.documents[0]
    place = f"/subscriptions/{call.path.subscription}/providers/Microsoft.KeyVault/locations"
    properties: Document = {
        "vaultId": vault["id"],
        "location": vault["location"],
        "tags": vault.get("tags", {}),
        "deletionDate": stamp(held.deleted_at),
        "scheduledPurgeDate": stamp(held.purge_at),
    }
    if vault["properties"].get("enablePurgeProtection"):
        properties["purgeProtectionEnabled"] = True
    return {
        "id": f"{place}/{vault['location']}/deletedVaults/{vault['name']}",
        "name": vault["name"],
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": properties,
    }


def _list_deleted(call: Call) -> Response:
    found = [
        _deleted_document(call, held)
        for key, held in call.world.deleted.items()
        if held.documents[0]["type"] == VAULTS
        and key.startswith(f"/subscriptions/{call.path.subscription}/".lower())
    ]
    return call.page(found)


def _get_deleted(call: Call) -> Response:
    return json_answer(_deleted_document(call, _find_deleted(call)[1]))


def _find_deleted(call: Call) -> tuple[str, Deleted]:
    """Return the deleted vault that a path names; its region is the first name in it.

    Raises:
        Refusal: there is none in that region.
    """
    gone = _deleted(call.world, call.path.name)
    if gone is None or gone[1].documents[0]["location"] != call.path.names[0].lower():
        raise Refusal(
            404,
            "DeletedVaultNotFound",
            f"The specified deleted vault '{call.path.name}' does not exist.",
        )
    return gone


def _purge(call: Call) -> Response:
    """Delete a deleted vault for good.

    Raises:
        Refusal: there is none, or it is protected against that.
    """
    key, held = _find_deleted(call)
    if held.documents[0]["properties"].get("enablePurgeProtection"):
        raise Refusal(
            400,
            "MethodNotAllowed",
            f"Operation 'DeletedVaultPurge' is not allowed: the vault '{call.path.name}' has "
            "purge protection. It is purged on its scheduled purge date.",
        )
    operation = operations.begin(
        call.azure,
        target=str(held.documents[0]["id"]),
        action="Microsoft.KeyVault/locations/deletedVaults/purge/action",
        effects=[Purge(id=key)],
        answers_target=False,
        state=call.state,
    )
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
    )


def _check_name(call: Call) -> Response:
    name = str(call.document().get("name", ""))
    live = any(
        d["type"] == VAULTS and str(d["name"]).lower() == name.lower()
        for d in call.world.resources.values()
    )
    if live or _deleted(call.world, name):
        return json_answer(
            {
                "nameAvailable": False,
                "reason": "AlreadyExists",
                "message": f"The vault name '{name}' is already in use.",
            }
        )
    return json_answer({"nameAvailable": True})


def _no_modules(call: Call) -> Response:
    """List deleted managed HSMs: this cloud has none, and ``az keyvault list-deleted`` asks."""
    require_scope(call, call.path.scope)
    return call.page([])


KINDS = (
    Kind(
        type=VAULTS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete,
        on_put=_put,
        on_delete=_delete,
        create_status=200,
    ),
)

SPECIALS = {
    ("GET", "microsoft.keyvault/deletedvaults"): _list_deleted,
    ("GET", "microsoft.keyvault/deletedmanagedhsms"): _no_modules,
    ("GET", "microsoft.keyvault/locations/*/deletedvaults/*"): _get_deleted,
    ("POST", "microsoft.keyvault/locations/*/deletedvaults/*/purge"): _purge,
    ("POST", "microsoft.keyvault/checknameavailability"): _check_name,
}
