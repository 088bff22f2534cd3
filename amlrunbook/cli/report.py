"""``amlrunbook report``: what a run came to, out of its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from amlrunbook.executor.run import Executor

REPORT_FILE = "report.md"
"""What is written beside the journal of a run that is closed."""


@click.command()
@click.argument("journal")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
)
def report(journal: str, form: str) -> None:
    """Say what the run of JOURNAL (a file, a folder or an id) moved, what not, what is in doubt, what is next.

    Nothing is written, and Azure is not asked. A run that is still open is told as it stands.
    """
    from amlrunbook.cli.journals import ReadRun
    from amlrunbook.cli.parts import run_folder_of
    from amlrunbook.report.closing import closing_report
    from amlrunbook.report.closing_text import as_json, as_markdown, as_text

    run = ReadRun(run_folder_of(journal))
    found = closing_report(run.plan, run.state)
    match form:
        case "json":
            text = as_json(found)
        case "markdown":
            text = as_markdown(found)
        case _:
            text = as_text(found)
    click.echo(text, nl=False)


def keep_report(executor: Executor) -> Path | None:
    """Write the report of a run that is closed beside its journal; ``None`` where it is open, or cannot be written."""
    from pathlib import Path

    from amlrunbook.cli import talk
    from amlrunbook.errors import AmlRunbookError
    from amlrunbook.report.closing import closing_report
    from amlrunbook.report.closing_text import as_markdown
    from amlrunbook.store.files import write_whole

    if executor.state.closed is None:
        return None
    path = Path(executor.stage.record.path).with_name(REPORT_FILE)
    text = as_markdown(closing_report(executor.stage.plan, executor.state))
    try:
        write_whole(path, text.encode())
    except AmlRunbookError as error:
        talk.say(f"The report was not written: {error.what}")
        return None
    return path
