"""Actions: preview, confirmation, intent first, result, verification, doubt."""

from __future__ import annotations

import pytest

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.executor.commands import (
    AddNote,
    Close,
    Confirm,
    Decline,
    DoneOutside,
    LookAgain,
    Overrule,
    Pause,
    Rule,
    RunStep,
    Skip,
)
from amlrunbook.executor.legality import typed_names
from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation, Risk
from amlrunbook.planning.conditions import StepCondition, StepPredicate, StepWord
from amlrunbook.state.events import Ruling
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import (
    ACCOUNT,
    WORKSPACE,
    LookAt,
    check,
    ground_of,
    switch_step,
)


def confirmed(ground):
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    return run


def test_an_action_is_previewed_confirmed_sent_and_verified_by_another_look():
    ground = ground_of(switch_step())
    run = confirmed(ground)
    assert ground.disk.kinds("switch") == [
        "step.ready",
        "evidence.added",
        "action.proposed",
        "action.confirmed",
        "action.sent",
        "action.accepted",
        "step.progressed",
        "action.result",
        "action.verified",
    ]
    assert run.state.step("switch").state is StepState.VERIFIED
    assert ground.world.puts == [run.state.step("switch").intent.request_id]


def test_a_proposal_whose_need_was_lost_since_is_not_confirmed():
    ground = ground_of(
        check("look"),
        switch_step(needs=("look",)),
        checks=[LookAt("look", Verdict.PASS, Verdict.UNKNOWN)],
    )
    run = ground.open()
    for step in ("look", "switch", "look"):
        run.perform(RunStep(step=step))
    assert run.state.step("switch").state is StepState.PROPOSED
    with pytest.raises(
        RefusedError, match=r"any more .*: needs look, which is unknown\."
    ) as refused:
        run.perform(Confirm(step="switch"))
    assert refused.value.state == "Nothing was sent; the proposal stands."
    assert ground.world.puts == []
    run.perform(Decline(step="switch"))
    assert run.state.step("switch").state is StepState.BLOCKED
    run.perform(Overrule(step="switch", need="look", reason="Seen by eye."))
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.VERIFIED


def test_a_proposal_that_is_not_called_for_any_more_is_not_confirmed():
    failed = StepPredicate(steps=("look",), word=StepWord.FAILED, name="look")
    ground = ground_of(
        check("look"),
        switch_step(when=StepCondition(any=(failed,))),
        checks=[LookAt("look", Verdict.FAIL, Verdict.PASS)],
    )
    run = ground.open()
    for step in ("look", "switch", "look"):
        run.perform(RunStep(step=step))
    with pytest.raises(RefusedError, match="any more"):
        run.perform(Confirm(step="switch"))
    run.perform(Decline(step="switch"))
    assert run.state.step("switch").state is StepState.SKIPPED
    assert ground.world.puts == []


def test_intent_and_request_are_durable_before_the_byte_leaves():
    ground = ground_of(switch_step())
    seen = []

    def look_at_the_disk(request_id):
        seen.append(
            [
                event.KIND
                for event in ground.disk.events
                if getattr(event, "request_id", "") == request_id
            ]
        )

    ground.world.before_put = look_at_the_disk
    confirmed(ground)
    assert seen == [["action.confirmed", "action.sent"]]


def test_nothing_leaves_in_read_only_and_the_proposal_stays_to_be_read():
    ground = ground_of(switch_step(), mode=Mode.READ_ONLY)
    run = ground.open()
    run.perform(RunStep(step="switch"))
    before = len(ground.disk.entries)
    with pytest.raises(RefusedError, match="read-only"):
        run.perform(Confirm(step="switch"))
    assert ground.world.puts == []
    assert len(ground.disk.entries) == before
    assert run.state.step("switch").state is StepState.PROPOSED


@pytest.mark.parametrize("typed", ["", "stone ", "STONE", "ston", "stone\n"])
def test_a_name_that_is_not_typed_exactly_sends_nothing(typed):
    ground = ground_of(switch_step(), confirmation=Confirmation.TYPE_NAME)
    run = ground.open()
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError, match="stone"):
        run.perform(Confirm(step="switch", typed=typed))
    assert ground.world.puts == []
    run.perform(Confirm(step="switch", typed="stone"))
    assert run.state.step("switch").intent.typed == "stone"
    assert run.state.step("switch").state is StepState.VERIFIED


def test_a_plan_may_be_stricter_than_the_operation_and_never_milder():
    ground = ground_of(switch_step(confirmation=Confirmation.TYPE_NAME))
    run = ground.open()
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError):
        run.perform(Confirm(step="switch"))
    ground = ground_of(
        switch_step(confirmation=Confirmation.ENTER), confirmation=Confirmation.TYPE_NAME
    )
    run = ground.open()
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError):
        run.perform(Confirm(step="switch"))


def test_two_persons_are_not_one():
    ground = ground_of(switch_step(), confirmation=Confirmation.TWO_PERSONS)
    run = ground.open()
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError, match="second person"):
        run.perform(Confirm(step="switch", typed="stone"))
    assert ground.world.puts == []


def test_what_is_there_already_needs_no_request():
    ground = ground_of(switch_step())
    ground.world.on = True
    run = ground.open()
    run.perform(RunStep(step="switch"))
    assert run.state.step("switch").state is StepState.PASSED
    assert run.state.step("switch").text == "Nothing to do: It is on already."


def test_a_preview_that_cannot_be_read_is_unknown_and_can_be_asked_again():
    ground = ground_of(switch_step())
    ground.world.readable = False
    run = ground.open()
    run.perform(RunStep(step="switch"))
    assert run.state.step("switch").state is StepState.UNKNOWN
    ground.world.readable = True
    run.perform(RunStep(step="switch"))
    assert run.state.step("switch").state is StepState.PROPOSED


def test_going_back_sends_nothing():
    ground = ground_of(switch_step())
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Decline(step="switch", reason="Not now."))
    assert run.state.step("switch").state is StepState.READY
    assert ground.world.puts == []


def test_a_refusal_by_azure_fails_the_step_and_is_not_repeated():
    ground = ground_of(switch_step())
    ground.world.behaviour = "refused"
    run = confirmed(ground)
    assert run.state.step("switch").state is StepState.FAILED
    assert len(ground.world.puts) == 1


def test_an_answer_is_no_proof():
    ground = ground_of(switch_step())
    ground.world.behaviour = "lies"
    run = confirmed(ground)
    record = run.state.step("switch")
    assert record.state is StepState.FAILED
    assert "not seen" in record.text


@pytest.mark.parametrize(
    ("behaviour", "reached"), [("lost", False), ("unanswered", True), ("raises", False)]
)
def test_silence_is_doubt_and_the_evidence_tells_the_cases_apart(behaviour, reached):
    ground = ground_of(switch_step())
    ground.world.behaviour = behaviour
    run = confirmed(ground)
    record = run.state.step("switch")
    assert record.state is StepState.IN_DOUBT
    assert record.doubt.reached is reached
    assert bool(record.doubt.evidence_for) is reached
    assert bool(record.doubt.evidence_against) is not reached
    assert len(ground.world.puts) == 1


def test_a_doubt_is_ruled_by_the_operator():
    ground = ground_of(switch_step())
    ground.world.behaviour = "unanswered"
    run = confirmed(ground)
    for step in (Skip(step="switch", reason="x"), DoneOutside(step="switch", evidence="x")):
        with pytest.raises(RefusedError):
            run.perform(step)
    with pytest.raises(RefusedError):
        run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError):
        run.perform(Close())
    run.perform(LookAgain(step="switch"))
    assert run.state.step("switch").state is StepState.IN_DOUBT
    run.perform(Rule(step="switch", ruling=Ruling.HAPPENED, reason="It is on."))
    assert run.state.step("switch").state is StepState.VERIFIED
    assert len(ground.world.puts) == 1


def test_a_ruling_against_what_is_seen_stays_in_doubt():
    ground = ground_of(switch_step())
    ground.world.behaviour = "lost"
    run = confirmed(ground)
    run.perform(Rule(step="switch", ruling=Ruling.HAPPENED, reason="I believe it."))
    assert run.state.step("switch").state is StepState.IN_DOUBT
    assert "not seen" in run.state.step("switch").doubt.why
    run.perform(Rule(step="switch", ruling=Ruling.DID_NOT_HAPPEN, reason="It is off."))
    assert run.state.step("switch").state is StepState.READY
    ground.world.behaviour = "works"
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.VERIFIED
    assert len(set(ground.world.puts)) == 2


def test_a_run_closes_over_a_doubt_only_when_nobody_can_tell():
    ground = ground_of(switch_step())
    ground.world.behaviour = "lost"
    run = confirmed(ground)
    run.perform(Rule(step="switch", ruling=Ruling.CANNOT_TELL, reason="Azure is dark."))
    run.perform(Close())
    assert run.state.closed.exit_code == 5
    assert run.state.closed.outcome == "completed-with-failures"


def test_a_success_that_cannot_be_verified_is_in_doubt_until_it_can():
    ground = ground_of(switch_step())
    run = ground.open()
    run.perform(RunStep(step="switch"))

    def go_dark(_request_id):
        ground.world.readable = False

    ground.world.before_put = go_dark
    run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.IN_DOUBT
    ground.world.readable = True
    run.perform(LookAgain(step="switch"))
    assert run.state.step("switch").state is StepState.VERIFIED
    assert len(ground.world.puts) == 1


def test_a_dead_journal_sends_nothing_more():
    ground = ground_of(switch_step(), check("a"))
    run = ground.open()
    run.perform(RunStep(step="switch"))
    ground.disk.dies_at = ground.disk.appends + 1
    with pytest.raises(JournalError):
        run.perform(Confirm(step="switch"))
    assert ground.world.puts == []
    for command in (RunStep(step="a"), Confirm(step="switch"), AddNote(text="hello")):
        with pytest.raises(JournalError, match="cannot be written any more"):
            run.perform(command)
    assert ground.world.puts == []


def test_a_journal_that_dies_at_the_intent_of_the_request_stops_the_request():
    ground = ground_of(switch_step())
    run = ground.open()
    run.perform(RunStep(step="switch"))
    ground.disk.dies_at = ground.disk.appends + 2
    with pytest.raises(JournalError):
        run.perform(Confirm(step="switch"))
    assert ground.world.puts == []


def test_secrets_do_not_enter_a_journal():
    run = ground_of(check("a")).open()
    with pytest.raises(RefusedError, match="secret"):
        run.perform(AddNote(text="use AccountKey=abcdefghijklmnop=="))


def test_a_paused_run_goes_on_with_the_next_command():
    ground = ground_of(check("a"))
    run = ground.open()
    run.perform(Pause(reason="Lunch."))
    assert run.state.paused
    with pytest.raises(RefusedError):
        run.perform(Pause())
    run.perform(AddNote(text="still lunch"))
    assert run.state.paused
    run.perform(RunStep(step="a"))
    assert not run.state.paused
    assert run.state.resumed == 1


def test_closing_early_is_a_cancelled_run_and_incomplete():
    run = ground_of(check("a"), check("b")).open()
    run.perform(RunStep(step="a"))
    run.perform(Close())
    assert run.state.closed.outcome == "cancelled"
    assert run.state.closed.exit_code == 6
    assert run.state.closed.text == "1 ready, 1 passed"
    with pytest.raises(RefusedError, match="closed"):
        run.perform(RunStep(step="b"))


def test_closing_a_finished_run():
    ground = ground_of(check("a"))
    run = ground.open()
    run.perform(RunStep(step="a"))
    assert run.focus == ""
    run.perform(Close())
    assert run.state.closed.outcome == "completed"
    assert run.state.closed.exit_code == 0
    assert ground.disk.events[-1].KIND == "journal.close"


def test_what_loses_data_is_confirmed_by_name_whatever_anybody_says():
    ground = ground_of(switch_step())
    ground.operations["switch.on"].risk = Risk.DATA_LOSS
    run = ground.open()
    run.perform(RunStep(step="switch"))
    assert run.state.step("switch").proposal.confirmation is Confirmation.TYPE_NAME
    with pytest.raises(RefusedError, match="stone"):
        run.perform(Confirm(step="switch"))
    assert ground.world.puts == []


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.PASS, StepState.VERIFIED),
        (Verdict.FAIL, StepState.FAILED),
        (Verdict.UNKNOWN, StepState.IN_DOUBT),
    ],
)
def test_the_plans_own_check_verifies_too(verdict, state):
    ground = ground_of(switch_step(verify="look"), checks=[LookAt("look", verdict)])
    assert confirmed(ground).state.step("switch").state is state


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (ACCOUNT, "stone"),
        (f"{ACCOUNT}/blobServices/default", "stone"),
        (f"{WORKSPACE}/computes/cpu", "cpu"),
        ("not an id", "not an id"),
    ],
)
def test_the_name_to_type_is_the_one_that_people_know(resource, name):
    assert typed_names(switch_step(), (resource,)) == (name,)


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("stone ws-one", True),
        ("ws-one stone", True),
        ("stone and ws-one", True),
        ("stone", False),
        ("ws-one", False),
        ("stone stone", False),
        ("stone  ws-one", False),
        ("", False),
    ],
)
def test_every_name_is_typed_where_several_resources_are_touched(typed, taken):
    from msgspec.structs import replace

    ground = ground_of(switch_step(), confirmation=Confirmation.TYPE_NAME)
    action = ground.operations["switch.on"]
    plain = action.preview
    action.preview = lambda context: replace(plain(context), resources=(ACCOUNT, WORKSPACE))
    run = ground.open()
    run.perform(RunStep(step="switch"))
    if taken:
        run.perform(Confirm(step="switch", typed=typed))
        assert run.state.step("switch").state is StepState.VERIFIED
        return
    with pytest.raises(RefusedError, match="name of every resource"):
        run.perform(Confirm(step="switch", typed=typed))
    assert ground.world.puts == []
