"""A desk for every journey; what was started there ends with it."""

from __future__ import annotations

import pytest

from amlrunbook.simulator import process
from tests.journeys.desk import Desk


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    for world in made.worlds:
        if (world / "endpoint.json").exists():
            process.stop(world)
