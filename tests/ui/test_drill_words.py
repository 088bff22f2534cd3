"""A drill on the run screen: the alarm first, then what is heard, hints on demand, and the score at the end."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from amlrunbook.executor import commands as c
from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, text_of
from tests.ui.worlds import fresh_run, opened, plan, script

Keep = Callable[[ScriptedRun], ScriptedRun]
ALARM = "[PAGE] fraud-score does not answer.\nPayments stand still.\x1b[31m"


def drill() -> ScriptedRun:
    first = msgspec.structs.replace(opened(), alarm=ALARM)
    return ScriptedRun(plan(), mode=Mode.DRILL, script=script(), before=(first,))


async def test_the_alarm_is_the_first_thing_shown_and_obeys_nobody(run_of: Keep) -> None:
    app = app_of(run_of(drill()))
    async with app.run_test():
        shown = text_of(app)
        assert "[PAGE] fraud-score does not answer." in shown
        assert "Payments stand still." in shown
        assert "\x1b" not in shown


async def test_what_is_heard_is_shown_and_hints_are_asked_for(run_of: Keep) -> None:
    run = run_of(drill())
    app = app_of(run)
    async with app.run_test() as pilot:
        run.happen(e.DrillFault(text="The status page turns red."))
        await pilot.pause()
        assert "The status page turns red." in text_of(app)
        await pilot.press("H")
        await rest(pilot, run)
        assert run.submitted == [c.AskHint()]
        run.happen(e.DrillHint(text="Look at Resource Health."))
        await pilot.pause()
        assert "Hint: Look at Resource Health." in text_of(app)
        assert "The status page turns red." not in text_of(app)


async def test_the_score_is_told_with_the_end(run_of: Keep) -> None:
    run = run_of(drill())
    app = app_of(run)
    async with app.run_test() as pilot:
        score = e.DrillScore(points=70, out_of=100, text="Solved: 5 of 5 goals are reached.")
        closed = e.RunClosed(outcome=e.RunOutcome.COMPLETED, text="done", exit_code=0)
        run.happen(score, closed)
        await pilot.pause()
        assert "SCORE" in text_of(app), "the report opens by itself, the score first"
        assert "70 of 100. Solved: 5 of 5 goals are reached." in text_of(app)


async def test_outside_a_drill_there_is_no_hint(run_of: Keep) -> None:
    run = run_of(fresh_run(Mode.READ_ONLY))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("H")
        await pilot.pause()
        assert run.submitted == []
        assert "Hints belong to drills." in text_of(app)
