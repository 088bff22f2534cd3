"""Where things lie on this machine.

Configuration (profiles, a user's own runbooks) and state (snapshots, runs) in the folders that the platform has for
them; or both under ``AMLRUNBOOK_HOME``, in ``config`` and ``state``, where that is set.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path, user_state_path

from amlrunbook.errors import UsageError

HOME_VARIABLE = "AMLRUNBOOK_HOME"
_NAME = "amlrunbook"


def config_folder() -> Path:
    """Return the folder of what the user wrote."""
    home = _home()
    return home / "config" if home else user_config_path(_NAME)


def state_folder() -> Path:
    """Return the folder of what the program wrote."""
    home = _home()
    return home / "state" if home else user_state_path(_NAME)


def profiles_folder() -> Path:
    """Return the folder of profiles, one TOML file each."""
    return config_folder() / "profiles"


def runbooks_folder() -> Path:
    """Return the folder of the user's own runbooks."""
    return config_folder() / "runbooks"


def snapshots_folder() -> Path:
    """Return the folder of snapshots: a folder a profile, a file a snapshot."""
    return state_folder() / "snapshots"


def runs_folder() -> Path:
    """Return the folder of runs, a folder each."""
    return state_folder() / "runs"


def _home() -> Path | None:
    """Return ``AMLRUNBOOK_HOME``.

    Raises:
        UsageError: it is not absolute: it would mean another folder in every working directory.
    """
    text = os.environ.get(HOME_VARIABLE, "")
    if not text:
        return None
    home = Path(text)
    if not home.is_absolute():
        raise UsageError(
            f"{HOME_VARIABLE} is {text!r}, which is not an absolute path.",
            next_step="Give the whole path, or unset it.",
        )
    return home
