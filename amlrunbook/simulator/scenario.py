"""Scenarios: TOML files that describe a world, its faults, and the profile that protects it.

Resources are ARM documents in short: a resource group's name, a type, a name (``parent/child`` for
children, as in ARM templates), and what matters of the document; Azure's defaults are filled in.
``@/`` at the start of a string stands for the first subscription's id, ``/subscriptions/.../``.
"""

from __future__ import annotations

import difflib
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.strict_toml import decode_toml
from amlrunbook.simulator.faults import Fault
from amlrunbook.simulator.geo import GeoFacts
from amlrunbook.simulator.world import Pace

_FOLDER = "scenarios"


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a scenario: an unknown key in it is an error."""


class SubscriptionTable(_Table, frozen=True, kw_only=True):
    """A subscription."""

    id: str
    name: str
    state: str = "Enabled"
    unregistered: list[str] = []


class GroupTable(_Table, frozen=True, kw_only=True):
    """A resource group."""

    name: str
    location: str
    subscription: str | None = None
    """The first one, unless told."""
    tags: dict[str, str] = {}


class ResourceTable(_Table, frozen=True, kw_only=True):
    """A resource: an ARM document in short."""

    type: str
    name: str
    group: str | None = None
    """``None`` with ``scope`` only."""
    scope: str | None = None
    """For locks and role assignments: the id they are on; the group's unless told."""
    location: str | None = None
    """The group's, unless told, for types that have one."""
    kind: str | None = None
    sku: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None
    tags: dict[str, str] | None = None
    zones: list[str] | None = None
    properties: dict[str, Any] = {}
    geo: GeoFacts | None = None
    """Of storage accounts: how replication does."""
    facts: dict[str, Any] = {}
    """What is true of it and no document tells: a replica's lag, a start that Azure refuses."""
    health: dict[str, Any] | None = None
    """What Resource Health says of it, where that is not that it is available."""


class BlobTable(_Table, frozen=True, kw_only=True):
    """A blob: its container is made with it."""

    account: str
    container: str
    name: str
    text: str = ""
    content_type: str = "application/octet-stream"
    age_seconds: float = 86_400.0
    """How long before the start it was written."""


class ShareTable(_Table, frozen=True, kw_only=True):
    """A file in a file share: the share is made with it."""

    account: str
    share: str
    path: str
    text: str = ""


class SecretTable(_Table, frozen=True, kw_only=True):
    """A secret in a key vault."""

    vault: str
    name: str
    text: str


class ImageTable(_Table, frozen=True, kw_only=True):
    """An image in a container registry: a manifest that is in all its replicas."""

    registry: str
    repository: str
    tag: str = "latest"
    text: str = '{"schemaVersion": 2}'
    """The manifest's bytes; its digest follows from them."""


class ClockTable(_Table, frozen=True, kw_only=True):
    """The world's clock."""

    start: datetime | None = None
    """By default the real time."""
    rate: float = 1.0


class UsageTable(_Table, frozen=True, kw_only=True):
    """One row of a region's machine learning quota."""

    region: str
    name: str
    limit: int
    used: int = 0


class WorldTable(_Table, frozen=True, kw_only=True):
    """All that exists at the start."""

    subscriptions: list[SubscriptionTable]
    groups: list[GroupTable] = []
    resources: list[ResourceTable] = []
    blobs: list[BlobTable] = []
    files: list[ShareTable] = []
    secrets: list[SecretTable] = []
    images: list[ImageTable] = []
    usages: list[UsageTable] = []
    events: list[dict[str, Any]] = []
    """Service health events, as the properties of Azure's documents."""
    permissions: list[dict[str, Any]] | None = None
    """What the caller may do in the first subscription; everything, unless told.

    Data services refuse the rest; the resource manager only tells of it.
    """
    tenant_name: str = "Simulated Azure"
    page_size: int = 100
    clock: ClockTable = msgspec.field(default_factory=ClockTable)
    pace: Pace = msgspec.field(default_factory=Pace)


class GoalTable(_Table, frozen=True, kw_only=True):
    """One thing that a solved scenario has reached, judged from the world."""

    text: str
    resource: str | None = None
    path: str | None = None
    equals: Any = None


class Scenario(_Table, frozen=True, kw_only=True):
    """A scenario file."""

    format: int
    title: str
    description: str
    profile: dict[str, Any]
    """The profile that protects the world; the simulator only hands it on."""
    world: WorldTable
    faults: list[Fault] = []
    goals: list[GoalTable] = []
    hints: list[str] = []
    name: str = ""
    """Given by the file's name, unless told."""


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the program."""
    folder = resources.files(__package__) / _FOLDER
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario by its name, or by the path of a TOML file.

    Raises:
        UsageError: there is no such scenario.
        DocumentError: the file is wrong; the text names file, place and the nearest known key.
    """
    if name_or_path in scenario_names():
        entry = resources.files(__package__) / _FOLDER / f"{name_or_path}.toml"
        return parse_scenario(entry.read_text("utf-8"), f"{name_or_path}.toml", name_or_path)
    path = Path(name_or_path)
    if path.suffix != ".toml":
        near = difflib.get_close_matches(name_or_path, scenario_names(), 1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(
            f"There is no scenario {name_or_path!r}.{hint}",
            next_step=f"Known are: {', '.join(scenario_names())}; or name a TOML file.",
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The scenario {path} cannot be read: {error}") from error
    return parse_scenario(text, str(path), path.stem)


def parse_scenario(text: str, file: str, name: str) -> Scenario:
    """Read a scenario from TOML.

    Raises:
        DocumentError: it is no TOML, or does not fit the schema.
    """
    scenario = decode_toml(text, Scenario, where=file)
    if not scenario.name:
        scenario = msgspec.structs.replace(scenario, name=name)
    if scenario.format != 1:
        raise DocumentError(f"{file}: format {scenario.format} is not known; this program reads 1.")
    return scenario
