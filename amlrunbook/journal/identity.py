"""Who signs a session: an operator's key, a drill's own, or one that is thrown away.

The identity key signs once a session; the session key that it certifies signs the entries.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.journal import sshsig
from amlrunbook.journal.namespaces import DRILL

UNATTRIBUTED = "unattributed"
"""The principal of a throw-away identity: no trust file can give it a name."""
DRILL_PRINCIPAL = "drill"
"""The principal of every drill's own identity."""
DRILL_KEY_FILE = "drill-identity"
"""The private half, OpenSSH format, mode 0600, in the run's folder."""
DRILL_PUBLIC_FILE = "drill-identity.pub"
"""The public half, one line, beside the journal."""
_FILE_LIMIT = 16_384


class Identity(Protocol):
    """Anything that can vouch for a session: a key file, an agent, a security key."""

    @property
    def principal(self) -> str:
        """The name that the pinned list knows this key by."""
        ...

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        ...

    def sign(self, namespace: str, message: bytes) -> bytes:
        """Return the 64 bytes of an SSHSIG over ``message`` under ``namespace``."""
        ...


class KeyIdentity:
    """An Ed25519 private key held in this process."""

    def __init__(self, principal: str, key: Ed25519PrivateKey) -> None:
        self._principal = principal
        self._key = key
        self._public_key = key.public_key().public_bytes_raw()

    @classmethod
    def from_openssh(cls, principal: str, text: bytes, *, passphrase: bytes | None = None) -> Self:
        """Return the identity in the text of an OpenSSH private key file.

        Raises:
            JournalError: if it is no such file, the passphrase does not fit, or it is not Ed25519.
        """
        return cls(principal, _load_private(text, passphrase))

    @property
    def principal(self) -> str:
        """The name that the pinned list knows this key by."""
        return self._principal

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return self._public_key

    def sign(self, namespace: str, message: bytes) -> bytes:
        """Return the 64 bytes of an SSHSIG over ``message`` under ``namespace``."""
        return self._key.sign(sshsig.signed_data(namespace, message))


class ThrowAwayIdentity(KeyIdentity):
    """A key made now and never kept: the journal is consistent, and nobody's."""

    def __init__(self) -> None:
        super().__init__(UNATTRIBUTED, Ed25519PrivateKey.generate())


class DrillIdentity(KeyIdentity):
    """The identity of one drill, kept in the run's folder so that a killed drill can resume.

    It signs under the drill's namespaces and no other.
    """

    @classmethod
    def create(cls, folder: Path) -> DrillIdentity:
        """Make the identity of a new drill in ``folder``, which is made where it is missing.

        Raises:
            JournalError: if there is one already, or it cannot be written.
        """
        key = Ed25519PrivateKey.generate()
        identity = cls(DRILL_PRINCIPAL, key)
        text = openssh_text(key, passphrase=None)
        line = sshsig.public_line(identity.public_key, DRILL_PRINCIPAL) + "\n"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(folder / DRILL_KEY_FILE, text)
            write_private(folder / DRILL_PUBLIC_FILE, line.encode())
        except FileExistsError as error:
            raise JournalError(
                f"{folder} already holds a drill's identity.",
                state="It was left as it is.",
                next_step="Resume that drill, or start a new one in a folder of its own.",
            ) from error
        except OSError as error:
            raise JournalError(
                f"The drill's identity could not be written to {folder}: {error.strerror}.",
                state="The drill has not begun.",
                next_step="Free some space or choose another folder.",
            ) from error
        return identity

    @classmethod
    def load(cls, folder: Path) -> DrillIdentity:
        """Return the identity of the drill in ``folder``.

        Raises:
            JournalError: if it is missing, unreadable, or its two halves do not belong together.
        """
        identity = cls(DRILL_PRINCIPAL, _load_private(read_small(folder / DRILL_KEY_FILE), None))
        if identity.public_key != drill_public_key(folder):
            raise JournalError(
                f"{DRILL_PUBLIC_FILE} in {folder} is not the public half of {DRILL_KEY_FILE}.",
                state="The drill cannot be signed on.",
                next_step="Start a new drill; keep this folder if you want to know why.",
            )
        return identity

    def sign(self, namespace: str, message: bytes) -> bytes:
        """Return the 64 bytes of an SSHSIG, under a drill's namespace only.

        Raises:
            RefusedError: for any other namespace.
        """
        if not namespace.endswith(DRILL.domain):
            raise RefusedError(
                f"A drill's identity does not sign for {namespace}.",
                state="Nothing was signed.",
                next_step="Use your own key for a live run.",
            )
        return super().sign(namespace, message)


def drill_public_key(folder: Path) -> bytes:
    """Return the public key of the drill in ``folder``.

    Raises:
        JournalError: if the file is missing, unreadable, or no Ed25519 public key.
    """
    path = folder / DRILL_PUBLIC_FILE
    fields = read_small(path).decode("ascii", "replace").split()
    if len(fields) < 2 or fields[0] != sshsig.KEY_TYPE:  # noqa: PLR2004
        raise JournalError(f"{path} holds no {sshsig.KEY_TYPE} public key.")
    return sshsig.key_from_blob(fields[1])


def _load_private(text: bytes, passphrase: bytes | None) -> Ed25519PrivateKey:
    try:
        key = serialization.load_ssh_private_key(text, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise JournalError(
            "The private key cannot be read: not in OpenSSH format, or a passphrase is wrong.",
            next_step="Make one with: ssh-keygen -t ed25519",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalError(
            "The private key is not Ed25519.",
            next_step="Make one with: ssh-keygen -t ed25519",
        )
    return key


def openssh_text(key: Ed25519PrivateKey, *, passphrase: bytes | None) -> bytes:
    """Return a private key as the text of an OpenSSH key file, under ``passphrase`` if there is one."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption(),
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a new file, mode 0600, and return when it is durable.

    Raises:
        OSError: if it exists, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_small(path: Path) -> bytes:
    """Return the bytes of a small file that is no link.

    Raises:
        JournalError: if it is missing, a link, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_FILE_LIMIT)
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}.") from error
