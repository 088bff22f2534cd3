"""What goes into a body before it is signed: allowed fields only, and no secret.

What is signed cannot be taken out again without breaking the chain, so this stands before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.journal.entry import APPROVAL_ASKED, APPROVAL_GRANTED, HANDOVER, NOTE
from amlrunbook.model.redaction import masked_document

Fields = Mapping[str, frozenset[str]]
"""Kinds, and the fields that a body of each may have."""

_TYPED_BY_PEOPLE = frozenset({NOTE, HANDOVER})
_SIGNED_INSIDE = frozenset({APPROVAL_ASKED, APPROVAL_GRANTED})


def would_mask(body: Mapping[str, object]) -> tuple[str, ...]:
    """Return the places in ``body`` where something looks like a secret, to be said beforehand."""
    return tuple(_differences(dict(body), masked_document(body), ""))


def masked(
    kind: str, body: Mapping[str, object], *, confirmed: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the body without what looks like a secret, and the places where that stood.

    Args:
        kind: The entry's kind.
        body: What is to be signed.
        confirmed: The operator was told and wants the masked text recorded.

    Raises:
        RefusedError: for a text that a person typed, unless it is confirmed; and for an approval,
            whose own signature would not fit the masked text.
    """
    clean = masked_document(body)
    places = tuple(_differences(dict(body), clean, ""))
    if places and kind in _SIGNED_INSIDE:
        raise RefusedError(
            f"The challenge of an approval holds what looks like a secret ({', '.join(places)}).",
            state="Nothing was written.",
            next_step="Ask again without it.",
        )
    if places and kind in _TYPED_BY_PEOPLE and not confirmed:
        raise RefusedError(
            f"The text holds what looks like a secret ({', '.join(places)}).",
            state="Nothing was written: once it is signed it cannot be taken out.",
            next_step="Say it without the secret, or confirm that it is recorded masked.",
        )
    return clean, places


def check_fields(kind: str, body: Mapping[str, object], allowed: Fields | None) -> None:
    """Refuse a body with a field that its kind does not have.

    Raises:
        JournalError: naming the first such field, or a kind that is not in the table.
    """
    if allowed is None:
        return
    if kind not in allowed:
        raise JournalError(
            f"{kind[:60]!a} is not in the table of kinds.", state="Nothing was written."
        )
    more = sorted(body.keys() - allowed[kind])
    if more:
        raise JournalError(
            f"An entry {kind} has no field {more[0][:60]!a}.",
            state="Nothing was written; the journal can be written on.",
            next_step="Keep what has no field of its own as evidence.",
        )


def _differences(before: object, after: object, place: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, value in before.items():
            yield from _differences(value, after[key], f"{place}.{key}" if place else str(key))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for index, value in enumerate(before):
            yield from _differences(value, after[index], f"{place}[{index}]")
    elif before != after:
        yield place
