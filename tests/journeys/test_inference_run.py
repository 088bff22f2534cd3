"""A run of the inference steps from end to end, its journal searched for every secret of the endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amlrunbook.cli.parts import registry_of
from amlrunbook.executor.commands import Close, Confirm, RunStep
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.executor.opening import Who, open_new
from amlrunbook.journal import DrillIdentity
from amlrunbook.model.mode import Mode
from amlrunbook.planning.load import load_runbook
from amlrunbook.planning.resolve import resolve
from amlrunbook.state.transitions import StepState
from tests.simulator.azure_here import azure_running
from tests.simulator.inference_world import Inference
from tests.simulator_fixtures import Wire
from tests.unit.executor.driving import UNDER_WAY

RUNBOOK = Path(__file__).with_name("inference.toml")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Inference]:
    """The pair with its secondary at half strength, signing callers in by keys, and one job that runs."""
    with azure_running(
        tmp_path, "healthy-pair", own=True
    ) as here:  # a drill writes in its own folder
        world = Inference(here)
        world.half()
        world.edited(world.endpoint, authMode="Key")
        job = {"jobType": "Command", "command": "c"}
        environment = f"{world.primary}/environments/fraud-env/versions/3"
        body = {"properties": {**job, "environmentId": environment}}
        world.put(f"{world.primary}/jobs/nightly", body)
        world.snapshot = world.taken()
        yield world


def config(folder: Path, workspace: str) -> Path:
    parts = workspace.split("/")
    path = folder / "config.json"
    named = {"subscription_id": parts[2], "resource_group": parts[4], "workspace_name": parts[8]}
    path.write_text(json.dumps(named))
    return path


def drive(run: Any) -> None:
    """Run what is in focus, confirm what is proposed, by its name where that is asked for."""
    for _ in range(60):
        step = run.focus
        if not step:
            run.perform(Close())
            return
        state = run.state.step(step).state
        if state in UNDER_WAY:
            run.crew.join()
        elif state is StepState.PROPOSED:
            typed = "fraud-score" if step.startswith("traffic") else ""
            run.perform(Confirm(step=step, typed=typed))
        else:
            run.perform(RunStep(step=step))
    raise AssertionError("the run does not end")


def test_a_whole_run_ends_verified_and_keeps_no_secret(world: Inference, tmp_path: Path) -> None:
    file = config(tmp_path, world.primary)
    profile = msgspec.structs.replace(world.here.profile, config_files=(str(file),))
    gateway = world.here.gateway(Mode.DRILL)
    registry = registry_of(gateway)
    plan = resolve(load_runbook(RUNBOOK), profile, world.snapshot, registry)
    folder = tmp_path / "run"
    folder.mkdir()
    ledger = JournalLedger.create(folder, DrillIdentity.create(folder), drill=True)
    who = Who(run="inference", operator="olga", mode=Mode.DRILL, scenario="healthy-pair")
    run = open_new(ledger, plan, world.snapshot, registry, who=who)
    drive(run)
    states = {step.id.partition(":")[0]: run.state.step(step.id).state.value for step in plan.steps}
    assert states == {
        "ready": "warned",
        "scale": "verified",
        "probe": "passed",
        "traffic": "verified",
        "config": "verified",
        "jobs": "warned",
        "resubmit": "verified",
    }
    assert json.loads(file.read_text())["workspace_name"] == "aml-fraud-w"
    _search(world, [path for path in folder.rglob("*") if path.is_file()], gateway.call_log.calls)


def _search(world: Inference, files: list[Path], calls: tuple[Any, ...]) -> None:
    with Wire(world.here.endpoint) as wire:
        keys = wire.ask("POST", f"{world.endpoint}/listKeys").json()
        secrets = [keys["primaryKey"], keys["secondaryKey"], wire.token.split(".")[0]]
    journal = b"".join(path.read_bytes() for path in files)
    assert b"fraud-score" in journal
    assert any("/listKeys" in call.path for call in calls)
    for secret in secrets:
        assert len(secret) > 8
        assert secret.encode() not in journal
        assert secret not in repr(calls)
