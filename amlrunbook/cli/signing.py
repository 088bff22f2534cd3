"""The person's own key and the signers they trust, as the configuration folder has them."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from amlrunbook.cli import talk
from amlrunbook.errors import RefusedError
from amlrunbook.journal import Identity, Trust, sshsig
from amlrunbook.journal import keys as journal_keys
from amlrunbook.journal.trust import load_revocations
from amlrunbook.store.paths import config_folder

TRUST_FOLDER = "trust"
"""In the configuration folder."""
SIGNERS_FILE = "allowed_signers"
"""The pinned list, OpenSSH's form."""
REVOKED_FILE = "revoked"
"""Keys that count no more: fingerprint, time, reason, a line each."""


def signers_path() -> Path:
    """Return where the pinned list is."""
    return config_folder() / TRUST_FOLDER / SIGNERS_FILE


def revoked_path() -> Path:
    """Return where the revocation list is."""
    return config_folder() / TRUST_FOLDER / REVOKED_FILE


def pinned_trust(path: Path | None = None) -> Trust | None:
    """Return the pinned list with the revocations; None where nothing has been pinned.

    Args:
        path: Another list than the configuration's; the revocations apply to it too.

    Raises:
        DocumentError: if a list cannot be read, or holds what is not known.
    """
    if path is None and not signers_path().exists():
        return None
    return Trust.load(path or signers_path(), revoked=revoked_path())


def current_identity() -> Identity:
    """Return the person's own identity; a passphrase is asked for without showing it.

    Raises:
        RefusedError: if no key was chosen, or it was revoked.
        JournalError: if the key cannot be used.
    """
    identity = journal_keys.current_identity(ask_secret, config_folder())
    refuse_revoked(identity)
    return identity


def refuse_revoked(identity: Identity) -> None:
    """Refuse to sign with a key that this machine's own list calls revoked.

    Raises:
        RefusedError: saying since when and why.
    """
    if not revoked_path().exists():
        return
    name = sshsig.fingerprint(identity.public_key)
    for one in load_revocations(revoked_path()):
        if one.fingerprint == name:
            raise RefusedError(
                f"{name} was revoked from {one.since.isoformat()} on: {one.reason or 'no reason'}.",
                state="Nothing was signed.",
                next_step="Choose another key with: amlrunbook key use",
            )


def ask_secret(question: str) -> str:
    """Ask for a secret: unseen at a terminal, else the next line of the input.

    Raises:
        EOFError: the input has ended.
    """
    if sys.stdin.isatty():
        return getpass.getpass(question, stream=sys.stderr)
    return ask(question)


def ask(question: str) -> str:
    """Ask on stderr, so that stdout stays data; return the line without its end.

    Raises:
        EOFError: the input has ended.
    """
    talk.say(question.rstrip())
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\r\n")


def agreed(question: str) -> bool:
    """Ask for a yes; anything else is a no."""
    return ask(f"{question} [y/N]").strip().lower() in {"y", "yes"}
