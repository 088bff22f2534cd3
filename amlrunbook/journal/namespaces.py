"""The SSHSIG namespaces: what a signature was made for.

A drill has its own, so no signature of a drill can ever pass for one of a live run.
Source: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

from __future__ import annotations

import msgspec


class Namespaces(msgspec.Struct, frozen=True, kw_only=True):
    """The namespaces that one journal is signed under."""

    session: str
    """For the certificate in a ``session.open``, signed by the identity key."""
    entry: str
    """For every entry, signed by the session key."""
    approval: str
    """For a second person's word, signed by their identity key over the challenge."""
    decline: str
    """For the same person's no. Another namespace, so that it can never be turned into a yes."""

    @property
    def domain(self) -> str:
        """What all namespaces of this kind of journal end with."""
        return "@" + self.entry.partition("@")[2]


LIVE = Namespaces(
    session="session@amlrunbook.journal.v1",
    entry="entry@amlrunbook.journal.v1",
    approval="approval@amlrunbook.journal.v1",
    decline="decline@amlrunbook.journal.v1",
)
"""For every run but a drill."""
DRILL = Namespaces(
    session="session@amlrunbook.drill.v1",
    entry="entry@amlrunbook.drill.v1",
    approval="approval@amlrunbook.drill.v1",
    decline="decline@amlrunbook.drill.v1",
)
"""For a run against the simulated Azure."""
