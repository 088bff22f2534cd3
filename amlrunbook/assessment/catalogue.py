"""The catalogue of all checks, and the assessment: documents in, findings out."""

from __future__ import annotations

from collections.abc import Collection

from amlrunbook.assessment import (
    assets,
    compute,
    connections,
    container_registry,
    cosmos_db,
    data_accounts,
    data_protection,
    endpoint_parity,
    endpoints,
    flexible_servers,
    identity,
    insights,
    key_vault,
    kubernetes,
    ml_registries,
    network,
    postgres,
    quota,
    spark,
    sql_database,
    storage,
    traffic,
    workspace,
)
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.rule import Rule
from amlrunbook.errors import UsageError
from amlrunbook.facts import fact_base
from amlrunbook.model.finding import Finding
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Document, Inventory

CATALOGUE: tuple[Rule, ...] = (
    *workspace.RULES,
    *storage.RULES,
    *data_accounts.RULES,
    *data_protection.RULES,
    *key_vault.RULES,
    *container_registry.RULES,
    *insights.RULES,
    *compute.RULES,
    *endpoints.RULES,
    *endpoint_parity.RULES,
    *assets.RULES,
    *ml_registries.RULES,
    *identity.RULES,
    *quota.RULES,
    *connections.RULES,
    *network.RULES,
    *kubernetes.RULES,
    *spark.RULES,
    *sql_database.RULES,
    *flexible_servers.RULES,
    *postgres.RULES,
    *cosmos_db.RULES,
    *traffic.RULES,
)
"""Every check, in the order of a report. Ids are stable: later versions add, they never rename."""

SERVICES: tuple[str, ...] = tuple(dict.fromkeys(rule.service for rule in CATALOGUE))
"""The first parts of the ids, which :func:`assess` can be narrowed to."""


def assess(
    inventory: Inventory,
    profile: Profile | None = None,
    *,
    services: Collection[str] | None = None,
    taken_at: str = "",
) -> tuple[Finding, ...]:
    """Return the findings of all checks, or of those of ``services``, in a stable order.

    Pure: nothing is read but the documents, the profile and the fact base. The order is the catalogue's, and for
    each check that of the documents.

    Args:
        inventory: the documents.
        profile: the pair that they are judged as.
        services: first parts of check ids, to narrow it.
        taken_at: when the documents were read, RFC 3339; checks of lag need it.

    Raises:
        UsageError: a service that the catalogue does not have.
    """
    chosen = SERVICES if services is None else services
    unknown = sorted(set(chosen) - set(SERVICES))
    if unknown:
        raise UsageError(
            f"There are no checks of {', '.join(unknown)}.",
            next_step=f"Choose among {', '.join(SERVICES)}.",
        )
    landscape = Landscape(inventory, profile, taken_at=taken_at)
    landscape.prepare()
    facts = fact_base()
    return tuple(
        rule.finding(landscape, document, facts)
        for rule in CATALOGUE
        if rule.service in chosen
        for document in _concerned(rule, landscape)
    )


def _concerned(rule: Rule, landscape: Landscape) -> tuple[Document, ...]:
    """Return the documents that a rule judges."""
    documents = tuple(
        document for kind in rule.types for document in landscape.inventory.of_type(kind)
    )
    return documents + (landscape.orphans(rule.child) if rule.child else ())
