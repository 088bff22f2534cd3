"""The closing report, written: for a terminal, as Markdown, as JSON."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from amlrunbook.model.display import shown
from amlrunbook.model.markdown import markdown
from amlrunbook.report.closing import CLOSING_SCHEMA, ClosingReport, Item
from amlrunbook.report.escaping import plain_ascii

_NONE = "nothing"


def as_lines(report: ClosingReport) -> tuple[str, ...]:
    """Return the report as plain lines, in an order that is always the same."""
    lines = [*head_lines(report), ""]
    for label, items in sections(report):
        lines.append(f"{label}:" if items else f"{label}: {_NONE}")
        lines += [f"  {item}" for item in items]
    return tuple(shown(line) for line in lines)


def head_lines(report: ClosingReport) -> tuple[str, ...]:
    """Return the first lines: what it was, where, and whether callers were served in time."""
    drill = "DRILL. " if report.scenario else ""
    where = f"{report.source} to {report.target}" if report.target else report.source
    ended = report.outcome.replace("-", " ") or "still open"
    spent = f"The whole run took machines {_span(report.machine_seconds)}, people {_span(report.people_seconds)}."
    return (
        f"{drill}{report.title}",
        f"{report.profile} ({where}), operator {report.operator}: {ended}",
        _served(report),
        f"{spent} Inventory of {report.inventory}.",
    )


def sections(report: ClosingReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return every section: its name, and its items as text."""
    drill = (("SCORE", report.score),) if report.score else ()
    return (
        *drill,
        ("DECIDED", _texts(report.decided)),
        ("MOVED", _texts(report.moved)),
        ("NOT MOVED", _texts(report.not_moved)),
        ("IN DOUBT", _texts(report.in_doubt)),
        ("LOST", _texts(report.lost)),
        ("PROBES", report.probes),
        ("NOTICED", _texts(report.noticed)),
        ("NEXT", report.next),
    )


def _texts(items: tuple[Item, ...]) -> tuple[str, ...]:
    return tuple(f"{item.title}: {item.text}" if item.text else item.title for item in items)


def _served(report: ClosingReport) -> str:
    target = f"target {_span(report.target_seconds)}"
    if not report.declared:
        return "No incident was declared; no clock ran."
    if report.served_after_seconds is None:
        return f"Declared {report.declared}; callers are not served yet ({target})."
    word = "within" if report.served_after_seconds <= report.target_seconds else "MISSED its"
    return f"Callers were served {_span(report.served_after_seconds)} after the declaration, {word} {target}."


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def as_text(report: ClosingReport, *, ascii_only: bool = False) -> str:
    """Return the report for a terminal or a mail."""
    text = "\n".join(as_lines(report)) + "\n"
    return plain_ascii(text) if ascii_only else text


def as_markdown(report: ClosingReport) -> str:
    """Return the report as Markdown, for a ticket."""
    title, *rest = head_lines(report)
    lines = [f"# {markdown(title)}", "", *(markdown(line) + "  " for line in rest)]
    for label, items in sections(report):
        lines += ["", f"## {label.capitalize()}", ""]
        lines += [f"- {markdown(item)}" for item in items] or [_NONE.capitalize() + "."]
    return "\n".join(lines) + "\n"


def as_json(report: ClosingReport) -> str:
    """Return the report as JSON in ASCII, so that no stream's encoding can spoil it."""
    body: dict[str, Any] = {"schema": CLOSING_SCHEMA, **msgspec.to_builtins(report)}
    return json.dumps(body, indent=2, ensure_ascii=True) + "\n"
