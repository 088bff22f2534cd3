"""How a machine's size is judged, for every kind of resource that has one."""

from __future__ import annotations

from amlrunbook.assessment.reading import needed, shown
from amlrunbook.assessment.rule import Ruling, passed, warned
from amlrunbook.facts import fact_base
from amlrunbook.model.snapshot import Document

LASTING = "no size of a family that retires: NC, NC_Promo, NCv2, NCv3, ND, NV"
"""What is expected of a size, by the fact base's list of retiring families."""


def size_ruling(document: Document, path: str) -> Ruling:
    """Judge whether the size at ``path`` of a document is of a family that stays.

    Raises:
        IncompleteError: the document does not say its size.
    """
    name = path.rpartition(".")[2]
    size = needed(document, path)
    family = fact_base().retiring_family(size)
    if family is None:
        return passed(f"{name} is {shown(size)}")
    ends = f", which retires on {family.retires}" if family.retires else ""
    return warned(f"{name} is {shown(size)}, of the family {family.name}{ends}")
