"""The hour: a dark region, from the alarm to green probes; judged from the world, never from the journal."""

from __future__ import annotations

import json
import random

import pytest

from amlrunbook.executor import commands as c
from amlrunbook.executor.handover import Accepted
from amlrunbook.executor.ledger import recorded_of
from amlrunbook.journal import read_entries, verify
from amlrunbook.simulator import process
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.journeys.hour import alarm, dying
from tests.simulator.scenarios.hands import ML, Hands
from tests.simulator.scenarios.outages import AML_W
from tests.simulator_fixtures import credential, end, resource_client

KILLED = -9
DEFAULT_ACCOUNTS = ("stfraude", "stfraudw")
THROTTLED = {
    "kind": "throttle",
    "resource_type": "Microsoft.Storage/*",
    "retry_after": 1,
    "count": 3,
}


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hour") / "azure"
    yield process.start(folder, "warm-pair")
    end(folder)


def entries_of(folder):
    return tuple(recorded_of(entry) for entry in read_entries(folder))


def failovers(hour):
    return [path for _, path in hour.changes() if path.endswith("/failover")]


def left_alone(hour):
    """No default account was to be failed over, and nothing was deleted."""
    paths = failovers(hour)
    assert not [p for p in paths if any(f"/{name}/" in p for name in DEFAULT_ACCOUNTS)]
    assert not [path for method, path in hour.changes() if method == "DELETE"]


def solved_once(hour, folder):
    """The world is as it should be, nothing was sent twice, and the journal tells all of it."""
    judged, entries = hour.judged(), entries_of(folder)
    assert judged["solved"], judged["goals"]
    assert [harm for harm in judged["harms"] if harm["count"]] == []
    left_alone(hour)
    assert len(failovers(hour)) == 1
    assert len(set(hour.changes())) == len(hour.changes())
    state = fold(entries)
    assert state.anomalies == ()
    assert state.clock.stopped
    assert state.closed is not None
    sent = [entry.event for entry in entries if isinstance(entry.event, e.ActionSent)]
    told = {(event.method, event.path.partition("?")[0].lower()) for event in sent}
    assert set(hour.changes()) <= told
    assert verify(folder, trust=None).label == "DRILL VALID-CLOSED"


def test_killed_throttled_and_handed_over_the_hour_comes_to_its_end(azure, tmp_path):
    hour, run = alarm(azure, "region-dark", faults=(THROTTLED,)), tmp_path / "run"
    chance = random.Random(2)
    with dying(hour, tmp_path) as go_on:
        for _ in range(3):
            assert go_on(run, chance.randint(20, 35)) == KILLED
        first = hour.resume(run)
        hour.drive(first, until=lambda it: it.focus == "callers")
        first.perform(c.OfferHandover(principal="sam", text="Data is moved."))
        first.stage.record.release()
        second = hour.resume(run, accepted=Accepted("sam", "Read back: callers"))
        assert second.state.operator == "sam"
        second.stage.record.release()
        while go_on(run, chance.randint(20, 35)) == KILLED:
            continue
    solved_once(hour, run)
    hour.gateway.close()


def copied_by_hand(hour):
    """Copy what the second region can read into the other account, and point the datastore there."""
    with credential(hour.endpoint) as signed_in, resource_client(hour.endpoint) as arm:
        hands = Hands(hour.endpoint, signed_in, arm)
        source = hands.blobs("stfrauddata", secondary=True).get_container_client("transactions")
        target = hands.blobs("stfraudw").get_container_client("transactions")
        target.create_container()
        for blob in source.list_blobs():
            target.upload_blob(blob.name, source.download_blob(blob.name).readall())
        hands.change(
            f"{AML_W}/datastores/fraud_data", ML, {"properties": {"accountName": "stfraudw"}}
        )


def test_where_failover_cannot_be_asked_for_the_second_region_is_read(azure, tmp_path):
    hour, run = alarm(azure, "control-plane-dark"), tmp_path / "run"
    hour.left_out = frozenset(
        {"planes", "resource-health", "readable", "jobs-left", "resubmit", "look-back"}
    )
    hour.choices["dark-provider"] = "secondary"
    hour.by_hand["read-secondary:stfrauddata"] = lambda: copied_by_hand(hour)
    executor = hour.open(run)
    hour.drive(executor)
    state = executor.state
    assert state.step("storage-provider:stfrauddata").state is StepState.FAILED
    assert state.step("fail-over:stfrauddata").state is StepState.SKIPPED
    assert state.step("read-secondary:stfrauddata").state is StepState.DONE_OUTSIDE
    assert hour.judged()["solved"], hour.judged()["goals"]
    assert failovers(hour) == []
    left_alone(hour)
    assert state.clock.stopped
    assert verify(run, trust=None).label == "DRILL VALID-CLOSED"
    hour.gateway.close()


ANSWERS = """
[[answer]]
step = "decide"
do = "decide"
choice = "false-alarm"
reason = "The region answers; green was released ten minutes ago."
"""


def test_a_false_alarm_ends_without_a_change(desk):
    done = desk.run(
        "drill", "false-alarm", "--answers", desk.answers('otherwise = "auto"' + ANSWERS)
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 1 probes red" in done.stdout
    [folder] = [world.parent for world in desk.worlds]
    entries = entries_of(folder)
    assert [x for x in entries if isinstance(x.event, e.ActionSent | e.ActionProposed)] == []
    state = fold(entries)
    assert not state.clock.declared
    assert state.closed is not None
    assert {state.step(x).state for x in ("declare", "fail-over:stfrauddata", "callers")} == {
        StepState.SKIPPED
    }
    log = (folder / "simulator" / "requests.jsonl").read_bytes()
    asked = [json.loads(line) for line in log.splitlines()]
    assert {x["method"] for x in asked if x["path"].lower().startswith("/subscriptions")} == {"GET"}
    assert "DRILL VALID-CLOSED" in desk.run("journal", "verify", str(folder)).stdout


@pytest.mark.campaign
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_every_write_the_hour_comes_to_its_end(azure, tmp_path, moment):
    at = 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        hour = alarm(azure, "region-dark")
        with dying(hour, folder) as go_on:
            status = go_on(folder / "run", at, moment)
        if status == 0:
            break
        assert status == KILLED
        state = (
            fold(entries_of(folder / "run"))
            if (folder / "run" / "journal.jsonl").exists()
            else None
        )
        kept = state is not None and any(x.name == "snapshot.json" for x in state.evidence)
        if kept and state.opened is not None and state.closed is None:
            hour.drive(hour.resume(folder / "run"))
            solved_once(hour, folder / "run")
        hour.gateway.close()
    assert at > 100
