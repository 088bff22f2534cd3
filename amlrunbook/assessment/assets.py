"""Rules of what a workspace knows: datastores, models, environments, data, components."""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import all_in_both, has_twin, lacking, strategy_of
from amlrunbook.assessment.reading import read_properties, shown, text
from amlrunbook.assessment.rule import Judge, Rule, Ruling, passed, unconcerned, warned
from amlrunbook.model.snapshot import Document

_SYSTEM_DATASTORES = (
    "workspaceblobstore",
    "workspacefilestore",
    "workspaceartifactstore",
    "workspaceworkingdirectory",
)
"""Datastores that every workspace makes for itself, on its own default account."""
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
    account = text(datastore, "properties.accountName")
    if not account:
        return unconcerned("it is on no storage account")
    if account.lower() in landscape.default_account_names:
        return warned(f"on {shown(account)}, a workspace's default account")
    return passed(f"on {shown(account)}")


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
