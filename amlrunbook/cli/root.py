"""The root of the command line: one table of names, each loaded only when it is called.

The names are a contract: later versions add names and options, they never rename any. Start-up
pays for what is called: `--version` and the root's help import no command at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

import click

from amlrunbook import __version__
from amlrunbook.errors import UsageError

HOME = "amlrunbook.cli.app:open_home"
"""What runs without a command: a function without arguments that returns an exit code or None."""


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One name of the contract."""

    place: str
    """Where its click command is: ``module:attribute``."""
    help: str
    """One line for the root's help; the command's own help says more."""
    exists: bool = True
    """Whether this version has it. A name of a later version is refused, never half done."""


COMMANDS: dict[str, CommandEntry] = {
    "drill": CommandEntry(
        "amlrunbook.cli.drill:drill", "Practise a runbook against the simulated Azure."
    ),
    "run": CommandEntry(
        "amlrunbook.cli.run:run", "Run one runbook for a workspace pair; read-only unless --live."
    ),
    "assess": CommandEntry(
        "amlrunbook.cli.assess:assess", "Say what would be lost if the region went away now."
    ),
    "verify": CommandEntry(
        "amlrunbook.cli.verify:verify", "Say what the secondary region really holds.", exists=False
    ),
    "snapshot": CommandEntry(
        "amlrunbook.cli.snapshot:snapshot", "Take and look at dated inventories."
    ),
    "export": CommandEntry(
        "amlrunbook.cli.export:export", "Save before the day what no service copies by itself."
    ),
    "workspace": CommandEntry(
        "amlrunbook.cli.workspace:workspace", "Profiles of protected workspace pairs."
    ),
    "fleet": CommandEntry(
        "amlrunbook.cli.fleet:fleet", "The posture of all workspaces in reach.", exists=False
    ),
    "journal": CommandEntry(
        "amlrunbook.cli.journal:journal", "List, show and verify the signed journals of runs."
    ),
    "report": CommandEntry("amlrunbook.cli.report:report", "An incident report out of a journal."),
    "approve": CommandEntry("amlrunbook.cli.approve:approve", "Give the second person's approval."),
    "key": CommandEntry("amlrunbook.cli.key:key", "The keys that sign your journals."),
    "trust": CommandEntry("amlrunbook.cli.trust:trust", "The signers whose journals you trust."),
    "runbook": CommandEntry(
        "amlrunbook.cli.runbook:runbook", "List, show, check and pack runbooks."
    ),
    "scenario": CommandEntry(
        "amlrunbook.cli.scenario:scenario", "List, show and check the drills' scenarios."
    ),
    "simulator": CommandEntry(
        "amlrunbook.cli.simulator:simulator", "Serve the simulated Azure to other clients."
    ),
    "doctor": CommandEntry(
        "amlrunbook.cli.doctor:doctor",
        "Whether you, on this machine, can run every step.",
    ),
    "completion": CommandEntry(
        "amlrunbook.cli.completion:completion",
        "Print the completion script of a shell.",
        exists=False,
    ),
}
"""Every name of the contract, in the order of the help."""


def load(place: str) -> object:
    """Import what ``module:attribute`` names and return it."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


class LazyRoot(click.Group):
    """A group whose commands stand in ``COMMANDS`` and are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names that this version has."""
        del ctx
        return [name for name, entry in COMMANDS.items() if entry.exists]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command ``cmd_name``; None for what looks like an option.

        Raises:
            UsageError: the name is of a later version, or is no name of this program.
        """
        if cmd_name.startswith("-"):
            return None
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            near = get_close_matches(cmd_name, self.list_commands(ctx), n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise UsageError(
                f"There is no command {cmd_name!r}.{hint}",
                next_step="Try 'amlrunbook --help' for the commands there are.",
            )
        if not entry.exists:
            raise UsageError(
                f"amlrunbook {__version__} does not have the command '{cmd_name}' yet: "
                "its name is kept for a later version."
            )
        command = load(entry.place)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.place} is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table's own lines, so that help imports no command."""
        rows = [(name, COMMANDS[name].help) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=LazyRoot,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine; 1 findings failed, or the run ended with failures; 2 usage; "
    "3 Azure not reachable or not signed in; 4 refused; 5 in doubt; 6 incomplete; "
    "130 interrupted.",
)
@click.version_option(__version__, prog_name="amlrunbook", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context) -> object:
    """Walk through disaster recovery of Azure Machine Learning workspaces, step by step.

    Without a command, the app opens on its home screen. Nothing changes Azure unless a run is
    armed with --live.
    """
    if ctx.invoked_subcommand is not None:
        return None
    opener = load(HOME)
    if not callable(opener):
        raise TypeError(f"{HOME} is no function")
    return opener()
