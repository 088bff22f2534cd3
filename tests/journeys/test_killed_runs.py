"""A drill killed with SIGKILL at every event while its Azure lives on, then resumed."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.cli.drill import scenario_profile
from amlrunbook.cli.looking import gateway_for
from amlrunbook.errors import JournalBusyError, RefusedError
from amlrunbook.executor.commands import Confirm, RunStep
from amlrunbook.journal import verify
from amlrunbook.model.mode import Mode
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import read_endpoint
from amlrunbook.simulator.scenario import load_scenario
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.journeys.deaths import dying, ends, entries_of
from tests.journeys.small_run import SCENARIO, SmallRun
from tests.simulator_fixtures import end
from tests.unit.executor.driving import drive, next_command

ROOT = Path(__file__).resolve().parents[2]
ACTION = "mend:stlonely"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    endpoint = process.start(folder, SCENARIO)
    yield folder, endpoint
    end(folder)


@pytest.fixture(scope="module")
def small(world, tmp_path_factory):
    folder, endpoint = world
    profile = scenario_profile(load_scenario(SCENARIO))
    gateway = gateway_for(profile, Mode.DRILL, endpoint=endpoint)
    made = SmallRun(folder, take_snapshot(gateway, profile).snapshot)
    yield made
    gateway.close()


@pytest.fixture
def pristine(world, small):
    """The world with soft delete off again; gives what was sent since then."""
    endpoint = world[1]
    process.control(endpoint, "DELETE", "/faults")

    def reset():
        sent = []
        small.gateway.change(
            "PUT",
            f"{small.plan.step(ACTION).resource}/blobServices/default",
            {"properties": {"deleteRetentionPolicy": {"enabled": False}}},
            request_id=str(uuid.uuid4()),
            on_sent=lambda method, path: sent.append(method),
            on_accepted=lambda *_: None,
        )
        assert sent == ["PUT"]
        seen = process.control(endpoint, "GET", "/requests")
        since = seen[-1]["number"]

        def changes():
            found = process.control(endpoint, "GET", f"/requests?since={since}")
            return [
                request["client_request_id"]
                for request in found
                if request["method"] == "PUT" and "/_simulator" not in request["path"]
            ]

        return changes

    return reset


@pytest.fixture(scope="module")
def deaths(world, small, tmp_path_factory):
    with dying(small, world[0], tmp_path_factory.mktemp("snapshot")) as die:
        yield die


WHOLE = {
    "storage": "failed",
    "mend-now": "passed",
    ACTION: "verified",
    "end": "failed",
}


def test_undisturbed_it_changes_one_thing_once(small, pristine, tmp_path):
    changes = pristine()
    drive(small.open(tmp_path / "run"))
    assert ends(tmp_path / "run") == WHOLE
    assert len(changes()) == 1
    assert verify(tmp_path / "run", trust=None).label == "DRILL VALID-CLOSED"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_every_write_it_is_resumed_with_nothing_lost_or_repeated(
    small, pristine, deaths, tmp_path, moment
):
    at, doubts = 0, []
    while True:
        at += 1
        changes, folder = pristine(), tmp_path / f"{moment}-{at}"
        status = deaths(folder, at, moment)
        if status == 0:
            break
        assert status == -9
        resumed(small, folder, changes, doubts)
    assert at > 15
    assert doubts, "no death fell between confirmation and answer"


def resumed(small, folder, changes, doubts):
    before = entries_of(folder)
    crashed = fold(before)
    if crashed.opened is None or crashed.closed is not None:
        with pytest.raises(Exception, match=r"before it was opened|closed"):
            small.resume(folder)
        return
    plan_is_kept = any(event.name == "snapshot.json" for event in crashed.evidence)
    if not plan_is_kept:
        with pytest.raises(Exception, match="withheld"):
            small.resume(folder)
        assert changes() == []
        return
    record = crashed.step(ACTION)
    run = small.resume(folder)
    unclear = record.state.in_flight and record.result is None
    doubted = [x.event for x in entries_of(folder) if isinstance(x.event, e.ActionDoubted)]
    assert bool(doubted) == unclear, record.state
    doubts.extend(doubted)
    drive(run)
    after = entries_of(folder)
    assert after[: len(before)] == before
    assert ends(folder) == WHOLE
    sent = changes()
    assert len(sent) == 1, record.state
    confirmed = {x.event.request_id for x in after if isinstance(x.event, e.ActionConfirmed)}
    assert set(sent) <= confirmed
    assert verify(folder, trust=None).label == "DRILL VALID-CLOSED"


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        ({"kind": "lost", "outcome": "gone"}, False),
        ({"kind": "unanswered"}, True),
    ],
)
def test_accepted_and_lost_or_done_and_unanswered_are_told_apart(
    small, pristine, tmp_path, fault, reached
):
    changes = pristine()
    run = small.open(tmp_path / "run")
    for _ in range(3):
        drive_one(run)
    process.control(
        read_endpoint(small.world), "POST", "/faults", {**fault, "methods": ["PUT"], "count": 1}
    )
    run.perform(Confirm(step=ACTION))
    record = run.state.step(ACTION)
    assert record.state is StepState.IN_DOUBT
    assert record.doubt.reached is reached
    assert bool(record.doubt.evidence_for) is reached
    drive(run)
    assert ends(tmp_path / "run")[ACTION] == "verified"
    assert len(changes()) == (1 if reached else 2)
    rulings = [x.event for x in entries_of(tmp_path / "run") if isinstance(x.event, e.DoubtRuled)]
    assert len(rulings) == 1


def drive_one(run):
    run.perform(next_command(run))


def test_a_second_process_on_the_same_run_is_refused(small, tmp_path):
    run = small.open(tmp_path / "run")
    try:
        with pytest.raises(JournalBusyError):
            small.resume(tmp_path / "run")
        run.perform(RunStep(step="storage"))
    finally:
        run.stage.record.release()


def test_a_run_that_was_never_opened_cannot_be_resumed(small, deaths, tmp_path):
    assert deaths(tmp_path / "run", 1, "before") == -9
    with pytest.raises(RefusedError, match="before it was opened"):
        small.resume(tmp_path / "run")
