"""Rules of key vaults."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.reading import flag, items, number, place_of, read_properties
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.facts import fact_base
from amlrunbook.model.finding import Verdict
from amlrunbook.model.snapshot import Document

_DEFAULT_RETENTION_DAYS = 90
"""What a vault has where nobody said otherwise. Source: the OpenAPI document of Microsoft.KeyVault, 2023-07-01."""
_UPDATE = "az keyvault update --name {name} --resource-group {group} --subscription {subscription} "


def _soft_delete(_: Landscape, vault: Document) -> Ruling:
    read_properties(vault)
    if vault.field("properties.enableSoftDelete") is None:
        return passed("enableSoftDelete is absent: Azure's default is true")
    on = flag(vault, "properties.enableSoftDelete", default=True)
    return passed("enableSoftDelete is true") if on else failed("enableSoftDelete is false")


def _purge_protection(_: Landscape, vault: Document) -> Ruling:
    read_properties(vault)
    on = flag(vault, "properties.enablePurgeProtection", default=False)
    if on:
        return passed("enablePurgeProtection is true")
    absent = vault.field("properties.enablePurgeProtection") is None
    return failed(f"enablePurgeProtection is {'absent, so not enabled' if absent else 'false'}")


def _retention(_: Landscape, vault: Document) -> Ruling:
    read_properties(vault)
    days = number(vault, "properties.softDeleteRetentionInDays", default=_DEFAULT_RETENTION_DAYS)
    least = fact_base().limits.workspace_soft_delete_days.value
    observed = f"deleted vaults are kept for {days} days"
    return passed(observed) if days is not None and days >= least else warned(observed)


def _replication(landscape: Landscape, region: str) -> Ruling:
    """Judge whether Azure replicates vaults of a region to another."""
    regions = fact_base().regions
    if region in regions.vault_not_replicated.regions:
        return failed(f"vaults of {region} are not replicated")
    location = landscape.location_of(region)
    if location is not None and location.unread is None:
        pairs = items(location, "metadata.pairedRegion")
        return (
            passed(f"{region} has a pair")
            if pairs
            else failed(f"{region} has no pair, so its vaults are not replicated")
        )
    if region in regions.unpaired.regions:
        return failed(f"{region} has no pair, so its vaults are not replicated")
    if region in regions.pairs.to:
        return passed(f"{region} has a pair: {regions.pairs.to[region]}")
    return warned(f"the fact base does not say whether {region} has a pair")


def _region_replicates(landscape: Landscape, vault: Document) -> Ruling:
    return _replication(landscape, place_of(vault))


def _usable_after_switch(landscape: Landscape, vault: Document) -> Ruling:
    users = landscape.all_users(vault)
    if len(users) <= 1:
        return unconcerned("it is not shared by workspaces")
    replication = _replication(landscape, place_of(vault))
    if replication.verdict is Verdict.FAIL:
        return failed(f"shared by {len(users)} workspaces, and {replication.observed}")
    return warned(f"shared by {len(users)} workspaces: read-only while Azure fails it over")


RULES: tuple[Rule, ...] = (
    Rule(
        id="keyvault.soft-delete",
        title="Soft delete of the vault",
        types=(types.VAULT,),
        expected="enableSoftDelete is true, or absent (Azure's default)",
        why="A deleted vault cannot be recovered, nor can the workspace that needs it.",
        fact="vault.recovered-first",
        remedy="Enable soft delete (it cannot be turned off again).",
        command=_UPDATE + "--set properties.enableSoftDelete=true",
        remedy_operation="hardening.vault-soft-delete",
        judge=_soft_delete,
    ),
    Rule(
        id="keyvault.purge-protection",
        title="Purge protection of the vault",
        types=(types.VAULT,),
        expected="enablePurgeProtection is true",
        why="Whoever may purge can destroy a deleted vault before anybody recovers it, and the workspace's secrets with it.",
        fact="vault.recovered-first",
        remedy="Enable purge protection. It can never be turned off again.",
        command=_UPDATE + "--enable-purge-protection true",
        remedy_operation="hardening.purge-protection",
        judge=_purge_protection,
    ),
    Rule(
        id="keyvault.retention",
        title="Deleted vault kept as long as a deleted workspace",
        types=(types.VAULT,),
        expected="softDeleteRetentionInDays is 14 or more (Azure's default is 90)",
        why="A workspace can be recovered for 14 days, and not without its vault.",
        fact="workspace.soft-delete",
        remedy="The retention is set at creation: a longer one takes a new vault.",
        command="az keyvault create --name NEW_VAULT --resource-group {group} --subscription {subscription} --retention-days 90 --enable-purge-protection true",
        judge=_retention,
    ),
    Rule(
        id="keyvault.region-replicates",
        title="Vault replicated to another region",
        types=(types.VAULT,),
        expected="a region whose vaults Azure replicates",
        why="Where vaults are not replicated, secrets and keys are out of reach until the region is back.",
        fact="vault.replication",
        remedy="Back its secrets and keys up one by one, and keep a vault of its own for the secondary.",
        command="az keyvault secret list --vault-name {name} --subscription {subscription}",
        judge=_region_replicates,
    ),
    Rule(
        id="keyvault.usable-after-switch",
        title="Vault of the secondary usable on the day",
        types=(types.VAULT,),
        expected="a vault a workspace; a shared one only where vaults are replicated and every secret is in it beforehand",
        why="A shared vault takes no new secret during its failover: a step that writes one (a datastore's key, a connection) fails.",
        fact="vault.failover",
        remedy="Store every secret that the secondary will need beforehand, or give it a vault of its own.",
        command="az keyvault create --name NEW_VAULT --resource-group {other_group} --location {secondary_region} --enable-purge-protection true",
        judge=_usable_after_switch,
    ),
    lock_rule(
        "keyvault",
        types.VAULT,
        why="A workspace without its vault neither works nor can be recovered.",
        fact="vault.recovered-first",
    ),
)
"""The rules of key vaults."""
