"""OpenSSH's signature format, as far as a journal needs it: Ed25519 and SHA-512.

Everything in an SSHSIG but the 64 signature bytes is constant for a key and a namespace, so a
journal stores those alone; the armor that ``ssh-keygen -Y verify`` reads is rebuilt on request.
Source: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

from __future__ import annotations

import binascii
from functools import cache
from hashlib import sha256, sha512
from struct import pack

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from amlrunbook.errors import JournalError

KEY_TYPE = "ssh-ed25519"
"""The one key type that journals are signed with."""
KEY_SIZE = 32
"""Bytes in a public key."""
SIGNATURE_SIZE = 64
"""Bytes in a signature."""

_PRIME = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)
_ARMOR_WIDTH = 70


class WeakKeyError(JournalError):
    """A public key under which a cheating signer could later deny having signed."""


def wire_string(value: bytes) -> bytes:
    """Return ``value`` as an SSH string: its length in four bytes, then itself."""
    return pack(">I", len(value)) + value


_TYPE_STRING = wire_string(KEY_TYPE.encode())
_HASH_STRING = wire_string(b"sha512")


def signed_data(namespace: str, message: bytes) -> bytes:
    """Return the bytes that an SSHSIG of ``message`` under ``namespace`` signs."""
    return preamble(namespace) + digest(message)


def digest(message: bytes) -> bytes:
    """Return what of the message goes into the signed bytes."""
    return sha512(message).digest()


@cache
def preamble(namespace: str) -> bytes:
    """Return the constant part of the signed bytes; the message's SHA-512 follows it."""
    head = b"SSHSIG" + wire_string(namespace.encode()) + wire_string(b"") + _HASH_STRING
    return head + pack(">I", sha512().digest_size)


def key_blob(public_key: bytes) -> bytes:
    """Return the wire form of a 32-byte public key: what stands in base64 in ``*.pub`` files."""
    return _TYPE_STRING + wire_string(public_key)


def fingerprint(public_key: bytes) -> str:
    """Return the fingerprint as ``ssh-keygen -l`` prints it: ``SHA256:`` and 43 characters."""
    return "SHA256:" + to_base64(sha256(key_blob(public_key)).digest()).rstrip("=")


def public_line(public_key: bytes, comment: str) -> str:
    """Return the line of a ``*.pub`` file, without a line end."""
    return f"{KEY_TYPE} {to_base64(key_blob(public_key))} {comment}"


def key_from_blob(text: str) -> bytes:
    """Return the 32 bytes of a public key given in base64, as in a ``*.pub`` file.

    Raises:
        WeakKeyError: for a key that is no proof of anything.
        JournalError: for anything that is not an Ed25519 public key.
    """
    head = _TYPE_STRING + pack(">I", KEY_SIZE)
    blob = from_base64(text, size=len(head) + KEY_SIZE)
    if not blob.startswith(head):
        raise JournalError(f"The key is not of the type {KEY_TYPE}.")
    public_key = blob[len(head) :]
    check_public_key(public_key)
    return public_key


def check_public_key(public_key: bytes) -> None:
    """Refuse public keys under which signatures prove nothing.

    A key of small order lets one signature fit every message, and most verifiers accept it; a
    coordinate that is not reduced gives one key two fingerprints.

    Raises:
        WeakKeyError: for such a key, or one of the wrong length.
    """
    if len(public_key) != KEY_SIZE:
        raise WeakKeyError(f"A public key has {KEY_SIZE} bytes, this one {len(public_key)}.")
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= _PRIME:
        raise WeakKeyError("The public key is not in canonical form.")
    if y in _SMALL_ORDER_Y:
        raise WeakKeyError("The public key is of small order: any signature would fit it.")


def verifies(key: Ed25519PublicKey, namespace: str, message: bytes, signature: bytes) -> bool:
    """Say whether ``signature`` is ``key``'s over ``message`` under ``namespace``."""
    try:
        key.verify(signature, signed_data(namespace, message))
    except InvalidSignature:
        return False
    return True


def armor(public_key: bytes, namespace: str, signature: bytes) -> str:
    """Return the armored signature that ``ssh-keygen -Y verify`` reads."""
    text = to_base64(_blob(public_key, namespace, signature))
    lines = [text[i : i + _ARMOR_WIDTH] for i in range(0, len(text), _ARMOR_WIDTH)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def _blob(public_key: bytes, namespace: str, signature: bytes) -> bytes:
    blob = b"SSHSIG" + pack(">I", 1) + wire_string(key_blob(public_key))
    blob += wire_string(namespace.encode()) + wire_string(b"") + _HASH_STRING
    return blob + wire_string(_TYPE_STRING + wire_string(signature))


def unarmor(text: str, public_key: bytes, namespace: str) -> bytes:
    """Return the 64 signature bytes of an armored signature by this key under this namespace.

    Raises:
        JournalError: if it is another form, another key's, or for another use.
    """
    lines = text.strip().splitlines()
    if len(lines) < 3 or not (lines[0] + lines[-1]).count(" SSH SIGNATURE-----") == 2:  # noqa: PLR2004
        raise JournalError("This is no armored SSH signature.")
    size = len(_blob(public_key, namespace, bytes(SIGNATURE_SIZE)))
    blob = from_base64("".join(lines[1:-1]), size=size)
    signature = blob[-SIGNATURE_SIZE:]
    if blob != _blob(public_key, namespace, signature):
        raise JournalError("The SSH signature is another key's, or was made for another use.")
    return signature


def to_base64(value: bytes) -> str:
    """Return standard base64 with padding."""
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def from_base64(text: str | bytes, *, size: int) -> bytes:
    """Return the ``size`` bytes that ``text`` stands for, if it is their one canonical base64.

    Raises:
        JournalError: for another length, another alphabet, or spare bits that are not zero.
    """
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    try:
        value = binascii.a2b_base64(raw, strict_mode=True)
    except binascii.Error as error:
        raise JournalError("Not base64.") from error
    if len(value) != size:
        raise JournalError(f"{size} bytes in base64 were expected, not {len(value)}.")
    if binascii.b2a_base64(value, newline=False) != raw:
        raise JournalError("The base64 is not in canonical form.")
    return value
