"""The file that a defect of this program leaves behind, for the report to its makers.

It holds the traceback and the versions; no values of variables, no command line, and no secret:
what looks like a signature, a token or a key is blanked out.
"""

from __future__ import annotations

import os
import platform
import re
import traceback
from datetime import UTC, datetime
from pathlib import Path

from amlrunbook import __version__

_SECRETS = re.compile(
    r"""(?ix)
    ( \b bearer \s+
    | (?<![a-z]) (?: sig | signature | accountkey | sharedaccesssignature
                   | client_?secret | client_?assertion | password | pwd
                   | access_?token | refresh_?token | id_?token )
      ["']? \s* [=:] \s* ["']?
    ) [^\s"'&;,]+
    """
)


def without_secrets(text: str) -> str:
    """Return ``text`` with the values of signatures, tokens, keys and passwords blanked out."""
    return _SECRETS.sub(r"\1***", text)


def write_crash(error: BaseException) -> Path:
    """Write the traceback of ``error`` to a new private file in the state folder.

    Returns:
        The file's path.

    Raises:
        OSError: the state folder cannot be written.
    """
    from platformdirs import user_state_path

    folder = user_state_path("amlrunbook") / "crashes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"crash-{now:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.txt"
    text = (
        f"amlrunbook {__version__}\n"
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}\n"
        f"{now.isoformat(timespec='seconds')}\n\n"
        + without_secrets("".join(traceback.format_exception(error)))
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - an open handle, not a path
        file.write(text)
    return path
