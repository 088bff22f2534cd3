"""``amlrunbook simulator``: the simulated Azure on its own, for other clients."""

from __future__ import annotations

from pathlib import Path

import click

from amlrunbook.cli.portal import portal


@click.group()
def simulator() -> None:
    """Serve the simulated Azure to other clients."""


@simulator.command()
@click.argument("scenario", default="healthy-pair")
@click.option("--folder", type=click.Path(path_type=Path), help="Where its world is kept.")
@click.option("--port", default=0, show_default="a free one", type=click.IntRange(0, 65535))
@click.option("--seed", default=0, show_default=True)
def serve(scenario: str, folder: Path | None, port: int, seed: int) -> None:
    """Serve SCENARIO on loopback until it is interrupted, or has been idle for an hour.

    Prints what another client needs to sign in. The secret is good for this simulated Azure only.
    """
    import signal
    import tempfile

    from amlrunbook.cli.talk import say
    from amlrunbook.simulator import process
    from amlrunbook.simulator.scenario import load_scenario

    place = folder or Path(tempfile.mkdtemp(prefix="amlrunbook-simulator-"))
    load_scenario(scenario)
    named = str(Path(scenario).resolve()) if scenario.endswith(".toml") else scenario
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, signal.default_int_handler)  # it leaves no child behind
    endpoint = process.start(place, named, seed=seed, port=port)
    try:
        click.echo(f"endpoint      {endpoint.base_url}")
        click.echo(f"ca file       {endpoint.ca_file}")
        click.echo(f"tenant        {endpoint.tenant_id}")
        click.echo(f"client id     {endpoint.client_id}")
        click.echo(f"client secret {endpoint.client_secret}")
        click.echo(f"subscription  {endpoint.subscription_id}")
        say(f"Its world is kept in {place}. Ctrl-C ends it.")
        process.wait(endpoint)
    finally:
        process.stop(place)


simulator.add_command(portal)
