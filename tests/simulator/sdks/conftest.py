"""Two simulated Azures for all tests of this folder: each makes what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.simulator.sdks.clients import Clients
from tests.simulator_fixtures import running


@pytest.fixture(scope="package")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with running(tmp_path_factory.mktemp("sdks") / "azure") as endpoint, ExitStack() as stack:
        yield Clients(endpoint, stack)


@pytest.fixture(scope="package")
def attached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """A world with one of each attached service."""
    world = Path(__file__).resolve().parents[1] / "attached_world.toml"
    folder = tmp_path_factory.mktemp("attached") / "azure"
    with running(folder, world) as endpoint, ExitStack() as stack:
        yield Clients(endpoint, stack)
