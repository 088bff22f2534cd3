"""What linear text tells of people: approvals, hand-overs, the clock, safety; and the pages that a word shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.approvals import token_of
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.executor.one_page import one_page
from amlrunbook.executor.status_text import contact_lines, status_text, support_ticket
from amlrunbook.model.display import shown
from amlrunbook.planning.plan import Plan
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState

CALLS_SHOWN = 40
"""How many of the latest calls the call log's page shows."""
PAGES = {
    "1": "one page",
    "calls": "the latest calls",
    "status": "words for the incident channel",
    "ticket": "words for a support ticket",
    "contacts": "whom to tell, and how",
    "token": "the approval's token again",
}
"""The words that show a page and change nothing."""


def told(event: e.Event) -> Iterator[tuple[str, str]]:  # noqa: C901, PLR0912 - one flat case an event
    """Tell what people did or must do: a word and a sentence each; a word that is empty continues."""
    match event:
        case e.ApprovalAsked():
            yield "approval asked", f"of {event.needed}, until {event.expires}; paste this:"
            yield from (("", line) for line in token_lines(event))
        case e.ApprovalGranted():
            yield "approved", f"by {event.principal}. {event.comment}".strip()
        case e.ApprovalDeclined():
            yield "approval declined", f"by {event.principal}. {event.comment}".strip()
        case e.ApprovalRefused():
            yield "answer not taken", event.reason
        case e.ApprovalExpired():
            yield "approval expired", "the proposal stands; ask again"
        case e.GlassBroken():
            yield "GLASS BROKEN", f"{event.operator} goes without a second person. {event.reason}"
        case e.SafetyViolated():
            yield f"SAFETY {event.rule}", event.text
        case e.SafetyOverruled():
            who = " and ".join(event.principals)
            yield f"SAFETY {event.rule} overruled", f"by {who}. {event.reason}"
        case e.ClockDeclared():
            minutes = event.target_seconds // 60
            yield (
                "incident declared",
                f"{event.severity}; target {minutes} min. {event.text}".strip(),
            )
        case e.ProbeRed():
            yield "probe red", f"{event.probe}: {event.text}"
        case e.ProbeGreen():
            yield "probe green", f"{event.probe}: {event.text}"
        case e.ClockStopped():
            yield "clock stopped", event.text
        case e.UpdateGiven():
            yield (
                "channel told",
                f"next word in {event.next_seconds // 60} min. {event.text}".strip(),
            )
        case e.HandoverOffered():
            yield "HANDED OVER", f"to {event.principal}; this process writes nothing more"
            yield from (("", line) for line in event.text.split("\n"))
        case e.HandoverAccepted():
            yield "hand-over accepted", f"by {event.principal}. {event.text}".strip()
        case e.DrillFault():
            yield "heard", event.text
        case e.DrillHint():
            yield "hint", event.text
        case e.DrillScore():
            yield "SCORE", f"{event.points} of {event.out_of}. {event.text}"
            yield from (("", line) for line in score_lines(event))
        case _:
            return


def score_lines(event: e.DrillScore) -> list[str]:
    """Return the goals and the parts of a drill's score, a line each."""
    lines = list(event.goals)
    lines += [f"{p.name:<8} {p.points:>3} of {p.out_of:<3} {p.text}" for p in event.parts]
    return [*lines, event.compared] if event.compared else lines


def token_lines(asked: e.ApprovalAsked) -> list[str]:
    """Return what is pasted for an approval: words, then the token, a line each."""
    try:
        return token_of(asked).split("\n")
    except AmlRunbookError as error:
        return [f"The challenge cannot be shown: {error.what}"]


def page(
    word: str,
    plan: Plan,
    state: RunState,
    entries: tuple[e.Recorded, ...],
    *,
    step: str,
    now: datetime,
    forecast: Forecast = UNFORESEEN,
) -> list[str]:
    """Return the lines of the page that ``word`` names (one of :data:`PAGES`)."""
    match word:
        case "1":
            lines = list(one_page(plan, state, now, forecast).lines)
        case "calls":
            lines = call_lines(entries)
        case "status":
            lines = status_text(plan, state, now, forecast).split("\n")
        case "ticket":
            lines = support_ticket(plan, entries).split("\n")
        case "contacts":
            lines = list(contact_lines(plan))
        case "token":
            asked = state.step(step).asked
            lines = token_lines(asked) if asked else ["No approval is asked for."]
        case _:
            lines = [f"There is no page {word!r}."]
    return [shown(line) for line in lines]


def call_lines(entries: tuple[e.Recorded, ...]) -> list[str]:
    """Return the latest calls, a line each, the newest last."""
    calls = [(entry.t, entry.event) for entry in entries if isinstance(entry.event, e.CallMade)]
    lines = [
        f"{t[11:23]} {call.status or '---'} {call.milliseconds:>6} ms {call.method} {call.path}"
        + (f"  [{call.step}]" if call.step else "")
        for t, call in calls[-CALLS_SHOWN:]
    ]
    return [f"{len(calls)} calls in this run; the latest {len(lines)}:", *lines]
