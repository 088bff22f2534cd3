"""``amlrunbook workspace``: the profiles of protected workspace pairs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amlrunbook.errors import ExitCode, RefusedError, UsageError
from amlrunbook.model.display import shown

if TYPE_CHECKING:
    from amlrunbook.model.profile import Profile

_EDITORS = ("VISUAL", "EDITOR")


@click.group()
def workspace() -> None:
    """Profiles of protected workspace pairs."""


@workspace.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_all(form: str) -> int:
    """List the profiles, and what is wrong with those that cannot be used. Exits 2 where one cannot."""
    import msgspec

    from amlrunbook.store.profiles import list_profiles

    listed = list_profiles()
    if form == "json":
        rows = [{"name": one.name, "path": str(one.path), "problem": one.problem} for one in listed]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        for one in listed:
            if one.profile is None:
                click.echo(f"{shown(one.name):<24} CANNOT BE USED: {shown(one.problem)}")
                continue
            primary, secondary = one.profile.regions
            click.echo(f"{one.name:<24} {shown(primary)} -> {shown(secondary or 'no secondary')}")
    return ExitCode.USAGE if any(one.problem for one in listed) else ExitCode.FINE


@workspace.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Print a profile as it is understood, after checking it."""
    from amlrunbook.store.profiles import load_profile, profile_text

    click.echo(profile_text(load_profile(name)), nl=False)


@workspace.command("onboard")
@click.option("--name", required=True, help="What the profile is called: it names the pair.")
@click.option("--primary", required=True, metavar="ID", help="ARM id of the primary workspace.")
@click.option("--secondary", metavar="ID", help="ARM id of the secondary workspace.")
@click.option(
    "--data-account",
    "accounts",
    multiple=True,
    metavar="ID",
    help="ARM id of a storage account that holds data; may be given again.",
)
@click.option("--cloud", default="public", show_default=True)
@click.option("--tenant", default="", help="Tenant to sign in to.")
@click.option("--primary-region", default="", help="Region, if Azure is not to be asked.")
@click.option("--secondary-region", default="", help="Region, if Azure is not to be asked.")
def onboard(  # noqa: PLR0917 - click gives them by name
    name: str,
    primary: str,
    secondary: str | None,
    accounts: tuple[str, ...],
    cloud: str,
    tenant: str,
    primary_region: str,
    secondary_region: str,
) -> None:
    """Write the profile of a workspace pair. The regions are read from Azure unless they are given."""
    from amlrunbook.cli.looking import workspace_id
    from amlrunbook.model.profile import PROFILE_FORMAT, DataAccount, Profile, Side
    from amlrunbook.store.profiles import profile_path, save_profile

    if profile_path(name).exists():
        raise UsageError(
            f"There is a profile {name!r} already.",
            next_step=f"Choose another name, or use `amlrunbook workspace edit {name}`.",
        )
    first = workspace_id(primary)
    other = workspace_id(secondary) if secondary else None
    if other == first:
        raise UsageError("The secondary is the primary: a pair has two workspaces.")
    draft = Profile(
        format=PROFILE_FORMAT,
        name=name,
        subscription=first.subscription,
        tenant=tenant,
        cloud=cloud,
        primary=Side(workspace=first.text, region=primary_region),
        secondary=Side(workspace=other.text, region=secondary_region) if other else None,
        data_accounts=tuple(DataAccount(id=account) for account in accounts),
    )
    click.echo(save_profile(_located(draft)))


def _located(draft: Profile) -> Profile:
    """Return a profile with the regions that Azure tells, where they are not given.

    Raises:
        AzureError: a workspace cannot be read, so its region is not known.
    """
    from msgspec.structs import replace

    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.model.mode import Mode
    from amlrunbook.model.snapshot import Document

    sides = [side for side in (draft.primary, draft.secondary) if side is not None]
    if all(side.region for side in sides):
        return draft
    gateway = gateway_for(draft, Mode.READ_ONLY)
    found = [
        side
        if side.region
        else replace(side, region=Document(gateway.get(side.workspace)).location)
        for side in sides
    ]
    return replace(draft, primary=found[0], secondary=found[1] if draft.secondary else None)


@workspace.command("edit")
@click.argument("name")
def edit(name: str) -> None:
    """Open a profile in $VISUAL or $EDITOR; what does not fit is not kept."""
    from amlrunbook.store.files import read_whole, write_whole
    from amlrunbook.store.profiles import load_profile, profile_path, read_profile_file

    path = profile_path(name)
    if not path.exists():
        load_profile(name)
    if not sys.stdin.isatty():
        raise RefusedError(
            "An editor needs a terminal.",
            state="The profile is as it was.",
            next_step=f"Edit {path} yourself; `amlrunbook workspace show {name}` checks it.",
        )
    before = read_whole(path, "The profile")
    draft = path.with_suffix(".draft")
    write_whole(draft, before)
    _run_editor(draft)
    changed = read_profile_file(draft)
    if changed.name != name:
        raise UsageError(
            f"The draft is named {changed.name!r}, the profile {name!r}.",
            state=f"The profile is as it was; the draft is kept: {draft}.",
        )
    write_whole(path, read_whole(draft, "The draft"))
    draft.unlink(missing_ok=True)
    click.echo(path)


def _run_editor(path: Path) -> None:
    """Run the person's editor on ``path`` and wait for it.

    Raises:
        UsageError: none is named, or it ends with an error.
    """
    command = next((os.environ[name] for name in _EDITORS if os.environ.get(name)), "")
    if not command:
        raise UsageError(
            "Neither VISUAL nor EDITOR names an editor.", state="The profile is as it was."
        )
    try:
        ended = subprocess.run([*shlex.split(command), str(path)], check=False).returncode
    except (OSError, ValueError) as error:
        raise UsageError(f"The editor {command!r} cannot be run: {error}.") from error
    if ended != 0:
        raise UsageError(
            f"The editor ended with {ended}.",
            state=f"The profile is as it was; the draft is kept: {path}.",
        )


@workspace.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> None:
    """Remove a profile. Its snapshots and journals stay, and nothing is changed in Azure."""
    from amlrunbook.store.profiles import profile_path, remove_profile

    path = profile_path(name)
    if not yes and path.exists() and not click.confirm(f"Remove {path}?", default=False, err=True):
        raise RefusedError("Nothing was removed.", state="The profile is as it was.")
    click.echo(remove_profile(name))
