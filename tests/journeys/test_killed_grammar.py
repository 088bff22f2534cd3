"""A drill with everything in it, killed with SIGKILL at its writes while its Azure lives on, then resumed."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import pytest

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.cli.drill import scenario_profile
from amlrunbook.cli.looking import gateway_for
from amlrunbook.journal import verify
from amlrunbook.model.mode import Mode
from amlrunbook.simulator import process
from amlrunbook.simulator.scenario import load_scenario
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from tests.journeys.deaths import dying, ends, entries_of
from tests.journeys.small_run import SmallRun
from tests.unit.executor.driving import drive

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = "healthy-pair"
RUNBOOK = Path(__file__).with_name("grammar.toml")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    endpoint = process.start(folder, SCENARIO)
    yield folder, endpoint
    process.stop(folder)


@pytest.fixture(scope="module")
def small(world, tmp_path_factory):
    folder, endpoint = world
    profile = scenario_profile(load_scenario(SCENARIO))
    gateway = gateway_for(profile, Mode.DRILL, endpoint=endpoint)
    made = SmallRun(folder, take_snapshot(gateway, profile).snapshot, SCENARIO, RUNBOOK)
    yield made
    gateway.close()


def accounts(small):
    return {step.id: step.resource for step in small.plan.steps if step.base == "mend"}


@pytest.fixture(scope="module")
def pristine(world, small):
    """The world with 30 days of soft delete everywhere; gives the ids of what was sent since then, an account."""
    endpoint = world[1]

    def reset():
        for account in accounts(small).values():
            small.gateway.change(
                "PUT",
                f"{account}/blobServices/default",
                {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 30}}},
                request_id=str(uuid.uuid4()),
                on_sent=lambda *_: None,
                on_accepted=lambda *_: None,
            )
        since = process.control(endpoint, "GET", "/requests")[-1]["number"]

        def changes():
            found = process.control(endpoint, "GET", f"/requests?since={since}")
            return [
                (request["path"].split("/storageAccounts/")[-1].split("/")[0].lower())
                for request in found
                if request["method"] == "PUT" and "/_simulator" not in request["path"]
            ]

        return changes

    return reset


@pytest.fixture(scope="module")
def deaths(world, small, tmp_path_factory):
    with dying(small, world[0], tmp_path_factory.mktemp("snapshot")) as die:
        yield die


@pytest.fixture(scope="module")
def whole(small, pristine, tmp_path_factory):
    """How the run ends when nobody disturbs it."""
    pristine()
    folder = tmp_path_factory.mktemp("whole") / "run"
    drive(small.open(folder))
    return ends(folder)


def test_undisturbed_it_does_everything_once(small, pristine, tmp_path):
    changes = pristine()
    drive(small.open(tmp_path / "run"))
    states = ends(tmp_path / "run")
    assert {states[step] for step in accounts(small)} == {"verified"}
    assert len(accounts(small)) > 1
    assert states["again/mend:stfraude"] == "passed"
    assert states["read"] in {"passed", "warned"}
    assert "end" in states
    assert sorted(changes()) == sorted(step.split(":")[1] for step in accounts(small))
    assert verify(tmp_path / "run", trust=None).label == "DRILL VALID-CLOSED"


DEATHS = [(at, moment) for at in range(5, 48) for moment in ("before", "after")]
SAMPLE = random.Random(20260101).sample(DEATHS, 8)


@pytest.fixture
def killed_and_resumed(small, pristine, deaths, whole, tmp_path):
    """Kill a run at a write, resume it, and look at what it comes to."""

    def trial(at, moment):
        changes, folder = pristine(), tmp_path / f"{moment}-{at}"
        if deaths(folder, at, moment) == 0:
            assert ends(folder) == whole
            return
        before = entries_of(folder)
        if fold(before).closed is None:
            resumed(small, folder, before)
            assert verify(folder, trust=None).label == "DRILL VALID-CLOSED"
        assert ends(folder) == whole, (at, moment)
        sent_once(folder, accounts(small), changes())

    return trial


def test_killed_at_some_writes_it_is_resumed_with_nothing_lost_or_repeated(killed_and_resumed):
    for at, moment in SAMPLE:
        killed_and_resumed(at, moment)


@pytest.mark.campaign
@pytest.mark.parametrize(("at", "moment"), DEATHS)
def test_killed_at_any_write_it_is_resumed_with_nothing_lost_or_repeated(
    killed_and_resumed, at, moment
):
    killed_and_resumed(at, moment)


def resumed(small, folder, before):
    unclear = {record.step for record in fold(before).in_flight if record.result is None}
    run = small.resume(folder)
    after = entries_of(folder)
    doubted = {x.event.step for x in after if isinstance(x.event, e.ActionDoubted)}
    assert doubted == unclear
    drive(run)
    assert entries_of(folder)[: len(before)] == before


def sent_once(folder, steps, sent):
    """Assert that each account was changed once, and once more where that was ruled not to have happened."""
    events = [entry.event for entry in entries_of(folder)]
    undone = [
        event
        for event in events
        if isinstance(event, e.DoubtRuled) and event.ruling is e.Ruling.DID_NOT_HAPPEN
    ]
    confirmed = [event for event in events if isinstance(event, e.ActionConfirmed)]
    assert len(confirmed) == len(steps) + len(undone)
    assert set(sent) == {step.split(":")[1] for step in steps}
    assert len(sent) <= len(confirmed)
