"""A second person's word, without a server: a challenge, its answer, and what makes one count.

The challenge is pasted into a chat in words and as a token; the approver's identity key signs its
canonical text, and the answer is pasted back. The answer names who gave it; only a pinned list says
whether that is so, and no key of the starter's own principal ever counts, under whatever name.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import NoReturn

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from amlrunbook.errors import AmlRunbookError, DocumentError, JournalError, RefusedError
from amlrunbook.journal import canonical, sshsig, token
from amlrunbook.journal.identity import Identity
from amlrunbook.journal.namespaces import DRILL, LIVE, Namespaces
from amlrunbook.journal.trust import Trust
from amlrunbook.model.display import shown

FORMAT = "amlrunbook.approval/1"
"""The value of ``v``: it fixes Ed25519 and SHA-512, as in a journal."""
ASK_MARK = "amlask1"
"""Begins the token of a challenge."""
ANSWER_MARK = "amlanswer1"
"""Begins the token of an answer."""
_RESOURCES_SAID = 20
_COMMENT_LIMIT = 2000
_LINE = 2000
"""Characters; a terminal passes on at most 4,095 bytes of a line."""


class Challenge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked: all that the approver sees, and all that they sign."""

    v: str = FORMAT
    run: str
    """The run's id."""
    journal: str
    """The journal's id (``j``)."""
    plan_digest: str
    step: str
    """The step's id in the plan."""
    title: str
    summary: str
    """What the action does, in words."""
    resources: tuple[str, ...]
    """The ids of what it touches."""
    loss: str
    """What is lost by it; empty where nothing is."""
    risk: str
    asked_by: str
    """The principal who asks."""
    asked_key: str
    """The fingerprint of their identity key."""
    needed: int
    """How many approvals are needed."""
    asked_at: str
    """RFC 3339, UTC, ending in ``Z``."""
    expires: str
    """RFC 3339, UTC, ending in ``Z``; an answer counts before it."""
    nonce: str
    """Random, so that no two challenges are the same."""
    drill: bool

    def encode(self) -> bytes:
        """Return the canonical bytes that an approver signs.

        Raises:
            CanonicalError: if a field has no canonical form.
        """
        return canonical.encode(msgspec.to_builtins(self))

    def text(self) -> str:
        """Return the canonical text: what an ``approval.granted`` entry keeps."""
        return self.encode().decode("utf-8")

    @property
    def sha256(self) -> str:
        """The hash of the canonical text, hexadecimal: what an answer refers to."""
        return sha256(self.encode()).hexdigest()

    @property
    def namespaces(self) -> Namespaces:
        """What an answer is signed under: a drill's never passes for a live one's."""
        return DRILL if self.drill else LIVE

    def remaining(self, now: datetime) -> float:
        """Return for how many seconds an answer still counts; not positive when it is over."""
        return (datetime.fromisoformat(self.expires) - now).total_seconds()

    def words(self) -> list[str]:
        """Return what is asked, in plain words, a line each; nothing in them acts on a terminal."""
        said = self.resources[:_RESOURCES_SAID]
        more = len(self.resources) - len(said)
        lines = [
            f"{'DRILL. ' if self.drill else ''}{self.asked_by} asks for approval: {self.title}",
            f"What    {self.summary}",
            *(f"Touches {one}" for one in said),
            *((f"Touches {more} more, {len(self.resources)} in all",) if more else ()),
            f"Loses   {self.loss or 'nothing'}",
            f"Risk    {self.risk}",
            f"Step    {self.step} of run {self.run}, plan {self.plan_digest[:16]}",
            f"Needs   {self.needed} approval{'' if self.needed == 1 else 's'}, until {self.expires}",
        ]
        return [shown(line) for line in lines]


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's yes or no to one challenge."""

    challenge_sha256: str
    """Which challenge: the hash of its canonical text."""
    principal: str
    """Who says so."""
    granted: bool
    comment: str
    """Said along with it. It is not under the signature, which covers the challenge alone."""
    sig: str
    """The 64 bytes of an SSHSIG over the challenge, in base64."""
    public_key: str
    """The 32 bytes of the approver's key, in base64: to be looked up, never to be trusted."""


def ask_token(challenge: Challenge) -> str:
    """Return what is pasted into a chat: what is asked in words, then the token, a line each.

    Raises:
        DocumentError: if the challenge is too large, or is none that :func:`read_ask` would take.
    """
    payload = challenge.encode()
    parse_challenge(payload.decode("utf-8"))
    lines = [
        *challenge.words(),
        "To answer: amlrunbook approve, and paste this message.",
        *_wrapped(token.pack(ASK_MARK, payload)),
    ]
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    """Return a token as one line, or several where a terminal would not take it as one."""
    if len(text) <= _LINE:
        return [text]
    body, end = text[: -len(token.END)], token.END
    lines = [body[i : i + _LINE] for i in range(0, len(body), _LINE)]
    return [*lines[:-1], lines[-1] + end]


def read_ask(text: str) -> Challenge:
    """Return the challenge in a pasted message; the words around its token are passed over.

    Raises:
        DocumentError: in one sentence, if the token is missing, cut off, altered, or no challenge.
    """
    return parse_challenge(token.unpack(ASK_MARK, text).decode("utf-8", "replace"))


def parse_challenge(text: str) -> Challenge:
    """Return the challenge that ``text`` is the canonical text of.

    Raises:
        DocumentError: if it is none.
    """
    try:
        challenge = msgspec.convert(canonical.decode(text.encode("utf-8")), Challenge)
        asked, expires = _moment(challenge.asked_at), _moment(challenge.expires)
    except (JournalError, msgspec.ValidationError, ValueError) as error:
        raise DocumentError(f"This is no approval's challenge: {error}.") from error
    if challenge.v != FORMAT:
        raise DocumentError(f"The challenge has the form {challenge.v[:40]!a}, not {FORMAT}.")
    if challenge.needed < 1 or expires <= asked:
        raise DocumentError("The challenge needs nobody, or ends before it begins.")
    return challenge


def answer(challenge: Challenge, identity: Identity, *, granted: bool, comment: str = "") -> str:
    """Return the token of ``identity``'s answer: one signature over the challenge.

    A no is signed under another namespace than a yes, so that nobody can turn one into the other.

    Raises:
        DocumentError: if the comment is too long.
        JournalError: if the identity does not sign.
    """
    if len(comment) > _COMMENT_LIMIT:
        raise DocumentError(f"A comment has at most {_COMMENT_LIMIT} characters.")
    message = challenge.encode()
    signature = identity.sign(_namespace(challenge, granted=granted), message)
    given = Answer(
        challenge_sha256=sha256(message).hexdigest(),
        principal=identity.principal,
        granted=granted,
        comment=comment,
        sig=sshsig.to_base64(signature),
        public_key=sshsig.to_base64(identity.public_key),
    )
    return token.pack(ANSWER_MARK, canonical.encode(msgspec.to_builtins(given)))


def read_answer(text: str) -> Answer:
    """Return the answer in a pasted message; it is checked by :func:`check_answer` only.

    Raises:
        DocumentError: in one sentence, if the token is missing, cut off, altered, or no answer.
    """
    payload = token.unpack(ANSWER_MARK, text)
    try:
        return msgspec.convert(canonical.decode(payload), Answer)
    except (JournalError, msgspec.ValidationError) as error:
        raise DocumentError(f"This is no answer to a challenge: {error}.") from error


def check_answer(
    challenge: Challenge,
    answer: Answer,
    *,
    trust: Trust,
    now: datetime,
    starter_principal: str,
    starter_keys: Collection[str],
) -> None:
    """Accept an answer, or say why it does not count.

    Args:
        challenge: What was asked, from the run's own memory, never from the answer.
        answer: What was pasted back.
        trust: The pinned list; a drill's own approvers for a drill.
        now: When the answer is looked at.
        starter_principal: Who runs the run.
        starter_keys: Fingerprints of keys that are theirs, beside those that ``trust`` lists.

    Raises:
        RefusedError: naming the reason.
    """
    if answer.challenge_sha256 != challenge.sha256:
        _refuse("The answer is to another challenge, or to this one before it was altered.")
    if challenge.remaining(now) <= 0:
        _refuse(f"The challenge expired at {challenge.expires}.")
    public_key = answer_key(answer)
    check_other_person(
        answer.principal,
        public_key,
        trust=trust,
        principals=(starter_principal, challenge.asked_by),
        keys={*starter_keys, challenge.asked_key},
    )
    check_signature(challenge, answer)
    # whoever may say yes may say no
    approval = challenge.namespaces.approval
    refusal = trust.refusal(answer.principal, approval, public_key, now)
    if refusal:
        _refuse(f"The answer does not count: {shown(refusal)}.")


def check_other_person(
    principal: str,
    public_key: bytes,
    *,
    trust: Trust | None,
    principals: Collection[str],
    keys: Collection[str],
) -> None:
    """Refuse ``principal`` and their key if either is one of ``principals``'s own.

    Every key that ``trust`` lists for one of them is theirs, whatever other name it stands under.

    Raises:
        RefusedError: naming the reason.
    """
    if principal.strip().casefold() in {one.strip().casefold() for one in principals}:
        _refuse(f"{shown(principal)} is the one who asks: nobody approves their own action.")
    print_of_key = sshsig.fingerprint(public_key)
    own = (
        {sshsig.fingerprint(key) for one in principals for key in trust.keys_of(one)}
        if trust
        else set()
    )
    if print_of_key in own or print_of_key in keys:
        _refuse(
            f"{print_of_key} is a key of the one who asks, whatever name it is used under: "
            "nobody approves their own action."
        )


def check_signature(challenge: Challenge, answer: Answer) -> None:
    """Accept the answer's signature over the challenge, or say what it is instead.

    Raises:
        RefusedError: if it is another key's, for another challenge, or made for another use.
    """
    key = Ed25519PublicKey.from_public_bytes(answer_key(answer))
    try:
        signature = sshsig.from_base64(answer.sig, size=sshsig.SIGNATURE_SIZE)
    except JournalError as error:
        raise _refused(f"The answer's signature is none: {error.what}") from error
    message = challenge.encode()
    wanted = _namespace(challenge, granted=answer.granted)
    if sshsig.verifies(key, wanted, message, signature):
        return
    for one in (LIVE, DRILL):
        for other in (one.approval, one.decline, one.session, one.entry):
            if sshsig.verifies(key, other, message, signature):
                _refuse(f"The signature was made for {other}, not for {wanted}.")
    _refuse("The signature is not that key's over this challenge: something was altered.")


def answer_key(answer: Answer) -> bytes:
    """Return the 32 bytes of the key that the answer names.

    Raises:
        RefusedError: if it is no key, or one under which signatures prove nothing.
    """
    try:
        public_key = sshsig.from_base64(answer.public_key, size=sshsig.KEY_SIZE)
        sshsig.check_public_key(public_key)
    except JournalError as error:
        raise _refused(f"The answer's key does not count: {error.what}") from error
    return public_key


def _namespace(challenge: Challenge, *, granted: bool) -> str:
    return challenge.namespaces.approval if granted else challenge.namespaces.decline


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if not text.endswith("Z") or moment.tzinfo != UTC:
        raise ValueError(f"{text[:40]!a} is no time in UTC")
    return moment


def _refused(why: str) -> AmlRunbookError:
    return RefusedError(
        why,
        state="The approval was not taken; what it was asked for has not happened.",
        next_step="Ask a second person, whose own key is pinned, for a new answer.",
    )


def _refuse(why: str) -> NoReturn:
    raise _refused(why)
