"""Rules of what a workspace knows: datastores, models, environments, data, components."""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import (
    all_in_both,
    counterpart,
    has_twin,
    lacking,
    seen_from_primary,
    strategy_of,
    twin,
)
from amlrunbook.assessment.reading import flag, needed, read_properties, shown, text
from amlrunbook.assessment.rule import Judge, Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_SYSTEM_DATASTORES = (
    "workspaceblobstore",
    "workspacefilestore",
    "workspaceartifactstore",
    "workspaceworkingdirectory",
)
"""Datastores that every workspace makes for itself, on its own default account."""
_GEN1 = "azuredatalakegen1"
_LEADS = {
    "azureblob": ("accountName", "containerName"),
    "azuredatalakegen2": ("accountName", "filesystem"),
    "azurefile": ("accountName", "fileShareName"),
    _GEN1: ("storeName",),
    "onelake": ("oneLakeWorkspaceName", "artifact.artifactName"),
}
"""The fields that say where a datastore leads, by its kind.

Source: Microsoft's OpenAPI document of Microsoft.MachineLearningServices, 2024-04-01.
"""
_ON_NO_ACCOUNT = (_GEN1, "onelake")
_CURATED = "azureml"
"""What the names of Microsoft's own environments and components begin with."""


def _is_curated(document: Document) -> bool:
    return document.name.lower().startswith(_CURATED)


def _datastore_in_both(landscape: Landscape, datastore: Document) -> Ruling:
    if datastore.name.lower() in _SYSTEM_DATASTORES:
        return unconcerned("every workspace has its own")
    return has_twin(landscape, datastore, lacking(strategy_of(landscape, "data")))


def _data_apart(landscape: Landscape, datastore: Document) -> Ruling:
    if datastore.name.lower() in _SYSTEM_DATASTORES:
        return unconcerned("the workspace's own, on its default account")
    read_properties(datastore)
    if text(datastore, "properties.datastoreType").lower() in _ON_NO_ACCOUNT:
        return unconcerned("it is on no storage account")
    account = needed(datastore, "properties.accountName")
    if landscape.is_default_account(account):
        return warned(f"on {shown(account)}, a workspace's default account")
    return passed(f"on {shown(account)}")


def _gen1(_: Landscape, datastore: Document) -> Ruling:
    read_properties(datastore)
    kind = needed(datastore, "properties.datastoreType")
    if kind.lower() == _GEN1:
        return failed("Data Lake Storage Gen1, which retired on 2024-02-29")
    return passed(f"datastoreType is {shown(kind)}")


def _same_place(landscape: Landscape, datastore: Document) -> Ruling:
    if datastore.name.lower() in _SYSTEM_DATASTORES:
        return unconcerned("every workspace has its own")
    read_properties(datastore)
    other = counterpart(landscape, datastore, "datastore")
    if isinstance(other, Ruling):
        return other
    mine, theirs = (_place(each) for each in (datastore, other))
    if mine == theirs:
        return passed(f"{shown(mine)} in both workspaces")
    return warned(f"{shown(mine)} here, {shown(theirs)} in the secondary")


def _place(datastore: Document) -> str:
    """Return where a datastore leads, in lower case.

    Raises:
        IncompleteError: it does not say where.
    """
    kind = needed(datastore, "properties.datastoreType")
    if kind.lower() not in _LEADS:
        raise IncompleteError(f"datastoreType is {shown(kind)}, which this program does not know")
    named = (needed(datastore, f"properties.{field}") for field in _LEADS[kind.lower()])
    return "/".join(named).lower()


def _credentials(_: Landscape, datastore: Document) -> Ruling:
    if datastore.name.lower() in _SYSTEM_DATASTORES:
        return unconcerned("the workspace's own, made again with it")
    read_properties(datastore)
    kind = needed(datastore, "properties.credentials.credentialsType")
    observed = f"credentialsType is {shown(kind)}"
    return passed(observed) if kind.lower() == "none" else warned(observed)


def _schedule_in_both(landscape: Landscape, schedule: Document) -> Ruling:
    return has_twin(landscape, schedule, lacking(strategy_of(landscape, "experiments")))


def _schedule_runs_once(landscape: Landscape, schedule: Document) -> Ruling:
    read_properties(schedule)
    other = counterpart(landscape, schedule, "schedule")
    if isinstance(other, Ruling):
        return other
    both = all(flag(each, "properties.isEnabled", default=True) for each in (schedule, other))
    return (
        warned("enabled in both workspaces") if both else passed("enabled in one workspace at most")
    )


def _latest(landscape: Landscape, model: Document) -> Ruling:
    read_properties(model)
    outside = seen_from_primary(landscape, model)
    if outside is not None:
        return outside
    other = twin(landscape, model)
    mine = text(model, "properties.latestVersion")
    if other is None or not mine:
        return unconcerned("no version to compare")
    theirs = text(other, "properties.latestVersion")
    observed = f"version {shown(mine)} here, {shown(theirs) or 'none'} in the secondary"
    if mine == theirs:
        return passed(observed)
    return lacking(strategy_of(landscape, "inference"))(observed)


def _in_both(collection: str, component: str, *, curated: bool = False) -> Judge:
    """Return the judge of one collection of assets."""
    skip: Callable[[Document], bool] = _is_curated if curated else (lambda _: False)

    def judge(landscape: Landscape, workspace: Document) -> Ruling:
        lack = lacking(strategy_of(landscape, component))
        return all_in_both(landscape, workspace, collection, lack, skip=skip)

    return judge


def _assets(
    collection: str, title: str, component: str, *, why: str, remedy: str, command: str
) -> Rule:
    """Return the rule of one collection of assets; ``command`` is completed by where it reads from."""
    return Rule(
        id=f"assets.{collection}-in-both",
        title=f"{title} in both workspaces",
        types=(types.WORKSPACE,),
        expected=f"every one of the primary's {collection} in the secondary too, by name",
        why=why,
        fact="workspace.no-sync",
        remedy=remedy,
        command=f"az ml {command} --workspace-name {{name}} --resource-group {{group}} --subscription {{subscription}}",
        judge=_in_both(collection, component, curated=collection in ("environments", "components")),
    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="datastore.in-both-regions",
        title="Datastore in both workspaces",
        types=(types.DATASTORE,),
        expected="a datastore of the same name in the secondary workspace",
        why="Jobs and data assets that name it fail in the secondary; its credential is a secret that may not be writable on the day.",
        fact="workspace.both-regions",
        remedy="Create the datastore in the secondary beforehand.",
        command="az ml datastore show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}",
        judge=_datastore_in_both,
    ),
    Rule(
        id="datastore.data-apart",
        title="Data apart from the default account",
        types=(types.DATASTORE,),
        expected="a storage account that is no workspace's default account",
        why="A default account is never failed over: data on it stays in the dark region.",
        fact="workspace.default-account-apart",
        remedy="Move the data to a geo-redundant account of its own and attach it to both workspaces.",
        command="az ml datastore show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}",
        judge=_data_apart,
    ),
    Rule(
        id="datastore.same-place",
        title="Datastore leads to the same data",
        types=(types.DATASTORE,),
        expected="the same account and container as the secondary's datastore of that name",
        why="The same name leads to other data: jobs run, and their results are wrong.",
        fact="workspace.both-regions",
        remedy="Point both at the same data account, or keep the copies in step and know it.",
        command="az ml datastore show --name {name} --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
        judge=_same_place,
    ),
    Rule(
        id="datastore.identity",
        title="Datastore without a stored credential",
        types=(types.DATASTORE,),
        expected="credentialsType is None: access by identity",
        why="A stored key or token is a secret in the vault: changed on the day, it must be written there, where it may be read-only.",
        fact="vault.failover",
        remedy="Use identity-based access, and grant the identities of both workspaces.",
        command="az ml datastore show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}",
        judge=_credentials,
    ),
    Rule(
        id="datastore.gen1",
        title="No Data Lake Storage Gen1",
        types=(types.DATASTORE,),
        expected="datastoreType is not AzureDataLakeGen1",
        why="The service is gone: the name leads nowhere.",
        fact="datalake.gen1-retired",
        remedy="Delete the datastore and point jobs at Gen2.",
        command="az ml datastore delete --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}",
        judge=_gen1,
    ),
    Rule(
        id="schedule.in-both-regions",
        title="Schedule in both workspaces",
        types=(types.SCHEDULE,),
        expected="a schedule of the same name in the secondary workspace",
        why="What ran by itself stops without a word: nobody retrains, nobody monitors.",
        fact="workspace.no-sync",
        remedy="Create the schedule in the secondary, disabled.",
        command="az ml schedule show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}",
        judge=_schedule_in_both,
    ),
    Rule(
        id="schedule.runs-once",
        title="Schedule enabled on one side",
        types=(types.SCHEDULE,),
        expected="enabled in one workspace only",
        why="Enabled on both sides, jobs run twice and write twice.",
        fact="workspace.no-sync",
        remedy="Disable the secondary's until the switch, and the primary's after it.",
        command="az ml schedule disable --name {name} --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
        judge=_schedule_runs_once,
    ),
    Rule(
        id="assets.model-latest",
        title="The latest model version in both",
        types=(types.MODEL,),
        expected="the same latestVersion in the secondary",
        why="The newest model is the one that nobody copied yet.",
        fact="workspace.no-sync",
        remedy="Register each new version in both workspaces, or share it through a registry.",
        command="az ml model download --name {name} --version VERSION --workspace-name {parent} --resource-group {group} --subscription {subscription}",
        judge=_latest,
    ),
    _assets(
        "models",
        "Models",
        "inference",
        why="Nothing can be deployed in the secondary that is registered in the primary only.",
        remedy="Download each model and create it in the secondary, or share it through a registry.",
        command="model download --name MODEL --version VERSION",
    ),
    _assets(
        "environments",
        "Environments",
        "inference",
        why="Deployments and jobs name environments: without them nothing starts, and building them may be impossible.",
        remedy="Share each environment through a registry, or create it in the secondary.",
        command="environment share --name ENVIRONMENT --version VERSION --registry-name REGISTRY --share-with-name ENVIRONMENT --share-with-version VERSION",
    ),
    _assets(
        "data",
        "Data assets",
        "data",
        why="Jobs that name a data asset fail in the secondary.",
        remedy="Share each data asset through a registry, or create it in the secondary.",
        command="data share --name DATA --version VERSION --registry-name REGISTRY --share-with-name DATA --share-with-version VERSION",
    ),
    _assets(
        "components",
        "Components",
        "experiments",
        why="Pipelines that name a component fail in the secondary.",
        remedy="Create each component in the secondary from the code that made it.",
        command="component show --name COMPONENT --version VERSION",
    ),
)
"""The rules of datastores and assets."""
