"""The file that a defect of this program leaves behind, for the report to its makers.

It holds the traceback and the versions; no values of variables, no command line, and no secret:
what looks like a signature, a token or a key is masked.
"""

from __future__ import annotations

import os
import platform
import traceback
from datetime import UTC, datetime
from pathlib import Path

from amlrunbook import __version__
from amlrunbook.model.redaction import masked_text


def write_crash(error: BaseException) -> Path:
    """Write the traceback of ``error`` to a new private file in the state folder.

    Returns:
        The file's path.

    Raises:
        OSError: the state folder cannot be written.
    """
    from amlrunbook.store.paths import state_folder

    folder = state_folder() / "crashes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"crash-{now:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.txt"
    text = (
        f"amlrunbook {__version__}\n"
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}\n"
        f"{now.isoformat(timespec='seconds')}\n\n"
        + masked_text("".join(traceback.format_exception(error)))
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - an open handle, not a path
        file.write(text)
    return path
