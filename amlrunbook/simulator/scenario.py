"""Scenarios: TOML files that describe a world, its faults, and the profile that protects it.

Resources are ARM documents in short: a resource group's name, a type, a name (``parent/child`` for
children, as in ARM templates), and what matters of the document; Azure's defaults are filled in.
``@/`` at the start of a string stands for the first subscription's id, ``/subscriptions/.../``.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.model.strict_toml import convert_document, decode_toml
from amlrunbook.simulator.drill_data import BlobTable, Goal, Harm, Moment, ScoreTable
from amlrunbook.simulator.faults import Fault
from amlrunbook.simulator.geo import GeoFacts
from amlrunbook.simulator.world import Pace

_FOLDER = "scenarios"
_TABLE = re.compile(r"^\[\[?[A-Za-z0-9_.-]+\]\]?\s*$", re.MULTILINE)
"""The header of a table: what belongs to the file itself stands before the first."""
_DEEPEST = 4
"""Bases that may stand on one another."""
_INHERITED = frozenset({"profile", "world", "without"})
"""What a scenario takes over from its base."""
_IDENTITY = (
    "type", "group", "scope", "account", "container", "datastore", "share", "path", "vault", "registry",
    "repository", "tag", "region", "id", "name", "principal",
)  # fmt: skip
"""The keys by which two tables of a list are the same thing."""


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
    """The id that it is on, or the group it is in where that is in another subscription than the first; its
    group unless told."""
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


class StoredBlob(BlobTable, frozen=True, kw_only=True):
    """A blob that is there from the start, in a container of an account or of a datastore."""

    account: str = ""
    container: str = ""
    datastore: str = ""
    """In place of account and container: the id of a workspace's datastore, whose container may
    have a name that only the workspace's own id tells."""


class ShareTable(_Table, frozen=True, kw_only=True):
    """A file in a file share: the share is made with it."""

    account: str = ""
    share: str = ""
    datastore: str = ""
    """In place of account and share: the id of a workspace's datastore of files."""
    path: str
    text: str = ""
    copies: int = 1
    """How many there are; ``{n}`` in path and text counts them from 1."""


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


class FrontTable(_Table, frozen=True, kw_only=True):
    """What callers use to reach a service: it goes to one of several online endpoints."""

    name: str
    targets: list[str]
    """Ids of online endpoints; callers reach the first one at the start."""


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

    subscriptions: list[SubscriptionTable] = []
    groups: list[GroupTable] = []
    resources: list[ResourceTable] = []
    blobs: list[StoredBlob] = []
    files: list[ShareTable] = []
    secrets: list[SecretTable] = []
    images: list[ImageTable] = []
    usages: list[UsageTable] = []
    fronts: list[FrontTable] = []
    events: list[dict[str, Any]] = []
    """Service health events, as the properties of Azure's documents."""
    permissions: list[dict[str, Any]] | None = None
    """What the caller may do in the first subscription; everything, unless told.

    The resource manager and the data services refuse the rest.
    """
    tenant_name: str = "Simulated Azure"
    page_size: int = 100
    clock: ClockTable = msgspec.field(default_factory=ClockTable)
    pace: Pace = msgspec.field(default_factory=Pace)


class WithoutTable(_Table, frozen=True, kw_only=True):
    """Something of the base that this scenario does not have."""

    resource: str
    """Its ARM id; what is below it goes too."""


class Scenario(_Table, frozen=True, kw_only=True):
    """A scenario file, with its base's world and profile in it already."""

    format: int
    title: str
    description: str
    base: str = ""
    """The scenario that ships with the program whose world and profile this one builds on."""
    trains: str = ""
    """What is practised, in a few words."""
    runbook: str = "assessment"
    """The runbook that it is practised with."""
    alarm: str = ""
    """What the pager says."""
    snapshot_age: str = ""
    """How old the last snapshot is when the alarm comes; empty for none but the present one."""
    profile: dict[str, Any] = {}
    """The profile that protects the world; the simulator only hands it on.

    ``{base}`` in its texts stands for the simulated Azure's own address, which no file can know, and
    ``{folder}`` for the folder of the team's files, beside the world: its config files are made there.
    """
    world: WorldTable = msgspec.field(default_factory=WorldTable)
    without: list[WithoutTable] = []
    faults: list[Fault] = []
    """Faults that are there from the start, before any alarm."""
    timeline: list[Moment] = []
    goals: list[Goal] = []
    harms: list[Harm] = []
    score: ScoreTable = msgspec.field(default_factory=ScoreTable)
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


class Glance(_Table, frozen=True, kw_only=True):
    """What is told of a shipped scenario in a list."""

    name: str
    title: str
    trains: str
    runbook: str
    has_goals: bool


@cache
def glance(name: str) -> Glance:
    """Return what a list tells of a shipped scenario, without reading its world: that takes far longer.

    Raises:
        DocumentError: its first lines are no TOML.
    """
    text = _shipped(name)
    header = _TABLE.search(text)
    try:
        first = tomllib.loads(text[: header.start()] if header else text)
    except ValueError as error:
        raise DocumentError(f"{name}.toml: this is not TOML: {error}.") from error
    return Glance(
        name=name,
        title=str(first.get("title", name)),
        trains=str(first.get("trains", "")),
        runbook=str(first.get("runbook", "assessment")),
        has_goals="\n[[goals]]" in text,
    )


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario by its name, or by the path of a TOML file.

    Raises:
        UsageError: there is no such scenario.
        DocumentError: the file is wrong; the text names file, place and the nearest known key.
    """
    if name_or_path in scenario_names():
        return parse_scenario(_shipped(name_or_path), f"{name_or_path}.toml", name_or_path)
    path = Path(name_or_path)
    if path.suffix == ".json":
        return _twin_in(path)
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


def _twin_in(path: Path) -> Scenario:
    """Read the scenario that was made from a snapshot.

    Raises:
        DocumentError: it is none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Scenario)
    except (OSError, msgspec.MsgspecError) as error:
        raise DocumentError(f"The twin {path} cannot be read: {error}.") from error


def parse_scenario(text: str, file: str, name: str) -> Scenario:
    """Read a scenario from TOML, and lay it over its base.

    Raises:
        DocumentError: it is no TOML, does not fit the schema, or its base is not there.
    """
    scenario = decode_toml(text, Scenario, where=file)
    if scenario.format != 1:
        raise DocumentError(f"{file}: format {scenario.format} is not known; this program reads 1.")
    if scenario.base:
        raw = layered(scenario.base, tomllib.loads(text), file)
        scenario = convert_document(raw, Scenario, where=file)
    if not scenario.name:
        scenario = msgspec.structs.replace(scenario, name=name)
    return scenario


def layered(base: str, own: dict[str, Any], file: str, depth: int = 0) -> dict[str, Any]:
    """Return a scenario's raw tables laid over those of its base.

    Raises:
        DocumentError: there is no such base, or the bases go round in a circle.
    """
    if base not in scenario_names():
        hint = nearest_hint(base, scenario_names(), cutoff=0.5)
        raise DocumentError(f"{file}: base: there is no scenario {base!r}; {hint}")
    if depth > _DEEPEST:
        raise DocumentError(f"{file}: base: {base!r} stands on too many others")
    below = _shipped_tables(base)
    if below.get("base"):
        below = layered(str(below["base"]), below, f"{base}.toml", depth + 1)
    laid = {key: value for key, value in own.items() if key not in _INHERITED}
    for key in ("profile", "world"):
        laid[key] = _merged(below.get(key, {}), own.get(key, {}))
    laid["without"] = [*below.get("without", []), *own.get("without", [])]
    return laid


def _merged(below: Any, above: Any) -> Any:
    """Return a table laid over another: tables key by key, lists of tables entry by entry."""
    if isinstance(below, dict) and isinstance(above, dict):
        found = dict(below)
        for key, value in above.items():
            found[key] = _merged(found[key], value) if key in found else value
        return found
    if _are_tables(below) and _are_tables(above):
        entries = {_identity(entry, number): entry for number, entry in enumerate(below)}
        for number, entry in enumerate(above, len(below)):
            key = _identity(entry, number)
            entries[key] = _merged(entries[key], entry) if key in entries else entry
        return list(entries.values())
    return above


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _identity(entry: dict[str, Any], number: int) -> tuple[str, ...]:
    """Return what makes a table in a list the same one as another; its place where nothing does."""
    found = tuple(f"{key}={entry[key]}".lower() for key in _IDENTITY if key in entry)
    return found or (str(number),)


@cache
def _shipped_tables(name: str) -> dict[str, Any]:
    """Return the raw tables of a shipped scenario; they are laid over, never changed."""
    return tomllib.loads(_shipped(name))


def _shipped(name: str) -> str:
    return (resources.files(__package__) / _FOLDER / f"{name}.toml").read_text("utf-8")
