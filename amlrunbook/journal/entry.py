"""One line of a journal: its frame, its ten fields, and what may be wrong with it.

A line is ``{"e":<entry>,"s":"<88 characters of base64>"}`` and LF. The bytes of the entry are
signed exactly as they stand, so nobody has to write them again in order to verify them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeGuard

import msgspec

from amlrunbook.errors import JournalError
from amlrunbook.journal import canonical, sshsig

FORMAT = "amlrunbook.journal/1"
"""The value of ``v``: it fixes Ed25519, SHA-256 and SHA-512."""
LINE_LIMIT = 262_144
"""Bytes in a line, its LF included; larger data goes to evidence."""
NO_PREV = bytes(32)
"""What stands before the first entry."""

SESSION_OPEN = "session.open"
"""A new session key, certified by the operator's identity key."""
HANDOVER = "handover"
"""The operator's offer to the principal named in the body."""
NOTE = "note"
"""What a person typed."""
APPROVAL_ASKED = "approval.asked"
"""A challenge, as it was shown."""
APPROVAL_GRANTED = "approval.granted"
"""A challenge, and a second person's signature over it."""
EVIDENCE_ADDED = "evidence.added"
"""Name, size and hash of a file beside the journal."""
TORN_TAIL = "recovery.torn_tail"
"""What a crash left behind the last good line, and where it was put."""
SEGMENT_CONTINUES = "segment.continues"
"""The journal that this file goes on from, and why it had to."""
JOURNAL_OPENING = "journal.opening"
"""What the program states about itself and the run as the journal begins."""
JOURNAL_CLOSE = "journal.close"
"""The outcome; nothing follows it."""

_ENTRY_DEPTH = canonical.MAX_DEPTH - 1
_HEAD = b'{"e":'
_MIDDLE = b',"s":"'
_TAIL = b'"}\n'
_SIGNATURE_WIDTH = 88
_FRAME = len(_MIDDLE) + _SIGNATURE_WIDTH + len(_TAIL)
_FIELDS = frozenset({"v", "j", "n", "prev", "k", "kind", "body", "t", "mono", "boot"})
_ID = re.compile(r"[0-9a-f]{32}")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
# 32 bytes fill 42 characters and four bits of one more: its spare bits are zero
_HASH = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_KIND = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_SHOWN = 80


class Reason(StrEnum):
    """The class of what is wrong with a line."""

    FRAME = "frame"
    """It does not have the form of a line."""
    BASE64 = "base64"
    """Its signature is not canonical base64."""
    CANONICAL = "canonical"
    """The entry is not canonical JSON."""
    FIELDS = "fields"
    """The ten fields are not all there, not alone, or not of their types."""
    JOURNAL = "journal"
    """It belongs to another journal."""
    NUMBER = "number"
    """It is not the next in order."""
    PREV = "prev"
    """It does not follow from the line before it."""
    SESSION_KEY = "session-key"
    """It names another key than the newest session's."""
    SESSION = "session"
    """A ``session.open`` that does not hold."""
    WEAK_KEY = "weak-key"
    """A public key under which signatures prove nothing."""
    SIGNATURE = "signature"
    """The signature is not the session key's over these bytes."""
    NAMESPACE = "namespace"
    """Signed for a drill in a live journal, or the other way round."""
    APPROVAL = "approval"
    """A second person's approval that does not hold."""
    AFTER_CLOSE = "after-close"
    """Something follows the closing entry."""
    LIMIT = "limit"
    """Longer than a line may be."""


class LineError(Exception):
    """What is wrong with one line: its class, what was expected, and what was found."""

    def __init__(self, reason: Reason, *, expected: str = "", found: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.expected = expected[:_SHOWN]
        self.found = found[:_SHOWN]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a journal; ``t`` is a claim, order is ``n`` and ``prev``."""

    j: str
    """The journal's id: 32 hexadecimal digits."""
    n: int
    """The number, from 0."""
    prev: str
    """The leaf hash of the line before, in base64."""
    k: str
    """The fingerprint of the session key."""
    kind: str
    """What the entry says; a kind that is not known is shown as it is."""
    body: dict[str, object]
    """The entry's own fields."""
    t: str
    """The writer's clock: RFC 3339, UTC, milliseconds."""
    mono: int
    """Microseconds of the host's monotonic clock."""
    boot: str
    """Which boot of the host ``mono`` counts in."""
    masked: tuple[str, ...] = ()
    """Where its writer took out what looked like a secret; never part of what is signed."""

    def moment(self) -> datetime:
        """Return ``t`` as a datetime in UTC."""
        return datetime.fromisoformat(self.t)

    def encode(self) -> bytes:
        """Return the canonical bytes to sign.

        Raises:
            CanonicalError: if the body has no canonical form.
        """
        fields = {
            "v": FORMAT,
            "j": self.j,
            "n": self.n,
            "prev": self.prev,
            "k": self.k,
            "kind": self.kind,
            "body": self.body,
            "t": self.t,
            "mono": self.mono,
            "boot": self.boot,
        }
        return canonical.encode(fields, max_depth=_ENTRY_DEPTH)


def is_kind(text: str) -> bool:
    """Say whether the writer takes ``text`` as a kind."""
    return _KIND.fullmatch(text) is not None


def timestamp(moment: datetime) -> str:
    """Return ``moment`` in the form of ``t``."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def is_timestamp(value: object) -> TypeGuard[str]:
    """Say whether ``value`` is a moment in the form of ``t``."""
    if type(value) is not str or _TIME.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_journal_id(value: object) -> TypeGuard[str]:
    """Say whether ``value`` has the form of a journal's id."""
    return type(value) is str and _ID.fullmatch(value) is not None


def is_hash(value: object) -> TypeGuard[str]:
    """Say whether ``value`` is the canonical base64 of 32 bytes."""
    return type(value) is str and _HASH.fullmatch(value) is not None


def is_count(value: object) -> TypeGuard[int]:
    """Say whether ``value`` is an integer from 0 on; ``True`` is none."""
    return type(value) is int and value >= 0


def frame(entry: bytes, signature: bytes) -> bytes:
    """Return the whole line, its LF included."""
    return b"".join((_HEAD, entry, _MIDDLE, sshsig.to_base64(signature).encode(), _TAIL))


def is_framed(line: bytes) -> bool:
    """Say whether ``line``, its LF included, has the frame of a line, whatever is inside."""
    return line.startswith(_HEAD) and line.endswith(_TAIL) and line[-_FRAME:].startswith(_MIDDLE)


def unframe(line: bytes) -> tuple[bytes, bytes]:
    """Return the entry's bytes and the 64 signature bytes of a line, its LF included.

    Raises:
        LineError: if the frame or the signature's base64 is not canonical, or it is too long.
    """
    if len(line) > LINE_LIMIT:
        raise LineError(Reason.LIMIT, expected=f"at most {LINE_LIMIT} bytes", found="more")
    if not is_framed(line):
        raise LineError(Reason.FRAME, expected='{"e":…,"s":"…"}', found=ascii(line[:40]))
    try:
        signature = sshsig.from_base64(line[-_FRAME + len(_MIDDLE) : -len(_TAIL)], size=64)
    except JournalError as error:
        raise LineError(Reason.BASE64, expected="64 bytes in base64", found=error.what) from error
    return line[len(_HEAD) : -_FRAME], signature


def parse(data: bytes) -> Entry:
    """Return the entry that ``data`` is the canonical text of, every field checked for its type.

    Raises:
        LineError: if it is not canonical, or not exactly the ten fields of their types.
    """
    try:
        value = canonical.decode(data, max_depth=_ENTRY_DEPTH)
    except canonical.CanonicalError as error:
        raise LineError(Reason.CANONICAL, expected="canonical JSON", found=error.what) from error
    if type(value) is not dict or value.keys() != _FIELDS:
        raise LineError(Reason.FIELDS, expected="exactly the ten fields", found=_fields(value))
    if value["v"] != FORMAT or type(value["v"]) is not str:
        raise LineError(Reason.FIELDS, expected=f"v={FORMAT}", found=ascii(value["v"]))
    del value["v"]
    bad = _mistyped(value)
    if bad:
        raise LineError(Reason.FIELDS, expected=f"{bad} of its type", found=ascii(value[bad]))
    return Entry(**value)


def _fields(value: object) -> str:
    if not isinstance(value, dict):
        return f"a {type(value).__name__}"
    different = sorted(value.keys() ^ _FIELDS)
    return "missing or not known: " + ", ".join(different[:5])


def _mistyped(value: dict[str, object]) -> str:
    """Return the name of the first field that has another type than its own, or nothing."""
    for name, is_good in _CHECKS:
        if not is_good(value[name]):
            return name
    return ""


def _is_fingerprint(value: object) -> bool:
    return type(value) is str and _FINGERPRINT.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_object(value: object) -> bool:
    return type(value) is dict


_CHECKS: tuple[tuple[str, Callable[[object], bool]], ...] = (
    ("j", is_journal_id),
    ("n", is_count),
    ("prev", is_hash),
    ("k", _is_fingerprint),
    ("kind", _is_text),
    ("body", _is_object),
    ("t", is_timestamp),
    ("mono", is_count),
    ("boot", _is_text),
)
