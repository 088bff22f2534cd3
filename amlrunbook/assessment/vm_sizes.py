"""How a machine's size is judged, for every kind of resource that has one."""

from __future__ import annotations

from amlrunbook.assessment.reading import read_properties, shown, text
from amlrunbook.assessment.rule import Judge, Ruling, passed, unconcerned, warned
from amlrunbook.facts import fact_base
from amlrunbook.model.snapshot import Document


def size_lasts(path: str) -> Judge:
    """Return what judges whether the size at ``path`` of a document is of a family that stays."""
    name = path.rpartition(".")[2]

    def judge(_: object, document: Document) -> Ruling:
        read_properties(document)
        size = text(document, path)
        if not size:
            return unconcerned(f"it has no {name}")
        family = fact_base().retiring_family(size)
        if family is None:
            return passed(f"{name} is {shown(size)}")
        ends = f", which retires on {family.retires}" if family.retires else ""
        return warned(f"{name} is {shown(size)}, of the family {family.name}{ends}")

    return judge
