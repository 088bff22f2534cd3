"""Words to paste: for the incident channel, for a support ticket; and what wants somebody's attention. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from amlrunbook.executor.clock import (
    DEFAULT_UPDATE_MINUTES,
    ClockView,
    clock_view,
    span,
    update_timer,
)
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.executor.one_page import moved, not_moved
from amlrunbook.executor.readiness import focus
from amlrunbook.model.display import shown
from amlrunbook.model.mode import Mode
from amlrunbook.planning.plan import Plan
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState


def status_text(plan: Plan, state: RunState, now: datetime, forecast: Forecast = UNFORESEEN) -> str:
    """Return how things stand, to paste into the incident channel: plain lines, nothing to read twice."""
    source, target = plan.profile.regions
    view = clock_view(plan, state, now, forecast)
    drill = "DRILL, nothing real. " if state.mode == Mode.DRILL.value else ""
    severity = f"{severity_words(view.severity)}: " if view.severity else ""
    where = f"{source} to {target}" if target else f"{source}"
    stamp = now.isoformat(timespec="minutes").replace("+00:00", "Z")
    lines = [
        f"{drill}{severity}{plan.title}, {plan.profile.name} ({where}), {stamp}",
        _clock_words(state, view),
        *_phase_words(plan, state),
        "Done: " + _listed(moved(plan, state)),
        "Not done yet: " + _listed(not_moved(plan, state)),
    ]
    doubts = tuple(plan_title(plan, record.step) for record in state.in_doubt)
    if doubts:
        lines.append("Unknown whether it happened: " + _listed(doubts))
    failed = tuple(
        f"{plan_title(plan, r.step)}: {r.text}"
        for r in state.steps.values()
        if r.state is StepState.FAILED
    )
    if failed:
        lines.append("Failed: " + _listed(failed))
    if state.probes:
        red = sorted(name for name, green in state.probes.items() if not green)
        lines.append("Health probes: " + (f"red: {', '.join(red)}" if red else "all green"))
    timer = update_timer(state, now)
    next_word = timer.due or f"in {DEFAULT_UPDATE_MINUTES} minutes"
    if state.closed is None and not state.clock.stopped:
        lines.append(f"Next update: {next_word}")
    return "\n".join(shown(line) for line in lines)


def severity_words(severity: str) -> str:
    """Return a severity as people say it: a bare number is one of a scale."""
    return f"Severity {severity}" if severity.isdigit() else severity


def _phase_words(plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return which phase the run is in, and how far; nothing once every step is settled."""
    step = focus(plan, state)
    if not step:
        return ()
    ids = [phase.id for phase in plan.phases]
    phase = plan.step(step).phase
    inside = [p for p in plan.steps if p.phase == phase]
    settled = sum(state.step(p.id).state.settled for p in inside)
    if phase not in ids:
        return ()
    title = plan.phases[ids.index(phase)].title
    place = f"{ids.index(phase) + 1} of {len(ids)}"
    return (f"Phase {place}: {title}, {settled} of {len(inside)} steps settled.",)


def contact_lines(plan: Plan) -> tuple[str, ...]:
    """Return whom to tell and how, a line each, as the profile has them."""
    return tuple(
        f"{contact.name}{f' ({contact.role})' if contact.role else ''}: {contact.reach or 'no way known'}"
        for contact in plan.profile.contacts
    ) or ("The profile names no contact.",)


def _clock_words(state: RunState, view: ClockView) -> str:
    if state.clock.stopped:
        return f"Over: probes green after {span(view.elapsed)} (target {span(view.target)})."
    if not state.clock.declared:
        return f"Running for {span(view.elapsed)}; no incident is declared."
    when = "not before" if view.unforeseen else "about"
    known = view.projected_at and not view.by_budgets
    forecast = f", expected to end {when} {view.projected_at}" if known else ""
    return f"{span(view.elapsed)} of {span(view.target)}{forecast}."


def plan_title(plan: Plan, step: str) -> str:
    """Return a step's title with its id where the plan has it, the id alone where it does not."""
    for planned in plan.steps:
        if planned.id == step:
            return f"{planned.title} ({step})"
    return step


def _listed(items: tuple[str, ...]) -> str:
    return "; ".join(items) if items else "nothing"


def support_ticket(plan: Plan, entries: tuple[e.Recorded, ...], step: str = "") -> str:
    """Return what a support engineer of Azure asks for first: what was sent, when, and every id it had.

    ``step`` limits it to one step's requests.
    """
    profile = plan.profile
    lines = [
        f"Subscription: {profile.subscription}",
        f"Tenant: {profile.tenant or 'not named in the profile'}",
        f"Workspace: {profile.primary.workspace}",
    ]
    if profile.secondary:
        lines.append(f"Second workspace: {profile.secondary.workspace}")
    words = [line for entry in entries for line in _ticket_lines(entry, step)]
    lines.extend(words or ["No changing request was sent, and no request failed."])
    return "\n".join(shown(line) for line in lines)


def _ticket_lines(entry: e.Recorded, step: str) -> tuple[str, ...]:
    event = entry.event
    if step and getattr(event, "step", "") != step:
        return ()
    match event:
        case e.ActionSent():
            return (
                f"{entry.t} sent {event.method} {event.path} x-ms-client-request-id {event.request_id}",
            )
        case e.ActionAccepted():
            ids = f"x-ms-correlation/request-id {event.service_request_id or 'none given'}"
            return (f"{entry.t} accepted with HTTP {event.status}, {ids}",)
        case e.ActionResulted():
            return (f"{entry.t} ended {event.outcome.value}: {event.text}",)
        case e.CallMade() if not 200 <= event.status < 400:  # noqa: PLR2004 - HTTP's own classes
            status = f"HTTP {event.status}" if event.status else "no answer"
            ids = (
                f"x-ms-client-request-id {event.client_request_id or '-'}, "
                f"x-ms-request-id {event.service_request_id or '-'}"
            )
            took = f"{status} after {event.milliseconds} ms"
            return (f"{entry.t} {event.method} {event.path}: {took}, {ids}",)
        case _:
            return ()


class Attention(StrEnum):
    """Why somebody should look at the screen now: a bell or an OSC 9 notification says so."""

    NONE = "none"
    CONFIRMATION_DUE = "confirmation-due"
    LONG_WAIT_ENDED = "long-wait-ended"
    APPROVAL_NEEDED = "approval-needed"
    APPROVAL_CAME = "approval-came"
    IN_DOUBT = "in-doubt"
    UPDATE_DUE = "update-due"


LONG_WAIT_SECONDS = 60
"""A step that took longer than this is worth a bell when it ends."""


def attention(before: RunState, after: RunState) -> Attention:
    """Return what happened between two states that somebody should be called for; the gravest first."""
    for name, record in after.steps.items():
        found = _of_step(before.step(name), record)
        if found is not Attention.NONE:
            return found
    return Attention.NONE


def attention_now(state: RunState, now: datetime) -> Attention:
    """Return what time alone calls somebody for: the incident channel's next word."""
    timer = update_timer(state, now)
    return Attention.UPDATE_DUE if timer.due and timer.seconds_left <= 0 else Attention.NONE


def _of_step(before: StepRecord, after: StepRecord) -> Attention:
    changed = before.state is not after.state
    if changed and after.state is StepState.IN_DOUBT:
        return Attention.IN_DOUBT
    if len(after.approvals) > len(before.approvals):
        return Attention.APPROVAL_CAME
    if after.asked is not None and after.asked != before.asked:
        return Attention.APPROVAL_NEEDED
    if changed and after.state is StepState.PROPOSED:
        return Attention.CONFIRMATION_DUE
    if changed and after.state.settled and _seconds(before.since, after.since) > LONG_WAIT_SECONDS:
        return Attention.LONG_WAIT_ENDED
    return Attention.NONE


def _seconds(before: str, after: str) -> float:
    try:
        return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


WORDS: dict[Attention, str] = {
    Attention.NONE: "",
    Attention.CONFIRMATION_DUE: "A confirmation is due.",
    Attention.LONG_WAIT_ENDED: "A long wait has ended.",
    Attention.APPROVAL_NEEDED: "An approval is needed.",
    Attention.APPROVAL_CAME: "An approval came.",
    Attention.IN_DOUBT: "An action is in doubt.",
    Attention.UPDATE_DUE: "The incident channel wants a word.",
}
"""What a notification says; never a name or an id, since a screen may be shared."""
