"""What one decides by is in sight where one decides: no word that is wrong, cut, or left from before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Probe
from amlrunbook.planning.conditions import StepCondition, StepPredicate, StepWord
from amlrunbook.planning.grammar import Choice
from amlrunbook.state import events as e
from screens.app import AmlApp
from screens.step_fields import resource_words, step_fields
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, text_of
from tests.ui.worlds import (
    GROUP,
    NOW,
    confirmed,
    failed,
    failover_proposal,
    finding,
    opened,
    passed,
    plan,
    proposal,
    steps,
    verified,
    walked,
)

Keep = Callable[[ScriptedRun], ScriptedRun]
FILE = "/home/operator/team/config.json"


def proposed(*events: e.Event, mode: Mode = Mode.DRILL, changed: object = None) -> ScriptedRun:
    before = (opened(mode), *walked()[1:], *events)
    return ScriptedRun(changed or plan(), mode=mode, before=before)


def flat(text: str) -> str:
    """The text without the box's sides and line breaks."""
    return " ".join(text.replace("▶╏", " ").replace("╏", " ").split())


async def confirming(run: ScriptedRun, *keys: str, size: tuple[int, int] = (80, 24)) -> str:
    app = app_of(run)
    async with app.run_test(size=size) as pilot:
        for key in (*keys, "enter"):
            await pilot.press(key)
            await rest(pilot, run)
        return text_of(app)


async def test_what_it_becomes_costs_and_takes_stands_on_the_confirmation(run_of: Keep) -> None:
    asked = failover_proposal(takes="About an hour.", cost="Egress of the whole account.")
    said = await confirming(run_of(proposed(asked)), "down")
    for words in (
        "You lose    every write after 10:21:08 UTC",
        "From → to   primary eastus, RA-GRS → primary westus, LRS",
        "You cannot  undo this: there is no undo",
        "Takes       About an hour.",
        "Costs       Egress of the whole account.",
    ):
        assert words in said
    assert said.index("From → to") < said.index("You cannot")


async def test_a_long_way_back_does_not_hide_what_it_becomes(run_of: Keep) -> None:
    asked = proposal(undo="az ml online-deployment update " + "--set instance_count=1 " * 12)
    said = await confirming(run_of(proposed(asked)))
    assert "soft delete off → soft delete on, 7 days" in said


@pytest.mark.parametrize("mode", [Mode.DRILL, Mode.LIVE])
async def test_a_file_on_this_machine_is_not_said_to_be_sent_to_azure(
    run_of: Keep, mode: Mode
) -> None:
    asked = proposal(requests=(f"WRITE {FILE}",), resources=(FILE,))
    said = await confirming(run_of(proposed(asked, mode=mode)))
    assert "You change  1 file on this machine, nothing is sent to Azure:" in said
    assert FILE in said
    assert "Write        the file, on this machine" in said
    assert "nothing is written" in said
    for wrong in ("real Azure", "simulated Azure", "1 resource", "by 1 call"):
        assert wrong not in said


def test_a_deployment_is_told_from_the_one_of_the_same_name_in_the_other_workspace() -> None:
    blue = (
        f"{GROUP}/Microsoft.MachineLearningServices/workspaces/aml-fraud-w"
        "/onlineEndpoints/fraud-score/deployments/blue"
    )
    assert resource_words(blue) == "aml-fraud-w/fraud-score/blue · deployments · group rg-fraud"


async def test_the_answers_are_in_sight_on_a_terminal_that_shrank(run_of: Keep) -> None:
    said = await confirming(run_of(proposed(failover_proposal())), "down", size=(60, 16))
    assert "Type stfraudprod1 :" in said
    assert "▶No, go back" in said
    assert "enter take answer" in said
    assert "╏" in said.splitlines()[3][-2:], "the box ends at the terminal's edge"


async def test_a_refusal_goes_away_when_it_does_not_hold_any_more(run_of: Keep) -> None:
    asked = proposal()
    flying = confirmed("enable", asked.operation)
    run = run_of(proposed(asked, *flying))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("enter")
        assert "it cannot be called back" in text_of(app)
        run.happen(*verified("enable", asked.operation)[len(flying) :])
        await rest(pilot, run)
        assert "✓ verified" in text_of(app)
        assert "it cannot be called back" not in text_of(app)


async def test_the_clock_goes_on_while_a_question_is_asked(run_of: Keep) -> None:
    seconds = 0

    def clock():
        return NOW + timedelta(seconds=seconds)

    app = AmlApp(run=run_of(proposed()), clock=clock, refresh_seconds=0)
    async with app.run_test() as pilot:
        await pilot.press("n")
        await pilot.pause()
        before = text_of(app).splitlines()[0]
        seconds = 61
        app._tick()
        await pilot.pause()
        after = text_of(app).splitlines()[0]
        assert before != after, "the header behind the question stood still"


async def test_the_whole_of_what_follows_from_an_answer_is_in_sight(run_of: Keep) -> None:
    long = "Writes after the last sync are lost; a forced failover ends geo-redundancy; home is another plan."
    choices = (
        Choice(id="go", text="Switch to the secondary", consequence=long),
        Choice(id="stay", text="Stay", consequence="nothing is changed"),
    )
    changed = msgspec.structs.replace(
        plan(),
        steps=tuple(
            msgspec.structs.replace(one, choices=choices) if one.id == "which" else one
            for one in steps()
        ),
    )
    app = app_of(run_of(proposed(changed=changed)))
    async with app.run_test() as pilot:
        await pilot.press("down", "down", "down", "enter", "down")
        await pilot.pause()
        assert long in flat(text_of(app).split("Stay")[-1])
        await pilot.press("down")
        await pilot.pause()
        assert "nothing is changed nothing is changed" in flat(text_of(app).split("▶Stay")[-1])


async def test_what_is_asked_stays_above_the_line_however_long_the_text_is(run_of: Keep) -> None:
    lines = tuple(f"az resource show --ids {number}" for number in range(40))
    changed = msgspec.structs.replace(
        plan(),
        steps=tuple(
            msgspec.structs.replace(one, by_hand=lines) if one.id == "fail-over" else one
            for one in steps()
        ),
    )
    for size, seen in (((80, 24), 6), ((80, 40), 21)):
        app = app_of(run_of(proposed(changed=changed)))
        async with app.run_test(size=size) as pilot:
            await pilot.press("down", "o")
            await pilot.pause()
            said = text_of(app)
            assert "How can it be seen?" in said
            assert "enter write it" in said
            assert sum("az resource show" in line for line in said.splitlines()) >= seen


async def test_a_step_that_is_still_open_leads_to_what_opens_it(run_of: Keep) -> None:
    asked = StepPredicate(steps=("which",), word=StepWord.CHOSE, name="which", choice="cold")
    changed = msgspec.structs.replace(
        plan(),
        steps=tuple(
            msgspec.structs.replace(one, when=StepCondition(all=(asked,)))
            if one.id == "portal"
            else one
            for one in steps()
        ),
    )
    blocked = e.StepBlocked(
        step="portal", why="it is not known yet whether step which came to cold"
    )
    app = app_of(run_of(proposed(blocked, changed=changed)))
    async with app.run_test() as pilot:
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert "when this is settled: How to serve from westus?" in flat(text_of(app))
        await pilot.press("down", "enter")
        await pilot.pause()
        assert text_of(app).splitlines()[2].endswith("How to serve from westus?")


def test_a_wait_says_how_long_in_words() -> None:
    one = next(step for step in steps() if step.id == "probe")
    state = proposed().state
    for until, says in (("PT15M", "for 15 min at most"), ("all green", "until all green")):
        found = step_fields(
            msgspec.structs.replace(one, until=until), state.step("probe"), Mode.DRILL
        )
        does = next(field.text for field in found if field.label == "DOES")
        assert says in does
        assert "PT15M" not in does


CLOSING = (
    ((), (), False),
    ((e.ClockDeclared(severity="1", target_seconds=3600),), ("The probes have not been green yet",), True),
    (failed("quota", "1 of 1 probes red: callers."), ("This stays as it is: 1 of 1 probes red",), False),
)  # fmt: skip


@pytest.mark.parametrize(("events", "told", "probes"), CLOSING, ids=["well", "declared", "failed"])
async def test_ending_says_what_it_leaves_as_it_is(run_of: Keep, events, told, probes) -> None:
    whole = plan()
    if probes:
        lamp = Probe(name="callers", url="https://callers.example.org/live")
        whole = msgspec.structs.replace(
            whole, profile=msgspec.structs.replace(whole.profile, probes=(lamp,))
        )
    before = (opened(), *passed("redundancy", "fine"), *events)
    app = app_of(run_of(ScriptedRun(whole, before=before)))
    async with app.run_test() as pilot:
        await pilot.press("c")
        await pilot.pause()
        said = text_of(app)
        assert "End this run?" in said
        for words in told:
            assert words in said
        if not told:
            assert "stays as it is" not in said
            assert "not been green" not in said


def switched() -> ScriptedRun:
    to_planned = e.VariantChanged(step="fail-over", before="ungraceful", after="graceful")
    return proposed(to_planned)


@pytest.mark.parametrize("key", ["o", "v", "y"])
async def test_the_command_of_the_other_way_does_not_stand_where_this_one_was_chosen(
    run_of: Keep, key: str
) -> None:
    app = app_of(run_of(switched()))
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("down", key)
        await pilot.pause()
        said = flat(text_of(app))
        assert "--failover-type unplanned" not in said, "it would lose what the planned one keeps"
        if key != "y":
            assert "The command that does it graceful is shown once that is previewed" in said


async def test_the_ways_are_explained_where_one_is_chosen(run_of: Keep) -> None:
    changed = msgspec.structs.replace(
        plan(),
        steps=tuple(
            msgspec.structs.replace(one, explain="Graceful: both regions must answer.")
            if one.id == "fail-over"
            else one
            for one in steps()
        ),
    )
    app = app_of(run_of(proposed(changed=changed)))
    async with app.run_test() as pilot:
        await pilot.press("down", "m")
        await pilot.pause()
        assert "Graceful: both regions must answer." in flat(text_of(app))


async def test_the_page_of_a_check_has_all_that_it_found(run_of: Keep) -> None:
    ways = [
        finding(Verdict.WARN, f"Way {n}", observed=f"text {n} " + "to paste " * 12) for n in (1, 2)
    ]
    fine = finding(Verdict.PASS, "Nothing to do")
    app = app_of(run_of(proposed(*failed("quota", "3 ways are left.", *ways, fine))))
    async with app.run_test(size=(80, 50)) as pilot:
        await pilot.press("up", "v")
        await pilot.pause()
        said = flat(text_of(app))
        for one in ways:
            assert f"! warn stfraudprod1: {one.title}: {one.observed}".strip() in said
        assert "Nothing to do" not in said


async def test_what_is_overruled_is_told_in_its_own_words(run_of: Keep) -> None:
    unknown = "The replica in westus could not be asked by itself."
    changed = msgspec.structs.replace(
        plan(),
        steps=tuple(
            msgspec.structs.replace(one, needs=("quota",)) if one.id == "enable" else one
            for one in steps()
        ),
    )
    before = (
        opened(Mode.DRILL),
        e.StepStarted(step="quota"),
        e.StepUnknown(step="quota", text=unknown),
        e.StepBlocked(step="enable", why="needs quota, which is unknown", needs=("quota",)),
    )
    app = app_of(run_of(ScriptedRun(changed, before=before)))
    async with app.run_test() as pilot:
        await pilot.press("end", *["up"] * 4, "enter")
        await pilot.pause()
        said = flat(text_of(app))
        assert f"? unknown: Quota in westus suffices: {unknown}" in said
        assert "Overrule…" in said


async def test_the_alarm_can_be_read_again_where_one_decides(run_of: Keep) -> None:
    alarm = "[PAGE] fraud-score is down.\nPromised: back within one hour."
    before = (msgspec.structs.replace(opened(), alarm=alarm), *walked()[1:])
    app = app_of(run_of(ScriptedRun(plan(), before=before)))
    async with app.run_test() as pilot:
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause()
        said = flat(text_of(app))
        assert "The alarm: [PAGE] fraud-score is down. Promised: back within one hour." in said
