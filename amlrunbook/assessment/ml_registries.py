"""Rules of Azure Machine Learning registries: the carrier of assets between regions."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.reading import (
    mapping,
    needed,
    parts,
    place_of,
    read_properties,
    redundancy,
    shown,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_UNUSED = "no asset that was read comes from it"
_FROM = {
    types.ONLINE_DEPLOYMENT: ("properties.model", "properties.environmentId"),
    f"{types.MODEL}/versions": ("properties.modelUri",),
    f"{types.WORKSPACE}/environments/versions": ("properties.image",),
    f"{types.WORKSPACE}/jobs": ("properties.environmentId", "properties.componentId"),
}
"""Fields that name an asset, and so the registry that it comes from."""
_NAMING = frozenset(
    kind.lower()
    for kind in (
        *_FROM, types.ONLINE_ENDPOINT, types.MODEL, f"{types.WORKSPACE}/environments",
    )
)  # fmt: skip
"""What hides such an asset where it could not be read: the asset, its list, or the list that holds that."""
_SHOW = "az ml registry show --name {name} --resource-group {group} --subscription {subscription}"


def _regions(registry: Document) -> tuple[Document, ...]:
    read_properties(registry)
    regions = parts(registry, "properties.regionDetails")
    if not regions:
        raise IncompleteError("the document holds no regionDetails")
    return regions


def _is_used(landscape: Landscape, registry: Document) -> bool:
    """Return whether an asset of the documents comes from a registry, or the profile attaches it.

    Raises:
        IncompleteError: none that was read does, and some could not be read.
    """
    if not landscape.workspaces or landscape.is_attached(registry):
        return True
    mark = f"registries/{registry.name.lower()}/"
    if any(
        mark in str(document.field(path) or "").lower()
        for kind, paths in _FROM.items()
        for document in landscape.inventory.of_type(kind)
        for path in paths
    ):
        return True
    hidden = next((d for d in landscape.inventory.unread if d.type.lower() in _NAMING), None)
    if hidden is not None:
        raise IncompleteError(
            f"{hidden.name} could not be read, and may come from it: {hidden.unread}"
        )
    return False


def _in_secondary(landscape: Landscape, registry: Document) -> Ruling:
    if not _is_used(landscape, registry):
        return unconcerned(_UNUSED)
    names = [place_of(region) for region in _regions(registry)]
    observed = f"in {', '.join(map(shown, names))}"
    wanted = landscape.secondary_region
    if wanted is not None:
        return passed(observed) if wanted in names else failed(f"{observed}, not in {wanted}")
    return passed(observed) if len(set(names)) > 1 else warned(f"{observed} only")


def _accounts(registry: Document) -> list[tuple[str, str]]:
    """Return region and SKU of each account that Azure made for a registry."""
    found = []
    for region in _regions(registry):
        for account in parts(region, "storageAccountDetails"):
            if mapping(account, "systemCreatedStorageAccount"):
                sku = needed(account, "systemCreatedStorageAccount.storageAccountType")
                found.append((region.location, sku))
    return found


def _storage(landscape: Landscape, registry: Document) -> Ruling:
    if not _is_used(landscape, registry):
        return unconcerned(_UNUSED)
    accounts = _accounts(registry)
    if not accounts:
        return unconcerned("it names no account that Azure made for it")
    weak = [
        f"{shown(sku)} in {shown(where)}"
        for where, sku in accounts
        if redundancy(Document({"sku": {"name": sku}})).value == "LRS"
    ]
    if weak:
        return warned(", ".join(weak))
    return passed(", ".join(f"{shown(sku)} in {shown(where)}" for where, sku in accounts))


def _primary_elsewhere(landscape: Landscape, registry: Document) -> Ruling:
    read_properties(registry)
    home, primary = place_of(registry), landscape.primary_region
    if primary is None or not _is_used(landscape, registry):
        return unconcerned(_UNUSED)
    observed = f"its primary region is {shown(home)}"
    if home == primary:
        return warned(f"{observed}: nothing is written to it while that is dark")
    return passed(observed)


RULES: tuple[Rule, ...] = (
    Rule(
        id="mlregistry.regions",
        title="Machine learning registry in both regions",
        types=(types.ML_REGISTRY,),
        expected="the secondary's region in regionDetails",
        why="Assets are shared through it: in a region that it does not cover nothing can be deployed from it.",
        fact="mlregistry.regions",
        remedy="Add the region; the primary one is fixed forever.",
        command="az ml registry update --file registry.yaml --resource-group {group} --subscription {subscription}",
        judge=_in_secondary,
    ),
    Rule(
        id="mlregistry.storage-redundancy",
        title="Registry's accounts beyond one place",
        types=(types.ML_REGISTRY,),
        expected="no Standard_LRS account",
        why="With LRS each region's copy of the assets is in one building.",
        fact="mlregistry.regions",
        remedy="Choose the redundancy when a region is added.",
        command=_SHOW,
        judge=_storage,
    ),
    Rule(
        id="mlregistry.home-region",
        title="Registry's primary region is not the workspace's",
        types=(types.ML_REGISTRY,),
        expected="a primary region that is not the one to be left",
        why="Nothing can be registered or shared while the registry's primary region is dark.",
        fact="mlregistry.home",
        remedy="Share what the secondary needs beforehand.",
        command=_SHOW,
        judge=_primary_elsewhere,
    ),
)
"""The rules of machine learning registries."""
