"""The key of one session: made in memory, never written, gone with the process."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.errors import JournalError
from amlrunbook.journal import sshsig
from amlrunbook.journal.entry import LINE_LIMIT, Entry, frame


class SessionKey:
    """Signs the entries of one session, and verifies each signature before it is written."""

    def __init__(self, seed: bytes, namespace: str) -> None:
        """Take 32 random bytes, and the namespace that entries are signed under."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key()
        self._namespace = namespace
        self.public_key = self._public.public_bytes_raw()
        """32 bytes: what the identity key certifies."""
        self.fingerprint = sshsig.fingerprint(self.public_key)
        """What entries name in ``k``."""

    def line(self, entry: Entry) -> bytes:
        """Return the whole line of ``entry``, its LF included.

        Raises:
            JournalError: if the signature does not verify, or the line is too long.
        """
        data = entry.encode()
        signature = self._key.sign(sshsig.signed_data(self._namespace, data))
        if not sshsig.verifies(self._public, self._namespace, data, signature):
            raise JournalError(
                "A signature just made does not verify: this machine's memory or processor fails.",
                state="Nothing was written.",
                next_step="Go on from another machine.",
            )
        line = frame(data, signature)
        if len(line) > LINE_LIMIT:
            raise JournalError(
                f"An entry of {len(line)} bytes is larger than {LINE_LIMIT}.",
                state="Nothing was written; the journal can be written on.",
                next_step="Keep the large part as evidence.",
            )
        return line
