"""The hour: a dark region, from the alarm to green probes; judged from the world, never from the journal."""

from __future__ import annotations

import pytest

from amlrunbook.executor import commands as c
from amlrunbook.executor.handover import Accepted
from amlrunbook.journal import verify
from amlrunbook.simulator import process
from amlrunbook.state.transitions import StepState
from tests.journeys.hour import alarm
from tests.simulator_fixtures import end

DEFAULT_ACCOUNTS = ("stfraude", "stfraudw")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hour") / "azure"
    yield process.start(folder, "warm-pair")
    end(folder)


def failovers(changes):
    return [path for method, path in changes if "/failover" in path]


def left_alone(hour):
    """No default account was to be failed over, and nothing was deleted."""
    changes = hour.changes()
    assert not [p for p in failovers(changes) if any(f"/{a}/" in p for a in DEFAULT_ACCOUNTS)]
    assert not [path for method, path in changes if method == "DELETE"]


def test_a_throttled_region_is_left_by_two_operators(world, tmp_path):
    hour = alarm(
        world,
        "region-dark",
        faults=(
            {
                "kind": "throttle",
                "resource_type": "Microsoft.Storage/*",
                "retry_after": 1,
                "count": 4,
            },
        ),
    )
    first = hour.open(tmp_path / "run")
    hour.drive(first, until=lambda run: run.focus.startswith("scale"))
    first.perform(c.OfferHandover(principal="sam", text="Data is moved."))
    first.stage.record.release()
    second = hour.resume(tmp_path / "run", accepted=Accepted("sam", "Read back: scale"))
    assert second.state.operator == "sam"
    hour.drive(second)
    state = second.state
    assert state.anomalies == ()
    assert state.clock.stopped
    assert hour.judged()["solved"], hour.judged()
    assert hour.judged()["harms"] == [] or all(not h["count"] for h in hour.judged()["harms"])
    assert len(failovers(hour.changes())) == 1
    left_alone(hour)
    assert verify(tmp_path / "run", trust=None).label == "DRILL VALID-CLOSED"
    assert {r.state for r in state.steps.values()} <= {
        StepState.PASSED,
        StepState.WARNED,
        StepState.FAILED,
        StepState.UNKNOWN,
        StepState.VERIFIED,
        StepState.SKIPPED,
        StepState.DONE_OUTSIDE,
    }
