"""Builders for journal tests: a stopped clock, known keys, and lines signed to be wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.journal import Disk, Host, JournalWriter, KeyIdentity, Trust, canonical, sshsig
from amlrunbook.journal.entry import FORMAT, NO_PREV, SESSION_OPEN, frame
from amlrunbook.journal.merkle import CompactRange, leaf_hash
from amlrunbook.journal.namespaces import LIVE, Namespaces

ALICE = "alice@contoso.example"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LIVE_OPTIONS = 'namespaces="*@amlrunbook.journal.v1"'


class QuickDisk(Disk):
    """Writes for real, but does not wait for the medium: for tests of many small crashes."""

    def sync(self, descriptor: int) -> None:
        del descriptor


def stopped_host(disk: Disk | None = None, *, boot: str = "boot-1") -> Host:
    """A host whose clock steps one millisecond a reading."""
    reading = [0]

    def mono() -> int:
        reading[0] += 1000
        return reading[0]

    def wall() -> datetime:
        return START + timedelta(microseconds=reading[0])

    return Host(
        wall=wall, mono=mono, boot=lambda: boot, entropy=os.urandom, disk=disk or QuickDisk()
    )


def alice() -> KeyIdentity:
    return KeyIdentity(ALICE, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def bob() -> KeyIdentity:
    return KeyIdentity(
        "bob@contoso.example", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    )


def pinned(*identities: KeyIdentity, options: str = LIVE_OPTIONS) -> Trust:
    lines = [
        f"{one.principal} {options} {sshsig.public_line(one.public_key, 'key')}"
        for one in identities
    ]
    return Trust.parse("\n".join(lines), source="pinned")


def write_journal(folder: Path, count: int = 40, *, close: bool = True) -> list[bytes]:
    """A live journal of alice's with ``count`` entries; its lines, LF included."""
    writer = JournalWriter.create(folder, identity=alice(), drill=False, host=stopped_host())
    writer.append([("note", {"text": f"note {i}", "seen": i}) for i in range(count - 1 - close)])
    if close:
        writer.close({"outcome": "completed"})
    else:
        writer.release()
    return lines_of(writer.path)


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


class Forger:
    """An insider with a session key of alice's: signs whatever it is told to."""

    def __init__(self, identity: KeyIdentity | None = None, namespaces: Namespaces = LIVE) -> None:
        self.identity = identity or alice()
        self.namespaces = namespaces
        self.key = Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
        self.session = self.key.public_key().public_bytes_raw()
        self.journal_id = "0123456789abcdef" * 2
        self.prev = NO_PREV
        self.tree = CompactRange()
        self.lines: list[bytes] = []

    def fields(self, kind: str, body: object) -> dict[str, object]:
        n = self.tree.size
        return {
            "v": FORMAT,
            "j": self.journal_id,
            "n": n,
            "prev": sshsig.to_base64(self.prev),
            "k": sshsig.fingerprint(self.session),
            "kind": kind,
            "body": body,
            "t": f"2026-03-01T12:00:00.{n % 1000:03d}Z",
            "mono": n,
            "boot": "b",
        }

    def add(self, kind: str, body: object, **changes: object) -> Forger:
        return self.add_raw(canonical.encode(self.fields(kind, body) | changes))

    def add_raw(self, entry: bytes, *, namespace: str = "") -> Forger:
        data = sshsig.signed_data(namespace or self.namespaces.entry, entry)
        return self.add_line(frame(entry, self.key.sign(data)))

    def add_line(self, line: bytes) -> Forger:
        self.lines.append(line)
        self.prev = leaf_hash(line.removesuffix(b"\n"))
        self.tree.push(self.prev)
        return self

    def certificate(self) -> dict[str, object]:
        return {
            "v": FORMAT,
            "j": self.journal_id,
            "n": self.tree.size,
            "prev": sshsig.to_base64(self.prev),
            "principal": self.identity.principal,
            "root": sshsig.to_base64(self.tree.root()),
            "session": sshsig.to_base64(self.session),
            "t": "2026-03-01T12:00:00.000Z",
        }

    def open(
        self,
        change: Callable[[dict[str, object]], None] = lambda _: None,
        *,
        namespace: str = "",
        **body: object,
    ) -> Forger:
        certificate = self.certificate()
        change(certificate)
        signature = self.identity.sign(
            namespace or self.namespaces.session, canonical.encode(certificate)
        )
        whole = {
            "cert": certificate,
            "ident": sshsig.to_base64(self.identity.public_key),
            "sig": sshsig.to_base64(signature),
        }
        return self.add(SESSION_OPEN, {**whole, **body})

    def save(self, path: Path) -> Path:
        path.write_bytes(b"".join(self.lines))
        return path
