"""The states of blobs: a secondary shows exactly what the primary showed when it was last in sync."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.simulator import blob_states
from amlrunbook.simulator.blob_states import Policy, base, remaining_days, shown
from amlrunbook.simulator.blobs import Blob, BlobAccount, Container

DAY = 86_400
POLICIES = [
    Policy(trailing=True),
    Policy(trailing=True, blob_days=7),
    Policy(trailing=True, versioning=True),
    Policy(trailing=True, versioning=True, blob_days=7),
]
ACTIONS = st.lists(
    st.sampled_from(["put", "append", "delete", "snapshot", "stage"]), min_size=1, max_size=30
)


def act(container: Container, action: str, policy: Policy, now: float) -> None:
    """Do one thing to the one blob of a container, if that can be done."""
    held = base(shown(container.blobs.get("x", [])))
    if action == "put":
        blob = Blob(name="x", digest=f"put at {now}", etag=f'"{now}"', modified=now)
        blob_states.put(container, blob, policy, now)
    elif action == "stage":
        blob_states.stage(container, "x").uncommitted["a"] = "digest"
    elif held is None:
        return
    elif action == "append":
        new = msgspec.structs.replace(held, digest=f"appended at {now}", modified=now)
        blob_states.replace(container, held, new, policy, now)
    elif action == "snapshot":
        blob_states.snapshot(container, held, now)
    else:
        blob_states.delete_base(container, held, policy, now)


def visible(states: list[Blob]) -> tuple[str | None, list[str]]:
    """What a reader can tell: the current bytes, and those of live snapshots."""
    held = base(states)
    kept = sorted(s.digest for s in states if s.snapshot and s.deleted_at is None)
    return (held.digest if held else None), kept


@given(actions=ACTIONS, policy=st.sampled_from(POLICIES))
def test_the_past_is_shown_as_it_was(actions, policy):
    container = Container(name="c")
    past: dict[float, tuple[str | None, list[str]]] = {}
    for number, action in enumerate(actions):
        now = 1000.0 + number
        act(container, action, policy, now)
        past[now] = visible(shown(container.blobs.get("x", [])))
    for moment, seen in past.items():
        assert visible(shown(container.blobs.get("x", []), moment)) == seen, moment


@given(actions=ACTIONS, policy=st.sampled_from(POLICIES))
def test_there_is_one_current_state_at_most_and_names_of_states_are_unique(actions, policy):
    container = Container(name="c")
    for number, action in enumerate(actions):
        act(container, action, policy, 1000.0 + number * 1e-7)  # many at one instant
        states = shown(container.blobs.get("x", []))
        assert sum(state.current for state in states) <= 1
        ids = [s.version_id for s in states if s.version_id]
        snapshots = [s.snapshot for s in states if s.snapshot]
        assert len(set(ids)) == len(ids)
        assert len(set(snapshots)) == len(snapshots)


def test_without_a_readable_secondary_nothing_is_kept_for_it():
    container = Container(name="c")
    for number in range(5):
        act(container, "put", Policy(), 1000.0 + number)
    assert len(container.blobs["x"]) == 1


def test_what_is_kept_for_a_secondary_is_bounded_and_keeps_the_oldest():
    container = Container(name="c")
    policy = Policy(trailing=True)
    for number in range(500):
        act(container, "put", policy, 1000.0 + number)
    assert len(container.blobs["x"]) < 100
    assert visible(shown(container.blobs["x"], 1000.0))[0] == "put at 1000.0"


def test_expiry_takes_what_was_kept_long_enough_and_no_more():
    container = Container(name="c")
    account = BlobAccount(name="a", resource_id="/a", containers={"c": container})
    policy = Policy(blob_days=7, container_days=3, trailing=True)
    act(container, "put", policy, 0.0)
    act(container, "delete", policy, DAY)
    gone = Container(name="gone", deleted_at=float(DAY))
    account.deleted_containers.append(gone)
    assert not blob_states.expire(account, policy, 4 * DAY - 1, None)
    assert blob_states.expire(account, policy, 4 * DAY, None)
    assert account.deleted_containers == []
    assert "x" in container.blobs
    assert blob_states.expire(account, policy, 8 * DAY, None)
    assert container.blobs == {}


@pytest.mark.parametrize(("passed", "days"), [(0, 7), (1, 6), (DAY, 6), (7 * DAY, 0), (9 * DAY, 0)])
def test_remaining_days_are_whole_days(passed, days):
    assert remaining_days(0.0, 7, passed) == days


@pytest.mark.parametrize(
    ("properties", "policy"),
    [
        ({}, Policy()),
        ({"deleteRetentionPolicy": {"enabled": False, "days": 9}}, Policy()),
        ({"deleteRetentionPolicy": {"enabled": True, "days": 9}}, Policy(blob_days=9)),
        (
            {"containerDeleteRetentionPolicy": {"enabled": True, "days": 4}},
            Policy(container_days=4),
        ),
        ({"isVersioningEnabled": True}, Policy(versioning=True)),
    ],
)
def test_a_policy_is_read_from_the_account(properties, policy):
    assert Policy.of(properties, trailing=False) == policy
