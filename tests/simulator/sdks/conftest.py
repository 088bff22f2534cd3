"""One simulated Azure for all tests of this folder: each makes what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.simulator.sdks.clients import Clients
from tests.simulator_fixtures import running


@pytest.fixture(scope="package")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with running(tmp_path_factory.mktemp("sdks") / "azure") as endpoint, ExitStack() as stack:
        yield Clients(endpoint, stack)
