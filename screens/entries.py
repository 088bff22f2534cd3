"""Journal entries in words: one line each, and the whole of one on a page. Pure."""

from __future__ import annotations

import json

from amlrunbook.model.display import shown_lines
from amlrunbook.state import events as e
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone

_SAYS = (
    "text",
    "why",
    "reason",
    "summary",
    "title",
    "evidence",
    "name",
    "poll_url",
    "outcome",
    "probe",
)
"""The fields that say most, the best first."""

_TEXT_LIMIT = 256 * 1024
"""Bytes of a piece of evidence that are shown; the rest is counted."""


def kind_of(event: e.Event) -> str:
    """Return the kind of an entry."""
    return event.kind if isinstance(event, e.UnknownEvent) else event.KIND


def sentence_of(event: e.Event) -> str:
    """Return what an entry says in one line."""
    match event:
        case e.CallMade():
            status = str(event.status) if event.status else "no answer"
            return f"{event.method} {event.path} · {status} · {event.milliseconds} ms"
        case e.FindingMade():
            found = event.finding
            return f"{found.verdict.value}: {found.title}: {found.observed} ({found.resource})"
        case e.EvidenceAdded():
            return f"{event.name} · {event.size} bytes · {event.sha256[:12]}"
        case e.ActionSent():
            return f"{event.method} {event.path}"
        case e.ActionConfirmed():
            return f"{event.operation} · request {event.request_id}"
        case e.ActionAccepted():
            return f"{event.status} {event.poll_url}"
        case e.DrillScore():
            return f"{event.points} of {event.out_of}: {event.text}"
        case e.UnknownEvent():
            return json.dumps(event.body, ensure_ascii=True, sort_keys=True)
        case _:
            return _first_text(event)


def _first_text(event: e.Event) -> str:
    body = e.body_of(event)
    for name in _SAYS:
        said = body.get(name)
        if isinstance(said, str) and said:
            return said
    return ", ".join(
        f"{name} {value}"
        for name, value in body.items()
        if name != "step" and isinstance(value, (str, int))
    )


def step_of(event: e.Event) -> str:
    """Return the step that an entry is about; nothing where it is about the run."""
    step = getattr(event, "step", "")
    return step if isinstance(step, str) else ""


def entry_page(entry: e.Recorded) -> list[Paragraph]:
    """Return the whole of an entry."""
    body = entry.event.body if isinstance(entry.event, e.UnknownEvent) else e.body_of(entry.event)
    text = json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True)
    return [
        Paragraph(f"entry {entry.n}  {kind_of(entry.event)}", Tone.STRONG),
        Paragraph(entry.t, Tone.DIM),
        Paragraph(""),
        *(Paragraph(line) for line in shown_lines(text)),
    ]


def evidence_page(data: bytes) -> list[Paragraph]:
    """Return the bytes of a piece of evidence as text that draws and does nothing; bytes that are no text in hex."""
    head = data[:_TEXT_LIMIT]
    try:
        lines = shown_lines(
            head.decode("utf-8", errors="strict" if len(head) == len(data) else "ignore")
        )
    except UnicodeDecodeError:
        lines = [f"{at:08x}  {head[at : at + 16].hex(' ')}" for at in range(0, len(head), 16)]
    page = [Paragraph(line) for line in lines]
    if len(head) < len(data):
        page.append(Paragraph(f"… {len(data) - len(head)} more bytes are not shown", Tone.WARNING))
    return page
