"""Rules of quota in the secondary's region: whether what runs here could run there."""

from __future__ import annotations

from collections import Counter

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape, Side
from amlrunbook.assessment.parity import lacking, strategy_of
from amlrunbook.assessment.reading import needed, needed_number, number, parts, shown, text
from amlrunbook.assessment.rule import Rule, Ruling, passed, unconcerned
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import fact_base
from amlrunbook.model.snapshot import Document

_WHOLE = 100
_LOW_PRIORITY = "lowpriority"
"""In the name of a row that counts machines which are given to nobody for sure."""
_LOCATIONS = "providers/Microsoft.MachineLearningServices/locations"


class _Region:
    """Sizes and quota of one region, as they were read."""

    def __init__(self, landscape: Landscape, workspace: Document, region: str) -> None:
        subscription = "/".join(workspace.id.split("/")[:3])
        self.region = region
        self._sizes = _collection(landscape, f"{subscription}/{_LOCATIONS}/{region}", "vmSizes")
        self._usages = _collection(landscape, f"{subscription}/{_LOCATIONS}/{region}", "usages")

    def size(self, name: str) -> Document | None:
        """Return a size by its name, or ``None`` where the region does not offer it."""
        return next((s for s in self._sizes if s.name.lower() == name.lower()), None)

    def left(self, family: str) -> tuple[int, int]:
        """Return how many cores of a family are left, and how many there may be.

        Raises:
            IncompleteError: no row says it.
        """
        for row in self._usages:
            name = _flat(text(row, "name.value"))
            if "/workspaces/" in row.key or _LOW_PRIORITY in name:
                continue
            if not name.startswith(_flat(family)):
                continue
            limit = number(row, "limit")
            if limit is not None:
                return limit - needed_number(row, "currentValue"), limit
        raise IncompleteError(f"the quota of {shown(family)} in {self.region} was not read")


def _flat(name: str) -> str:
    return name.replace(" ", "").replace("_", "").lower()


def _collection(landscape: Landscape, place: str, what: str) -> tuple[Document, ...]:
    document = landscape.inventory.by_id(f"{place}/{what}")
    if document is None:
        raise IncompleteError(f"{what} of {place.rsplit('/', 1)[-1]} is not among the documents")
    if document.unread is not None:
        raise IncompleteError(f"{what} of {place.rsplit('/', 1)[-1]}: {document.unread}")
    return parts(document, "properties.value")


def _region(landscape: Landscape, workspace: Document) -> _Region | Ruling:
    """Return the secondary's region, or why the check does not concern a workspace."""
    if landscape.side(workspace) is not Side.PRIMARY:
        return unconcerned("it is not the primary of a known pair")
    region = landscape.secondary_region
    if region is None:
        return unconcerned("no secondary region is known")
    places = [d for d in landscape.inventory.documents if f"/locations/{region}/usages" in d.key]
    if not places:
        return unconcerned(f"no quota of {region} is among the documents")
    return _Region(landscape, workspace, region)


def _served(landscape: Landscape, workspace: Document) -> list[tuple[str, int]]:
    """Return size and machines of each managed deployment, the reserve for upgrades among them."""
    extra = fact_base().limits.deployment_extra_quota_percent.value
    found = []
    for endpoint in landscape.children(workspace, "onlineEndpoints"):
        for deployment in landscape.children(endpoint, "deployments"):
            if deployment.unread is not None:
                raise IncompleteError(f"deployment {deployment.name}: {deployment.unread}")
            kind = text(deployment, "properties.endpointComputeType", default="Managed")
            if kind.lower() != "managed":
                continue
            machines = needed_number(deployment, "sku.capacity")
            reserve = -(-machines * extra // _WHOLE)
            found.append((needed(deployment, "properties.instanceType"), machines + reserve))
    return found


def _trained(landscape: Landscape, workspace: Document) -> list[tuple[str, int]]:
    """Return size and most machines of each compute cluster."""
    found = []
    for compute in landscape.children(workspace, "computes"):
        if compute.unread is not None:
            raise IncompleteError(f"compute {compute.name}: {compute.unread}")
        inner = "properties.properties"
        kind = needed(compute, "properties.computeType").lower()
        priority = text(compute, f"{inner}.vmPriority", default="Dedicated").lower()
        if kind == "amlcompute" and priority == "dedicated":
            most = needed_number(compute, f"{inner}.scaleSettings.maxNodeCount")
            found.append((needed(compute, f"{inner}.vmSize"), most))
    return found


def _fits(
    region: _Region, wanted: list[tuple[str, int]], held: list[tuple[str, int]], component: str,
    landscape: Landscape,
) -> Ruling:  # fmt: skip
    """Judge whether what is wanted fits beside what the secondary holds already."""
    lack = lacking(strategy_of(landscape, component))
    missing = sorted({size for size, _ in wanted if region.size(size) is None})
    if missing:
        return lack(f"{region.region} does not offer {', '.join(map(shown, missing))}")
    need, have = _cores(region, wanted), _cores(region, held)
    said, short = [], False
    for family, cores in sorted(need.items()):
        more = max(cores - have[family], 0)
        left, limit = region.left(family)
        said.append(f"{shown(family)}: {more} cores more are needed, {left} of {limit} are left")
        short = short or more > left
    observed = f"in {region.region}, {'; '.join(said)}"
    return lack(observed) if short else passed(observed)


def _cores(region: _Region, machines: list[tuple[str, int]]) -> Counter[str]:
    cores: Counter[str] = Counter()
    for name, count in machines:
        size = region.size(name)
        if size is not None:
            cores[needed(size, "family")] += count * needed_number(size, "vCPUs")
    return cores


def _inference(landscape: Landscape, workspace: Document) -> Ruling:
    region = _region(landscape, workspace)
    if isinstance(region, Ruling):
        return region
    wanted = _served(landscape, workspace)
    if not wanted:
        return unconcerned("it has no managed deployment")
    secondary = landscape.workspace_on(Side.SECONDARY)
    held = _served(landscape, secondary) if secondary and secondary.unread is None else []
    return _fits(region, wanted, held, "inference", landscape)


def _training(landscape: Landscape, workspace: Document) -> Ruling:
    region = _region(landscape, workspace)
    if isinstance(region, Ruling):
        return region
    wanted = _trained(landscape, workspace)
    if not wanted:
        return unconcerned("it has no dedicated compute cluster")
    return _fits(region, wanted, [], "experiments", landscape)


RULES: tuple[Rule, ...] = (
    Rule(
        id="quota.inference-in-secondary",
        title="Quota for the endpoints in the secondary",
        types=(types.WORKSPACE,),
        expected="cores for every managed deployment and 20 % more, by VM family, in the secondary's region",
        why="A deployment that asks for more than the quota leaves is refused, on the day, with everybody asking.",
        fact="quota.deployments",
        remedy="Ask for quota in the secondary's region now, in the studio.",
        command="az ml compute list-usage --location {secondary_region} --workspace-name {name} --resource-group {group} --subscription {subscription}",
        judge=_inference,
    ),
    Rule(
        id="quota.training-in-secondary",
        title="Quota for the clusters in the secondary",
        types=(types.WORKSPACE,),
        expected="cores for every dedicated cluster at its largest, by VM family, in the secondary's region",
        why="Quota is by region and family, zero for most GPU families, and takes days to raise.",
        fact="compute.quota",
        remedy="Ask for quota in the secondary's region now, in the studio.",
        command="az ml compute list-usage --location {secondary_region} --workspace-name {name} --resource-group {group} --subscription {subscription}",
        judge=_training,
    ),
)
"""The rules of quota."""
