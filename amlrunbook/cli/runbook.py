"""``amlrunbook runbook``: which runbooks there are, what they say, and whether one is valid."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def runbook() -> None:
    """List, show and check runbooks."""


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
