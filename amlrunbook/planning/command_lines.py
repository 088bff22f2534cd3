"""The commands of a step: the runbook's templates with a resource's names in them, and the operation's own by hand."""

from __future__ import annotations

import re
import shlex

from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.cloud import CLOUDS, PUBLIC
from amlrunbook.model.display import shown
from amlrunbook.model.operation import ByHand, OperationContext, Registry
from amlrunbook.model.profile import Profile
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.planning.command import command_words

_PLACEHOLDER = re.compile(
    r"\{(?:name|last|parent|group|id|subscription|path|secondary|secondary_group|secondary_id|secondary_region|blob_domain)\}"
)


def is_path(resource: str) -> bool:
    """Return whether an instance is about a file on this machine, and not about a resource of Azure."""
    return not resource.lower().startswith("/subscriptions/")


def filled_commands(templates: tuple[str, ...], resource: str, profile: Profile) -> tuple[str, ...]:
    """Return a step's commands about a resource, or about the primary workspace where it is about none."""
    of_azure = resource and not is_path(resource)
    subject = ResourceId.parse(resource) if of_azure else profile.primary_id
    path = resource if is_path(resource) else ""
    return tuple(
        filter(None, (_command(template, subject, profile, path) for template in templates))
    )


def by_hand_of(registry: Registry, operation: str, context: OperationContext) -> tuple[str, ...]:
    """Return how an operation is done by hand; nothing where it does not say, or nothing can be said of this resource."""
    found: object = registry.get(operation)
    if not isinstance(found, ByHand):
        return ()
    try:
        return found.by_hand(context)
    except AmlRunbookError:
        return ()


def _command(template: str, subject: ResourceId, profile: Profile, path: str) -> str:
    """Return one command with the resource's parts in it, each word quoted for a POSIX shell.

    Empty where a part is not known, or could not stand there safely: it holds hidden characters, or would be read as an
    option.
    """
    account, other = subject, profile.secondary_id
    while account.parent is not None:
        account = account.parent
    parts = {
        "{name}": account.name,
        "{last}": subject.name,
        "{parent}": subject.parent.name if subject.parent else "",
        "{path}": path,
        "{secondary}": other.name if other else "",
        "{secondary_group}": other.resource_group if other else "",
        "{secondary_id}": other.text if other else "",
        "{secondary_region}": profile.regions[1] or "",
        "{group}": subject.resource_group,
        "{id}": subject.text,
        "{subscription}": subject.subscription,
        "{blob_domain}": _blob_domain(profile.cloud),
    }
    used = [parts[key] for key in _PLACEHOLDER.findall(template)]
    if any(not value or value.startswith("-") or shown(value) != value for value in used):
        return ""
    words = (
        _PLACEHOLDER.sub(lambda found: parts[found.group()], word)
        for word in command_words(template)
    )
    return shlex.join(words)


def _blob_domain(cloud: str) -> str:
    """Return where a cloud's blob services lie; of a cloud that only its endpoints tell of, the public one's stands there."""
    return CLOUDS.get(cloud, PUBLIC).blob_endpoint.rpartition("{account}.")[2]
