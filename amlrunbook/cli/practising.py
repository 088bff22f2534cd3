"""A drill from its scenario to its end: the world, the last snapshot, the alarm, the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from amlrunbook.cli import talk
from amlrunbook.cli.drill_world import Listener
from amlrunbook.cli.folk import people_of_drill, with_calls
from amlrunbook.cli.looking import LAST_SNAPSHOT, gateway_for
from amlrunbook.cli.operating import Operating, operate
from amlrunbook.cli.parts import (
    SIMULATOR_FOLDER,
    looked_at,
    operator_name,
    registry_of,
    runbook_named,
)
from amlrunbook.cli.plain_people import score_lines
from amlrunbook.errors import ExitCode
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.executor.opening import Who, open_new
from amlrunbook.executor.run import Executor
from amlrunbook.journal import DrillIdentity
from amlrunbook.model.display import shown
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Profile, duration_seconds, validated
from amlrunbook.model.strict_toml import convert_document
from amlrunbook.planning.load import LoadedRunbook
from amlrunbook.planning.resolve import resolve
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.store.files import write_whole
from amlrunbook.store.runs import RunFolder, new_run_folder

TWIN_FILE = "twin.json"
"""A twin's scenario, in its run's folder."""

CODE_FOLDER = "code"
"""Where a drill keeps the config file that stands for people's code, in its run's folder."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What is practised."""

    scenario: str
    """A shipped scenario's name, or a TOML file's path."""
    runbook: str
    alarm: str
    snapshot_age: str
    """How old the last snapshot is; empty where there is none."""
    twin: bytes = b""
    """The scenario itself, where it was made from the user's own snapshot."""


def practise(practice: Practice, seed: int, how: Operating) -> ExitCode:
    """Run a drill; its world ends with it, and lives on where the drill was only left.

    Raises:
        SimulatorError: the simulated Azure does not start.
        DocumentError: the scenario, the runbook or the answers do not fit.
    """
    runbook = runbook_named(practice.runbook)
    folder = new_run_folder(runbook.runbook.id)
    world = folder.path / SIMULATOR_FOLDER
    scenario = practice.scenario
    if practice.twin:
        scenario = str(folder.path / TWIN_FILE)
        write_whole(folder.path / TWIN_FILE, practice.twin)
    endpoint = process.start(world, scenario, seed=seed)
    begun = False
    try:
        profile = with_code(profile_of(endpoint), folder.path)
        executor = _opened(folder, practice, runbook, profile, endpoint, how)
        begun = True
        with Listener(executor):
            code = operate(executor, how)
    finally:
        if not begun:
            process.stop(world)
    after_drill(executor, world, how)
    return code


def profile_of(endpoint: Endpoint) -> Profile:
    """Return the profile that protects a simulated Azure, with its own addresses in it.

    Raises:
        SimulatorError: it does not answer.
        DocumentError: the profile does not fit a profile's schema.
    """
    found = process.control(endpoint, "GET", "/profile")
    return validated(
        convert_document(found, Profile, where=f"scenario {endpoint.scenario}, profile")
    )


def with_code(profile: Profile, folder: Path) -> Profile:
    """Return the profile with a config file of the drill's own, which names the primary as people's code does.

    Raises:
        AmlRunbookError: it cannot be written.
    """
    if profile.secondary is None or profile.config_files:
        return profile
    primary = profile.primary_id
    named = {
        "subscription_id": primary.subscription,
        "resource_group": primary.resource_group,
        "workspace_name": primary.name,
    }
    path = folder / CODE_FOLDER / "config.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(named), indent=4))
    return msgspec.structs.replace(profile, config_files=(str(path.resolve()),))


def _opened(  # noqa: PLR0917 - the parts of a drill, each once
    folder: RunFolder,
    practice: Practice,
    runbook: LoadedRunbook,
    profile: Profile,
    endpoint: Endpoint,
    how: Operating,
) -> Executor:
    if practice.snapshot_age:
        keep_last_snapshot(folder.path, profile, endpoint, practice.snapshot_age)
    process.control(endpoint, "POST", "/alarm")
    gateway = gateway_for(profile, Mode.DRILL, endpoint=endpoint)
    snapshot = looked_at(gateway, profile, drill=folder.path)
    registry = registry_of(gateway)
    plan = resolve(runbook, profile, snapshot, registry, runbook_named)
    how.checked(plan)
    who = Who(
        run=folder.short_id,
        operator=operator_name(),
        mode=Mode.DRILL,
        scenario=endpoint.scenario,
        seed=endpoint.seed,
        alarm=practice.alarm.strip(),
    )
    identity = DrillIdentity.create(folder.path)
    ledger = JournalLedger.create(folder.path, identity, drill=True)
    people = people_of_drill(folder.path, ledger, identity, endpoint, gateway.cloud)
    executor = open_new(ledger, plan, snapshot, registry, who=who, people=people)
    return with_calls(executor, gateway)


def keep_last_snapshot(folder: Path, profile: Profile, endpoint: Endpoint, age: str) -> None:
    """Take the snapshot that was taken before the alarm, as long ago as the scenario says, and keep it.

    The world's clock goes back for it, so that its time is the real one again when the alarm comes.

    Raises:
        AzureError: the simulated Azure does not answer.
        AmlRunbookError: it cannot be written.
    """
    seconds = duration_seconds(age)
    process.control(endpoint, "POST", "/clock", {"advance": -seconds})
    talk.say(f"Taking the last snapshot, as it was {age.removeprefix('PT').lower()} ago…")
    gateway = gateway_for(profile, Mode.DRILL, endpoint=endpoint)
    try:
        snapshot = looked_at(gateway, profile, drill=folder)
    finally:
        gateway.close()
    taken = datetime.now(UTC) - timedelta(seconds=seconds)
    stamp = taken.isoformat(timespec="seconds").replace("+00:00", "Z")
    snapshot = msgspec.structs.replace(snapshot, taken_at=stamp)
    content = msgspec.json.format(msgspec.json.encode(snapshot), indent=1)
    write_whole(folder / LAST_SNAPSHOT, content)
    process.control(endpoint, "POST", "/clock", {"advance": seconds})


def after_drill(executor: Executor, world: Path, how: Operating) -> None:
    """End the world of a drill that is closed, and print its score where only screens showed it.

    One that was only left lives on.
    """
    if executor.state.closed is None:
        return
    process.stop(world)
    score = executor.state.drill_score
    if score is not None and not how.linear:
        for line in (f"{score.points} of {score.out_of}. {score.text}", *score_lines(score)):
            click.echo(shown(line))
