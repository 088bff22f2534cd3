"""``amlrunbook drill``: a runbook practised against the simulated Azure, in the screens of the real thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from amlrunbook.model.profile import Profile

if TYPE_CHECKING:
    from amlrunbook.cli.operating import Operating
    from amlrunbook.errors import ExitCode
    from amlrunbook.executor.run import Executor
    from amlrunbook.simulator.endpoint import Endpoint
    from amlrunbook.simulator.scenario import Scenario

DEFAULT_SCENARIO = "lonely-workspace"
"""What a newcomer begins with."""
DRILL_RUNBOOK = "assessment"
"""The runbook that a scenario is practised with."""


@click.command()
@click.argument("scenario", default=DEFAULT_SCENARIO)
@click.option("--list", "listed", is_flag=True, help="List the scenarios, and end.")
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the world.")
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="A TOML file that answers in the operator's place.",
)
@click.option("--auto", is_flag=True, help="Take each step's default.")
@click.option("--plain", is_flag=True, help="Linear text instead of screens.")
def drill(
    scenario: str, *, listed: bool, seed: int, answers: Path | None, auto: bool, plain: bool
) -> int:
    """Practise against the simulated Azure: SCENARIO is a name or a TOML file.

    Nothing real is touched, and your profiles are left alone. A drill that was left goes on with
    `amlrunbook run --resume JOURNAL`.
    """
    from amlrunbook.cli import talk

    if listed:
        return list_scenarios()
    talk.say_waiting("Starting the simulated Azure…")
    from amlrunbook.cli.operating import operating
    from amlrunbook.simulator.scenario import load_scenario

    how = operating(answers, auto=auto, plain=plain, live=False)
    return _practise(load_scenario(scenario), scenario, seed, how)


def list_scenarios() -> int:
    """Print the scenarios that come with the program."""
    from amlrunbook.errors import ExitCode
    from amlrunbook.model.display import shown
    from amlrunbook.simulator.scenario import load_scenario, scenario_names

    for name in scenario_names():
        click.echo(f"{name:<20} {shown(load_scenario(name).title)}")
    return ExitCode.FINE


def scenario_profile(scenario: Scenario) -> Profile:
    """Return the profile that protects a scenario's world.

    Raises:
        DocumentError: it does not fit a profile's schema.
    """
    from amlrunbook.model.profile import validated
    from amlrunbook.model.strict_toml import convert_document

    where = f"scenario {scenario.name}, profile"
    return validated(convert_document(scenario.profile, Profile, where=where))


def _practise(scenario: Scenario, name: str, seed: int, how: Operating) -> ExitCode:
    from amlrunbook.cli.operating import operate
    from amlrunbook.cli.parts import SIMULATOR_FOLDER
    from amlrunbook.simulator import process
    from amlrunbook.store.runs import new_run_folder

    profile = scenario_profile(scenario)
    folder = new_run_folder(DRILL_RUNBOOK)
    world = folder.path / SIMULATOR_FOLDER
    place = name if not name.endswith(".toml") else str(Path(name).resolve())
    endpoint = process.start(world, place, seed=seed)
    begun = False
    try:
        executor = _opened(folder.path, folder.short_id, profile, endpoint, how)
        begun = True
        code = operate(executor, how)
    finally:
        if not begun:
            process.stop(world)
    end_world(executor, world)
    return code


def _opened(
    folder: Path, run: str, profile: Profile, endpoint: Endpoint, how: Operating
) -> Executor:
    from amlrunbook.cli.folk import people_of_drill, with_calls
    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.cli.parts import (
        looked_at,
        operator_name,
        registry_of,
        runbook_named,
    )
    from amlrunbook.executor.ledger import JournalLedger
    from amlrunbook.executor.opening import Who, open_new
    from amlrunbook.journal import DrillIdentity
    from amlrunbook.model.mode import Mode
    from amlrunbook.planning.resolve import resolve

    gateway = gateway_for(profile, Mode.DRILL, endpoint=endpoint)
    snapshot = looked_at(gateway, profile)
    registry = registry_of(gateway)
    plan = resolve(runbook_named(DRILL_RUNBOOK), profile, snapshot, registry, runbook_named)
    how.checked(plan)
    who = Who(
        run=run,
        operator=operator_name(),
        mode=Mode.DRILL,
        scenario=endpoint.scenario,
        seed=endpoint.seed,
    )
    identity = DrillIdentity.create(folder)
    ledger = JournalLedger.create(folder, identity, drill=True)
    people = people_of_drill(folder, ledger, identity, endpoint, gateway.cloud)
    executor = open_new(ledger, plan, snapshot, registry, who=who, people=people)
    return with_calls(executor, gateway)


def end_world(executor: Executor, world: Path) -> None:
    """End the simulated Azure of a drill that is closed; one that was only left lives on."""
    from amlrunbook.simulator import process

    if executor.state.closed is not None:
        process.stop(world)
