"""Approvals in a journal: whether each one that was granted holds.

One that does not verify breaks the journal. One that held when it was granted, by a key that does
not count any more, is left unproven: when it was granted is only the writer's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from amlrunbook.errors import AmlRunbookError, DocumentError, RefusedError
from amlrunbook.journal import sshsig
from amlrunbook.journal.approval import (
    Answer,
    Challenge,
    answer_key,
    check_other_person,
    check_signature,
    parse_challenge,
)
from amlrunbook.journal.drill_approvers import drill_approvers
from amlrunbook.journal.entry import SEGMENT_CONTINUES, Entry, LineError, Reason
from amlrunbook.journal.namespaces import DRILL, Namespaces
from amlrunbook.journal.scan import OpenSession
from amlrunbook.journal.trust import Trust
from amlrunbook.journal.verdict import Approval


class _Granted(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an ``approval.granted``, as far as it is checked."""

    step: str
    challenge: str
    principal: str
    sig: str
    public_key: str


class SecondPersons:
    """Checks the approvals of one journal, and remembers them."""

    def __init__(self, trust: Trust | None, folder: Path, now: datetime) -> None:
        """Look keys up in ``trust``, or in the drill's own list in ``folder``, as of ``now``."""
        self._trust = trust
        self._folder = folder
        self._now = now
        self._before: set[str] = set()
        self._found: list[Approval] = []

    @property
    def found(self) -> Sequence[Approval]:
        """Every approval that holds, in order."""
        return self._found

    def see(self, entry: Entry) -> None:
        """Learn of the journals that this one goes on from: what was asked there counts here."""
        before = entry.body.get("j")
        if entry.kind == SEGMENT_CONTINUES and isinstance(before, str):
            self._before.add(before)

    def __call__(self, entry: Entry, session: OpenSession, namespaces: Namespaces) -> None:
        """Take an ``approval.granted``.

        Raises:
            LineError: if it does not hold.
        """
        try:
            body = msgspec.convert(entry.body, _Granted)
            challenge = parse_challenge(body.challenge)
        except msgspec.ValidationError as error:
            raise _bad("an approval's five texts", str(error)) from error
        except DocumentError as error:
            raise _bad("the challenge as it was shown", error.what) from error
        self._check_place(entry, body, challenge, namespaces)
        unproven = self._check_person(entry, body, challenge, session, namespaces)
        self._found.append(
            Approval(
                n=entry.n,
                step=body.step,
                principal=body.principal,
                proven=not unproven,
                unproven_because=unproven,
            )
        )

    def _check_place(
        self, entry: Entry, body: _Granted, challenge: Challenge, namespaces: Namespaces
    ) -> None:
        if challenge.journal != entry.j and challenge.journal not in self._before:
            raise _bad(f"a challenge of {entry.j}", f"one of {challenge.journal}")
        if challenge.drill != (namespaces is DRILL):
            raise _bad(
                "a challenge of this kind of run", "a drill's" if challenge.drill else "live"
            )
        if challenge.step != body.step:
            raise _bad(f"a challenge for {body.step}", f"one for {challenge.step}")
        if challenge.remaining(entry.moment()) <= 0:
            raise _bad(f"an answer before {challenge.expires}", f"one at {entry.t}")

    def _check_person(
        self,
        entry: Entry,
        body: _Granted,
        challenge: Challenge,
        session: OpenSession,
        namespaces: Namespaces,
    ) -> str:
        """Return why it is not proven whose word it is, or nothing."""
        answer = Answer(
            challenge_sha256=challenge.sha256,
            principal=body.principal,
            granted=True,
            comment="",
            sig=body.sig,
            public_key=body.public_key,
        )
        try:
            trust = self._list_of(namespaces)
            public_key = answer_key(answer)
            check_other_person(
                answer.principal,
                public_key,
                trust=trust,
                principals=(session.principal, challenge.asked_by),
                keys={sshsig.fingerprint(session.ident), challenge.asked_key},
            )
            check_signature(challenge, answer)
        except RefusedError as error:
            raise _bad("a second person's signature", error.what) from error
        if trust is None:
            return "no list of pinned signers was given"
        namespace = namespaces.approval
        refusal = trust.refusal(body.principal, namespace, public_key, entry.moment())
        if refusal:
            raise _bad("an approver who is pinned", refusal)
        return trust.refusal(body.principal, namespace, public_key, self._now)

    def _list_of(self, namespaces: Namespaces) -> Trust | None:
        if namespaces is not DRILL:
            return self._trust
        try:
            approvers = drill_approvers(self._folder)
        except AmlRunbookError as error:
            raise _bad("the drill's list of approvers", error.what) from error
        return approvers if approvers.signers else None


def _bad(expected: str, found: str) -> LineError:
    return LineError(Reason.APPROVAL, expected=expected, found=found)
