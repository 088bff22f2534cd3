"""What steps took, machines apart from people, by the journal's own times."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlrunbook.model.operation import Confirmation, Outcome, Risk
from amlrunbook.state import events as e
from amlrunbook.state.timing import step_times
from tests.examples import examples
from tests.unit.state.test_transitions import ANY_EVENT, recorded


def journal(*lines):
    """Return entries of ``(second, event)``."""
    return [
        e.Recorded(
            n=n, t=f"2026-01-01T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.000Z", event=event
        )
        for n, (s, event) in enumerate(lines)
    ]


PROPOSED = e.ActionProposed(
    step="s",
    operation="o",
    summary="s",
    requests=(),
    resources=(),
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.ENTER,
)
CONFIRMED = e.ActionConfirmed(
    step="s", operation="o", request_id="i", resources=(), confirmation=Confirmation.ENTER
)
SENT = e.ActionSent(step="s", request_id="i", method="PUT", path="/p")
RESULT = e.ActionResulted(step="s", request_id="i", outcome=Outcome.SUCCEEDED, text="t")
VERIFIED = e.ActionVerified(step="s", text="t")
READY = e.StepReady(step="s")
STARTED = e.StepStarted(step="s")


@pytest.mark.parametrize(
    ("lines", "machine", "human"),
    [
        ([(0, READY), (9, STARTED), (21, e.StepPassed(step="s", text="t"))], 12, 0),
        (
            [
                (0, READY),
                (5, PROPOSED),
                (65, CONFIRMED),
                (66, SENT),
                (70, RESULT),
                (90, VERIFIED),
            ],
            25,
            60,
        ),
        (
            [
                (0, PROPOSED),
                (10, CONFIRMED),
                (11, SENT),
                (31, e.ActionDoubted(step="s", why="w")),
                (91, e.DoubtRuled(step="s", ruling=e.Ruling.HAPPENED, reason="r")),
                (95, VERIFIED),
            ],
            25,
            70,
        ),
        (
            [
                (0, STARTED),
                (10, e.StepFailed(step="s", text="t")),
                (50, STARTED),
                (55, e.StepPassed(step="s", text="t")),
            ],
            15,
            0,
        ),
        ([(0, READY), (40, e.DecisionMade(step="s", choice="c", text="t"))], 0, 40),
        (
            [
                (0, READY),
                (0, e.StepStarted(step="other")),
                (30, e.StepPassed(step="other", text="t")),
                (40, e.StepDoneOutside(step="s", evidence="e")),
            ],
            0,
            10,
        ),
        (
            [
                (0, STARTED),
                (1, e.RunPaused()),
                (80, e.RunResumed(operator="o", after=1)),
                (81, READY),
                (82, STARTED),
                (84, e.StepPassed(step="s", text="t")),
            ],
            2,
            0,
        ),
        (
            [
                (0, READY),
                (1, e.ChildOpened(step="s", runbook="r", plan_digest="d")),
                (60, e.StepPassed(step="s", text="t")),
            ],
            0,
            0,
        ),
        ([(50, STARTED), (10, e.StepPassed(step="s", text="t"))], 0, 0),
    ],
)
def test_machines_and_people_are_told_apart(lines, machine, human):
    time = step_times(journal(*lines))["s"]
    assert (time.machine, time.human) == (machine, human)
    assert time.counts


def test_what_failed_or_was_left_out_says_nothing():
    failed = journal((0, STARTED), (9, e.StepFailed(step="s", text="t")))
    assert not step_times(failed)["s"].counts
    skipped = journal((0, READY), (9, e.StepSkipped(step="s", reason="r")))
    assert not step_times(skipped)["s"].counts


@settings(deadline=None, max_examples=examples(ci=100, campaign=5000))
@given(st.lists(ANY_EVENT, max_size=30))
def test_no_journal_gives_more_time_than_passed(events):
    entries = recorded(events)
    for time in step_times(entries).values():
        assert 0 <= time.machine + time.human <= len(entries) / 1000


def test_a_time_that_is_none_is_passed_over():
    entries = [e.Recorded(n=0, t="yesterday", event=STARTED)]
    assert step_times(entries) == {}
