"""The edge of the program: what a command returns or raises becomes an exit code and a sentence.

One of the two places that may catch everything: a defect ends in one sentence and a file with
the traceback, never in a traceback over the operator's terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from amlrunbook.cli import talk
from amlrunbook.errors import AmlRunbookError, ExitCode

READER_GONE = 141
"""The exit code when the reader of stdout left early: 128 + SIGPIPE, as the shell reports it."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line ``args`` (the process's own by default) and return the exit code."""
    talk.prepare_streams()
    talk.quiet_libraries()
    code = _guarded(list(sys.argv[1:] if args is None else args))
    try:
        talk.flush_data()
    except OSError:  # said already, or the words on stderr and the code matter more
        talk.silence_data()
    return code


def _guarded(args: list[str]) -> int:
    """Run the commands; turn every exception into words on stderr and an exit code."""
    try:
        code = _invoke(args)
        talk.flush_data()
    except click.ClickException as error:
        talk.say(_usage_text(error))
        return ExitCode.USAGE
    except AmlRunbookError as error:
        talk.say(error.diagnostics())
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        talk.say("Interrupted.")
        return ExitCode.INTERRUPTED
    except EOFError:
        talk.say("Interrupted: an answer was needed, and the input had ended.")
        return ExitCode.INTERRUPTED
    except BrokenPipeError as error:
        if not talk.reader_gone():
            return _crashed(error)
        talk.silence_data()
        return READER_GONE
    except Exception as error:  # noqa: BLE001 - the program's edge
        return _crashed(error)
    return code


def _invoke(args: list[str]) -> int:
    """Parse and run; return what the command returned (None is fine) or passed to ``exit``.

    click's own ``main`` is not used: it exits 1 when any pipe breaks, and 1 means findings here.
    """
    from amlrunbook.cli.root import root

    try:
        with root.make_context("amlrunbook", args) as ctx:
            result = root.invoke(ctx)
    except click.exceptions.Exit as end:
        return end.exit_code
    if result is None:
        return ExitCode.FINE
    if not isinstance(result, int):
        raise TypeError(f"a command returned {type(result).__name__} where an exit code belongs")
    return result


def _usage_text(error: click.ClickException) -> str:
    """Return what is wrong with the call, and where its help is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return error.format_message()
    return f"{error.format_message()}\nTry '{error.ctx.command_path} --help'."


def _crashed(error: Exception) -> int:
    """Say in one sentence that this is a defect, and where its traceback is."""
    from amlrunbook.cli.crash import write_crash

    kind = type(error).__name__
    try:
        place = f"its traceback is in {write_crash(error)}."
    except OSError as failure:
        place = f"its traceback could not be written ({failure.strerror or failure})."
    talk.say(f"amlrunbook stopped on a defect of its own ({kind}); {place}")
    return ExitCode.FAILED
