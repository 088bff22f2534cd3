"""Rules of online and batch endpoints and their deployments."""

from __future__ import annotations

import re

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import has_twin, lacking, readable_secondary, strategy_of
from amlrunbook.assessment.provisioning import provisioning
from amlrunbook.assessment.reading import mapping, needed_number, read_properties, shown, text
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.assessment.vm_sizes import LASTING, size_ruling
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import fact_base
from amlrunbook.model.finding import Verdict
from amlrunbook.model.snapshot import Document

_ALL = 100
"""Per cent of the traffic."""
_MODEL = re.compile(r"(?:/models/|azureml:)([^/:]+)", re.IGNORECASE)
"""A model's name, in an ARM id, a registry's URI or the short form of an asset."""
_ON_ENDPOINT = "--workspace-name {parent} --resource-group {group} --subscription {subscription}"


def _in_both(landscape: Landscape, endpoint: Document) -> Ruling:
    ruling = has_twin(landscape, endpoint, lacking(strategy_of(landscape, "inference")))
    if ruling.verdict not in (Verdict.FAIL, Verdict.WARN):
        return ruling
    stand_in = _stand_in(landscape, endpoint)
    if stand_in is None:
        return ruling
    return passed(f"{shown(stand_in.name)} serves the same models in the secondary")


def _stand_in(landscape: Landscape, endpoint: Document) -> Document | None:
    """Return the secondary's endpoint under another name that serves all the models of this one."""
    secondary = readable_secondary(landscape)
    mine = _models(landscape, endpoint)
    if secondary is None or not mine:
        return None
    collection = endpoint.key.rsplit("/", 2)[1]
    return next(
        (
            other
            for other in landscape.children(secondary, collection)
            if other.unread is None and mine <= _models(landscape, other)
        ),
        None,
    )


def _models(landscape: Landscape, endpoint: Document) -> set[str]:
    """Return the names of the models that an endpoint's deployments serve."""
    names = set()
    for deployment in landscape.children(endpoint, "deployments"):
        model = deployment.field("properties.model.assetId") or deployment.field("properties.model")
        found = _MODEL.search(model) if isinstance(model, str) else None
        if found is not None:
            names.add(found.group(1).lower())
    return names


def _endpoint_well(_: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    return provisioning(endpoint)


def _traffic(endpoint: Document) -> dict[str, int]:
    """Return the share of each deployment, in per cent."""
    shares = {}
    for name in mapping(endpoint, "properties.traffic"):
        share = mapping(endpoint, "properties.traffic")[name]
        if isinstance(share, bool) or not isinstance(share, int):
            raise IncompleteError(f"traffic of {shown(name)} is {shown(share)}, no whole number")
        shares[str(name)] = share
    return shares


def _traffic_set(_: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    shares = _traffic(endpoint)
    observed = ", ".join(f"{shown(name)} {share} %" for name, share in shares.items()) or "none"
    total = sum(shares.values())
    return (
        passed(observed) if total == _ALL else failed(f"traffic adds up to {total} %: {observed}")
    )


def _default_set(landscape: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    name = text(endpoint, "properties.defaults.deploymentName")
    if not name:
        return failed("no default deployment")
    if landscape.child(endpoint, "deployments", name) is None:
        return failed(f"default is {shown(name)}, which is not there")
    return passed(f"default is {shown(name)}")


def _traffic_served(landscape: Landscape, endpoint: Document) -> Ruling:
    read_properties(endpoint)
    names = [name for name, share in _traffic(endpoint).items() if share > 0]
    if not names:
        return unconcerned("it sends traffic to no deployment")
    missing = [name for name in names if landscape.child(endpoint, "deployments", name) is None]
    listed = ", ".join(shown(name) for name in names)
    if missing:
        return failed(f"no deployment {', '.join(shown(name) for name in missing)}")
    return passed(f"traffic goes to {listed}")


def _deployment_well(_: Landscape, deployment: Document) -> Ruling:
    read_properties(deployment)
    return provisioning(deployment)


def _is_managed(deployment: Document) -> bool:
    read_properties(deployment)
    return text(deployment, "properties.endpointComputeType").lower() in ("", "managed")


def _lasting_size(_: Landscape, deployment: Document) -> Ruling:
    if not _is_managed(deployment):
        return unconcerned("its machines are the cluster's")
    return size_ruling(deployment, "properties.instanceType")


def _instances(_: Landscape, deployment: Document) -> Ruling:
    if not _is_managed(deployment):
        return unconcerned("its instances are the cluster's")
    count = needed_number(deployment, "sku.capacity")
    least = fact_base().limits.endpoint_instances.value
    observed = f"{count} instance{'s' if count != 1 else ''}"
    return passed(observed) if count >= least else warned(observed)


RULES: tuple[Rule, ...] = (
    Rule(
        id="endpoint.in-both-regions",
        title="Endpoint in both workspaces",
        types=(types.ONLINE_ENDPOINT, types.BATCH_ENDPOINT),
        expected="an endpoint of the same name, or one that serves the same models, in the secondary workspace",
        why="Callers have nothing to call: an endpoint and its scoring URI belong to one workspace.",
        fact="endpoint.workspace-bound",
        remedy="Deploy the endpoint to both workspaces, and have callers reach both by one name.",
        command="az ml online-endpoint create --name {name} --workspace-name {other_workspace} --resource-group {other_group} --subscription {other_subscription}",
        judge=_in_both,
    ),
    Rule(
        id="endpoint.provisioning-state",
        title="Endpoint well",
        types=(types.ONLINE_ENDPOINT, types.BATCH_ENDPOINT),
        expected="provisioningState is Succeeded",
        why="An endpoint that is broken before the outage cannot be switched to.",
        fact="endpoint.workspace-bound",
        remedy="Look at its deployments' logs and deploy again.",
        command="az ml online-endpoint show --name {name} " + _ON_ENDPOINT,
        judge=_endpoint_well,
    ),
    Rule(
        id="endpoint.traffic-set",
        title="Traffic goes somewhere",
        types=(types.ONLINE_ENDPOINT,),
        expected="traffic adds up to 100 %",
        why="An endpoint without traffic answers nobody, however well its deployments are.",
        fact="endpoint.workspace-bound",
        remedy="Set the traffic.",
        command="az ml online-endpoint update --name {name} --traffic DEPLOYMENT=100 "
        + _ON_ENDPOINT,
        judge=_traffic_set,
    ),
    Rule(
        id="endpoint.default-set",
        title="Batch default set",
        types=(types.BATCH_ENDPOINT,),
        expected="defaults.deploymentName names a deployment",
        why="A batch call that names no deployment is refused.",
        fact="endpoint.workspace-bound",
        remedy="Set the default deployment.",
        command="az ml batch-endpoint update --name {name} --set defaults.deployment_name=DEPLOYMENT "
        + _ON_ENDPOINT,
        judge=_default_set,
    ),
    Rule(
        id="endpoint.traffic-served",
        title="Traffic goes to deployments that are there",
        types=(types.ONLINE_ENDPOINT,),
        expected="every deployment with traffic is there",
        why="Calls that are routed to a deployment which is not there fail.",
        fact="endpoint.workspace-bound",
        remedy="Deploy what is missing, or take its traffic away.",
        command="az ml online-deployment list --endpoint-name {name} " + _ON_ENDPOINT,
        judge=_traffic_served,
    ),
    Rule(
        id="endpoint.deployment-succeeded",
        title="Deployment well",
        types=(types.ONLINE_DEPLOYMENT,),
        expected="provisioningState is Succeeded",
        why="A deployment that failed serves nothing, in either region.",
        fact="endpoint.workspace-bound",
        remedy="Read its logs and deploy again.",
        command="az ml online-deployment get-logs --name {name} --endpoint-name {endpoint} "
        + _ON_ENDPOINT,
        judge=_deployment_well,
    ),
    Rule(
        id="endpoint.three-instances",
        title="Three instances",
        types=(types.ONLINE_DEPLOYMENT,),
        expected="sku.capacity is 3 or more on a managed deployment",
        why="With fewer instances the loss of one machine or zone is felt by callers.",
        fact="endpoint.instances",
        remedy="Scale the deployment to three instances (quota takes 20 % more).",
        command="az ml online-deployment update --name {name} --endpoint-name {endpoint} --set instance_count=3 "
        + _ON_ENDPOINT,
        judge=_instances,
    ),
    Rule(
        id="endpoint.lasting-size",
        title="Machines that last under a deployment",
        types=(types.ONLINE_DEPLOYMENT,),
        expected=LASTING,
        why="A size that is being retired may not be had in the secondary, on the day or ever.",
        fact="compute.retiring-families",
        remedy="Deploy on a newer size that both regions offer.",
        command="az ml online-deployment update --name {name} --endpoint-name {endpoint} --set instance_type=SIZE "
        + _ON_ENDPOINT,
        judge=_lasting_size,
    ),
)
"""The rules of endpoints and deployments."""
