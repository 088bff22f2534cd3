"""ARM resource ids: parsed once, compared without regard to letter case.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from amlrunbook.errors import UsageError

RegionName = NewType("RegionName", str)
"""A region's short name, lower case without spaces: ``eastus``."""

SubscriptionId = NewType("SubscriptionId", str)
"""The GUID of a subscription."""

_PREFIX_SEGMENTS = 4
_PROVIDER_AT = 5


def region_name(text: str) -> RegionName:
    """Return ``text`` as a short region name, so that ``East US`` equals ``eastus``."""
    return RegionName(text.replace(" ", "").lower())


@dataclass(frozen=True, slots=True)
class ResourceId:
    """One resource's ARM id, in parts.

    Two ids that differ only in letter case are the same resource: ARM answers
    with either case, so :attr:`key` is what is compared and stored in indexes.
    """

    text: str
    """The id as it was given."""
    subscription: SubscriptionId
    resource_group: str
    provider: str
    """The provider's namespace, such as ``Microsoft.Storage``."""
    types: tuple[str, ...]
    """The type segments, outermost first: ``("storageAccounts", "blobServices")``."""
    names: tuple[str, ...]
    """The name segments, as many as ``types``."""

    @property
    def key(self) -> str:
        """The id in lower case, for comparing and indexing."""
        return self.text.lower()

    @property
    def name(self) -> str:
        """The last name: what an operator calls the resource."""
        return self.names[-1]

    @property
    def known_name(self) -> str:
        """The name that an operator knows: the account's, where its ``blobServices/default`` is meant."""
        named = [name for name in self.names if name.lower() != "default"]
        return named[-1] if named else self.name

    @property
    def type(self) -> str:
        """The full type, ``Microsoft.Storage/storageAccounts/blobServices``."""
        return "/".join((self.provider, *self.types))

    @property
    def parent(self) -> ResourceId | None:
        """The id of the resource that holds this one, or ``None`` for an outermost one."""
        if len(self.types) == 1:
            return None
        return ResourceId.parse(self.text.rsplit("/", 2)[0])

    def child(self, child_type: str, name: str) -> ResourceId:
        """Return the id of a child resource."""
        return ResourceId.parse(f"{self.text}/{child_type}/{name}")

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Parse an ARM id.

        Raises:
            UsageError: ``text`` is not the id of a resource in a resource group.
        """
        parts = text.strip().strip("/").split("/")
        well_formed = (
            len(parts) >= _PROVIDER_AT + 3
            and parts[0].lower() == "subscriptions"
            and parts[2].lower() == "resourcegroups"
            and parts[_PREFIX_SEGMENTS].lower() == "providers"
            and len(parts) % 2 == 0
            and all(parts)
        )
        if not well_formed:
            raise UsageError(
                f"{text!r} is not a resource id.",
                next_step="It must look like /subscriptions/…/resourceGroups/…/providers/…/type/name.",
            )
        tail = parts[_PROVIDER_AT + 1 :]
        return cls(
            text="/" + "/".join(parts),
            subscription=SubscriptionId(parts[1]),
            resource_group=parts[3],
            provider=parts[_PROVIDER_AT],
            types=tuple(tail[0::2]),
            names=tuple(tail[1::2]),
        )

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)
