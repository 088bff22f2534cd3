"""Soft delete and purge protection of a key vault. Neither can ever be turned off again.

Source: https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted, properties_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Protection:
    """A property of a vault that is switched on for good."""

    name: str
    noun: str
    option: str
    loses: str

    def path(self, vault: ResourceId, context: OperationContext) -> str:
        """Return the vault's path."""
        del context
        return vault.text

    def wanted(self, vault: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
        """Return the one property; a PATCH leaves all others as they are."""
        del context
        on = properties_of(found).get(self.name) is True
        return Wanted(
            body={"properties": {self.name: True}},
            before=self._said(on),
            after=self._said(on=True),
            summary=f"Turn on {self.noun} of {vault.name}, for good.",
            loses=self.loses,
            command=az(
                "az keyvault update --name {name} --resource-group {group} --subscription {subscription} "
                + self.option,
                {
                    "name": vault.name,
                    "group": vault.resource_group,
                    "subscription": vault.subscription,
                },
            ),
            needless=self._said(on) if on else "",
        )

    def seen(self, vault: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
        """Return whether it is on."""
        del sent
        on = properties_of(found).get(self.name) is True
        return seen(f"{vault.name}: {self._said(on)}", reached=on)

    def _said(self, on: bool) -> str:
        return f"{self.noun[:1].upper()}{self.noun[1:]} is {'on' if on else 'off'}."


def _setting(id_: str, title: str, part: _Protection) -> Setting:
    return Setting(
        id=id_,
        title=title,
        risk=Risk.DISRUPTIVE,
        confirmation=Confirmation.TYPE_NAME,
        type="microsoft.keyvault/vaults",
        noun="key vault",
        method="PATCH",
        path=part.path,
        wanted=part.wanted,
        seen=part.seen,
    )


VAULT_SOFT_DELETE = _setting(
    "hardening.vault-soft-delete",
    "Turn on soft delete of a key vault",
    _Protection(
        name="enableSoftDelete",
        noun="soft delete",
        option="--set properties.enableSoftDelete=true",
        loses="The way back: it can never be turned off. A deleted vault keeps its name until it is purged or its days are over.",
    ),
)
PURGE_PROTECTION = _setting(
    "hardening.purge-protection",
    "Turn on purge protection of a key vault",
    _Protection(
        name="enablePurgeProtection",
        noun="purge protection",
        option="--enable-purge-protection true",
        loses="The way back: it can never be turned off. Until its days are over nobody, Microsoft included, can purge a deleted vault or free its name.",
    ),
)
SETTINGS: tuple[Setting, ...] = (VAULT_SOFT_DELETE, PURGE_PROTECTION)
"""What can be mended of a key vault."""
