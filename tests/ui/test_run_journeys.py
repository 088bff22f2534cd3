"""Keys in, commands and events out: an operator at the run screen."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec
import pytest

from amlrunbook.errors import JournalError
from amlrunbook.executor import commands as c
from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState
from screens.confirm import ConfirmScreen
from screens.doubt import DoubtScreen
from screens.results import RunEnded, RunLeft
from screens.run import RunScreen
from screens.widgets.line_view import LineView
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, text_of, typed
from tests.ui.worlds import doubtful_run, fresh_run, opened, plan, script, walked, walked_run

Keep = Callable[[ScriptedRun], ScriptedRun]


def cursor(app) -> str:
    return app.screen_stack[0].query_one("#steps", LineView).cursor_key


async def test_enter_runs_the_check_under_the_cursor_and_stays_there(run_of: Keep) -> None:
    run = run_of(fresh_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        assert cursor(app) == "redundancy"
        await pilot.press("enter")
        await rest(pilot, run)
        assert run.submitted == [c.RunStep(step="redundancy")]
        assert cursor(app) == "redundancy"
        assert "✗ failed 10:00:03: 1 of 2 accounts" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert cursor(app) == "soft-delete", "enter on a settled step goes to the next one"
        assert len(run.submitted) == 1


async def test_walking_runs_the_checks_and_stops_at_what_wants_a_person(run_of: Keep) -> None:
    run = run_of(fresh_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("w")
        await rest(pilot, run)
        assert [x.step for x in run.submitted] == [
            "redundancy",
            "soft-delete",
            "vault",
            "registry",
            "quota",
        ]
        assert cursor(app) == "enable"
        assert "The walk ends here: Keep deleted blobs" in text_of(app)


async def test_an_action_is_previewed_confirmed_and_verified(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        assert cursor(app) == "enable"
        assert "unknown until previewed" in text_of(app)
        await pilot.press("enter")
        await rest(pilot, run)
        assert isinstance(app.screen, ConfirmScreen)
        assert run.state.step("enable").intent is None
        await pilot.press("down", "enter")
        await rest(pilot, run)
        assert run.submitted == [c.RunStep(step="enable"), c.Confirm(step="enable")]
        assert run.state.step("enable").state is StepState.VERIFIED
        assert isinstance(app.screen, RunScreen)
        assert "✓ verified" in text_of(app)


@pytest.mark.parametrize("key", ["enter", "escape", "q"])
async def test_the_first_answer_and_every_way_back_send_nothing(run_of: Keep, key: str) -> None:
    run = run_of(walked_run(Mode.LIVE))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await rest(pilot, run)
        await pilot.press(key)
        await rest(pilot, run)
        assert run.submitted == [c.RunStep(step="enable"), c.Decline(step="enable")]
        assert run.state.step("enable").state is StepState.READY
        assert isinstance(app.screen, RunScreen)


async def test_a_loss_of_data_wants_the_name_typed(run_of: Keep) -> None:
    run = run_of(walked_run(Mode.LIVE))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("down", "enter")
        await rest(pilot, run)
        assert "every write after 10:21:08" in text_of(app)
        assert "there is no undo" in text_of(app)
        await pilot.press("down", "enter")
        await rest(pilot, run)
        assert "Type stfraudprod1 first" in text_of(app)
        await pilot.press("tab")
        await typed(pilot, "stfraudprod2")
        await pilot.press("enter")
        await pilot.pause()
        assert "That is not stfraudprod1" in text_of(app)
        assert run.submitted == [c.RunStep(step="fail-over")]
        await pilot.press("backspace", "1", "enter")
        await pilot.pause()
        assert run.submitted == [c.RunStep(step="fail-over")], "the line itself sends nothing"
        await pilot.press("enter")
        await rest(pilot, run)
        assert run.submitted[-1] == c.Confirm(step="fail-over", typed="stfraudprod1")


async def test_read_only_shows_the_preview_and_cannot_send(run_of: Keep) -> None:
    run = run_of(walked_run(Mode.READ_ONLY))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await rest(pilot, run)
        assert "not possible: this run is read-only" in text_of(app)
        await pilot.press("down", "enter")
        await rest(pilot, run)
        assert run.submitted == [c.RunStep(step="enable")]
        assert "nothing can be sent" in text_of(app)


async def test_the_question_opens_only_while_its_step_is_still_looked_at(run_of: Keep) -> None:
    run = run_of(walked_run())
    run.gates["enable"] = threading.Event()
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("enter", "down")
        run.gates["enable"].set()
        await rest(pilot, run)
        assert isinstance(app.screen, RunScreen), "it does not come up under other keys"
        assert run.state.step("enable").state is StepState.PROPOSED
        await pilot.press("up", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)


async def test_a_slow_check_leaves_every_key_answered(run_of: Keep) -> None:
    run = run_of(fresh_run())
    run.gates["redundancy"] = threading.Event()
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("down", "down", "f", "escape", "e", "escape", "question_mark", "escape")
        await pilot.pause()
        assert cursor(app) == "vault"
        assert run.busy
        await pilot.press("up", "up")
        await pilot.pause()
        assert "◌ running" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "It runs" in text_of(app)
        run.gates["redundancy"].set()
        await rest(pilot, run)
        assert "✗ failed" in text_of(app)


async def test_an_action_in_doubt_is_looked_at_and_ruled_on(run_of: Keep) -> None:
    run = run_of(doubtful_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        assert cursor(app) == "fail-over"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, DoubtScreen)
        seen = text_of(app)
        assert "failoverInProgress: true" in seen
        assert "primaryLocation" in seen
        assert "Not safe  starting it again" in seen
        await pilot.press("w")
        await rest(pilot, run)
        assert run.submitted == [c.LookAgain(step="fail-over")]
        assert "the wanted state is there now" in text_of(app)
        await pilot.press("h")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert "Nothing is written yet" in text_of(app)
        await typed(pilot, "seen in the portal")
        await pilot.press("enter")
        await rest(pilot, run)
        assert run.submitted[-1] == c.Rule(
            step="fail-over", ruling=e.Ruling.HAPPENED, reason="seen in the portal"
        )
        assert "It is verified now" in text_of(app)


@pytest.mark.parametrize(
    ("key", "ruling"), [("d", e.Ruling.DID_NOT_HAPPEN), ("c", e.Ruling.CANNOT_TELL)]
)
async def test_the_other_rulings(run_of: Keep, key: str, ruling: e.Ruling) -> None:
    run = run_of(doubtful_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("enter", key)
        await pilot.pause()
        await typed(pilot, "no")
        await pilot.press("enter")
        await rest(pilot, run)
        assert run.submitted == [c.Rule(step="fail-over", ruling=ruling, reason="no")]


async def test_notes_skips_and_outside_work_carry_the_words(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        for key, text in (("n", "asked the team"), ("x", "not needed"), ("o", "did it")):
            await pilot.press(key)
            await pilot.pause()
            await typed(pilot, text)
            await pilot.press("enter")
            await rest(pilot, run)
            await pilot.press("down")
        assert run.submitted == [
            c.AddNote(text="asked the team", step="enable"),
            c.Skip(step="fail-over", reason="not needed"),
            c.DoneOutside(step="portal", evidence="did it"),
        ]


async def test_what_is_done_outside_is_shown_as_the_paper_has_it(run_of: Keep) -> None:
    by_hand = ("az change stfraudprod1", "az resource show --ids x")
    whole = plan()
    steps = tuple(
        msgspec.structs.replace(one, commands=("az look show",), by_hand=by_hand)
        if one.id == "fail-over"
        else one
        for one in whole.steps
    )
    before = (opened(Mode.DRILL), *walked()[1:])
    changed = msgspec.structs.replace(whole, steps=steps)
    run = run_of(ScriptedRun(changed, mode=Mode.DRILL, script=script(), before=before))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("down")
        assert "az change stfraudprod1" in text_of(app), (
            "what changes something stands for the step"
        )
        await pilot.press("o")
        await pilot.pause()
        change, look = by_hand
        told = ["By hand it is:", "Look:", "az look show", "Change:", change, "How can it be seen?"]
        places = [text_of(app).find(line) for line in told]
        assert -1 not in places
        assert places == sorted(places)
        await pilot.press("f2")
        await pilot.pause()
        text = text_of(app)
        assert text.find(change) < text.rfind("Look:") < text.find(look)


async def test_a_decision_is_taken_with_its_consequence_in_sight(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause()
        assert "ready in 40 minutes" in text_of(app)
        await pilot.press("enter")
        await rest(pilot, run)
        assert run.submitted == [], "the first answer is: not now"
        await pilot.press("enter", "down", "down", "enter")
        await rest(pilot, run)
        assert run.submitted == [c.Decide(step="which", choice="cold")]


async def test_a_blocked_step_says_why_and_can_be_overruled_with_a_reason(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("G", "enter")
        await pilot.pause()
        assert "needs: Fail over the account" in text_of(app)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert cursor(app) == "fail-over"
        await pilot.press("G", "enter", "down", "down", "enter")
        await pilot.pause()
        await typed(pilot, "tested")
        await pilot.press("enter")
        await rest(pilot, run)
        assert run.submitted == [c.Overrule(step="probe", need="fail-over", reason="tested")]


async def test_a_refusal_is_told_with_the_state_and_the_next_safe_step(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("g", "down", "down", "r")
        await rest(pilot, run)
        await pilot.press("r")
        await rest(pilot, run)
        assert "✗ refused: The script has nothing more" in text_of(app)
        assert run.submitted.count(c.RunStep(step="vault")) == 2


async def test_a_dead_run_takes_no_command_and_says_so(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        run.die(
            JournalError(
                "The disk is full.", state="Nothing was sent.", next_step="Make room, then resume."
            )
        )
        await pilot.pause()
        await pilot.pause()
        assert "✗ The run has stopped." in text_of(app)
        assert "Make room, then resume." in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert run.submitted == []
        await pilot.press("q", "down", "enter")
        await pilot.pause()
    assert app.return_value == RunLeft()
    assert run.submitted == []


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_leaving_says_what_stops_and_pauses_the_run(run_of: Keep, key: str) -> None:
    run = run_of(doubtful_run(Mode.DRILL))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press(key)
        await pilot.pause()
        seen = text_of(app)
        assert "every entry is in its journal" in seen
        assert "the simulated Azure: the drill can be resumed" in seen
        assert "Azure, with what was sent: Fail over the account" in seen
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, RunScreen), "the first answer is to stay"
        await pilot.press(key, "down", "enter")
        await pilot.pause()
    assert app.return_value == RunLeft()
    run.settle()
    assert run.submitted == [c.Pause(reason="the operator left the screen")]


async def test_the_run_is_closed_by_a_question_of_its_own(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("c")
        await pilot.pause()
        assert "5 steps are not settled" in text_of(app)
        await pilot.press("enter", "c", "down", "enter")
        await rest(pilot, run)
        assert run.submitted == [c.Close()]
        await pilot.press("x")
        await pilot.pause()
        assert "The run is closed" in text_of(app)
        await pilot.press("q", "q")
        await pilot.pause()
    assert app.return_value == RunEnded()


async def test_what_happens_elsewhere_does_not_move_the_cursor(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test(size=(80, 12)) as pilot:
        view = app.screen.query_one("#steps", LineView)
        await pilot.press("g", "down")
        await pilot.pause()
        before = (view.cursor_key, view.top)
        run.happen(
            e.StepSkipped(step="enable", reason="no"), e.StepSkipped(step="fail-over", reason="no")
        )
        await pilot.pause()
        await pilot.pause()
        assert (view.cursor_key, view.top) == before
        assert "skipped" in text_of(app)
