"""``amlrunbook runbook``: which runbooks there are, what they say, whether one is valid, and one on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amlrunbook.cli import talk
from amlrunbook.errors import UsageError

if TYPE_CHECKING:
    from amlrunbook.model.snapshot import Snapshot

LATEST = "latest"
NO_SNAPSHOT = "none"


@click.group()
def runbook() -> None:
    """List, show, check and pack runbooks."""


@runbook.command("list")
def list_runbooks() -> None:
    """List the runbooks that come with the program, and those in the config folder."""
    from amlrunbook.planning.load import load_runbook, runbook_folder
    from amlrunbook.store.paths import runbooks_folder

    for folder in (runbook_folder(), runbooks_folder()):
        for path in sorted(folder.glob("*.toml")):
            loaded = load_runbook(path)
            click.echo(
                f"{loaded.runbook.id:<20} {len(loaded.runbook.step):>3} steps  {loaded.runbook.title}"
            )


@runbook.command("show")
@click.argument("name")
def show_runbook(name: str) -> None:
    """Show a runbook's phases and steps: what each does, why, and its source."""
    from amlrunbook.model.display import shown
    from amlrunbook.planning.load import find_runbook, load_runbook
    from amlrunbook.store.paths import runbooks_folder

    loaded = load_runbook(find_runbook(name, runbooks_folder()))
    book = loaded.runbook
    click.echo(f"{shown(book.title)}\n{book.id} {book.version}, sha256 {loaded.digest}\n")
    for phase in book.phases:
        click.echo(f"{shown(phase.title)}\n")
        for step in (step for step in book.step if step.phase == phase.id):
            click.echo(f"  {step.id} ({step.kind.value}): {shown(step.title)}")
            click.echo(f"    WHY    {shown(step.why)}")
            for label, text in (("DOES", step.do), ("SOURCE", step.source), ("UNDO", step.undo)):
                if text:
                    click.echo(f"    {label:<6} {shown(text)}")
            for command in step.commands:
                click.echo(f"    AZ     {shown(command)}")
            for choice in step.choices:
                click.echo(f"    CHOICE {choice.id}: {shown(choice.text)}")
        click.echo()


@runbook.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check_runbook(file: Path) -> None:
    """Check a runbook file: its keys, its references, its operations and the runbooks it opens. Exits 2 where it errs."""
    from amlrunbook.cli.parts import runbook_named
    from amlrunbook.errors import DocumentError
    from amlrunbook.operations.registry import build_registry
    from amlrunbook.planning.family import family_problems
    from amlrunbook.planning.load import load_runbook

    loaded = load_runbook(file)
    problems = family_problems(loaded, build_registry(None), runbook_named)
    if problems:
        raise DocumentError(f"{file}: {problems[0]}", next_step="\n".join(problems[1:]))
    click.echo(
        f"{loaded.runbook.id} {loaded.runbook.version}: valid, {len(loaded.runbook.step)} steps."
    )


@runbook.command("pack")
@click.argument("name", metavar="RUNBOOK")
@click.option("-w", "--workspace", "profile", metavar="PROFILE", required=True)
@click.option(
    "--snapshot",
    metavar="FILE|latest|none",
    default="",
    help="What resources there are. By default the latest, or none where none is kept.",
)
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where the files are written; the current folder unless told.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "sh", "both"]),
    default="both",
    show_default=True,
)
def pack_runbook(name: str, profile: str, snapshot: str, output: Path, form: str) -> None:
    """Write the whole RUNBOOK for PROFILE as paper and as a shell script. Prints the files' paths.

    For the day this program cannot run: each step with why, what it loses and how to undo it, and its az commands
    with ids resolved. The script shows each command and runs none that was not asked for. Azure is not asked.
    Files are for your eyes alone (mode 0600): start the script with sh. Exits 2 where a name or a file is wrong.
    """
    from amlrunbook import __version__
    from amlrunbook.cli.parts import registry_of, runbook_named
    from amlrunbook.planning.pack import pack_of
    from amlrunbook.planning.pack_paper import pack_paper
    from amlrunbook.planning.pack_script import pack_script
    from amlrunbook.store.files import write_whole
    from amlrunbook.store.profiles import load_profile

    loaded, chosen = runbook_named(name), load_profile(profile)
    pack = pack_of(
        loaded,
        chosen,
        _snapshot_for(chosen.name, snapshot),
        registry_of(None),
        written_at=datetime.now(UTC),
        program=f"amlrunbook {__version__}",
        library=runbook_named,
    )
    if not pack.has_snapshot:
        talk.say(
            "There is no snapshot behind this pack: what only a snapshot knows is named in it."
        )
    stem = f"{loaded.runbook.id}-{chosen.name}"
    for ending, write in (("md", pack_paper), ("sh", pack_script)):
        if form in {"both", {"md": "markdown"}.get(ending, ending)}:
            path = output / f"{stem}.{ending}"
            write_whole(path, write(pack).encode())
            click.echo(path)


def _snapshot_for(profile: str, wanted: str) -> Snapshot | None:
    """Return the snapshot that was asked for; ``None`` where there is none, or none is wanted.

    Raises:
        UsageError: the latest was asked for and there is none, or the file is another profile's.
        DocumentError: the file cannot be read.
    """
    from amlrunbook.store.snapshots import find_snapshot, latest_snapshot, read_snapshot

    if wanted == NO_SNAPSHOT:
        return None
    if wanted and wanted != LATEST:
        path = Path(wanted)
    else:
        stored = find_snapshot(profile) if wanted else latest_snapshot(profile)
        if stored is None:
            return None
        path = stored.path
    found = read_snapshot(path)
    if found.profile not in {"", profile}:
        raise UsageError(
            f"The snapshot {path} is of the profile {found.profile!r}, not of {profile!r}.",
            state="Nothing was written.",
            next_step=f"`amlrunbook snapshot list -w {profile}` names its own.",
        )
    return found
