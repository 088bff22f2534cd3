"""Genesis: a scenario becomes a world."""

from __future__ import annotations

import random
import uuid
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec

from amlrunbook.errors import DocumentError
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.simulator import ml_assets, ml_quota
from amlrunbook.simulator.arm_kinds import Kind, canonical_scope, has_system_data, system_data
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.blobs import Blob, BlobAccount, Container, Contents, FileShare
from amlrunbook.simulator.catalog import BY_TYPE
from amlrunbook.simulator.clock import WorldClock
from amlrunbook.simulator.drill_check import check_drill
from amlrunbook.simulator.drill_data import DrillState
from amlrunbook.simulator.faults import Fault
from amlrunbook.simulator.ml_serving import ENDPOINT_TYPE
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.registry_data import Manifest
from amlrunbook.simulator.scenario import ResourceTable, Scenario, ShareTable, StoredBlob
from amlrunbook.simulator.subscriptions import GROUP_TYPE
from amlrunbook.simulator.vault_data import Secret, SecretVersion
from amlrunbook.simulator.world import Document, Front, Subscription, World

DAY = 86_400.0
"""Seconds: images of a scenario were pushed a day before it begins."""


def build_world(scenario: Scenario, *, seed: int, base_url: str, contents: Contents) -> World:
    """Return the world that a scenario describes, with Azure's defaults filled in.

    Raises:
        DocumentError: a table names what does not exist.
    """
    ids = random.Random(f"{scenario.name}/{seed}")  # noqa: S311 - the same seed, the same world
    table = scenario.world
    world = World(
        scenario=scenario.name,
        title=scenario.title,
        seed=seed,
        base_url=base_url,
        tenant_id=_guid(ids),
        tenant_name=table.tenant_name,
        principal_id=_guid(ids),
        clock=WorldClock.starting(table.clock.start, table.clock.rate),
        pace=deepcopy(table.pace),
        page_size=table.page_size,
        profile=placed(scenario.profile, base_url, str(contents.team_folder)),
    )
    for item in table.subscriptions:
        world.subscriptions[item.id.lower()] = Subscription(
            id=item.id.lower(),
            name=item.name,
            state=item.state,
            unregistered=list(item.unregistered),
        )
    if not world.subscriptions:
        raise DocumentError(f"{scenario.name}: world.subscriptions: at least one is needed")
    _groups(world, scenario)
    for number, resource in enumerate(table.resources):
        add_resource(world, resource, f"{scenario.name}: world.resources[{number}]")
    _data(world, scenario, contents)
    _secrets(world, scenario, contents)
    _images(world, scenario, contents)
    _fronts(world, scenario)
    _facts(world, scenario)
    _without(world, scenario)
    _config_files(world, contents)
    world.drill = _drill(world, scenario)
    check_drill(world, scenario)
    world.revision = 1
    world.graph.waiting.clear()
    return world


def placed(value: Any, base_url: str, folder: str) -> Any:
    """Return a profile's value with ``{base}`` and ``{folder}`` in its texts turned into what they stand for."""
    if isinstance(value, str):
        return value.replace("{base}", base_url).replace("{folder}", folder)
    if isinstance(value, dict):
        return {key: placed(item, base_url, folder) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [placed(item, base_url, folder) for item in value]
    return value


def _config_files(world: World, contents: Contents) -> None:
    """Write the config files by which the team's code finds its workspace: the primary one.

    Source: https://learn.microsoft.com/azure/machine-learning/how-to-configure-environment#local-and-dsvm-only-create-a-workspace-configuration-file
    """
    for name in world.profile.get("config_files") or []:
        path = Path(str(name))
        if not path.is_relative_to(contents.team_folder):
            continue
        primary = parse(str(world.profile["primary"]["workspace"]))
        held = {
            "subscription_id": primary.subscription,
            "resource_group": primary.group,
            "workspace_name": primary.name,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(held), indent=4) + b"\n")


def _guid(ids: random.Random) -> str:
    return str(uuid.UUID(int=ids.getrandbits(128), version=4))


def _groups(world: World, scenario: Scenario) -> None:
    first = next(iter(world.subscriptions))
    for group in scenario.world.groups:
        subscription = (group.subscription or first).lower()
        resource_id = f"/subscriptions/{subscription}/resourceGroups/{group.name}"
        if group.location not in REGIONS:
            raise DocumentError(
                f"{scenario.name}: world.groups: there is no region '{group.location}'"
            )
        world.put(
            resource_id,
            {
                "id": resource_id,
                "name": group.name,
                "type": GROUP_TYPE,
                "location": group.location,
                "tags": dict(group.tags),
                "properties": {"provisioningState": "Succeeded"},
            },
        )


def add_resource(world: World, table: ResourceTable, place: str) -> None:
    """Make one resource of a scenario, with Azure's defaults filled in.

    Raises:
        DocumentError: its type, its region or its scope does not exist.
    """
    kind = BY_TYPE.get(table.type.lower())
    if kind is None:
        raise DocumentError(f"{place}: the resource type '{table.type}' is not known")
    document = _document(world, table, kind, place)
    if kind.type.endswith("/versions"):
        ml_assets.ensure_container(world, str(document["id"]), kind.type)
    if table.facts:
        world.facet(str(document["id"])).update(_expanded(world, table.facts))
    _complete(world, kind, document, place)
    if has_system_data(kind):
        document["systemData"] = system_data(world, None)
    world.put(str(document["id"]), document)
    if kind.after_write is not None:
        kind.after_write(world, document)
    if table.geo is not None:
        world.facet(str(document["id"]))["geo"] = msgspec.to_builtins(table.geo)
    if table.health is not None:
        world.facet(str(document["id"]))["health"] = dict(table.health)


def _complete(world: World, kind: Kind, document: Document, place: str) -> None:
    """Fill a document, and see that it can be shown.

    Raises:
        DocumentError: a value in it is of another type than its kind wants.
    """
    try:
        kind.complete(world, document, None)
        if kind.show is not None:
            kind.show(world, document)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DocumentError(
            f"{place}: the properties of '{document['name']}' are not those of a {kind.type} "
            f"({type(error).__name__}: {error})"
        ) from error


def _document(world: World, table: ResourceTable, kind: Kind, place: str) -> Document:
    names, types = table.name.split("/"), kind.type.split("/")
    if len(names) != len(types) - 1:
        raise DocumentError(f"{place}: '{table.name}' does not name a {kind.type}")
    scope = _scope(world, table, place)
    pairs = "/".join(f"{t}/{n}" for t, n in zip(types[1:], names, strict=True))
    document: Document = {
        "id": f"{scope}/providers/{types[0]}/{pairs}",
        "name": names[-1],
        "type": kind.type,
        "properties": _expanded(world, table.properties),
    }
    given = {
        "kind": table.kind,
        "sku": table.sku,
        "identity": table.identity,
        "tags": table.tags,
        "zones": table.zones,
    }
    document.update({k: _expanded(world, v) for k, v in given.items() if v is not None})
    if kind.is_global:
        document["location"] = "global"
    elif kind.tracked:
        document["location"] = table.location or (world.get(scope) or {}).get("location")
        if document["location"] not in REGIONS:
            raise DocumentError(f"{place}: there is no region '{document['location']}'")
    elif table.location:
        document["location"] = table.location
    return document


def _scope(world: World, table: ResourceTable, place: str) -> str:
    first = next(iter(world.subscriptions))
    if table.scope is not None:
        scope = str(_expanded(world, table.scope))
    elif table.group is not None:
        scope = f"/subscriptions/{first}/resourceGroups/{table.group}"
    else:
        raise DocumentError(f"{place}: it needs a group")
    known = world.get(scope) is not None or scope.lower() == f"/subscriptions/{first}"
    if not known:
        raise DocumentError(f"{place}: the scope '{scope}' does not exist")
    return canonical_scope(world, scope)


def _expanded(world: World, value: Any) -> Any:
    """Return a value with ``@/`` at the start of strings turned into the first subscription."""
    if isinstance(value, str):
        first = next(iter(world.subscriptions))
        return f"/subscriptions/{first}/{value[2:]}" if value.startswith("@/") else value
    if isinstance(value, dict):
        return {key: _expanded(world, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(world, item) for item in value]
    return value


def _data(world: World, scenario: Scenario, contents: Contents) -> None:
    now = world.now()
    for number, table in enumerate(scenario.world.blobs):
        place = f"{scenario.name}: world.blobs[{number}]"
        name, inside = _container(world, table, place)
        account = _account(world, name, place)
        written = now - table.age_seconds
        container = account.containers.setdefault(
            inside,
            Container(name=inside, created=written, modified=written, etag='"0x1"'),
        )
        data = table.text.encode()
        container.blobs[table.name] = [
            Blob(
                name=table.name,
                digest=contents.put(data),
                size=len(data),
                content_type=table.content_type,
                etag=f'"0x{number + 1:015X}"',
                created=written,
                modified=written,
            )
        ]
    for number, item in enumerate(scenario.world.files):
        _files(world, item, contents, f"{scenario.name}: world.files[{number}]")


def _files(world: World, item: ShareTable, contents: Contents, place: str) -> None:
    name, inside = item.account, item.share
    if item.datastore:
        store = world.get(str(_expanded(world, item.datastore)))
        properties: Document = (store or {}).get("properties", {})
        name, inside = str(properties.get("accountName")), properties.get("fileShareName", "")
        if not inside:
            raise DocumentError(f"{place}: '{item.datastore}' is no datastore of files")
    now = world.now()
    share = _account(world, name, place).shares.setdefault(
        inside, FileShare(name=inside, created=now, modified=now, etag='"0x1"')
    )
    for copy in range(1, item.copies + 1):
        text = item.text.replace("{n}", str(copy))
        share.files[item.path.replace("{n}", str(copy))] = contents.put(text.encode())


def _secrets(world: World, scenario: Scenario, contents: Contents) -> None:
    for number, item in enumerate(scenario.world.secrets):
        vault = world.vaults.get(item.vault.lower())
        if vault is None:
            place = f"{scenario.name}: world.secrets[{number}]"
            raise DocumentError(f"{place}: there is no vault '{item.vault}'")
        version = SecretVersion(
            id=world.guid().replace("-", ""),
            digest=contents.put(item.text.encode()),
            created=world.now(),
            updated=world.now(),
        )
        secret = vault.secrets.setdefault(item.name.lower(), Secret(name=item.name, versions=[]))
        secret.versions.append(version)


def _images(world: World, scenario: Scenario, contents: Contents) -> None:
    for number, item in enumerate(scenario.world.images):
        registry = world.registries.get(item.registry.lower())
        if registry is None:
            place = f"{scenario.name}: world.images[{number}]"
            raise DocumentError(f"{place}: there is no registry '{item.registry}'")
        data = item.text.encode()
        manifest = Manifest(
            digest=f"sha256:{contents.put(data)}",
            size=len(data),
            pushed_at=world.now() - DAY,
            region=str((world.get(registry.resource_id) or {})["location"]),
        )
        registry.keep(item.repository, manifest, item.tag)


def _fronts(world: World, scenario: Scenario) -> None:
    for number, item in enumerate(scenario.world.fronts):
        place = f"{scenario.name}: world.fronts[{number}]"
        targets = [str(_expanded(world, target)) for target in item.targets]
        for target in targets:
            found = world.get(target)
            if found is None or found["type"] != ENDPOINT_TYPE:
                raise DocumentError(f"{place}: '{target}' is no online endpoint")
        if not targets:
            raise DocumentError(f"{place}: it needs a target")
        world.fronts[item.name] = Front(name=item.name, targets=targets, chosen=targets[0])


def _container(world: World, table: StoredBlob, place: str) -> tuple[str, str]:
    """Return the account and the container that a blob goes to."""
    if not table.datastore:
        return table.account, table.container
    store = world.get(str(_expanded(world, table.datastore)))
    properties: Document = (store or {}).get("properties", {})
    if not properties.get("accountName") or not properties.get("containerName"):
        raise DocumentError(f"{place}: '{table.datastore}' is no datastore of blobs")
    return str(properties["accountName"]), str(properties["containerName"])


def _account(world: World, name: str, place: str) -> BlobAccount:
    account = world.accounts.get(name)
    if account is None:
        raise DocumentError(f"{place}: there is no storage account '{name}'")
    return account


def _without(world: World, scenario: Scenario) -> None:
    """Take away what the base has and this scenario has not."""
    for number, item in enumerate(scenario.without):
        resource_id = str(_expanded(world, item.resource))
        if not world.remove(resource_id):
            hint = nearest_hint(resource_id.lower(), list(world.resources))
            raise DocumentError(
                f"{scenario.name}: without[{number}]: there is no resource '{resource_id}'; {hint}"
            )


def _drill(world: World, scenario: Scenario) -> DrillState:
    """Return what the scenario says of the drill, its ids in full."""
    drill = DrillState(
        alarm=scenario.alarm.strip(),
        timeline=scenario.timeline,
        goals=scenario.goals,
        harms=scenario.harms,
        hints=[hint.strip() for hint in scenario.hints],
        score=scenario.score,
    )
    for number, moment in enumerate(drill.timeline):
        if moment.fault is not None and not moment.fault.id:
            moment.fault.id = f"timeline-{number}"
    return msgspec.convert(_expanded(world, msgspec.to_builtins(drill)), DrillState)


def _facts(world: World, scenario: Scenario) -> None:
    facts = world.facet(f"/subscriptions/{next(iter(world.subscriptions))}")
    if scenario.world.events:
        facts["events"] = [dict(event) for event in scenario.world.events]
    if scenario.world.permissions is not None:
        facts["permissions"] = [dict(item) for item in scenario.world.permissions]
    for row in scenario.world.usages:
        rows = facts.setdefault("usages", {}).setdefault(row.region, [])
        rows.append({"name": row.name, "limit": row.limit, "currentValue": row.used})
    ml_quota.set_apart(world, next(iter(world.subscriptions)))
    for number, described in enumerate(scenario.faults, 1):
        fault: Fault = deepcopy(described)
        fault.id = fault.id or f"fault-{number}"
        fault.begin(world.now())
        world.faults[fault.id] = fault
