"""``amlrunbook export``: save, before the day, what no service copies by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amlrunbook.cli.options import FORM
from amlrunbook.errors import ExitCode, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.moments import age_words, seconds_between

if TYPE_CHECKING:
    from amlrunbook.azure.gateway import AzureGateway
    from amlrunbook.model.profile import Profile
    from amlrunbook.model.snapshot import Inventory
    from amlrunbook.operations.export.exporting import Drift, Exported, Found
    from amlrunbook.store.exports import Kept

_NAMED = 20
"""How many paths of each kind of drift are named."""
_SAY_EVERY = 50
"""Items between two words on how it goes."""


@click.command()
@click.option("-w", "--workspace", "name", metavar="PROFILE", required=True)
@click.option(
    "--to",
    "to",
    metavar="FOLDER|URL",
    default="",
    help="A folder of its own, or a blob container's URL; the profile's unless told.",
)
@click.option(
    "--only",
    "kinds",
    metavar="KIND",
    multiple=True,
    help="notebooks, jobs, assets, endpoints, settings, artifacts or images; all unless told.",
)
@click.option(
    "--status", is_flag=True, help="Say what changed since the last export; save nothing."
)
@FORM
def export(name: str, to: str, kinds: tuple[str, ...], status: bool, form: str) -> int:
    """Save before the day what would be lost with the region.

    Notebooks; specifications of jobs, assets and endpoints; the bytes of models, logs and outputs in the default
    account, which never fails over; and a list of images by digest. Only reads Azure. Fetches what is new or changed since the last time; a killed export goes on where it was. What was
    deleted in Azure stays saved. For a schedule, run it from cron or a pipeline: it asks nothing. Exits 6 where
    something could not be saved, 3 where nothing could be listed.
    """
    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.model.mode import Mode
    from amlrunbook.store.profiles import load_profile

    profile = load_profile(name)
    return export_to(
        profile,
        gateway_for(profile, Mode.READ_ONLY),
        to=to or profile.export.folder or profile.export.container,
        kinds=frozenset(kinds),
        status=status,
        form=form,
    )


def export_to(
    profile: Profile,
    gateway: AzureGateway,
    *,
    to: str,
    kinds: frozenset[str] = frozenset(),
    status: bool = False,
    form: str = "text",
) -> ExitCode:
    """List, compare, save and say what came of it.

    Raises:
        UsageError: the target is none, or a kind is not known.
        AmlRunbookError: the target cannot be written; what was saved before is whole.
    """
    from amlrunbook.cli import talk
    from amlrunbook.operations.export.exporting import (
        KINDS,
        Exported,
        drift_of,
        found_now,
        sources,
    )
    from amlrunbook.store.exports import read_ledger

    if not to:
        raise UsageError(
            f"The profile {profile.name!r} says nothing of where to export to.",
            next_step="Give --to FOLDER, or an [export] table in the profile.",
        )
    wanted = kinds or frozenset(KINDS)
    listed = sources(gateway, profile, _last_inventory(profile.name), wanted)
    before = dict(read_ledger(ledger_of(profile, to), profile.name))
    talk.say("Listing what there is…")
    found = found_now(listed)
    if status:
        gaps = tuple((gap.what, gap.why) for gap in found.gaps)
        done = Exported(drift=drift_of(found, before, wanted), saved=0, size=0, gaps=gaps)
    else:
        done = _save(profile, gateway, to, found, wanted)
    _print(done, before, to, status=status, form=form)
    if not found.items and found.gaps:
        return ExitCode.UNREACHABLE
    return ExitCode.INCOMPLETE if done.gaps else ExitCode.FINE


def ledger_of(profile: Profile, to: str) -> Path:
    """Return the ledger's file of an export that goes to ``to``."""
    from amlrunbook.store.exports import LEDGER_FILE, local_ledger

    if to.startswith("https://"):
        return local_ledger(profile.name, to.rstrip("/"))
    return Path(to).expanduser().absolute() / LEDGER_FILE


def _save(
    profile: Profile, gateway: AzureGateway, to: str, found: Found, kinds: frozenset[str]
) -> Exported:
    from amlrunbook.operations.export.exporting import export as save
    from amlrunbook.operations.export.targets import ToContainer, ToFolder
    from amlrunbook.store.exports import ExportFolder, Ledger

    place = ledger_of(profile, to)
    if not to.startswith("https://"):
        folder = ExportFolder(place.parent)
        with Ledger(place, profile.name) as ledger:
            return save(found, ledger, ToFolder(folder), kinds=kinds, progress=_say_progress)
    container = ToContainer(gateway.blob_store(to), profile.name)
    try:
        with Ledger(place, profile.name) as ledger:
            done = save(found, ledger, container, kinds=kinds, progress=_say_progress)
            if done.saved:
                container.keep_ledger(place, f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
            return done
    finally:
        container.close()


def _last_inventory(name: str) -> Inventory | None:
    from amlrunbook.errors import DocumentError
    from amlrunbook.store.snapshots import latest_snapshot, read_snapshot

    last = latest_snapshot(name)
    try:
        return read_snapshot(last.path).inventory.last_known() if last is not None else None
    except DocumentError:
        return None


def _say_progress(done: int, total: int, size: int, path: str) -> None:
    from amlrunbook.cli import talk

    if done == total or (done and done % _SAY_EVERY == 0):
        talk.say(f"{done} of {total} saved, {_megabytes(size)}: {path}")


def _print(done: Exported, before: dict[str, Kept], to: str, *, status: bool, form: str) -> None:
    if form == "json":
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(done), indent=2).decode())
        return
    last = max((kept.at for kept in before.values()), default="")
    age = age_words(seconds_between(last, datetime.now(UTC)))
    click.echo(f"Last saved: {last} ({age} ago)" if last else "Nothing was saved before.")
    _print_drift(done.drift, named=status)
    for what, why in done.gaps:
        click.echo(f"not saved  {shown(what)}: {shown(why)}")
    if not status:
        click.echo(f"{done.saved} saved, {_megabytes(done.size)}, to {shown(to)}")


def _print_drift(drift: Drift, *, named: bool) -> None:
    counts = f"new {len(drift.new)}, changed {len(drift.changed)}, gone {len(drift.gone)}, same {drift.same}"
    click.echo(f"Since then: {counts}")
    if not named:
        return
    for word, paths in (("new", drift.new), ("changed", drift.changed), ("gone", drift.gone)):
        for path in paths[:_NAMED]:
            click.echo(f"  {word:<8} {shown(path)}")
        if len(paths) > _NAMED:
            click.echo(f"  {word:<8} and {len(paths) - _NAMED} more")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
