"""How a provisioning state is judged, for every kind of resource that has one."""

from __future__ import annotations

from amlrunbook.assessment.reading import shown, text
from amlrunbook.assessment.rule import Ruling, failed, passed, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document


def provisioning(document: Document) -> Ruling:
    """Judge ``properties.provisioningState``.

    Raises:
        IncompleteError: it says a state that this program does not know.
    """
    state = text(document, "properties.provisioningState")
    observed = f"provisioningState is {shown(state) or 'not said'}"
    match state.lower():
        case "succeeded":
            return passed(observed)
        case "failed" | "canceled" | "deleting":
            return failed(observed)
        case "" | "creating" | "updating" | "scaling":
            return warned(observed)
        case _:
            raise IncompleteError(f"{observed}, which this program does not know")
