"""What the program says to the person: the only module that writes to stderr.

stdout is data, for a file or a pipe. Both streams are made unable to fail on a character, and
nothing that comes from outside reaches the terminal as a control sequence or as a secret.
"""

from __future__ import annotations

import io
import logging
import os
import select
import sys

from amlrunbook.model.display import shown
from amlrunbook.model.redaction import masked_text


def prepare_streams() -> None:
    """Let both streams write any text: what their encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def quiet_libraries() -> None:
    """Keep the log lines of libraries off the terminal: they would be drawn over a screen.

    What matters of them reaches the operator as an error's sentence.
    """
    logging.getLogger().addHandler(logging.NullHandler())


def say(text: str) -> None:
    """Write ``text`` and a newline to stderr; a stderr that is closed or gone is no error."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(shown(masked_text(text), keep="\n\t") + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def reader_gone() -> bool:
    """Tell whether whoever read our stdout has closed it.

    Asked of the system, not of an exception: a broken pipe may also be a socket's.
    """
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return False
    watch = select.poll()
    watch.register(descriptor, 0)
    return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in watch.poll(0))


def silence_data() -> None:
    """Let stdout lead nowhere, so that the interpreter's own flush at exit meets no broken pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def flush_data() -> None:
    """Push buffered data out of stdout, if there is one.

    Raises:
        BrokenPipeError: the reader has closed it.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def say_waiting(text: str) -> None:
    """Tell a person at a terminal what they wait for; a log needs no such word."""
    if sys.stderr is not None and sys.stderr.isatty():
        say(text)
