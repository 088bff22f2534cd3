"""Two persons: who may say yes, to what, for how long; and what is refused is journaled with its reason."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlrunbook.errors import AmlRunbookError, RefusedError
from amlrunbook.executor.approvals import token_of
from amlrunbook.executor.commands import (
    GLASS_PHRASE,
    AskApproval,
    BreakGlass,
    Confirm,
    Decline,
    GiveAnswer,
    RunStep,
)
from amlrunbook.journal import KeyIdentity, answer, parse_challenge, read_ask
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Approvals, Approver
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.examples import examples
from tests.unit.executor.ground import Crash
from tests.unit.executor.peopled import (
    OLGA,
    OLGAS_SECOND,
    SAM,
    STRANGER,
    TINA,
    answered,
    trust_of,
    two_persons_ground,
)


def asked_run(ground):
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(AskApproval(step="switch"))
    return run


def with_approvals(ground, *names, **fields):
    profile = msgspec.structs.replace(
        ground.plan.profile,
        approvals=Approvals(**fields),
        approvers=tuple(Approver(principal=name) for name in names),
    )
    ground.plan = msgspec.structs.replace(ground.plan, profile=profile)
    return ground


def confirm(run):
    run.perform(Confirm(step="switch", typed="stone"))


def test_nothing_is_sent_until_another_person_said_yes_and_the_name_is_typed():
    ground = two_persons_ground()
    run = asked_run(ground)
    with pytest.raises(RefusedError, match="0 of 1"):
        confirm(run)
    run.perform(GiveAnswer(step="switch", text=f"Sam says:\n{answered(run, SAM)}\nBye"))
    with pytest.raises(RefusedError, match="stone"):
        run.perform(Confirm(step="switch", typed="stine"))
    assert ground.world.puts == []
    confirm(run)
    assert run.state.step("switch").state is StepState.VERIFIED
    assert ground.disk.kinds("switch")[2:6] == [
        "action.proposed",
        "approval.asked",
        "approval.granted",
        "action.confirmed",
    ]


def test_the_token_says_in_words_what_is_asked():
    run = asked_run(two_persons_ground())
    token = token_of(run.state.step("switch").asked)
    assert "olga asks for approval" in token
    challenge = read_ask(token)
    assert challenge.step == "switch"
    assert challenge.plan_digest == run.stage.plan.digest
    assert challenge.needed == 1
    assert challenge.risk == "data-loss"
    assert not challenge.drill


def refusals(ground):
    return [x.reason for x in ground.disk.events if isinstance(x, e.ApprovalRefused)]


def altered(text):
    place = len(text) // 2
    return text[:place] + ("B" if text[place] != "B" else "C") + text[place + 1 :]


def foreign(run):
    challenge = parse_challenge(run.state.step("switch").asked.challenge)
    return answer(msgspec.structs.replace(challenge, step="another"), SAM, granted=True)


@pytest.mark.parametrize(
    ("given_text", "why"),
    [
        (lambda run: answered(run, OLGA), "the one who asks"),
        (lambda run: answered(run, OLGAS_SECOND), "the one who asks"),
        (
            lambda run: answered(run, KeyIdentity("sam", OLGAS_SECOND._key)),
            "a key of the one who asks",
        ),
        (lambda run: answered(run, STRANGER), "stranger"),
        (lambda run: altered(answered(run, SAM)), "token"),
        (foreign, "another challenge"),
        (lambda run: "yes, go ahead", "token"),
    ],
)
def test_what_does_not_count_is_refused_with_the_reason_and_journaled(given_text, why):
    ground = two_persons_ground()
    run = asked_run(ground)
    with pytest.raises(RefusedError, match=why):
        run.perform(GiveAnswer(step="switch", text=given_text(run)))
    assert len(refusals(ground)) == 1
    assert why in refusals(ground)[0]
    assert run.state.step("switch").approvals == ()
    with pytest.raises(RefusedError, match="0 of 1"):
        confirm(run)
    assert ground.world.puts == []


def test_a_second_name_for_the_starters_key_in_the_list_does_not_help():
    both = trust_of(OLGA, KeyIdentity("sam", OLGA._key))
    ground = two_persons_ground(trust=lambda: both)
    run = asked_run(ground)
    with pytest.raises(RefusedError, match="a key of the one who asks"):
        run.perform(GiveAnswer(step="switch", text=answered(run, KeyIdentity("sam", OLGA._key))))


def test_a_no_is_journaled_and_does_not_count():
    ground = two_persons_ground()
    run = asked_run(ground)
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM, granted=False, comment="Wait.")))
    assert "approval.declined" in ground.disk.kinds("switch")
    assert "sam declined. Wait." in run.state.step("switch").approval_word
    with pytest.raises(RefusedError, match="0 of 1"):
        confirm(run)


def test_an_answer_after_the_time_is_refused_and_the_proposal_stands():
    ground = two_persons_ground()
    run = asked_run(ground)
    text = answered(run, SAM)
    ground.people.now.pass_by(15)
    with pytest.raises(RefusedError, match="expired"):
        run.perform(GiveAnswer(step="switch", text=text))
    assert ground.disk.kinds("switch")[-1] == "approval.expired"
    assert run.state.step("switch").state is StepState.PROPOSED
    with pytest.raises(RefusedError, match="No approval is asked"):
        run.perform(GiveAnswer(step="switch", text=text))
    run.perform(AskApproval(step="switch"))
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    confirm(run)
    assert len(ground.world.puts) == 1


def test_an_approval_that_expired_before_it_was_used_is_none():
    ground = two_persons_ground()
    run = asked_run(ground)
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    ground.people.now.pass_by(15)
    with pytest.raises(RefusedError, match="expired"):
        confirm(run)
    assert ground.world.puts == []
    assert ground.disk.kinds("switch")[-1] == "approval.expired"


def test_two_of_three_are_two_different_persons():
    ground = with_approvals(two_persons_ground(), "sam", "tina", needed=2)
    run = asked_run(ground)
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    with pytest.raises(RefusedError, match="1 of 2"):
        confirm(run)
    with pytest.raises(RefusedError, match="approved already"):
        run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    run.perform(GiveAnswer(step="switch", text=answered(run, TINA)))
    confirm(run)
    assert len(ground.world.puts) == 1


def test_only_the_profiles_approvers_approve_where_it_names_any():
    run = asked_run(with_approvals(two_persons_ground(), "tina"))
    with pytest.raises(RefusedError, match="sam is no approver"):
        run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    run.perform(GiveAnswer(step="switch", text=answered(run, TINA)))
    confirm(run)


def test_an_approval_is_for_one_proposal():
    ground = two_persons_ground()
    run = asked_run(ground)
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    run.perform(Decline(step="switch"))
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError, match="0 of 1"):
        confirm(run)
    assert ground.world.puts == []


@pytest.mark.parametrize("operator", ["sam", "tina", ""])
def test_an_approval_survives_the_process_and_no_other_operator(operator):
    ground = two_persons_ground()
    run = asked_run(ground)
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    other = replace(ground.people, principal=operator, key="SHA256:other")
    taken = ground.resume(people=other)
    with pytest.raises(RefusedError, match="0 of 1"):
        confirm(taken)
    assert ground.world.puts == []
    again = ground.resume()
    confirm(again)
    assert len(ground.world.puts) == 1


def test_a_run_signed_by_nobody_has_no_second_person():
    run = two_persons_ground(principal="").open()
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError, match="nobody's"):
        run.perform(AskApproval(step="switch"))


def test_breaking_the_glass_is_loud_and_still_typed():
    ground = two_persons_ground()
    run = ground.open()
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError, match="phrase"):
        run.perform(BreakGlass(step="switch", reason="Nobody answers.", typed="please"))
    with pytest.raises(RefusedError, match="reason"):
        run.perform(BreakGlass(step="switch", reason=" ", typed=GLASS_PHRASE))
    run.perform(BreakGlass(step="switch", reason="Nobody answers.", typed=GLASS_PHRASE))
    assert "GLASS BROKEN" in run.state.warnings[-1]
    assert run.state.broken_glass == 1
    with pytest.raises(RefusedError, match="stone"):
        run.perform(Confirm(step="switch"))
    assert ground.world.puts == []
    confirm(run)
    assert len(ground.world.puts) == 1


def test_broken_glass_is_for_one_proposal():
    ground = two_persons_ground()
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(BreakGlass(step="switch", reason="Nobody answers.", typed=GLASS_PHRASE))
    run.perform(Decline(step="switch"))
    run.perform(RunStep(step="switch"))
    with pytest.raises(RefusedError, match="0 of 1"):
        confirm(run)


def test_read_only_asks_nobody():
    run = two_persons_ground(mode=Mode.READ_ONLY).open()
    run.perform(RunStep(step="switch"))
    for command in (
        AskApproval(step="switch"),
        BreakGlass(step="switch", reason="x", typed=GLASS_PHRASE),
    ):
        with pytest.raises(RefusedError, match="read-only"):
            run.perform(command)


OWN = st.sampled_from([OLGA, OLGAS_SECOND, KeyIdentity("sam", OLGA._key), STRANGER])
MOVE = st.tuples(
    st.sampled_from(["run", "ask", "own", "no", "late", "confirm", "decline", "hour", "junk"]),
    OWN,
    st.integers(0, 9),
)


@settings(
    deadline=None,
    max_examples=examples(ci=100, campaign=5000),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(moves=st.lists(MOVE, max_size=16))
def test_no_approval_by_the_starter_ever_confirms(moves):
    ground = two_persons_ground()
    run = ground.open()
    old = []
    for word, identity, crash in moves:
        ground.disk.crash_at = ground.disk.appends + crash if crash else 0
        try:
            play(run, ground, word, identity, old)
        except AmlRunbookError:
            continue
        except Crash:
            ground.disk.crash_at = 0
            run = ground.resume()
    assert ground.world.puts == []
    assert not any(isinstance(x, e.ApprovalGranted | e.ActionConfirmed) for x in ground.disk.events)
    assert fold(ground.disk.entries).anomalies == ()


def play(run, ground, word, identity, old):
    asked = run.state.step("switch").asked
    match word:
        case "run":
            run.perform(RunStep(step="switch"))
        case "ask":
            run.perform(AskApproval(step="switch"))
        case "own" if asked:
            run.perform(GiveAnswer(step="switch", text=answered(run, identity)))
        case "no" if asked:
            old.append(answered(run, SAM))
            run.perform(GiveAnswer(step="switch", text=answered(run, SAM, granted=False)))
        case "late" if old:
            challenge = run.state.step("switch").asked
            ground.people.now.pass_by(16)
            assert challenge is None or run.state.step("switch").asked == challenge
            run.perform(GiveAnswer(step="switch", text=old[-1]))
        case "confirm":
            confirm(run)
        case "decline":
            run.perform(Decline(step="switch"))
        case "hour":
            ground.people.now.pass_by(60)
        case _:
            run.perform(GiveAnswer(step="switch", text="amlanswer1 nothing"))
