"""Which resource of the secondary workspace mirrors which of the primary, and what is last known of both."""

from __future__ import annotations

from dataclasses import dataclass

from amlrunbook.errors import UsageError
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.resource_id import ResourceId, region_name
from amlrunbook.model.snapshot import Document, Inventory, Snapshot

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/deployments"
JOBS = "Microsoft.MachineLearningServices/workspaces/jobs"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two workspaces of a profile."""

    primary: ResourceId
    secondary: ResourceId
    region: str
    """The secondary's region, as a short name."""


@dataclass(frozen=True, slots=True)
class Place:
    """A resource of one workspace of the pair, and the workspace on the other side."""

    resource: ResourceId
    here: ResourceId
    """The workspace that holds it."""
    there: ResourceId
    """The other workspace of the pair."""
    region: str
    """The region of ``here``, as a short name."""
    other: str
    """What people call the other workspace: ``primary`` or ``secondary``."""

    @property
    def mirror(self) -> str:
        """The id of what has the same name in the other workspace, whether it is there or not."""
        return self.there.text + self.resource.text[len(self.here.text) :]


def pair_of(context: OperationContext) -> Pair:
    """Return the pair that a step is about.

    Raises:
        UsageError: the profile names no secondary workspace.
    """
    profile = context.profile
    secondary = profile.secondary_id
    if secondary is None or profile.secondary is None:
        raise UsageError(
            f"Profile {profile.name!r} names no secondary workspace: there is nowhere to switch to.",
            state="Nothing was sent.",
            next_step="Name one with `amlrunbook workspace edit`.",
        )
    return Pair(profile.primary_id, secondary, region_name(profile.secondary.region))


def place_of(context: OperationContext, resource_type: str, word: str) -> Place:
    """Return where the resource stands that a step names: of the type that is asked for, in a workspace of the pair.

    A switchover is about the secondary's; going back, or undoing a change that was no outage, is about the primary's.

    Raises:
        UsageError: it is none.
    """
    pair = pair_of(context)
    resource = ResourceId.parse(context.resource)
    if resource.type.lower() == resource_type.lower():
        if resource.key.startswith(pair.secondary.key + "/"):
            return Place(resource, pair.secondary, pair.primary, pair.region, "primary")
        if resource.key.startswith(pair.primary.key + "/"):
            region = region_name(context.profile.primary.region)
            return Place(resource, pair.primary, pair.secondary, region, "secondary")
    raise UsageError(
        f"{resource} is no {word} of {pair.secondary.name} or {pair.primary.name}.",
        state="Nothing was sent.",
        next_step=f"Name a {word} of {pair.secondary.name}.",
    )


def last_known(snapshot: Snapshot) -> Inventory:
    """Return what is known of the pair: read at the run's beginning, else by the last snapshot before."""
    return snapshot.inventory.last_known()


def age_words(document: Document) -> str:
    """Return how old a document is, in words to put behind a sentence; empty where it was read by this run."""
    return f", by the snapshot of {document.as_of}" if document.as_of else ""


def instances(count: int) -> str:
    """Return a number of instances in words: ``1 instance``, ``4 instances``."""
    return f"{count} instance{'' if count == 1 else 's'}"


def capacity_of(document: Document) -> int | None:
    """Return how many instances a deployment has; ``None`` where its document does not say."""
    capacity = document.field("sku.capacity")
    return capacity if isinstance(capacity, int) and not isinstance(capacity, bool) else None


def text_at(document: Document, path: str) -> str:
    """Return the text at a dotted path; empty where there is none."""
    value = document.field(path)
    return value if isinstance(value, str) else ""
