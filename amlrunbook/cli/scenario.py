"""``amlrunbook scenario``: what can be practised."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def scenario() -> None:
    """List, show and check the drills' scenarios."""


@scenario.command("list")
def list_scenarios() -> None:
    """List the scenarios that come with the program."""
    from amlrunbook.cli.drill import list_scenarios as listed

    listed()


@scenario.command("show")
@click.argument("name")
def show_scenario(name: str) -> None:
    """Show what a scenario (a name, or a TOML file) holds; its hints and goals stay hidden."""
    from amlrunbook.model.display import shown
    from amlrunbook.simulator.scenario import load_scenario

    found = load_scenario(name)
    click.echo(f"{shown(found.title)}\n\n{shown(found.description, keep=chr(10))}\n")
    if found.trains:
        click.echo(f"trains {shown(found.trains)}")
    click.echo(f"runbook {shown(found.runbook)}; {len(found.timeline)} things happen in it\n")
    for group in found.world.groups:
        click.echo(f"{shown(group.name)} ({shown(group.location)})")
        for resource in found.world.resources:
            if resource.group == group.name:
                click.echo(f"  {shown(resource.type)}  {shown(resource.name)}")


@scenario.command("check")
@click.argument("name")
def check_scenario(name: str) -> None:
    """Check a scenario: its keys, its profile, and that all it names is there. Exits 2 where it errs."""
    from tempfile import TemporaryDirectory

    from amlrunbook.cli.drill import scenario_profile
    from amlrunbook.cli.parts import runbook_named
    from amlrunbook.simulator.blobs import Contents
    from amlrunbook.simulator.genesis import build_world
    from amlrunbook.simulator.scenario import load_scenario

    found = load_scenario(name)
    profile = scenario_profile(found)
    runbook_named(found.runbook)
    with TemporaryDirectory() as folder:
        contents = Contents(Path(folder))
        build_world(found, seed=0, base_url="https://127.0.0.1", contents=contents)
    counted = (
        (len(found.goals), "goals"),
        (len(found.harms), "harms"),
        (len(found.hints), "hints"),
    )
    click.echo(
        f"{found.name}: valid, {len(found.world.resources)} resources, profile {profile.name}, "
        + ", ".join(f"{count} {word}" for count, word in counted)
        + "."
    )
