"""``amlrunbook scenario``: what can be practised."""

from __future__ import annotations

import click


@click.group()
def scenario() -> None:
    """List, show and check the drills' scenarios."""


@scenario.command("list")
def list_scenarios() -> None:
    """List the scenarios that come with the program."""
    from amlrunbook.simulator.scenario import load_scenario, scenario_names

    for name in scenario_names():
        click.echo(f"{name:<20} {load_scenario(name).title}")


@scenario.command("show")
@click.argument("name")
def show_scenario(name: str) -> None:
    """Show what a scenario (a name, or a TOML file) holds; its hints and goals stay hidden."""
    from amlrunbook.model.display import shown
    from amlrunbook.simulator.scenario import load_scenario

    found = load_scenario(name)
    click.echo(f"{shown(found.title)}\n\n{shown(found.description, keep=chr(10))}\n")
    for group in found.world.groups:
        click.echo(f"{shown(group.name)} ({shown(group.location)})")
        for resource in found.world.resources:
            if resource.group == group.name:
                click.echo(f"  {shown(resource.type)}  {shown(resource.name)}")


@scenario.command("check")
@click.argument("name")
def check_scenario(name: str) -> None:
    """Check a scenario: its keys, and the profile in it. Exits 2 where it errs."""
    from amlrunbook.cli.drill import scenario_profile
    from amlrunbook.simulator.scenario import load_scenario

    found = load_scenario(name)
    profile = scenario_profile(found)
    click.echo(
        f"{found.name}: valid, {len(found.world.resources)} resources, profile {profile.name}."
    )
