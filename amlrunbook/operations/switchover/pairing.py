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

    def mirrored(self, resource: ResourceId) -> str:
        """Return the id in the primary workspace of what ``resource`` is in the secondary."""
        return self.primary.text + resource.text[len(self.secondary.text) :]


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


def in_secondary(context: OperationContext, resource_type: str, word: str) -> ResourceId:
    """Return the resource that a step names, of the type that is asked for and in the secondary workspace.

    Raises:
        UsageError: it is none.
    """
    pair = pair_of(context)
    resource = ResourceId.parse(context.resource)
    inside = resource.key.startswith(pair.secondary.key + "/")
    if resource.type.lower() != resource_type.lower() or not inside:
        raise UsageError(
            f"{resource} is no {word} of the secondary workspace {pair.secondary.name}.",
            state="Nothing was sent.",
            next_step=f"Name a {word} of {pair.secondary.name}.",
        )
    return resource


def last_known(snapshot: Snapshot) -> Inventory:
    """Return what is known of the pair: read at the run's beginning, else by the last snapshot before."""
    return snapshot.inventory.last_known()


def age_words(document: Document) -> str:
    """Return how old a document is, in words to put behind a sentence; empty where it was read by this run."""
    return f" (as of {document.as_of}, the last snapshot)" if document.as_of else ""


def capacity_of(document: Document) -> int | None:
    """Return how many instances a deployment has; ``None`` where its document does not say."""
    capacity = document.field("sku.capacity")
    return capacity if isinstance(capacity, int) and not isinstance(capacity, bool) else None


def text_at(document: Document, path: str) -> str:
    """Return the text at a dotted path; empty where there is none."""
    value = document.field(path)
    return value if isinstance(value, str) else ""
