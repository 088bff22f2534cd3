"""Rules that compare an endpoint with the one that would take its place."""

from __future__ import annotations

import re

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import counterpart, lacking, seen_from_primary, strategy_of, twin
from amlrunbook.assessment.reading import (
    mapping,
    needed,
    needed_number,
    read_properties,
    shown,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.profile import Strategy
from amlrunbook.model.snapshot import Document

_VERSION = re.compile(
    r"(?:/models/|azureml:)(?P<name>[^/:]+)(?:/versions/|:)(?P<version>[^/:]+)", re.IGNORECASE
)
_SHOW = "az ml online-endpoint show --name {name} --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}"


def _twin(landscape: Landscape, endpoint: Document) -> Document | Ruling:
    read_properties(endpoint)
    return counterpart(landscape, endpoint, "endpoint")


def _auth(landscape: Landscape, endpoint: Document) -> Ruling:
    other = _twin(landscape, endpoint)
    if isinstance(other, Ruling):
        return other
    mine, theirs = (needed(each, "properties.authMode") for each in (endpoint, other))
    observed = f"authMode is {shown(mine)} here, {shown(theirs)} in the secondary"
    return passed(observed) if mine.lower() == theirs.lower() else failed(observed)


def _key_auth(_: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    mode = needed(endpoint, "properties.authMode")
    observed = f"authMode is {shown(mode)}"
    return passed(observed) if mode.lower() == "aadtoken" else warned(observed)


def _serving(landscape: Landscape, endpoint: Document) -> tuple[Document, ...]:
    """Return the deployments that get traffic.

    Raises:
        IncompleteError: one could not be read.
    """
    shares = mapping(endpoint, "properties.traffic")
    names = {str(name).lower() for name, share in shares.items() if share}
    found = [d for d in landscape.children(endpoint, "deployments") if d.name.lower() in names]
    for deployment in found:
        if deployment.unread is not None:
            raise IncompleteError(f"deployment {deployment.name}: {deployment.unread}")
    return tuple(found)


def _models(deployments: tuple[Document, ...]) -> set[str]:
    """Return ``name:version`` of the models that deployments serve."""
    models = set()
    for deployment in deployments:
        named = deployment.field("properties.model.assetId") or deployment.field("properties.model")
        found = _VERSION.search(named) if isinstance(named, str) else None
        if found is not None:
            models.add(f"{found['name']}:{found['version']}".lower())
    return models


def _same_models(landscape: Landscape, endpoint: Document) -> Ruling:
    other = _twin(landscape, endpoint)
    if isinstance(other, Ruling):
        return other
    mine, theirs = (_models(_serving(landscape, each)) for each in (endpoint, other))
    if not mine:
        return unconcerned("no model version that serves here is said")
    missing = sorted(mine - theirs)
    if not missing:
        return passed(f"{', '.join(map(shown, sorted(mine)))} in both workspaces")
    lack = lacking(strategy_of(landscape, "inference"))
    there = ", ".join(map(shown, sorted(theirs))) or "none"
    return lack(f"{', '.join(map(shown, missing))} serves here, {there} in the secondary")


def _capacity(landscape: Landscape, endpoint: Document) -> Ruling:
    other = _twin(landscape, endpoint)
    if isinstance(other, Ruling):
        return other
    mine, theirs = (
        sum(needed_number(d, "sku.capacity") for d in _serving(landscape, each))
        for each in (endpoint, other)
    )
    if not mine:
        return unconcerned("no instance that serves here is said")
    observed = f"{mine} instances serve here, {theirs} in the secondary"
    if theirs >= mine:
        return passed(observed)
    hot = strategy_of(landscape, "inference") is Strategy.HOT_HOT
    return failed(observed) if hot else warned(observed)


def _on_cluster(landscape: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    compute = text(endpoint, "properties.compute")
    if not compute:
        return unconcerned("a managed endpoint stands on no compute of yours")
    outside = seen_from_primary(landscape, endpoint)
    if outside is not None:
        return outside
    other = twin(landscape, endpoint)
    name = shown(compute.rsplit("/", 1)[-1])
    if other is None:
        return failed(f"it ends with the compute {name}")
    read_properties(other)
    theirs = text(other, "properties.compute")
    if theirs.lower() == compute.lower():
        return failed(f"both endpoints stand on {name}")
    return passed(
        f"on {name} here, on {shown(theirs.rsplit('/', 1)[-1]) or 'managed compute'} there"
    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="endpoint.auth-parity",
        title="The same way to sign in to both endpoints",
        types=(types.ONLINE_ENDPOINT,),
        expected="the same authMode as the secondary's endpoint",
        why="Callers that sign in to the primary are refused by the secondary.",
        fact="endpoint.workspace-bound",
        remedy="Create the secondary's endpoint with the same authMode; it is fixed at creation.",
        command=_SHOW,
        judge=_auth,
    ),
    Rule(
        id="endpoint.no-keys",
        title="Callers sign in without an endpoint's key",
        types=(types.ONLINE_ENDPOINT,),
        expected="authMode is AADToken",
        why="Keys and tokens belong to one endpoint: after the switch every caller needs another one.",
        fact="endpoint.workspace-bound",
        remedy="Use Entra tokens, give both endpoints the same key, or add the key in a gateway.",
        command=_SHOW,
        judge=_key_auth,
    ),
    Rule(
        id="endpoint.same-models",
        title="The same model versions serve in both",
        types=(types.ONLINE_ENDPOINT,),
        expected="the secondary's endpoint serves the model versions that serve here",
        why="An old model answers, and nobody sees that it is old.",
        fact="workspace.no-sync",
        remedy="Deploy each version to both workspaces in one pipeline.",
        command=_SHOW,
        judge=_same_models,
    ),
    Rule(
        id="endpoint.capacity-parity",
        title="As many instances in the secondary",
        types=(types.ONLINE_ENDPOINT,),
        expected="no fewer instances behind the secondary's traffic than behind this one's",
        why="Callers of two regions meet instances for half of them, until more are asked for and given.",
        fact="quota.deployments",
        remedy="Scale the secondary's deployment, or know its quota and do it first on the day.",
        command="az ml online-deployment update --name DEPLOYMENT --endpoint-name {name} --set instance_count=INSTANCES --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
        judge=_capacity,
    ),
    Rule(
        id="endpoint.cluster-bound",
        title="Endpoint does not end with one cluster",
        types=(types.ONLINE_ENDPOINT,),
        expected="a managed endpoint, or another compute behind the secondary's",
        why="An endpoint on a Kubernetes compute is gone with that cluster.",
        fact="aks.single-region",
        remedy="Attach a cluster in the secondary's region and deploy there.",
        command=_SHOW,
        judge=_on_cluster,
    ),
)
"""The rules that compare endpoints."""
