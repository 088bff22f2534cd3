"""One page, the words to paste, and what calls somebody to the screen."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from amlrunbook.errors import RefusedError
from amlrunbook.executor.commands import (
    AskApproval,
    Confirm,
    DeclareIncident,
    DoneOutside,
    GiveAnswer,
    OfferHandover,
    RunProbes,
    RunStep,
)
from amlrunbook.executor.handover import Accepted, read_back
from amlrunbook.executor.one_page import LABELS, NOTHING, one_page
from amlrunbook.executor.status_text import (
    Attention,
    attention,
    contact_lines,
    status_text,
    support_ticket,
)
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.model.profile import Contact, Probe
from amlrunbook.planning.grammar import StepKind
from amlrunbook.state import events as e
from tests.unit.executor.ground import check, ground_of, planned, switch_step
from tests.unit.executor.peopled import SAM, Lamps, answered, people, two_persons_ground
from tests.unit.executor.test_calls import Made

NOW = datetime(2026, 1, 1, 0, 44, 18, tzinfo=UTC)


def rows(run):
    page = one_page(run.stage.plan, run.state, NOW)
    return {row.label: row.text for row in page.rows}


def test_the_page_has_its_words_in_their_order_from_the_first_moment():
    run = ground_of(switch_step()).open()
    page = one_page(run.stage.plan, run.state, NOW)
    assert tuple(row.label for row in page.rows) == LABELS
    assert rows(run)["MOVED"] == NOTHING
    assert rows(run)["NOT MOVED"] == "Switch"
    assert rows(run)["NEXT SAFE"] == "look at what it would do: Switch"


def test_what_is_verified_or_done_outside_is_moved():
    ground = ground_of(switch_step(), planned("call", StepKind.MANUAL))
    run = ground.open()
    run.perform(RunStep(step="switch"))
    assert rows(run)["WAITING"] == "on you: confirm Switch"
    run.perform(Confirm(step="switch"))
    run.perform(DoneOutside(step="call", evidence="seen in the portal"))
    assert rows(run)["MOVED"] == "Switch · Call (outside)"
    assert rows(run)["NOT MOVED"] == NOTHING
    assert rows(run)["NEXT SAFE"] == "close the run"


def test_a_doubt_comes_before_anything_else():
    ground = ground_of(switch_step(), check("a"))
    ground.world.behaviour = "lost"
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    assert rows(run)["IN DOUBT"] == "Switch"
    assert rows(run)["MOVED"] == NOTHING
    assert rows(run)["NEXT SAFE"] == "look again at Switch; do not start it again"
    assert "Unknown whether it happened: Switch (switch)" in status_text(
        run.stage.plan, run.state, NOW
    )


def test_what_is_lost_is_named_once_it_was_sent():
    ground = ground_of(switch_step())
    action = ground.operations["switch.on"]
    original = action.preview
    action.preview = lambda context: msgspec.structs.replace(
        original(context), loses="4 min 12 s of writes"
    )
    run = ground.open()
    run.perform(RunStep(step="switch"))
    assert rows(run)["LOST"] == NOTHING
    ground.world.behaviour = "lost"
    run.perform(Confirm(step="switch"))
    assert rows(run)["LOST"] == "perhaps stone: 4 min 12 s of writes"


def test_probes_and_people_stand_on_the_page():
    ground = ground_of(check("a"))
    probes = (Probe(name="score", url="https://x.test/"), Probe(name="web", url="https://y.test/"))
    profile = msgspec.structs.replace(ground.plan.profile, probes=probes)
    ground.plan = msgspec.structs.replace(ground.plan, profile=profile)
    ground.people = people(probing=Lamps(score=True, web=False))
    run = ground.open()
    assert rows(run)["PROBES"] == "? unknown score not asked yet · ? unknown web not asked yet"
    run.perform(DeclareIncident(severity="sev1"))
    run.perform(RunProbes())
    assert rows(run)["PROBES"] == "✓ green score 200 in 8 ms · ✗ red web 503"
    assert "next update overdue by 00:14:1" in rows(run)["PEOPLE"]
    text = status_text(run.stage.plan, run.state, NOW)
    assert text.startswith("DRILL, nothing real. sev1: Small, one (eastus), 2026-01-01T00:44Z")
    assert "Phase 1 of 1: All, 0 of 1 steps settled." in text
    assert "Health probes: red: web" in text
    assert "Next update: 2026-01-01T00:30:00Z" in text


def test_a_ticket_names_every_id_and_no_request_that_went_well():
    ground = ground_of(switch_step())
    run = ground.open()
    run.call_made(Made(path="/fine"))
    run.call_made(Made(path="/broken", status=503, client_request_id="c-9"))
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    text = support_ticket(run.stage.plan, run.stage.record.entries)
    assert run.state.step("switch").intent.request_id in text
    assert "svc-1" in text
    assert "c-9" in text
    assert "/fine" not in text
    assert (
        "no changing request"
        in support_ticket(run.stage.plan, run.stage.record.entries, step="other").lower()
    )


def seen(run, command):
    before = run.state
    run.perform(command)
    return attention(before, run.state)


def test_somebody_is_called_when_it_matters():
    ground = two_persons_ground(mode=Mode.LIVE)
    run = ground.open()
    assert seen(run, RunStep(step="switch")) is Attention.CONFIRMATION_DUE
    assert seen(run, AskApproval(step="switch")) is Attention.APPROVAL_NEEDED
    given = GiveAnswer(step="switch", text=answered(run, SAM))
    assert seen(run, given) is Attention.APPROVAL_CAME
    ground.world.behaviour = "lost"
    assert seen(run, Confirm(step="switch", typed="stone")) is Attention.IN_DOUBT


def test_a_long_wait_calls_and_a_short_one_does_not():
    run = ground_of(check("a"), check("b")).open()
    assert seen(run, RunStep(step="a")) is Attention.NONE
    state = run.state
    begun = msgspec.structs.replace(state.step("b"), since="2026-01-01T00:00:00Z")
    ended = msgspec.structs.replace(
        begun, since="2026-01-01T00:02:00Z", state=state.step("a").state
    )
    before = msgspec.structs.replace(state, steps={**state.steps, "b": begun})
    after = msgspec.structs.replace(state, steps={**state.steps, "b": ended})
    assert attention(before, after) is Attention.LONG_WAIT_ENDED


def test_a_run_that_was_handed_over_is_taken_by_reading_it():
    ground = ground_of(switch_step(), check("a"), confirmation=Confirmation.ENTER)
    run = ground.open()
    fact = read_back(run.stage.plan, run.state)
    assert fact.fits(" SWITCH ")
    run.perform(OfferHandover(principal="sam"))
    assert rows(run)["NEXT SAFE"] == "wait for sam"
    with pytest.raises(RefusedError, match="HANDED OVER"):
        ground.resume()
    before = len(ground.disk.entries)
    taken = ground.resume(operator="sam", accepted=Accepted("sam", "Read back: switch"))
    assert taken.state.handed_over is None
    assert taken.state.operator == "sam"
    assert ground.disk.events[before + 1] == e.HandoverAccepted(
        principal="sam", text="Read back: switch"
    )
    taken.perform(RunStep(step="a"))
    assert not taken.state.warnings


def test_somebody_else_who_takes_it_is_named():
    ground = ground_of(check("a"))
    ground.open().perform(OfferHandover(principal="sam"))
    taken = ground.resume(operator="tina", accepted=Accepted("tina"))
    assert taken.state.warnings == ("The run was handed over to sam; tina took it instead.",)


def test_nothing_is_accepted_that_was_not_offered():
    ground = ground_of(check("a"))
    ground.open()
    with pytest.raises(RefusedError, match="not handed over"):
        ground.resume(accepted=Accepted("sam"))


def test_contacts_are_told_as_the_profile_has_them():
    plan = ground_of(check("a")).plan
    contacts = (Contact(name="Tina", role="lead", reach="+1 555"), Contact(name="Desk"))
    profile = msgspec.structs.replace(plan.profile, contacts=contacts)
    lines = contact_lines(msgspec.structs.replace(plan, profile=profile))
    assert lines == ("Tina (lead): +1 555", "Desk: no way known")
