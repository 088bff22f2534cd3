"""``amlrunbook drill``: a runbook practised against the simulated Azure, in the screens of the real thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from amlrunbook.model.profile import Profile

if TYPE_CHECKING:
    from amlrunbook.cli.operating import Operating
    from amlrunbook.errors import ExitCode
    from amlrunbook.simulator.scenario import Scenario

DEFAULT_SCENARIO = "lonely-workspace"
"""What a newcomer begins with."""


@click.command()
@click.argument("scenario", default="")
@click.option("--list", "listed", is_flag=True, help="List the scenarios, and end.")
@click.option(
    "--twin",
    default="",
    metavar="PROFILE",
    help="In a world made from that profile's last snapshot, with your own names.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the world.")
@click.option(
    "--runbook", default="", metavar="RUNBOOK", help="Practise this one, not the scenario's own."
)
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="A TOML file that answers in the operator's place.",
)
@click.option("--auto", is_flag=True, help="Take each step's default.")
@click.option("--plain", is_flag=True, help="Linear text instead of screens.")
def drill(
    scenario: str,
    *,
    listed: bool,
    twin: str,
    seed: int,
    runbook: str,
    answers: Path | None,
    auto: bool,
    plain: bool,
) -> int:
    """Practise against the simulated Azure: SCENARIO is a name or a TOML file.

    Nothing real is touched, and your profiles are left alone: a twin is made from a copy of one, and of its last
    snapshot; the scenario then happens to your own names. A drill that was left goes on with
    `amlrunbook run --resume JOURNAL`. What was reached is judged from the simulated world when the
    drill is closed, scored, and compared with your earlier drills of the same scenario.
    """
    from amlrunbook.cli import talk

    if listed:
        return list_scenarios()
    talk.say_waiting("Starting the simulated Azure…")
    from amlrunbook.cli.operating import operating
    from amlrunbook.simulator.scenario import load_scenario

    how = operating(answers, auto=auto, plain=plain, live=False)
    if twin:
        return _practise_twin(twin, scenario, runbook, seed, how)
    found = load_scenario(scenario or DEFAULT_SCENARIO)
    return _practise(found, scenario or DEFAULT_SCENARIO, runbook or found.runbook, seed, how)


def list_scenarios() -> int:
    """Print the scenarios that come with the program: title, what each trains, runbook, best score."""
    from amlrunbook.cli.drill_history import earlier_drills
    from amlrunbook.errors import ExitCode
    from amlrunbook.model.display import shown
    from amlrunbook.simulator.scenario import glance, scenario_names

    best: dict[str, str] = {}
    for done in sorted(earlier_drills(), key=lambda drill: drill.score.points):
        best[done.scenario] = f"best {done.score.points} of {done.score.out_of}"
    for name in scenario_names():
        found = glance(name)
        click.echo(f"{name:<32} {shown(found.title)}")
        scored = best.get(name, "not drilled yet" if found.has_goals else "nothing to solve")
        trains = f"{shown(found.trains)}; " if found.trains else ""
        click.echo(f"{'':<32} {trains}runbook {found.runbook}; {scored}")
    return ExitCode.FINE


def scenario_profile(scenario: Scenario) -> Profile:
    """Return the profile that protects a scenario's world, as it is before the world has an address.

    Raises:
        DocumentError: it does not fit a profile's schema.
    """
    from amlrunbook.model.profile import validated
    from amlrunbook.model.strict_toml import convert_document

    where = f"scenario {scenario.name}, profile"
    placed = {
        **scenario.profile,
        "config_files": [
            str(name).replace("{folder}", "/") for name in scenario.profile.get("config_files", [])
        ],
    }
    return validated(convert_document(placed, Profile, where=where))


def _practise(scenario: Scenario, name: str, runbook: str, seed: int, how: Operating) -> ExitCode:
    from amlrunbook.cli.practising import Practice, practise

    scenario_profile(scenario)
    place = name if not name.endswith(".toml") else str(Path(name).resolve())
    practice = Practice(place, runbook, scenario.alarm, scenario.snapshot_age)
    return practise(practice, seed, how)


def _practise_twin(name: str, scenario: str, runbook: str, seed: int, how: Operating) -> ExitCode:
    """Practise in a world made from a profile's last snapshot.

    Raises:
        UsageError: there is no such profile, no snapshot of it, or its regions are not known here.
    """
    import msgspec

    from amlrunbook.cli import talk
    from amlrunbook.cli.practising import Practice, practise
    from amlrunbook.model.display import shown
    from amlrunbook.simulator.scenario import load_scenario
    from amlrunbook.simulator.twin import twin_of
    from amlrunbook.store.profiles import load_profile
    from amlrunbook.store.snapshots import find_snapshot, read_snapshot

    stored = find_snapshot(name)
    drill_in_it = load_scenario(scenario) if scenario else None
    twin = twin_of(load_profile(name), read_snapshot(stored.path), drill_in_it)
    found = twin.scenario
    talk.say(f"The twin of {name}: {len(found.world.resources)} resources of your last snapshot.")
    for text in twin.left_out:
        talk.say(f"  left out: {shown(text)}")
    practice = Practice(
        found.name,
        runbook or found.runbook,
        found.alarm,
        found.snapshot_age,
        twin=msgspec.json.encode(found),
    )
    return practise(practice, seed, how)
