"""What of a pair lies in which region, as far as profile and snapshot know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from amlrunbook.assessment import types
from amlrunbook.errors import UsageError
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.profile import Profile
from amlrunbook.model.resource_id import RegionName, ResourceId, region_name
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.outage.last_known import readable


class Side(StrEnum):
    """A region of the pair."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


@dataclass(frozen=True, slots=True)
class Known:
    """One resource of the pair."""

    resource: ResourceId
    side: Side
    document: Document | None
    """What was last known of it; ``None`` where nothing is."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The pair: its regions and its resources."""

    primary: RegionName
    secondary: RegionName | None
    resources: tuple[Known, ...]
    inventory: Inventory

    def of_type(self, resource_type: str, side: Side) -> tuple[Known, ...]:
        """Return the resources of one type on one side."""
        return tuple(
            known
            for known in self.resources
            if known.side is side and known.resource.type.lower() == resource_type.lower()
        )

    def region(self, side: Side) -> str:
        """Return a side's region; empty where there is no such side."""
        return self.primary if side is Side.PRIMARY else self.secondary or ""


def scope_of(context: OperationContext) -> Scope:
    """Return the scope of a step: the profile's resources, and those their documents name."""
    profile, inventory = context.profile, context.snapshot.inventory.last_known()
    primary, secondary = profile.regions
    found: dict[str, Known] = {}
    for text, side in _named(profile, inventory):
        try:
            resource = ResourceId.parse(text)
        except UsageError:
            continue
        found.setdefault(resource.key, Known(resource, side, readable(inventory, resource.text)))
    return Scope(primary, secondary, tuple(found.values()), inventory)


def _named(profile: Profile, inventory: Inventory) -> Iterator[tuple[str, Side]]:
    sides = [(profile.primary.workspace, Side.PRIMARY)]
    if profile.secondary:
        sides.append((profile.secondary.workspace, Side.SECONDARY))
    for workspace, side in sides:
        yield workspace, side
        document = readable(inventory, workspace)
        if document is None:
            continue
        for field in types.DEPENDENCIES:
            named = document.field(f"properties.{field}")
            if isinstance(named, str) and named:
                yield named, _side(profile, inventory, named, side)
    others = [account.id for account in profile.data_accounts]
    others += [attached.id for attached in profile.attached]
    for text in others:
        yield text, _side(profile, inventory, text, Side.PRIMARY)


def _side(profile: Profile, inventory: Inventory, resource: str, otherwise: Side) -> Side:
    """Return where a resource is served from: an account's ``location`` keeps its first region for ever.

    Source: https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance
    """
    document = readable(inventory, resource)
    if document is None:
        return otherwise
    where = document.field("properties.primaryLocation") or document.location
    if not isinstance(where, str):
        return otherwise
    regions = {profile.regions[0]: Side.PRIMARY}
    if profile.regions[1]:
        regions.setdefault(profile.regions[1], Side.SECONDARY)
    return regions.get(region_name(where), otherwise)
