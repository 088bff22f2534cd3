"""``amlrunbook snapshot``: dated inventories, for the hour in which Azure cannot be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from amlrunbook.cli.options import FORM, REPORT_FORM
from amlrunbook.errors import AzureError, ExitCode, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.moments import age_words, seconds_between
from amlrunbook.model.snapshot import Snapshot

if TYPE_CHECKING:
    from amlrunbook.azure.gateway import AzureGateway
    from amlrunbook.model.posture import Turned
    from amlrunbook.model.profile import Profile
    from amlrunbook.store.snapshots import StoredSnapshot

_PROFILE = click.option("-w", "--workspace", "profile", metavar="PROFILE", required=True)


@click.group()
def snapshot() -> None:
    """Take and look at dated inventories."""


@snapshot.command("take")
@_PROFILE
def take(profile: str) -> int:
    """Read from Azure what PROFILE protects, and keep it. Prints the file's path.

    Nothing is changed in Azure, and nothing secret is kept. Exits 6 where something could not be read, 3 where nothing could.
    """
    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.model.mode import Mode
    from amlrunbook.store.profiles import load_profile

    chosen = load_profile(profile)
    return take_and_keep(chosen, gateway_for(chosen, Mode.READ_ONLY))


def take_and_keep(profile: Profile, gateway: AzureGateway) -> ExitCode:
    """Take a snapshot, keep it, print its path and say what it lacks.

    Raises:
        AzureError: nobody is signed in, or nothing at all answered; nothing is kept then.
    """
    from amlrunbook.cli.looking import look, say_taken
    from amlrunbook.cli.patience import Patience
    from amlrunbook.store.snapshots import save_snapshot

    taken = look(profile, gateway, progress=Patience())
    if not taken.reached:
        raise AzureError(
            "Nothing could be read, so there is no snapshot to keep.",
            state="The earlier ones are as they were; nothing was changed.",
            next_step=f"Look at the last one: `amlrunbook snapshot show -w {profile.name}`.",
        )
    path = save_snapshot(taken.snapshot)
    say_taken(taken, path)
    click.echo(path)
    return ExitCode.INCOMPLETE if taken.unread else ExitCode.FINE


@snapshot.command("list")
@click.option("-w", "--workspace", "profile", metavar="PROFILE", default="")
@FORM
def list_kept(profile: str, form: str) -> None:
    """List the snapshots that are kept, oldest first."""
    from amlrunbook.store.snapshots import list_snapshots

    stored = list_snapshots(profile)
    if form == "json":
        _echo_json([{"profile": s.profile, "stamp": s.stamp, "path": str(s.path)} for s in stored])
        return
    for one in stored:
        click.echo(f"{one.profile:<24} {one.stamp:<20} {_age(one.stamp):<10} {one.path}")


@snapshot.command("show")
@_PROFILE
@click.argument("stamp", default="")
@FORM
def show(profile: str, stamp: str, form: str) -> int:
    """Show a snapshot of PROFILE, the newest unless STAMP names another. Exits 6 where it has gaps."""
    from amlrunbook.store.snapshots import find_snapshot, read_snapshot

    stored = find_snapshot(profile, stamp)
    loaded = read_snapshot(stored.path)
    if form == "json":
        _echo_json(loaded)
    else:
        _show_text(stored, loaded)
    return ExitCode.INCOMPLETE if loaded.inventory.unread else ExitCode.FINE


def _show_text(stored: StoredSnapshot, loaded: Snapshot) -> None:
    click.echo(
        f"{shown(loaded.profile)}, taken {shown(loaded.taken_at)} ({_age(stored.stamp)} ago) "
        f"by {shown(loaded.program)}\nsha256 {loaded.digest}\n"
    )
    for document in loaded.inventory.documents:
        mark = "unread" if document.unread is not None else "read"
        click.echo(f"{mark:<7} {shown(document.type):<60} {shown(document.name)}")
        if document.unread is not None:
            click.echo(f"        {shown(document.unread)}")


@snapshot.command("diff")
@_PROFILE
@click.argument("older", default="")
@click.argument("newer", default="")
@REPORT_FORM
def diff(profile: str, older: str, newer: str, form: str) -> None:
    """Say what changed between two snapshots of PROFILE, and which checks turned; between the last two unless told.

    The JSON form is an object: schema, profile, older, newer, differences [{kind, resource, path, before, after}],
    turned [{check, resource, before, after}]. docs/differences.schema.json is its JSON schema.
    """
    from amlrunbook.report import differences
    from amlrunbook.store.snapshots import find_snapshot, list_snapshots, read_snapshot

    stored = list_snapshots(profile)
    if not older and len(stored) < 2:  # noqa: PLR2004 - two to compare
        raise UsageError(
            f"There are not two snapshots of {profile!r} to compare.",
            next_step=f"`amlrunbook snapshot take -w {profile}` takes one.",
        )
    first = find_snapshot(profile, older) if older else stored[-2]
    second = find_snapshot(profile, newer)
    before, after = read_snapshot(first.path), read_snapshot(second.path)
    found = differences.Differences(
        profile=profile,
        older=before.taken_at,
        newer=after.taken_at,
        differences=tuple(differences.difference(before, after)),
        turned=_turned(profile, before, after),
    )
    writers = {
        "json": differences.as_json,
        "markdown": differences.as_markdown,
        "html": differences.as_html,
    }
    click.echo(writers.get(form, differences.as_text)(found), nl=False)


def _turned(name: str, before: Snapshot, after: Snapshot) -> tuple[Turned, ...]:
    """Return the checks whose verdict is worse on the newer of two snapshots."""
    from amlrunbook.assessment import assess
    from amlrunbook.assessment.drift import turned
    from amlrunbook.store.profiles import load_profile

    try:
        profile = load_profile(name)
    except UsageError:
        profile = None
    first, second = (
        assess(each.inventory, profile, taken_at=each.taken_at) for each in (before, after)
    )
    return turned(first, second)


def _age(stamp: str) -> str:
    """Return how old a snapshot is, in the largest unit that fits."""
    return age_words(seconds_between(stamp.partition("-")[0], datetime.now(UTC)))


def _echo_json(value: Any) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
