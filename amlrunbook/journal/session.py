"""A session: the identity key certifies a session key that lives in memory only.

The certificate states the number of entries, the last leaf and the root that its signer found,
so a second operator's ``session.open`` countersigns all that came before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from amlrunbook.errors import JournalError
from amlrunbook.journal import canonical, sshsig
from amlrunbook.journal.entry import (
    FORMAT,
    Entry,
    LineError,
    Reason,
    is_count,
    is_hash,
    is_journal_id,
    is_timestamp,
)
from amlrunbook.journal.identity import Identity
from amlrunbook.journal.namespaces import Namespaces
from amlrunbook.model.redaction import masked_text

_CERTIFICATE = frozenset({"j", "n", "prev", "principal", "root", "session", "t", "v"})
_PRINCIPAL_LIMIT = 256
_REMARKS_LIMIT = 10_000


class Accepts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a receiving operator states of the run that they take over."""

    verdict: str
    """What they found when they verified the journal."""
    remarks: str = ""
    """Anything that they want to have said."""


def accepts_from(fields: Mapping[str, str]) -> Accepts:
    """Return what a receiver states, without what looks like a secret.

    Raises:
        JournalError: if a field is missing, not known or too long.
    """
    try:
        stated = _accepts(dict(fields))
    except LineError as error:
        raise JournalError(
            f"A receiver states verdict and remarks, not {error.found}.",
            state="Nothing was written.",
        ) from error
    return Accepts(verdict=masked_text(stated.verdict), remarks=masked_text(stated.remarks))


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What the identity key signs when a session opens."""

    j: str
    """The journal's id."""
    n: int
    """The number of entries before this session, and so this entry's own number."""
    prev: str
    """The leaf hash of the last of them, in base64."""
    principal: str
    """Who the identity key belongs to."""
    root: str
    """The Merkle root over them, in base64."""
    session: bytes
    """The session's public key."""
    t: str
    """When; a claim."""
    accepts: Accepts | None = None
    """What the receiver of a hand-over states; under the identity key's signature."""

    def encode(self) -> bytes:
        """Return the canonical bytes that the identity key signs."""
        return canonical.encode(self.fields())

    def fields(self) -> dict[str, object]:
        """Return the certificate as it stands in the entry's body."""
        accepts = {"accepts": msgspec.to_builtins(self.accepts)} if self.accepts else {}
        return accepts | {
            "v": FORMAT,
            "j": self.j,
            "n": self.n,
            "prev": self.prev,
            "principal": self.principal,
            "root": self.root,
            "session": sshsig.to_base64(self.session),
            "t": self.t,
        }


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a ``session.open``, every field checked for its type."""

    certificate: Certificate
    signed: bytes
    """The certificate's canonical bytes as they were signed."""
    ident: bytes
    """The identity's public key: to be looked up, never to be trusted."""
    signature: bytes | None
    """None where a security key signed and ``sshsig`` holds the blob."""

    def is_signed(self, namespaces: Namespaces) -> bool:
        """Say whether the identity key signed the certificate under these namespaces."""
        if self.signature is None:
            return False
        key = Ed25519PublicKey.from_public_bytes(self.ident)
        return sshsig.verifies(key, namespaces.session, self.signed, self.signature)


def certify(
    certificate: Certificate, identity: Identity, namespaces: Namespaces
) -> dict[str, object]:
    """Return the body of a ``session.open``: one signature by the identity key.

    Raises:
        JournalError: if the identity does not sign, or what it returns does not verify.
    """
    message = certificate.encode()
    signature = identity.sign(namespaces.session, message)
    sshsig.check_public_key(identity.public_key)
    key = Ed25519PublicKey.from_public_bytes(identity.public_key)
    if not sshsig.verifies(key, namespaces.session, message, signature):
        raise JournalError(
            f"The identity of {identity.principal} gave a signature that does not verify.",
            state="No session was opened and nothing was written.",
            next_step="Check that the key and its public half belong together.",
        )
    return {
        "cert": certificate.fields(),
        "ident": sshsig.to_base64(identity.public_key),
        "sig": sshsig.to_base64(signature),
    }


def parse_opening(entry: Entry) -> Opening:
    """Return the body of a ``session.open``, checked in itself but for its signature.

    Raises:
        LineError: if a field is missing, not known or of another type, or a key is weak.
    """
    body = entry.body
    if body.keys() not in ({"cert", "ident", "sig"}, {"cert", "ident", "sshsig"}):
        raise _bad("cert, ident and sig", ", ".join(sorted(body)))
    certificate = body["cert"]
    if type(certificate) is not dict or certificate.keys() - {"accepts"} != _CERTIFICATE:
        raise _bad("the certificate's eight fields", ascii(certificate))
    session, ident = _key(certificate["session"]), _key(body["ident"])
    signature = _signature(body["sig"]) if "sig" in body else None
    return Opening(
        certificate=_certificate(certificate, session),
        signed=canonical.encode(certificate),
        ident=ident,
        signature=signature,
    )


def _certificate(fields: dict[str, object], session: bytes) -> Certificate:
    j, n, prev, root = fields["j"], fields["n"], fields["prev"], fields["root"]
    principal, t = fields["principal"], fields["t"]
    if fields["v"] != FORMAT or not is_journal_id(j) or not is_count(n):
        raise _bad("v, j and n of their types", f"{fields['v']!a} {j!a} {n!a}")
    if not is_hash(prev) or not is_hash(root) or not is_timestamp(t):
        raise _bad("prev, root and t of their types", f"{prev!a} {root!a} {t!a}")
    if not is_principal(principal):
        raise _bad("a principal", ascii(principal))
    return Certificate(
        j=j,
        n=n,
        prev=prev,
        principal=principal,
        root=root,
        session=session,
        t=t,
        accepts=_accepts(fields["accepts"]) if "accepts" in fields else None,
    )


def is_principal(value: object) -> TypeGuard[str]:
    """Say whether ``value`` may be a principal's name."""
    return type(value) is str and 0 < len(value) <= _PRINCIPAL_LIMIT


def _accepts(value: object) -> Accepts:
    try:
        accepts = msgspec.convert(value, Accepts)
    except msgspec.ValidationError as error:
        raise _bad("accepts: verdict and remarks", str(error)) from error
    if len(accepts.verdict) > _PRINCIPAL_LIMIT or len(accepts.remarks) > _REMARKS_LIMIT:
        raise _bad(f"remarks of at most {_REMARKS_LIMIT} characters", "more")
    return accepts


def _key(value: object) -> bytes:
    if type(value) is not str:
        raise _bad("a public key in base64", ascii(value))
    try:
        public_key = sshsig.from_base64(value, size=sshsig.KEY_SIZE)
    except JournalError as error:
        raise _bad("a public key in base64", error.what) from error
    try:
        sshsig.check_public_key(public_key)
    except sshsig.WeakKeyError as error:
        raise LineError(Reason.WEAK_KEY, expected="a sound key", found=error.what) from error
    return public_key


def _signature(value: object) -> bytes:
    if type(value) is not str:
        raise _bad("a signature in base64", ascii(value))
    try:
        return sshsig.from_base64(value, size=sshsig.SIGNATURE_SIZE)
    except JournalError as error:
        raise _bad("a signature in base64", error.what) from error


def _bad(expected: str, found: str) -> LineError:
    return LineError(Reason.SESSION, expected=expected, found=found)
