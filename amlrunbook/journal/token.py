"""Tokens for a chat: bytes as letters and digits that wrapping, quoting and markdown leave whole.

A token is ``<mark>.<base32>.end``. Base32 has one case and no character that a chat gives a
meaning to. What a chat puts in between (line breaks, quote signs, invisible characters) is passed
over; whatever else was changed, lost or cut off is noticed by a checksum.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
import zlib
from hashlib import sha256

from amlrunbook.errors import DocumentError

END = ".end"
"""Ends every token."""
_CHECK_SIZE = 8
_TEXT_LIMIT = 1 << 20
_PAYLOAD_LIMIT = 1 << 16
_PASSED_OVER = frozenset(">|│┃`*_\\\"'")
"""What chats and mail put around and into quoted text."""


def pack(mark: str, payload: bytes) -> str:
    """Return the token of ``payload``: one line without spaces.

    Args:
        mark: What kind of token it is: lower-case letters and digits.
        payload: At most 65,536 bytes.

    Raises:
        DocumentError: if it is larger.
    """
    if len(payload) > _PAYLOAD_LIMIT:
        raise DocumentError(f"{len(payload)} bytes are too many for a token.")
    packed = zlib.compress(payload, 9)
    text = base64.b32encode(_check(mark, packed) + packed).decode("ascii").rstrip("=").lower()
    return f"{mark}.{text}{END}"


def unpack(mark: str, text: str) -> bytes:
    """Return the payload of the one token of this kind that stands in ``text``.

    Raises:
        DocumentError: if there is none, more than one, or it was altered or cut off.
    """
    if len(text) > _TEXT_LIMIT:
        raise DocumentError(f"A text of {len(text)} characters is too long to hold a token.")
    bare = "".join(char for char in text if _counts(char)).casefold()
    found = set(re.findall(rf"{mark}\.([^.]*)\.end", bare))
    if not found:
        cut = "is cut off" if f"{mark}." in bare else "is not there"
        raise DocumentError(
            f"The token ({mark}.….end) {cut}.", next_step="Copy the whole message once more."
        )
    if len(found) > 1:
        raise DocumentError(
            f"The text holds {len(found)} different tokens.", next_step="Give one of them alone."
        )
    return _payload(mark, found.pop())


def _counts(char: str) -> bool:
    if char in _PASSED_OVER or char.isspace():
        return False
    return unicodedata.category(char) not in {"Cf", "Cc"}


def _payload(mark: str, text: str) -> bytes:
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as error:
        raise _altered() from error
    check, packed = raw[:_CHECK_SIZE], raw[_CHECK_SIZE:]
    if check != _check(mark, packed):
        raise _altered()
    reader = zlib.decompressobj()
    try:
        payload = reader.decompress(packed, _PAYLOAD_LIMIT)
    except zlib.error as error:
        raise _altered() from error
    if not reader.eof or reader.unused_data:
        raise _altered()
    return payload


def _check(mark: str, packed: bytes) -> bytes:
    return sha256(mark.encode() + b"\0" + packed).digest()[:_CHECK_SIZE]


def _altered() -> DocumentError:
    return DocumentError(
        "The token was altered or is cut off: its checksum does not fit.",
        next_step="Copy the whole message once more, or ask for a new one.",
    )
