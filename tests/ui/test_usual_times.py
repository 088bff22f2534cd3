"""What a step takes, on screen: its budget, and its usual time where earlier runs tell it."""

from __future__ import annotations

import pytest

from amlrunbook.executor.forecast import UNFORESEEN, Forecast, Percentiles
from amlrunbook.model.mode import Mode
from amlrunbook.state.fold import StepRecord
from screens.step_fields import step_fields
from tests.unit.executor.ground import check

KNOWN = Forecast(machine={"a": Percentiles(p50=38 * 60, p90=61 * 60, runs=4)})


@pytest.mark.parametrize(
    ("budget", "forecast", "says"),
    [
        (0, UNFORESEEN, "no budget set · usual time unknown"),
        (0, KNOWN, "p50 38 min, p90 61 min"),
        (75 * 60, KNOWN, "budget 75 min, p50 38 min, p90 61 min"),
    ],
)
def test_the_usual_time_stands_beside_the_budget(budget, forecast, says):
    fields = step_fields(
        check("a", budget_seconds=budget), StepRecord(step="a"), Mode.DRILL, forecast=forecast
    )
    assert next(field.text for field in fields if field.label == "TAKES") == says
