"""Changing a pinned list: one line at a time, the others as they stand.

These work on the list's text, so that comments, options and other people's lines stay.
"""

from __future__ import annotations

from datetime import UTC, datetime

from amlrunbook.errors import DocumentError, RefusedError
from amlrunbook.journal import sshsig
from amlrunbook.journal.keys import check_principal
from amlrunbook.journal.namespaces import LIVE
from amlrunbook.journal.trust import Signer, Trust

NAMESPACES = f"*{LIVE.domain}"
"""What a line is for by default: every use in live runs, and nothing else."""


def signer_line(
    principal: str,
    public_key: bytes,
    *,
    namespaces: str = NAMESPACES,
    valid_after: datetime | None = None,
    valid_before: datetime | None = None,
) -> str:
    """Return the line that pins a key, in OpenSSH's ``allowed_signers`` form, without a line end.

    Raises:
        DocumentError: if the principal cannot be one.
        WeakKeyError: for a key under which signatures prove nothing.
    """
    check_principal(principal)
    sshsig.check_public_key(public_key)
    options = [f'namespaces="{namespaces}"']
    if valid_after is not None:
        options.append(f'valid-after="{_stamp(valid_after)}"')
    if valid_before is not None:
        options.append(f'valid-before="{_stamp(valid_before)}"')
    return f"{principal} {','.join(options)} {sshsig.public_line(public_key, principal)}"


def with_line(text: str, line: str) -> str:
    """Return the list with one more line.

    Raises:
        DocumentError: if the line, or the list with it, is none.
        RefusedError: if the same key stands there already, under whatever name.
    """
    new = Trust.parse(line, source="the line").signers
    for one in _signers(text):
        if one.public_key == new[0].public_key:
            raise RefusedError(
                f"{sshsig.fingerprint(one.public_key)} is pinned already, for "
                f"{', '.join(one.principals)!a}: one key is one person's.",
                state="The list is as it was.",
                next_step="Remove that line first: amlrunbook trust remove",
            )
    head = text if not text or text.endswith("\n") else text + "\n"
    Trust.parse(head + line, source="the list")
    return head + line + "\n"


def without(text: str, who: str) -> tuple[str, int]:
    """Return the list without the lines of a principal or a fingerprint, and how many they were."""
    kept, removed = [], 0
    for line in text.splitlines(keepends=True):
        if _is_of(line, who):
            removed += 1
        else:
            kept.append(line)
    return "".join(kept), removed


def ended(text: str, public_key: bytes, moment: datetime) -> tuple[str, int]:
    """Return the list in which a key's lines end at ``moment``, and how many were changed."""
    lines, changed = [], 0
    for line in text.splitlines(keepends=True):
        found = _signers(line)
        if found and found[0].public_key == public_key and found[0].valid_before is None:
            line = _with_option(line, f'valid-before="{_stamp(moment)}"')  # noqa: PLW2901
            changed += 1
        lines.append(line)
    return "".join(lines), changed


def _with_option(line: str, option: str) -> str:
    principals, second, rest = line.strip().split(" ", 2)
    options = option if second == sshsig.KEY_TYPE else f"{second},{option}"
    tail = f"{second} {rest}" if second == sshsig.KEY_TYPE else rest
    new = f"{principals} {options} {tail}\n"
    Trust.parse(new, source="the line")
    return new


def _is_of(line: str, who: str) -> bool:
    return any(
        who in one.principals or sshsig.fingerprint(one.public_key) == who for one in _signers(line)
    )


def _signers(text: str) -> tuple[Signer, ...]:
    if not any(line.strip() and not line.strip().startswith("#") for line in text.splitlines()):
        return ()
    try:
        return Trust.parse(text, source="the list").signers
    except DocumentError:
        return ()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
