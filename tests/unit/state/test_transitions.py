"""The table of transitions, written out a second time by hand, and the fold over it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import Confirmation, Outcome, Risk
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, fold
from amlrunbook.state.transitions import TRANSITIONS, StepState, next_state
from tests.examples import examples

FINDING = Finding(
    check="c",
    resource="r",
    verdict=Verdict.FAIL,
    title="t",
    observed="o",
    expected="x",
    why="w",
    source="s",
)
EVENTS: dict[str, e.StepEvent] = {
    event.KIND if not isinstance(event, (e.ActionResulted, e.DoubtRuled)) else name: event
    for name, event in {
        "ready": e.StepReady(step="s"),
        "blocked": e.StepBlocked(step="s", why="w"),
        "overruled": e.StepOverruled(step="s", need="n", reason="r"),
        "started": e.StepStarted(step="s"),
        "progressed": e.StepProgressed(step="s", text="t"),
        "passed": e.StepPassed(step="s", text="t"),
        "warned": e.StepWarned(step="s", text="t"),
        "failed": e.StepFailed(step="s", text="t"),
        "unknown": e.StepUnknown(step="s", text="t"),
        "timed-out": e.StepTimedOut(step="s", text="t", budget_seconds=1),
        "skipped": e.StepSkipped(step="s", reason="r"),
        "outside": e.StepDoneOutside(step="s", evidence="e"),
        "finding": e.FindingMade(step="s", finding=FINDING),
        "decision": e.DecisionMade(step="s", choice="c", text="t"),
        "child.opened": e.ChildOpened(step="s", runbook="r", plan_digest="d"),
        "child.closed": e.ChildClosed(step="s", runbook="r", outcome=e.RunOutcome.COMPLETED),
        "variant": e.VariantChanged(step="s", before="a", after="b"),
        "proposed": e.ActionProposed(
            step="s",
            operation="o",
            summary="s",
            requests=(),
            resources=(),
            risk=Risk.REVERSIBLE,
            confirmation=Confirmation.ENTER,
        ),
        "declined": e.ActionDeclined(step="s"),
        "asked": e.ApprovalAsked(step="s", challenge="c", needed=1, expires="x"),
        "granted": e.ApprovalGranted(step="s", challenge="c", principal="p", sig="s"),
        "denied": e.ApprovalDeclined(step="s", principal="p"),
        "expired": e.ApprovalExpired(step="s", challenge="c"),
        "refused": e.ApprovalRefused(step="s", reason="own key"),
        "glass": e.GlassBroken(step="s", reason="r"),
        "confirmed": e.ActionConfirmed(
            step="s", operation="o", request_id="i", resources=(), confirmation=Confirmation.ENTER
        ),
        "sent": e.ActionSent(step="s", request_id="i", method="PUT", path="/p"),
        "accepted": e.ActionAccepted(step="s", request_id="i", status=202),
        "verified": e.ActionVerified(step="s", text="t"),
        "doubted": e.ActionDoubted(step="s", why="w"),
        "result succeeded": e.ActionResulted(
            step="s", request_id="i", outcome=Outcome.SUCCEEDED, text="t"
        ),
        "result failed": e.ActionResulted(
            step="s", request_id="i", outcome=Outcome.FAILED, text="t"
        ),
        "result unknown": e.ActionResulted(
            step="s", request_id="i", outcome=Outcome.UNKNOWN, text="t"
        ),
        "ruled happened": e.DoubtRuled(step="s", ruling=e.Ruling.HAPPENED, reason="r"),
        "ruled not": e.DoubtRuled(step="s", ruling=e.Ruling.DID_NOT_HAPPEN, reason="r"),
        "ruled unclear": e.DoubtRuled(step="s", ruling=e.Ruling.CANNOT_TELL, reason="r"),
    }.items()
}

SAME = "same"
OPEN = "pending blocked ready"
CONCLUDED = "passed warned failed unknown"
FLYING = "confirmed sent accepted"
TABLE: dict[str, tuple[str, str]] = {
    "step.ready": (f"{OPEN} {CONCLUDED} proposed skipped running", "ready"),
    "step.blocked": (OPEN, "blocked"),
    "step.overruled": (OPEN, SAME),
    "step.started": (f"{OPEN} {CONCLUDED}", "running"),
    "step.progressed": (f"{FLYING} running", SAME),
    "step.passed": ("running", "passed"),
    "step.warned": ("running", "warned"),
    "step.failed": (f"{OPEN} {FLYING} running proposed", "failed"),
    "step.unknown": ("running", "unknown"),
    "step.timed-out": (f"{FLYING} running", SAME),
    "step.skipped": (f"{OPEN} {CONCLUDED} proposed", "skipped"),
    "step.done-outside": (f"{OPEN} {CONCLUDED} proposed", "done-outside"),
    "finding": ("running", SAME),
    "decision": (f"{OPEN} running passed", "passed"),
    "child.opened": ("running ready", "running"),
    "child.closed": ("running", SAME),
    "variant.changed": (f"{OPEN} {CONCLUDED} proposed", SAME),
    "action.proposed": (f"{OPEN} failed proposed running", "proposed"),
    "action.declined": ("proposed", "ready"),
    "approval.asked": ("proposed", SAME),
    "approval.granted": ("proposed", SAME),
    "approval.declined": ("proposed", SAME),
    "approval.expired": ("proposed", SAME),
    "approval.refused": ("proposed", SAME),
    "glass.broken": ("proposed", SAME),
    "action.confirmed": ("proposed", "confirmed"),
    "action.sent": (FLYING, "sent"),
    "action.accepted": ("sent accepted", "accepted"),
    "action.verified": (f"{FLYING} in-doubt", "verified"),
    "action.doubted": (f"{FLYING} in-doubt", "in-doubt"),
    "result succeeded": (FLYING, SAME),
    "result failed": (FLYING, "failed"),
    "result unknown": (FLYING, SAME),
    "ruled happened": ("in-doubt", "accepted"),
    "ruled not": ("in-doubt", "ready"),
    "ruled unclear": ("in-doubt", "in-doubt"),
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_event_leads_where_the_table_says_and_nowhere_else(name):
    allowed, target = TABLE[name]
    event = EVENTS[name]
    for state in StepState:
        wanted = None
        if state.value in allowed.split():
            wanted = state if target is SAME else StepState(target)
        assert next_state(state, event) is wanted, state


def test_the_table_knows_every_event_of_a_step():
    of_steps = {kind for kind, event in e.VOCABULARY.items() if issubclass(event, e.StepEvent)}
    said_otherwise = {"action.result", "doubt.ruled"}
    assert of_steps - said_otherwise == {name for name in TABLE if " " not in name}
    assert set(TABLE) == set(EVENTS)
    assert {event.KIND for event in TRANSITIONS} | said_otherwise == of_steps


def test_every_state_but_the_first_can_be_come_to():
    targets = {StepState(target) for _, target in TABLE.values() if target is not SAME}
    assert targets == set(StepState) - {StepState.PENDING}


ANY_EVENT = st.one_of(
    st.builds(
        lambda event, step: msgspec.structs.replace(event, step=step),
        st.sampled_from(list(EVENTS.values())),
        st.sampled_from(["s", "t"]),
    ),
    st.sampled_from(
        [
            e.RunPaused(),
            e.RunResumed(operator="o", after=1),
            e.NoteAdded(text="n"),
            e.UnknownEvent(kind="later.kind", body={"a": 1}),
            e.ProbeRed(probe="p", text="t"),
            e.ProbeGreen(probe="p", text="t"),
            e.WarningRaised(text="w"),
            e.CallMade(method="GET", path="/", status=500, milliseconds=1),
        ]
    ),
)


def recorded(events):
    return [
        e.Recorded(n=n, t=f"2026-01-01T00:00:00.{n:03}Z", event=event)
        for n, event in enumerate(events)
    ]


@settings(deadline=None, max_examples=examples(ci=100, campaign=5000))
@given(st.lists(ANY_EVENT, max_size=30), st.integers(0, 30))
def test_a_fold_of_a_prefix_and_of_the_rest_is_the_fold_of_all(events, cut):
    entries = recorded(events)
    assert fold(entries[cut:], fold(entries[:cut])) == fold(entries)


@settings(deadline=None, max_examples=examples(ci=100, campaign=5000))
@given(st.lists(ANY_EVENT, max_size=30))
def test_the_fold_refuses_nothing_and_keeps_what_may_not_happen_apart(events):
    states = {"s": StepState.PENDING, "t": StepState.PENDING}
    anomalies = 0
    for event in events:
        if isinstance(event, e.StepEvent):
            after = next_state(states[event.step], event)
            anomalies += after is None
            states[event.step] = after or states[event.step]
    state = fold(recorded(events))
    assert len(state.anomalies) == anomalies
    assert {name: state.step(name).state for name in states} == states


@settings(deadline=None, max_examples=examples(ci=100, campaign=5000))
@given(ANY_EVENT)
def test_an_event_comes_back_out_of_its_body(event):
    if isinstance(event, e.UnknownEvent):
        assert e.event_of(event.kind, event.body) == event
    else:
        body = msgspec.json.decode(msgspec.json.encode(e.body_of(event)))
        assert e.event_of(event.KIND, body) == event


def test_a_body_that_does_not_fit_its_kind_is_shown_as_it_is():
    body = {"step": 7, "text": "t"}
    assert e.event_of("step.passed", body) == e.UnknownEvent(kind="step.passed", body=body)


@pytest.mark.parametrize(
    ("ruling", "code"),
    [(None, 5), (e.Ruling.CANNOT_TELL, 5), (e.Ruling.DID_NOT_HAPPEN, 0)],
)
def test_an_action_in_doubt_wins_over_what_failed(ruling, code):
    names = ["ready", "proposed", "confirmed", "doubted"]
    events: list[e.Event] = [
        EVENTS.get(n, EVENTS.get(f"step.{n}", EVENTS.get(f"action.{n}"))) for n in names
    ]
    if ruling:
        events.append(e.DoubtRuled(step="s", ruling=ruling, reason="r"))
    assert fold(recorded(events)).exit_code == code


def test_exit_codes_of_findings():
    def after(verdict, conclusion):
        finding = msgspec.structs.replace(FINDING, verdict=verdict)
        events = [e.StepStarted(step="s"), e.FindingMade(step="s", finding=finding), conclusion]
        return fold(recorded(events)).exit_code

    assert after(Verdict.FAIL, e.StepWarned(step="s", text="t")) == 1
    assert after(Verdict.UNKNOWN, e.StepPassed(step="s", text="t")) == 6
    assert after(Verdict.WARN, e.StepWarned(step="s", text="t")) == 0
    assert RunState().exit_code == 0
