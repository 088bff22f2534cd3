"""The check that several services share: a lock against deletion."""

from __future__ import annotations

from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.rule import Judge, Rule, Ruling, passed, warned
from amlrunbook.model.snapshot import Document


def _judge(landscape: Landscape, document: Document) -> Ruling:
    levels = {level.lower() for level in landscape.lock_levels(document)}
    if "readonly" in levels:
        return warned("a ReadOnly lock: it also refuses the changes and key listings of the day")
    if "cannotdelete" in levels:
        return passed("a CanNotDelete lock")
    return warned("no lock on it, its resource group or its subscription")


def lock_rule(service: str, resource_type: str, *, why: str, fact: str) -> Rule:
    """Return the lock check of one service."""
    judge: Judge = _judge
    return Rule(
        id=f"{service}.lock",
        title="Lock against deletion",
        types=(resource_type,),
        expected="a CanNotDelete lock, and no ReadOnly lock",
        why=why,
        fact=fact,
        remedy="Put a CanNotDelete lock on it.",
        command="az lock create --name cannot-delete --lock-type CanNotDelete --resource {id}",
        judge=judge,
        remedy_operation="hardening.delete-lock",
    )
