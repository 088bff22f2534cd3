"""Azure Machine Learning workspaces: the resource provider.

Their children have modules of their own.

Source: https://learn.microsoft.com/rest/api/azureml/workspaces
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator import ml_identity, ml_notebooks, ml_soft_delete
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind, canonical_scope
from amlrunbook.simulator.authorization import note_principal
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.blobs import Container, FileShare
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.container_registry import passwords
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.ml_versions import VERSIONS, WORKSPACES
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.storage import account_keys
from amlrunbook.simulator.world import Document, World

_READ_ONLY = ("workspaceId", "discoveryUrl", "mlFlowTrackingUri", "creationTime", "notebookInfo")
_RESULTS = (
    "userDefinedRouteResults", "networkSecurityRuleResults", "resourceLockResults",
    "dnsResolutionResults", "storageAccountResults", "keyVaultResults",
    "containerRegistryResults", "applicationInsightsResults", "otherResults",
)  # fmt: skip


def _check(call: Call, document: Document, before: Document | None) -> None:
    properties = document["properties"]
    ml_identity.disregard(document, before)
    for key in ("storageAccount", "keyVault"):
        held = (before or {}).get("properties", {}).get(key)
        given = properties.setdefault(key, held)
        if not given:
            raise Refusal(
                400, "BadRequest", f"Missing dependent resources in workspace json: {key}."
            )
        if call.world.get(str(given)) is None:
            raise Refusal(400, "BadRequest", f"The {key} '{given}' of the workspace was not found.")
        if held and str(held).lower() != str(given).lower():
            raise Refusal(400, "ValidationError", f"The {key} of a workspace cannot be changed.")


def complete(world: World, document: Document, before: Document | None) -> None:
    """Fill a workspace's document as Azure does."""
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    for key in _READ_ONLY:
        if key in held:
            properties[key] = held[key]
    region, name = str(document["location"]), str(document["name"])
    document.setdefault("identity", {"type": "SystemAssigned"})
    ml_identity.complete(world, document, before)
    document.setdefault("kind", "Default")
    document.setdefault("sku", {"name": "Basic", "tier": "Basic"})
    document.setdefault("tags", {})
    for key in ("storageAccount", "keyVault", "applicationInsights", "containerRegistry"):
        if properties.get(key):
            properties[key] = canonical_scope(world, str(properties[key]))
    workspace_id = properties.setdefault("workspaceId", world.guid())
    defaults: Document = {
        "friendlyName": name,
        "description": "",
        "applicationInsights": None,
        "containerRegistry": None,
        "hbiWorkspace": False,
        "imageBuildCompute": None,
        "provisioningState": "Succeeded",
        "creationTime": stamp(world.now()),
        "v1LegacyMode": False,
        "allowPublicAccessWhenBehindVnet": False,
        "publicNetworkAccess": "Enabled",
        "privateEndpointConnections": [],
        "discoveryUrl": f"{world.base_url}/azureml/{region}/discovery",
        "mlFlowTrackingUri": f"azureml://{world.base_url.removeprefix('https://')}/azureml/{region}"
        f"/mlflow/v1.0{document['id']}",
        "notebookInfo": {
            "resourceId": workspace_id.replace("-", ""),
            "fqdn": f"ml-{name.lower()}-{region}-{workspace_id}.{region}.notebooks.azure.net",
            "isPrivateLinkEnabled": False,
            "notebookPreparationError": None,
        },
        "storageHnsEnabled": False,
        "systemDatastoresAuthMode": "AccessKey",
        "enableDataIsolation": False,
        "managedNetwork": {"isolationMode": "Disabled", "status": None, "outboundRules": None},
        "tenantId": world.tenant_id,
    }
    for key, value in defaults.items():
        properties.setdefault(key, held.get(key, value))


def bring_about(world: World, document: Document) -> None:
    """Give a new workspace its default datastores, containers and file share."""
    properties = document["properties"]
    storage = world.get(str(properties["storageAccount"]))
    if storage is None:
        return
    account = world.accounts[str(storage["name"])]
    workspace_id = str(properties["workspaceId"])
    now = world.now()
    container, share = f"azureml-blobstore-{workspace_id}", f"code-{workspace_id}"
    files = f"azureml-filestore-{workspace_id}"
    for name in (container, "azureml"):
        account.containers.setdefault(
            name, Container(name=name, created=now, modified=now, etag=f'"{name[-12:]}"')
        )
    for name in (share, files):
        account.shares.setdefault(
            name, FileShare(name=name, created=now, modified=now, etag=f'"{name[-12:]}"')
        )
    stores = (
        ("workspaceblobstore", "AzureBlob", {"containerName": container}),
        ("workspaceartifactstore", "AzureBlob", {"containerName": "azureml"}),
        ("workspacefilestore", "AzureFile", {"fileShareName": files}),
        ("workspaceworkingdirectory", "AzureFile", {"fileShareName": share}),
    )
    for name, kind, where in stores:
        _default_datastore(world, document, storage, name, {"datastoreType": kind, **where})


def _default_datastore(
    world: World, workspace: Document, storage: Document, name: str, where: Document
) -> None:
    resource_id = f"{workspace['id']}/datastores/{name}"
    if world.get(resource_id) is not None:
        return
    world.put(
        resource_id,
        {
            "id": resource_id,
            "name": name,
            "type": f"{WORKSPACES}/datastores",
            "properties": {
                "description": None,
                "tags": None,
                "properties": None,
                "isDefault": name == "workspaceblobstore",
                "credentials": {"credentialsType": "AccountKey"},
                **where,
                "accountName": storage["name"],
                "endpoint": "core.windows.net",
                "protocol": "https",
                "resourceGroup": str(storage["id"]).split("/")[4],
                "subscriptionId": str(storage["id"]).split("/")[2],
                "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
            },
            "systemData": dict(workspace.get("systemData", {})),
        },
    )


def _list_keys(call: Call, document: Document) -> Response:
    properties = document["properties"]
    storage = call.world.get(str(properties["storageAccount"]))
    insights = call.world.get(str(properties.get("applicationInsights")))
    registry = call.world.get(str(properties.get("containerRegistry")))
    found: Document = {
        "userStorageKey": account_keys(call, storage)[0]["value"] if storage else None,
        "userStorageArmId": properties["storageAccount"],
        "appInsightsInstrumentationKey": insights["properties"]["InstrumentationKey"]
        if insights
        else None,
        "notebookAccessKeys": ml_notebooks.keys(call, document),
    }
    if registry is not None and registry["properties"].get("adminUserEnabled"):
        found["containerRegistryCredentials"] = {
            "location": registry["location"],
            "username": registry["name"],
            "passwords": passwords(call, registry),
        }
    return json_answer(found)


def _list_storage_keys(call: Call, document: Document) -> Response:
    storage = call.world.get(str(document["properties"]["storageAccount"]))
    if storage is None:
        raise Refusal(404, "ResourceNotFound", "The workspace's storage account is gone.")
    return json_answer({"userStorageKey": account_keys(call, storage)[0]["value"]})


def _resync_keys(call: Call, document: Document) -> Response:
    action = f"{WORKSPACES}/{call.path.tail}/action"
    return accept(call, str(document["id"]), [], action=action)


def _diagnose(call: Call, document: Document) -> Response:
    """Look at what the workspace stands on; a missing part is an error in its list."""
    call.optional_document()
    results: dict[str, list[Document]] = {name: [] for name in _RESULTS}
    parts = (
        ("storageAccount", "storageAccountResults"),
        ("keyVault", "keyVaultResults"),
        ("containerRegistry", "containerRegistryResults"),
        ("applicationInsights", "applicationInsightsResults"),
    )
    for key, where in parts:
        resource_id = document["properties"].get(key)
        if resource_id and call.world.get(str(resource_id)) is None:
            results[where].append(
                {
                    "code": f"{key[0].upper()}{key[1:]}NotFound",
                    "level": "Error",
                    "message": f"The resource {resource_id} does not exist.",
                }
            )
    action = f"{WORKSPACES}/{call.path.tail}/action"
    return accept(call, str(document["id"]), [], action=action, result={"value": results})


def _fits(call: Call, document: Document) -> bool:
    kinds = call.query.get("kind")
    return not kinds or str(document["kind"]).lower() in kinds.lower().split(",")


def routes(azure: SimulatedAzure) -> list[Route]:
    """Return the route of a region's discovery document, which names its data plane."""

    async def discovery(request: Request) -> Response:
        base = f"{azure.base_url}/azureml/{request.path_params['region']}"
        return json_answer({"api": base, "history": base, "catalog": base, "experimentation": base})

    return [Route("/azureml/{region}/discovery", discovery, methods=["GET"])]


KINDS = (
    Kind(
        type=WORKSPACES,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete,
        create_style=Style.LOCATION,
        update_style=Style.LOCATION,
        patch_style=Style.LOCATION,
        delete_style=Style.BOTH,
        after_write=bring_about,
        on_create=note_principal,
        on_put=ml_soft_delete.put,
        on_delete=ml_soft_delete.delete,
        also_listed=ml_soft_delete.listed,
        fits=_fits,
        actions={
            "listkeys": _list_keys,
            "liststorageaccountkeys": _list_storage_keys,
            "listnotebookkeys": ml_notebooks.list_keys,
            "listnotebookaccesstoken": ml_notebooks.access_token,
            "preparenotebook": ml_notebooks.prepare,
            "resynckeys": _resync_keys,
            "diagnose": _diagnose,
        },
    ),
    *(
        Kind(
            type=f"{WORKSPACES}/{name}",
            api_versions=VERSIONS,
            create_status=200,
            patchable=name == "serverlessEndpoints",
        )
        for name in (
            "connections", "outboundRules", "privateEndpointConnections", "serverlessEndpoints",
            "marketplaceSubscriptions", "featuresets",
        )
    ),
    *(
        Kind(type=f"{WORKSPACES}/{name}", api_versions=VERSIONS, methods=frozenset())
        for name in ("features", "privateLinkResources")
    ),
    Kind(
        type="Microsoft.MachineLearningServices/registries",
        api_versions=VERSIONS,
        tracked=True,
        create_style=Style.ASYNC,
        delete_style=Style.LOCATION,
    ),
)  # fmt: skip
