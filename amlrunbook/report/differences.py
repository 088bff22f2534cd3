"""What changed between two snapshots, field by field and check by check; one record, and four ways to write it.

The JSON form is an interface: keys are added, never renamed, and ``schema`` says which form it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from amlrunbook.model.display import shown
from amlrunbook.model.markdown import markdown
from amlrunbook.model.posture import Turned
from amlrunbook.model.resource_id import region_name
from amlrunbook.model.snapshot import Document, Snapshot
from amlrunbook.report.escaping import markup

DIFFERENCES_SCHEMA = 1
"""The version of the JSON form."""

_HTML_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>What changed</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border: 1px solid #999; padding: .3rem .5rem; text-align: left; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>What changed</h1>
"""
_LONGEST = 120
_NOISE = frozenset({"etag", "systemdata"})
"""Top-level parts that change without anybody changing the resource."""


class Difference(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One difference."""

    kind: str
    """``added``, ``removed``, ``changed``, ``unread`` (it was read before) or ``read`` (it was not)."""
    resource: str
    path: str = ""
    """The dotted path of the field; empty where it is about the whole document."""
    before: str = ""
    after: str = ""


class Differences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two snapshots compared, ready to be written; its JSON is the interface."""

    schema: int = DIFFERENCES_SCHEMA
    profile: str
    older: str
    """When the older one was taken, RFC 3339."""
    newer: str
    differences: tuple[Difference, ...]
    turned: tuple[Turned, ...]
    """The checks whose verdict is worse on the newer one."""


def difference(older: Snapshot, newer: Snapshot) -> list[Difference]:
    """Return what changed, by resource id.

    What could not be read on one side is told as that, never as a removal.
    """
    before, after = _indexed(older), _indexed(newer)
    changes = []
    for key in sorted({*before, *after}):
        if key not in after and _is_hidden(key, after):
            changes.append(Difference(kind="unread", resource=before[key].label))
        elif key not in before and _is_hidden(key, before):
            changes.append(Difference(kind="read", resource=after[key].label))
        else:
            changes += _of_document(before.get(key), after.get(key))
    return changes


def _is_hidden(key: str, documents: dict[str, Document]) -> bool:
    """Return whether what holds a document (its collection, or its parent's) could not be listed."""
    parts = key.split("/")
    holders = ("/".join(parts[:end]) for end in range(len(parts) - 1, 2, -1))
    return any(documents[each].unread is not None for each in holders if each in documents)


def _indexed(snapshot: Snapshot) -> dict[str, Document]:
    return {document.key: document for document in snapshot.inventory.documents if document.key}


def _of_document(before: Document | None, after: Document | None) -> Iterator[Difference]:
    if before is None or after is None:
        one = after or before
        if one is not None:
            kind = "added" if before is None else "removed"
            yield Difference(kind="unread" if one.unread and after else kind, resource=one.label)
        return
    if before.unread is not None or after.unread is not None:
        if (before.unread is None) != (after.unread is None):
            yield Difference(
                kind="read" if after.unread is None else "unread", resource=after.label
            )
        return
    left = {k: v for k, v in before.raw.items() if k.lower() not in _NOISE}
    right = {k: v for k, v in after.raw.items() if k.lower() not in _NOISE}
    for path, old, new in _of_value("", left, right):
        yield Difference(
            kind="changed", resource=after.label, path=path, before=_short(old), after=_short(new)
        )


def _of_value(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _of_value(f"{path}.{key}".lstrip("."), old.get(key), new.get(key))
    elif old != new and not _is_same_name(path, old, new):
        yield path, old, new


def _is_same_name(path: str, old: Any, new: Any) -> bool:
    """Return whether two texts are one name that Azure writes in several ways: an id, a type, a region."""
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    if path == "location":
        return region_name(old) == region_name(new)
    is_id = old.startswith("/subscriptions/") or path == "type"
    return is_id and old.lower() == new.lower()


def _short(value: Any) -> str:
    text = "absent" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


# -- four forms -----------------------------------------------------------------------------


def as_json(found: Differences) -> str:
    """Return the comparison as JSON."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def as_text(found: Differences) -> str:
    """Return the comparison for a terminal or a mail."""
    lines = [shown(_head(found))]
    lines += [f"{_words(change)}".rstrip() for change in found.differences]
    if found.turned:
        lines += ["", f"{len(found.turned)} checks turned:"]
        lines += [f"  {shown(_turned(each))}" for each in found.turned]
    return "\n".join(lines) + "\n"


def as_markdown(found: Differences) -> str:
    """Return the comparison as Markdown."""
    lines = ["# What changed", "", markdown(_head(found)), ""]
    if found.differences:
        lines += ["| what | resource | field | before | after |", "|---|---|---|---|---|"]
    for change in found.differences:
        cells = (change.kind, change.resource, change.path, change.before, change.after)
        lines.append(f"| {' | '.join(markdown(cell) for cell in cells)} |")
    if found.turned:
        lines += ["", "## Checks that turned", ""]
        lines += [f"- {markdown(_turned(each))}" for each in found.turned]
    return "\n".join(lines) + "\n"


def as_html(found: Differences) -> str:
    """Return the comparison as one HTML page that loads nothing."""
    parts = [_HTML_HEAD, f"<p>{markup(_head(found))}</p>\n<table>\n"]
    parts.append(
        "<tr><th>What</th><th>Resource</th><th>Field</th><th>Before</th><th>After</th></tr>\n"
    )
    for change in found.differences:
        cells = (change.kind, change.resource, change.path, change.before, change.after)
        parts.append(f"<tr>{''.join(f'<td>{markup(cell)}</td>' for cell in cells)}</tr>\n")
    parts.append("</table>\n")
    if found.turned:
        parts.append("<h2>Checks that turned</h2>\n<ul>\n")
        parts += [f"<li>{markup(_turned(each))}</li>\n" for each in found.turned]
        parts.append("</ul>\n")
    return "".join([*parts, "</body>\n</html>\n"])


def _head(found: Differences) -> str:
    count = len(found.differences)
    noun = "difference" if count == 1 else "differences"
    return f"{found.profile}: {found.older} -> {found.newer}, {count} {noun}"


def _words(change: Difference) -> str:
    where = f" {shown(change.path)}: " if change.path else " "
    values = f"{shown(change.before)} -> {shown(change.after)}" if change.path else ""
    return f"{change.kind:<8} {shown(change.resource)}{where}{values}"


def _turned(turned: Turned) -> str:
    before = turned.before.value if turned.before else "not there"
    return f"{turned.check}: {before} -> {turned.after.value}, {turned.resource}"
