"""``amlrunbook simulator portal``: what in real life is done outside this program, done to a drill's simulated Azure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from amlrunbook.simulator.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that can be done."""

    text: str
    body: dict[str, str]
    """What the simulated portal is sent."""


@click.command()
@click.argument("drill", default="")
@click.option("--do", "number", type=int, metavar="N", help="Do the N-th thing that is listed.")
def portal(drill: str, number: int | None) -> None:
    """List what only a portal or your callers' own routing can do to a drill's world, or do it.

    DRILL is the drill's journal, folder or id; by default the latest one whose simulated Azure runs.
    """
    from amlrunbook.errors import UsageError
    from amlrunbook.model.display import shown
    from amlrunbook.simulator import process

    endpoint = _endpoint(drill)
    deeds = deeds_of(endpoint)
    if number is None:
        for place, deed in enumerate(deeds, 1):
            click.echo(f"{place}  {shown(deed.text)}")
        if not deeds:
            click.echo("There is nothing to be done here.")
        return
    if not 1 <= number <= len(deeds):
        raise UsageError(
            f"There is no {number} in the list.",
            next_step="`amlrunbook simulator portal` shows the list.",
        )
    answer: Any = process.control(endpoint, "POST", "/portal", deeds[number - 1].body)
    click.echo(shown(str(answer.get("said", answer) if isinstance(answer, dict) else answer)))


def deeds_of(endpoint: Endpoint) -> tuple[Deed, ...]:
    """Return what can be done, in a stable order: callers sent elsewhere, traffic, then what was deleted.

    Raises:
        SimulatorError: the simulated Azure does not answer.
    """
    from amlrunbook.simulator import process

    fronts: Any = process.control(endpoint, "GET", "/fronts")
    gone: Any = process.control(endpoint, "GET", "/portal")
    ways = tuple(
        Deed(
            f"send the callers of {front['name']} to {_short(target)} (now: {_short(front['chosen'])})",
            {"action": "route", "id": target, "front": front["name"]},
        )
        for front in fronts
        for target in front["targets"]
        if target.lower() != front["chosen"].lower()
    )
    splits: Any = process.control(endpoint, "GET", "/traffic")
    ways += tuple(
        Deed(
            f"send all traffic of {_short(way['endpoint'])} to its deployment {way['deployment']}",
            {"action": "traffic", "id": way["endpoint"], "deployment": way["deployment"]},
        )
        for way in splits
    )
    return (*ways, *(_recovery(row) for row in gone))


def _recovery(row: dict[str, Any]) -> Deed:
    place = str(row["id"])
    return Deed(
        f"recover the deleted {place.split('/')[-2]} {place.rsplit('/', maxsplit=1)[-1]}",
        {"action": "recover", "id": place},
    )


def _short(endpoint: str) -> str:
    parts = endpoint.split("/")
    return f"{parts[-1]} of {parts[-3]}"


def _endpoint(drill: str) -> Endpoint:
    """Return the simulated Azure of a drill, or of the latest one that runs.

    Raises:
        UsageError: there is none.
    """
    from amlrunbook.cli.parts import SIMULATOR_FOLDER, run_folder_of
    from amlrunbook.errors import SimulatorError, UsageError
    from amlrunbook.simulator import process
    from amlrunbook.simulator.endpoint import read_endpoint
    from amlrunbook.store.runs import list_run_folders

    folders = [run_folder_of(drill)] if drill else [f.path for f in reversed(list_run_folders())]
    for folder in folders:
        try:
            endpoint = read_endpoint(folder / SIMULATOR_FOLDER)
        except SimulatorError:
            continue
        if process.is_alive(endpoint):
            return endpoint
    raise UsageError(
        "No drill's simulated Azure is running.",
        next_step="Start a drill with `amlrunbook drill SCENARIO`, or go on with one that was left.",
    )
