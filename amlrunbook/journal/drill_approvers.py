"""Second persons of a drill: named keys in the run's folder, so that approvals can be rehearsed.

They sign under the drill's namespaces only, and only that drill's own list vouches for them.
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.errors import DocumentError, JournalError, RefusedError
from amlrunbook.journal import sshsig
from amlrunbook.journal.identity import (
    DRILL_PRINCIPAL,
    DrillIdentity,
    drill_public_key,
    openssh_text,
    read_small,
    write_private,
)
from amlrunbook.journal.namespaces import DRILL
from amlrunbook.journal.trust import Trust

APPROVERS_FILE = "drill-approvers"
"""The pinned list of one drill, beside its journal: OpenSSH's ``allowed_signers`` form."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.@_-]{0,62}[A-Za-z0-9])?")
_LIMIT = 20


class DrillApprover(DrillIdentity):
    """A named second person of one drill."""


def drill_approver(folder: Path, principal: str) -> DrillApprover:
    """Return the approver of that name of the drill in ``folder``, made now if it is new.

    Raises:
        RefusedError: if the name is the drill's own, or ``folder`` holds no drill.
        DocumentError: if the name cannot be a principal.
        JournalError: if the key cannot be read or written.
    """
    _check_name(principal)
    _check_drill(folder)
    principal = principal.lower()
    path = folder / f"{APPROVERS_FILE}.{principal}"
    try:
        if not path.exists():
            text = openssh_text(Ed25519PrivateKey.generate(), passphrase=None)
            write_private(path, text)
        approver = DrillApprover.from_openssh(principal, read_small(path))
        _pin(folder, approver)
    except OSError as error:
        raise JournalError(
            f"The approver {principal} could not be written to {folder}: {error.strerror}.",
            state="The drill has no such approver.",
            next_step="Free some space, or choose another name.",
        ) from error
    return approver


def drill_approvers(folder: Path) -> Trust:
    """Return the pinned list of the drill in ``folder``; an empty one where it has no approver.

    Raises:
        DocumentError: if the list cannot be read.
    """
    path = folder / APPROVERS_FILE
    if not path.exists():
        return Trust(signers=(), source=str(path))
    text = read_small(path).decode("utf-8", "replace")
    return Trust.parse(text, source=str(path))


def _pin(folder: Path, approver: DrillApprover) -> None:
    """Add the approver's line to the drill's list, whole or not at all, if it is not there."""
    known = drill_approvers(folder)
    if approver.public_key in known.keys_of(approver.principal):
        return
    if len(known.signers) >= _LIMIT:
        raise RefusedError(f"A drill has at most {_LIMIT} approvers.")
    public = sshsig.public_line(approver.public_key, approver.principal)
    line = f'{approver.principal} namespaces="*{DRILL.domain}" {public}\n'
    pinned = folder / APPROVERS_FILE
    before = read_small(pinned) if pinned.exists() else b""
    new = pinned.with_name(f"{APPROVERS_FILE}.new")
    new.unlink(missing_ok=True)
    write_private(new, before + line.encode())
    new.replace(pinned)


def _check_name(principal: str) -> None:
    if _NAME.fullmatch(principal) is None:
        raise DocumentError(
            f"{principal[:70]!a} is no name for an approver: letters, digits and . @ _ -"
        )
    if principal.lower() == DRILL_PRINCIPAL:
        raise RefusedError(f"{DRILL_PRINCIPAL} is the drill itself: choose another name.")


def _check_drill(folder: Path) -> None:
    try:
        drill_public_key(folder)
    except JournalError as error:
        raise RefusedError(
            f"{folder} holds no drill: a live run is approved with a person's own key.",
            state="Nothing was written.",
        ) from error
