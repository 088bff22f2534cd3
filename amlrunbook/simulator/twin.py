"""A twin: a world made from the user's last snapshot, with their own names, in which a scenario may happen.

Documents of the snapshot become resources; what a snapshot lacks (bytes of models, images, where callers go) is
filled in plainly; what the simulated Azure does not know is left out and told. The user's own files are only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.model.profile import Export, Probe, Profile
from amlrunbook.model.snapshot import Document, Snapshot
from amlrunbook.simulator import ml_bytes, ml_serving
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_path import ArmPath, parse
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.catalog import BY_TYPE
from amlrunbook.simulator.clock import moment
from amlrunbook.simulator.genesis import add_resource, build_world
from amlrunbook.simulator.geo import GeoFacts
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.scenario import (
    FrontTable,
    GroupTable,
    ImageTable,
    ResourceTable,
    Scenario,
    StoredBlob,
    SubscriptionTable,
    UsageTable,
    WorldTable,
)
from amlrunbook.simulator.twin_drill import translated
from amlrunbook.simulator.world import World

_BASE = "https://127.0.0.1"
_GROUPS = "microsoft.resources/resourcegroups"
_ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a document of an unexpected shape may cause while it is filled in."""
_DROPPED = ("provisioningState", "statusOfPrimary", "statusOfSecondary", "geoReplicationStats")
"""What the simulated Azure says of its own."""


class Twin(msgspec.Struct, frozen=True, kw_only=True):
    """A twin, and what of the snapshot or of the scenario has no place in it."""

    scenario: Scenario
    left_out: tuple[str, ...]


def twin_of(profile: Profile, snapshot: Snapshot, drill: Scenario | None = None) -> Twin:
    """Return the twin of what ``profile`` protects, as ``snapshot`` knows it; ``drill`` happens in it.

    Raises:
        UsageError: the snapshot holds no primary workspace, or in a region that is not known here.
    """
    left_out: list[str] = []
    documents = [d for d in snapshot.inventory.last_known().documents if d.unread is None and d.id]
    _require(profile, documents)
    bare = Scenario(
        format=1,
        name=f"{drill.name}@{profile.name}" if drill else f"twin@{profile.name}",
        title=f"{drill.title}, in your own names" if drill else f"The twin of {profile.name}",
        description=f"Made from the snapshot of {snapshot.taken_at}.",
        profile=_profile_of(profile, ()),
        world=WorldTable(
            tenant_name=f"Twin of {profile.name} (simulated)",
            subscriptions=_subscriptions(profile, documents),
            groups=list(_groups(documents)),
            usages=list(_usages(documents)),
        ),
    )
    with TemporaryDirectory() as folder:
        contents = Contents(Path(folder))
        world = build_world(bare, seed=0, base_url=_BASE, contents=contents)
        tables = list(_resources(world, documents, snapshot.taken_at, left_out))
        table = msgspec.structs.replace(
            bare.world,
            resources=tables,
            blobs=list(_model_bytes(world)),
            images=list(_images(world)),
            fronts=list(_fronts(world, profile)),
        )
        probes = tuple(
            Probe(name=f"{front.name}-callers", url=f"{{base}}/front/{front.name}")
            for front in table.fronts
        )
        whole = msgspec.structs.replace(bare, world=table, profile=_profile_of(profile, probes))
        world = build_world(whole, seed=0, base_url=_BASE, contents=contents)
        left_out += _troubles(world)
        if drill is not None:
            whole = translated(whole, world, drill, contents, left_out)
    return Twin(scenario=whole, left_out=tuple(left_out))


def _require(profile: Profile, documents: list[Document]) -> None:
    ids = {document.key for document in documents}
    if profile.primary.workspace.lower() not in ids:
        raise UsageError(
            f"The last snapshot of {profile.name!r} does not hold its primary workspace.",
            next_step=f"While Azure answers: `amlrunbook snapshot take -w {profile.name}`.",
        )
    for region in profile.regions:
        if region and region not in REGIONS:
            raise UsageError(
                f"The simulated Azure does not know the region {region!r}; {nearest_hint(region, list(REGIONS))}"
            )


def _profile_of(profile: Profile, probes: tuple[Probe, ...]) -> dict[str, Any]:
    """Return a copy of the profile that leads to the twin alone: none of the user's addresses or files."""
    copy = msgspec.structs.replace(
        profile, cloud="custom", probes=probes, config_files=(), export=Export()
    )
    found = msgspec.to_builtins(copy, str_keys=True)
    return _listed(found) if isinstance(found, dict) else {}


def _listed(value: Any) -> Any:
    """Return a value with lists for tuples, as a scenario's file has them, and without what is not set."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items() if item is not None}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


def _subscriptions(profile: Profile, documents: list[Document]) -> list[SubscriptionTable]:
    ids = [profile.subscription.lower()]
    ids += [str(parse(d.id).subscription or "").lower() for d in documents]
    return [
        SubscriptionTable(id=one, name=f"Subscription {one[:8]} (twin)")
        for one in dict.fromkeys(ids)
        if one
    ]


def _groups(documents: list[Document]) -> Iterator[GroupTable]:
    """Yield the resource groups of all documents, where the first of what is in them is."""
    known: dict[str, GroupTable] = {}
    for document in sorted(documents, key=lambda d: d.type.lower() != _GROUPS):
        path = parse(document.id)
        if path.group is None:
            continue
        key = f"{path.subscription}/{path.group}".lower()
        if key not in known and document.location in REGIONS:
            known[key] = GroupTable(
                name=path.group, location=document.location, subscription=path.subscription
            )
    yield from known.values()


def _usages(documents: list[Document]) -> Iterator[UsageTable]:
    for document in documents:
        path = parse(document.id)
        if (path.tail or "").lower() != "usages" or not path.names:
            continue
        for row in document.field("properties.value") or []:
            name = (row.get("name") or {}).get("localizedValue")
            if isinstance(name, str) and isinstance(row.get("limit"), int):
                used = row.get("currentValue")
                yield UsageTable(
                    region=path.names[0].lower(),
                    name=name,
                    limit=row["limit"],
                    used=used if isinstance(used, int) else 0,
                )


def _resources(
    world: World, documents: list[Document], taken_at: str, left_out: list[str]
) -> Iterator[ResourceTable]:
    """Yield the resources that the simulated Azure can make, parents first; name the others."""
    for document in sorted(documents, key=lambda d: (d.key.count("/"), d.key)):
        path = parse(document.id)
        if path.namespace is None or path.tail is not None or document.type.lower() == _GROUPS:
            continue
        table = _table(document, path, taken_at)
        try:
            add_resource(world, table, document.label)
        except (DocumentError, Refusal) as error:
            left_out.append(str(error).partition("\n")[0])
        except _ODD as error:
            left_out.append(f"{document.label}: its document is not understood ({error!r})")
        else:
            yield table


def _table(document: Document, path: ArmPath, taken_at: str) -> ResourceTable:
    raw = document.raw
    properties = _without_addresses(raw.get("properties") or {})
    kind = BY_TYPE.get((path.resource_type or "").lower())
    return ResourceTable(
        type=kind.type if kind else str(path.resource_type),
        name="/".join(path.names),
        scope=path.scope,
        location=region_name(document.location) if document.location else None,
        kind=_text(raw.get("kind")),
        sku=raw.get("sku") if isinstance(raw.get("sku"), dict) else None,
        identity=raw.get("identity") if isinstance(raw.get("identity"), dict) else None,
        tags=raw.get("tags") if isinstance(raw.get("tags"), dict) else None,
        zones=raw.get("zones") if isinstance(raw.get("zones"), list) else None,
        properties={k: v for k, v in properties.items() if k not in _DROPPED},
        geo=_geo(document, taken_at),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _without_addresses(value: Any) -> Any:
    """Return a value without addresses of the real Azure: nothing in a drill may lead there."""
    if isinstance(value, dict):
        return {
            key: _without_addresses(item)
            for key, item in value.items()
            if not (isinstance(item, str) and item.startswith(("https://", "http://")))
        }
    return [_without_addresses(item) for item in value] if isinstance(value, list) else value


def _geo(document: Document, taken_at: str) -> GeoFacts | None:
    """Return how far an account's second region trailed when the snapshot was taken."""
    synced = document.field("properties.geoReplicationStats.lastSyncTime")
    try:
        lag = moment(taken_at) - moment(str(synced)) if synced else None
    except ValueError:
        return None
    return GeoFacts(lag_seconds=max(0.0, lag)) if lag is not None else None


def _model_bytes(world: World) -> Iterator[StoredBlob]:
    """Yield a stand-in for the bytes of every model: a snapshot names where they are, and holds none."""
    for key, document in world.resources.items():
        if "/models/" not in key or not str(document["type"]).endswith("/models/versions"):
            continue
        workspace = key.partition("/models/")[0]
        place = ml_bytes.place_of(world, workspace, str(document["properties"].get("modelUri")))
        if place is None or place.is_share or place.account.lower() not in world.accounts:
            continue
        path = place.path.rstrip("/")
        is_file = "." in path.rpartition("/")[2]
        name = path if is_file else f"{path}/MLmodel"
        text = f"a stand-in for the bytes of {document['id']}"
        yield StoredBlob(
            account=place.account.lower(), container=place.container, name=name, text=text
        )


def _images(world: World) -> Iterator[ImageTable]:
    """Yield the pinned images of environments that lie in registries of the twin."""
    found: set[tuple[str, str, str]] = set()
    for document in world.resources.values():
        image = str(document["properties"].get("image") or "")
        host, _, rest = image.partition("/")
        registry = host.partition(".azurecr.")[0].lower()
        repository, _, tag = rest.partition("@")[0].partition(":")
        if rest and registry in world.registries and "@" not in image:
            found.add((registry, repository, tag or "latest"))
    for registry, repository, tag in sorted(found):
        yield ImageTable(registry=registry, repository=repository, tag=tag)


def _fronts(world: World, profile: Profile) -> Iterator[FrontTable]:
    """Yield a front for each endpoint of the primary: callers may be sent to its namesake in the secondary."""
    for name, endpoint in sorted(_endpoints(world, profile.primary.workspace).items()):
        targets = [endpoint]
        if profile.secondary is not None:
            other = _endpoints(world, profile.secondary.workspace).get(name)
            targets += [other] if other else []
        yield FrontTable(name=name, targets=targets)


def _endpoints(world: World, workspace: str) -> dict[str, str]:
    under = f"{workspace.lower()}/onlineendpoints/"
    return {
        key.removeprefix(under): str(document["id"])
        for key, document in world.resources.items()
        if key.startswith(under) and "/" not in key.removeprefix(under)
    }


def _troubles(world: World) -> Iterable[str]:
    """Yield the endpoints that would not answer in the twin, and why."""
    for front in world.fronts.values():
        endpoint = world.get(front.chosen)
        wrong = ml_serving.ailment(world, endpoint) if endpoint is not None else None
        if wrong is not None:
            yield f"The endpoint {front.name} does not answer in the twin: {wrong.message}"
