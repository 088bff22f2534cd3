"""The hour: a dark region, from the alarm to green probes; judged from the world, never from the journal."""

from __future__ import annotations

import random

import pytest

from amlrunbook.executor import commands as c
from amlrunbook.executor.handover import Accepted
from amlrunbook.executor.ledger import recorded_of
from amlrunbook.journal import read_entries, verify
from amlrunbook.simulator import process
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from tests.journeys.hour import alarm, dying
from tests.simulator_fixtures import end

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
    sent = [entry.event.path for entry in entries if isinstance(entry.event, e.ActionSent)]
    assert len(sent) == len(hour.changes())
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
