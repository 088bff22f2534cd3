"""The operator's own key: where it is, how it is made, and how it becomes an identity.

A choice names a principal and a source: the ssh-agent, a key file of the operator's, or one that
this program made. A passphrase is asked for when it is needed and never kept.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.errors import DocumentError, JournalError, RefusedError
from amlrunbook.journal import sshsig
from amlrunbook.journal.agent import AgentIdentity, agent_keys
from amlrunbook.journal.identity import (
    Identity,
    KeyIdentity,
    openssh_text,
    read_small,
    write_private,
)
from amlrunbook.journal.session import is_principal

FORMAT = "amlrunbook.key/1"
CHOICE_FILE = "key.json"
"""In the configuration folder: which key signs."""
KEYS_FOLDER = "keys"
"""In the configuration folder: the keys that this program made."""
_TRIES = 3
_OTHERS = 0o077

Prompt = Callable[[str], str]
"""Asks for a secret without showing it, and returns it."""


class Source(StrEnum):
    """Where a private key is."""

    AGENT = "agent"
    """In an ssh-agent; it never leaves it."""
    FILE = "file"
    """In a key file of the operator's."""
    MADE = "made"
    """In a key file that this program made."""


class KeyChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which key signs, and under which name."""

    v: str = FORMAT
    principal: str
    source: Source
    public: str
    """The public key as in a ``*.pub`` file, in base64."""
    path: str = ""
    """The private key's file; empty for an agent's."""

    @property
    def public_key(self) -> bytes:
        """The 32 bytes.

        Raises:
            JournalError: if it is no key, or a weak one.
        """
        return sshsig.key_from_blob(self.public)

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` prints it."""
        return sshsig.fingerprint(self.public_key)

    def to_json(self) -> bytes:
        """Return the text of the choice's file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def chosen_key(folder: Path) -> KeyChoice:
    """Return the choice in the configuration ``folder``.

    Raises:
        RefusedError: if none was made.
        DocumentError: if its file is not what this program wrote.
    """
    path = folder / CHOICE_FILE
    if not path.exists():
        raise RefusedError(
            "No key has been chosen to sign with.",
            state="Nothing was signed.",
            next_step="Choose one with: amlrunbook key use. Make one with: amlrunbook key new",
        )
    try:
        choice = msgspec.json.decode(read_small(path), type=KeyChoice)
        sshsig.key_from_blob(choice.public)
    except (msgspec.DecodeError, JournalError) as error:
        raise DocumentError(
            f"{path} is not what this program wrote: {error}.",
            next_step="Choose a key again with: amlrunbook key use",
        ) from error
    if choice.v != FORMAT or not is_principal(choice.principal):
        raise DocumentError(f"{path} has another form than {FORMAT}, or names nobody.")
    return choice


def current_identity(prompt: Prompt, folder: Path) -> Identity:
    """Return the identity that was chosen in the configuration ``folder``.

    Args:
        prompt: Asks for the passphrase, if the key has one.
        folder: The configuration folder.

    Raises:
        RefusedError: if no key was chosen, or its file is open to others.
        JournalError: if the key is not there, or the passphrase is wrong three times.
    """
    return identity_of(chosen_key(folder), prompt)


def identity_of(choice: KeyChoice, prompt: Prompt) -> Identity:
    """Return the identity that ``choice`` names; raises as :func:`current_identity` does."""
    if choice.source is Source.AGENT:
        if choice.public_key not in {one.public_key for one in agent_keys()}:
            raise JournalError(
                f"The ssh-agent does not hold {choice.fingerprint}.",
                state="Nothing was signed.",
                next_step="Add it with ssh-add, or choose another: amlrunbook key use",
            )
        return AgentIdentity(choice.principal, choice.public_key)
    identity = file_identity(choice.principal, Path(choice.path), prompt)
    if identity.public_key != choice.public_key:
        raise JournalError(
            f"{choice.path} holds another key than the one that was chosen.",
            state="Nothing was signed.",
            next_step="Choose again with: amlrunbook key use",
        )
    return identity


def file_identity(principal: str, path: Path, prompt: Prompt) -> KeyIdentity:
    """Return the identity in an OpenSSH private key file.

    Raises:
        RefusedError: if the file is open to others.
        JournalError: if it is no such file, or the passphrase is wrong three times.
    """
    text = read_small(path)
    mode = path.stat().st_mode & 0o777
    if mode & _OTHERS:
        raise RefusedError(
            f"{path} is open to others (mode {mode:04o}).",
            state="It was not used.",
            next_step=f"chmod 600 {path}; if others may have read it, make a new key.",
        )
    if not is_protected(text):
        return KeyIdentity.from_openssh(principal, text)
    for attempt in range(_TRIES):
        again = "" if attempt == 0 else "That is not it. "
        passphrase = prompt(f"{again}Passphrase of {path}: ").encode()
        try:
            return KeyIdentity.from_openssh(principal, text, passphrase=passphrase)
        except JournalError:
            continue
    raise JournalError(
        f"The passphrase of {path} was wrong {_TRIES} times.", state="Nothing was signed."
    )


def is_protected(text: bytes) -> bool:
    """Say whether a private key file asks for a passphrase."""
    try:
        serialization.load_ssh_private_key(text, None)
    except TypeError:
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return False


def make_key(folder: Path, principal: str, *, passphrase: str) -> KeyChoice:
    """Make a key in the configuration ``folder``, and return the choice that names it.

    Args:
        folder: The configuration folder, which is there.
        principal: Whose it is.
        passphrase: What protects the file; an empty one leaves it open to whoever reads it.

    Raises:
        DocumentError: if the principal can be none.
        JournalError: if it cannot be written.
    """
    check_principal(principal)
    key = Ed25519PrivateKey.generate()
    public_key = key.public_key().public_bytes_raw()
    name = sshsig.key_blob(public_key)[-8:].hex()
    path = folder / KEYS_FOLDER / f"identity-{name}"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, openssh_text(key, passphrase=passphrase.encode() or None))
        line = sshsig.public_line(public_key, principal) + "\n"
        write_private(path.with_suffix(".pub"), line.encode())
    except OSError as error:
        raise JournalError(
            f"The key could not be written to {path.parent}: {error.strerror}.",
            state="No key was made.",
            next_step="Free some space, or mend the folder's permissions.",
        ) from error
    return KeyChoice(
        principal=principal,
        source=Source.MADE,
        public=sshsig.to_base64(sshsig.key_blob(public_key)),
        path=str(path),
    )


def made_keys(folder: Path, principal: str) -> list[KeyChoice]:
    """Return the keys that this program made in the configuration ``folder``, by their public halves.

    A public half that is no key is passed over.
    """
    found = []
    for public in sorted((folder / KEYS_FOLDER).glob("identity-*.pub")):
        fields = public.read_text(encoding="ascii", errors="replace").split()
        private = public.with_suffix("")
        try:
            sshsig.key_from_blob(fields[1] if len(fields) > 1 else "")
        except JournalError:
            continue
        found.append(
            KeyChoice(principal=principal, source=Source.MADE, public=fields[1], path=str(private))
        )
    return found


def check_principal(principal: str) -> None:
    """Refuse a name that cannot stand in a pinned list as it is.

    Raises:
        DocumentError: for a name with a space, a comma, a quote or a wildcard, or none at all.
    """
    bad = set(principal) & set(" \t\r\n,\"'*?!#")
    if not is_principal(principal) or bad or not principal.isprintable():
        raise DocumentError(
            f"{principal[:80]!a} cannot be a principal: it has no spaces, commas, quotes or "
            "wildcards.",
            next_step="Use an address, like alice@contoso.example",
        )
