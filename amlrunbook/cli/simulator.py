"""``amlrunbook simulator``: the simulated Azure on its own, for other clients."""

from __future__ import annotations

from pathlib import Path

import click


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
    import tempfile

    from amlrunbook.cli.talk import say
    from amlrunbook.simulator import process
    from amlrunbook.simulator.scenario import load_scenario

    place = folder or Path(tempfile.mkdtemp(prefix="amlrunbook-simulator-"))
    load_scenario(scenario)
    named = str(Path(scenario).resolve()) if scenario.endswith(".toml") else scenario
    endpoint = process.start(place, named, seed=seed, port=port)
    click.echo(f"endpoint      {endpoint.base_url}")
    click.echo(f"ca file       {endpoint.ca_file}")
    click.echo(f"tenant        {endpoint.tenant_id}")
    click.echo(f"client id     {endpoint.client_id}")
    click.echo(f"client secret {endpoint.client_secret}")
    click.echo(f"subscription  {endpoint.subscription_id}")
    say(f"Its world is kept in {place}. Ctrl-C ends it.")
    try:
        process.wait(endpoint)
    finally:
        process.stop(place)


@simulator.command()
@click.argument("run")
@click.argument("action", type=click.Choice(["recover", "purge", "route"]), required=False)
@click.argument("what", default="")
@click.argument("target", default="")
def portal(run: str, action: str | None, what: str, target: str) -> None:
    """Do in a drill what only Azure's portal can do; RUN is its journal, folder or id.

    Without an action: what was deleted, where callers go, and the page's address. `recover ID` and
    `purge ID` act on what was deleted, `route FRONT ENDPOINT_ID` sends a front's callers elsewhere.
    """
    from amlrunbook.cli.parts import SIMULATOR_FOLDER, run_folder_of
    from amlrunbook.errors import UsageError
    from amlrunbook.model.display import shown
    from amlrunbook.simulator import process
    from amlrunbook.simulator.process import control

    folder = run_folder_of(run) / SIMULATOR_FOLDER
    if not folder.is_dir():
        raise UsageError(f"{run} is no drill: there is no simulated Azure in its folder.")
    endpoint = process.reach(folder)
    if action is None:
        for line in _portal_lines(
            control(endpoint, "GET", "/portal"), control(endpoint, "GET", "/fronts")
        ):
            click.echo(shown(line))
        click.echo(f"page     {endpoint.base_url}/_portal?token={endpoint.control_token}")
        return
    if not what or (action == "route") is not bool(target):
        raise UsageError("Say `recover ID`, `purge ID` or `route FRONT ENDPOINT_ID`.")
    if action == "route":
        said = control(endpoint, "POST", "/fronts", {"name": what, "target": target})
    else:
        said = control(endpoint, "POST", "/portal", {"action": action, "id": what})
    click.echo(shown(str(said.get("said", "")) if isinstance(said, dict) else ""))


def _portal_lines(deleted: object, fronts: object) -> list[str]:
    rows = deleted if isinstance(deleted, list) else []
    lines = [f"deleted  {row['id']}, gone for good at {row['purged']}" for row in rows]
    for front in fronts if isinstance(fronts, list) else []:
        lines.append(f"callers  of {front['name']} go to {front['chosen']}")
        lines += [f"         could go to {t}" for t in front["targets"] if t != front["chosen"]]
    return lines or ["Nothing was deleted, and no front sends callers anywhere."]
