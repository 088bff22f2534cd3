"""Attached services that no region but their own runs: what does their work in the other one."""

from __future__ import annotations

from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape, Side
from amlrunbook.assessment.parity import lacking, strategy_of
from amlrunbook.assessment.reading import place_of, shown
from amlrunbook.assessment.rule import Judge, Rule, Ruling, failed, passed, unconcerned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document


def in_secondary_region(landscape: Landscape, document: Document) -> bool:
    """Return whether a resource lies in the region to move to, and so has to move nowhere."""
    region = landscape.secondary_region
    return bool(region) and document.location == region


def attached_to(landscape: Landscape, workspace: Document, resource: str) -> tuple[Document, ...]:
    """Return a workspace's computes that were attached from ``resource``.

    Raises:
        IncompleteError: its computes could not be read.
    """
    key = resource.lower().rstrip("/")
    return tuple(
        compute
        for compute in landscape.children(workspace, "computes")
        if str(compute.field("properties.resourceId") or "").lower().rstrip("/") == key
    )


def _named(landscape: Landscape, document: Document) -> str:
    """Return the id of what the profile, or the secondary's compute of the same name, says is the partner."""
    named = landscape.partner_of(document)
    primary, secondary = (landscape.workspace_on(side) for side in (Side.PRIMARY, Side.SECONDARY))
    if named or primary is None or secondary is None or secondary.unread is not None:
        return named
    names = {compute.name.lower() for compute in attached_to(landscape, primary, document.key)}
    for twin in landscape.children(secondary, "computes"):
        other = twin.field("properties.resourceId")
        if twin.name.lower() in names and isinstance(other, str):
            return other
    return ""


def _judge(component: str) -> Judge:
    def judge(landscape: Landscape, document: Document) -> Ruling:
        if in_secondary_region(landscape, document) or landscape.is_partner(document):
            return unconcerned("it is in the secondary's region already")
        named = _named(landscape, document)
        lack = lacking(strategy_of(landscape, component))
        if not named:
            return lack("no partner in another region is named, and none is attached there")
        if named.lower().rstrip("/") == document.key:
            return failed("the secondary workspace uses this very one")
        partner = landscape.find(named)
        name = shown(named.rsplit("/", 1)[-1])
        if partner is None:
            raise IncompleteError(f"its partner {name} is not among the documents")
        if is_gone(partner):
            return failed(f"its partner {name} is not there")
        if partner.unread is not None:
            raise IncompleteError(f"its partner {name} could not be read: {partner.unread}")
        if place_of(partner) == place_of(document):
            return failed(f"its partner {name} is in {shown(partner.location)} too")
        return passed(f"its partner {name} is in {shown(partner.location)}")

    return judge


def partner_rule(
    service: str,
    resource_type: str,
    what: str,
    *,
    component: str,
    why: str,
    fact: str,
    remedy: str,
    command: str,
) -> Rule:
    """Return the check that an attached service has a partner in another region.

    Args:
        service: first part of the check's id.
        resource_type: the ARM type.
        what: what an operator calls it.
        component: the class of component whose strategy weighs a lack: inference, data or experiments.
        why: what is lost without one.
        fact: id of the fact.
        remedy: how to have one.
        command: the ``az`` command to begin with.
    """
    return Rule(
        id=f"{service}.partner",
        title=f"{what} in both regions",
        types=(resource_type,),
        expected="a partner in another region, attached to the secondary workspace or named in the profile",
        why=why,
        fact=fact,
        remedy=remedy,
        command=command,
        judge=_judge(component),
    )
