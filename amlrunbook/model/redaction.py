"""Secrets out, before anything is logged, shown, signed or stored.

Two doors: :func:`masked_text` for text (patterns of what secrets look like), and :func:`masked_document`
for JSON (keys that hold secrets, and the patterns in every string).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "«masked»"
"""What stands where a secret stood."""

_PATTERNS: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?i)(?<=[?&;\s\"']sig=)[^&\s\"';]+"),
    re.compile(r"(?i)(?<=^sig=)[^&\s\"';]+"),
    re.compile(r"(?i)(?<=AccountKey=)[^;\s\"']+"),
    re.compile(r"(?i)(?<=SharedAccessKey=)[^;\s\"']+"),
    re.compile(r"(?i)(?<=InstrumentationKey=)[^;\s\"']+"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
    ),
    re.compile(r"(?i)(?<=password=)[^&;\s\"']+"),
    re.compile(r"(?i)(?<=client_secret=)[^&;\s\"']+"),
    re.compile(
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])"
    ),
)
"""What secrets look like: SAS signatures, account keys, tokens, private keys, Entra client secrets."""

_MARKERS = (
    "sig=",
    "accountkey=",
    "sharedaccesskey=",
    "instrumentationkey=",
    "bearer ",
    "eyj",
    "private key-----",
    "password=",
    "client_secret=",
    "q~",
)
"""What every pattern needs in an ASCII text, in lower case: a text with none of it has no secret."""

_SECRET_KEYS = frozenset(
    {
        "instrumentationkey",
        "connectionstring",
        "primarykey",
        "secondarykey",
        "primaryaccesskey",
        "secondaryaccesskey",
        "userstoragekey",
        "primarysharedkey",
        "secondarysharedkey",
        "clientsecret",
        "client_secret",
        "accesstoken",
        "access_token",
        "databricksaccesstoken",
        "password",
        "adminpassword",
        "administratorloginpassword",
        "administratoraccount",
        "sastoken",
        "accountkey",
        "adminuserpassword",
        "sshprivatekey",
        "securevalue",
        "passwords",
    }
)
"""Keys, in lower case, whose values are secrets wherever they stand."""


def masked_text(text: str) -> str:
    """Return ``text`` with everything that looks like a secret replaced by :data:`MASK`."""
    # ASCII only: beyond it, letters of other forms match the patterns too
    if text.isascii() and not _may_hold_a_secret(text.lower()):
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return text


def _may_hold_a_secret(lower: str) -> bool:
    return any(marker in lower for marker in _MARKERS)


def masked_document(value: Any) -> Any:
    """Return a copy of a JSON value without the secrets in it."""
    if isinstance(value, Mapping):
        return {
            key: MASK
            if str(key).lower() in _SECRET_KEYS and item not in (None, "")
            else masked_document(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [masked_document(item) for item in value]
    return masked_text(value) if isinstance(value, str) else value
