"""Rules of attached data engines: Databricks with its file system, HDInsight, Synapse Spark."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.partners import partner_rule
from amlrunbook.assessment.provisioning import provisioning
from amlrunbook.assessment.reading import (
    flag,
    mapping,
    parts,
    read_properties,
    redundancy,
    shown,
    strings,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_DATABRICKS = "az databricks workspace show --name {name} --resource-group {group} --subscription {subscription}"
_HDINSIGHT = (
    "az hdinsight show --name {name} --resource-group {group} --subscription {subscription}"
)
_SYNAPSE = (
    "az synapse workspace show --name {name} --resource-group {group} --subscription {subscription}"
)


def _geo(observed: str, sku: str) -> Ruling:
    kept = redundancy(Document({"sku": {"name": sku}}))
    return passed(observed) if kept.geo else warned(observed)


def _file_system(landscape: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    sku = text(workspace, "properties.parameters.storageAccountSkuName.value")
    if sku:
        return _geo(f"its file system's account is {shown(sku)}", sku)
    name = text(workspace, "properties.parameters.storageAccountName.value")
    group = text(workspace, "properties.managedResourceGroupId")
    if not name or not group:
        raise IncompleteError("the document does not name the account of its file system")
    account = landscape.find(f"{group}/providers/{types.STORAGE}/{name}")
    if account is None or account.unread is not None:
        reason = account.unread if account else "it is not among the documents"
        raise IncompleteError(f"its file system's account {shown(name)}: {reason}")
    sku = text(account, "sku.name")
    return _geo(f"its file system's account {shown(name)} is {shown(sku)}", sku)


def _provisioned(_: Landscape, document: Document) -> Ruling:
    read_properties(document)
    return provisioning(document)


def _unity_catalog(_: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    if flag(workspace, "properties.isUcEnabled", default=False):
        return passed("isUcEnabled is true")
    return warned("isUcEnabled is not true: its data lies in its own file system")


def _account_of(landscape: Landscape, document: Document, resource_id: str, name: str) -> Ruling:
    """Judge the redundancy of an account that a cluster or workspace stands on."""
    account = landscape.find(resource_id) if resource_id else _by_name(landscape, name)
    if account is not None and is_gone(account):
        return failed(f"its account {shown(name)} is not there")
    if account is None or account.unread is not None:
        reason = account.unread if account else "it is not among the documents"
        raise IncompleteError(f"the account {shown(name)} of {document.name}: {reason}")
    observed = f"{shown(name)} is {shown(text(account, 'sku.name'))}"
    return passed(observed) if redundancy(account).geo else failed(observed)


def _by_name(landscape: Landscape, name: str) -> Document | None:
    accounts = landscape.inventory.of_type(types.STORAGE)
    return next((a for a in accounts if a.name.lower() == name.lower()), None)


def _hdinsight_storage(landscape: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    accounts = parts(cluster, "properties.storageProfile.storageaccounts")
    if not accounts:
        raise IncompleteError("the document names no storage account")
    rulings = []
    for account in accounts:
        name = text(account, "name").split(".", 1)[0]
        rulings.append(_account_of(landscape, cluster, text(account, "resourceId"), name))
    bad = [ruling for ruling in rulings if ruling.verdict.value == "fail"]
    return (
        failed("; ".join(ruling.observed for ruling in bad))
        if bad
        else passed("; ".join(ruling.observed for ruling in rulings))
    )


def _hdinsight_state(_: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    state = text(cluster, "properties.clusterState")
    observed = f"clusterState is {shown(state) or 'not said'}"
    if not state:
        raise IncompleteError(observed)
    return passed(observed) if state.lower() == "running" else warned(observed)


def _hdinsight_zone(_: Landscape, cluster: Document) -> Ruling:
    read_properties(cluster)
    zones = strings(cluster, "zones")
    return passed(f"in zone {', '.join(map(shown, zones))}") if zones else warned("in no zone")


def _synapse_git(_: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    repository = mapping(workspace, "properties.workspaceRepositoryConfiguration")
    if not repository:
        return failed("no workspaceRepositoryConfiguration: notebooks lie in the region only")
    name = text(workspace, "properties.workspaceRepositoryConfiguration.repositoryName")
    return passed(f"in the repository {shown(name) or 'that it names'}")


def _synapse_storage(landscape: Landscape, workspace: Document) -> Ruling:
    read_properties(workspace)
    url = text(workspace, "properties.defaultDataLakeStorage.accountUrl")
    name = url.removeprefix("https://").split(".", 1)[0]
    if not name:
        raise IncompleteError("the document names no defaultDataLakeStorage")
    named = text(workspace, "properties.defaultDataLakeStorage.resourceId")
    return _account_of(landscape, workspace, named, name)


RULES: tuple[Rule, ...] = (
    partner_rule(
        "databricks",
        types.DATABRICKS,
        "Databricks workspace",
        component="experiments",
        why="A Databricks workspace is gone with its region; its token opens no other one, so a second compute is attached by hand.",
        fact="databricks.single-region",
        remedy="Deploy a partner workspace, keep it in step by code, and name it as partner in the profile.",
        command=_DATABRICKS,
    ),
    Rule(
        id="databricks.file-system-redundancy",
        title="Databricks file system in another region",
        types=(types.DATABRICKS,),
        expected="a geo-redundant account under the file system's root",
        why="What lies in the file system's root is copied nowhere else; the account is locked, and only its redundancy protects it.",
        fact="databricks.file-system",
        remedy="Keep data in Unity Catalog storage of your own; choose GRS for the root.",
        command="az databricks workspace update --name {name} --resource-group {group} --subscription {subscription} --sa-sku-name Standard_GRS",
        judge=_file_system,
    ),
    Rule(
        id="databricks.unity-catalog",
        title="Databricks data outside its own file system",
        types=(types.DATABRICKS,),
        expected="isUcEnabled is true",
        why="Data in the workspace's own file system cannot be pointed at from another workspace.",
        fact="databricks.file-system",
        remedy="Move tables to Unity Catalog with external locations on your own geo-redundant accounts.",
        command=_DATABRICKS,
        judge=_unity_catalog,
    ),
    Rule(
        id="databricks.provisioning-state",
        title="Databricks workspace well",
        types=(types.DATABRICKS,),
        expected="provisioningState is Succeeded",
        why="A workspace that is broken already helps nobody on the day.",
        fact="databricks.single-region",
        remedy="Look at its deployment.",
        command=_DATABRICKS,
        judge=_provisioned,
    ),
    partner_rule(
        "hdinsight",
        types.HDINSIGHT,
        "HDInsight cluster",
        component="experiments",
        why="A cluster is lost with its region, and made again by hand on storage that has to be there.",
        fact="hdinsight.single-region",
        remedy="Have the cluster's template and scripts ready for the other region.",
        command=_HDINSIGHT,
    ),
    Rule(
        id="hdinsight.storage-redundancy",
        title="HDInsight storage in another region",
        types=(types.HDINSIGHT,),
        expected="geo-redundant accounts in storageProfile",
        why="A cluster is made again in half an hour; its data is not.",
        fact="hdinsight.single-region",
        remedy="Make the cluster's accounts geo-redundant.",
        command=_HDINSIGHT,
        judge=_hdinsight_storage,
    ),
    Rule(
        id="hdinsight.state",
        title="HDInsight cluster runs",
        types=(types.HDINSIGHT,),
        expected="clusterState is Running",
        why="A cluster that does not run cannot be tested before the day.",
        fact="hdinsight.single-region",
        remedy="Look at its errors.",
        command=_HDINSIGHT,
        judge=_hdinsight_state,
    ),
    Rule(
        id="hdinsight.zone",
        title="HDInsight cluster in a zone that is chosen",
        types=(types.HDINSIGHT,),
        expected="zones of its own",
        why="In the outage of its zone a cluster can be neither scaled nor deleted; the zone is chosen at creation only.",
        fact="hdinsight.single-region",
        remedy="Create the next one in a chosen zone.",
        command=_HDINSIGHT,
        judge=_hdinsight_zone,
    ),
    partner_rule(
        "synapse",
        types.SYNAPSE,
        "Synapse workspace",
        component="experiments",
        why="Spark pools are compute of one region: there is nothing to restore, only to make again.",
        fact="synapse.single-region",
        remedy="Deploy a second Synapse workspace from the same template and repository, and attach its pool.",
        command=_SYNAPSE,
    ),
    Rule(
        id="synapse.repository",
        title="Synapse notebooks in a repository",
        types=(types.SYNAPSE,),
        expected="workspaceRepositoryConfiguration is set",
        why="Without a repository its notebooks and pipelines lie in the region alone.",
        fact="synapse.single-region",
        remedy="Connect the workspace to Git.",
        command="az synapse workspace update --name {name} --resource-group {group} --subscription {subscription} --repository-type AzureDevOpsGit",
        judge=_synapse_git,
    ),
    Rule(
        id="synapse.storage-redundancy",
        title="Synapse storage in another region",
        types=(types.SYNAPSE,),
        expected="a geo-redundant account in defaultDataLakeStorage",
        why="A second workspace is of no use without the data.",
        fact="synapse.single-region",
        remedy="Make the account geo-redundant.",
        command=_SYNAPSE,
        judge=_synapse_storage,
    ),
)
"""The rules of Databricks, HDInsight and Synapse."""
