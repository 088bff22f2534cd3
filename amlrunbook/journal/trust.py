"""The pinned list of who may sign: OpenSSH's ``allowed_signers``, the part a journal needs.

Trust comes from this file and never from a key that a journal carries. An option that is not
known is refused, because ignoring one could only trust more than was meant.
Source: https://man.openbsd.org/ssh-keygen.1#ALLOWED_SIGNERS
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from amlrunbook.errors import DocumentError, JournalError
from amlrunbook.journal import sshsig

_OTHER_KEY_TYPES = frozenset(
    {
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
_FIELD = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+')
_OPTION = re.compile(r'([A-Za-z-]+)="((?:[^"\\]|\\.)*)"(?:,|$)')
_MOMENT = re.compile(r"(\d{8})(?:(\d{4})(\d{2})?)?(Z)?")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_SIZE_LIMIT = 1_048_576


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the pinned list."""

    principals: tuple[str, ...]
    """Patterns with ``*`` and ``?``; one that begins with ``!`` excludes."""
    public_key: bytes
    namespaces: tuple[str, ...] | None = None
    """Patterns; None allows every namespace."""
    valid_after: datetime | None = None
    valid_before: datetime | None = None

    def refusal(self, namespace: str, moments: tuple[datetime, ...]) -> str:
        """Say why this line does not vouch for a signature at all of ``moments``, or nothing."""
        if self.namespaces is not None and not matches(namespace, self.namespaces):
            return f"the key is not pinned for {namespace}"
        for moment in moments:
            if self.valid_after is not None and moment < self.valid_after:
                return f"the key is valid only from {self.valid_after.isoformat()} on"
            if self.valid_before is not None and moment >= self.valid_before:
                return f"the key's time ended {self.valid_before.isoformat()}"
        return ""


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the revocation list: a key that counts no more from a moment on."""

    fingerprint: str
    since: datetime
    """When it got into wrong hands, as far as is known; UTC."""
    reason: str

    def line(self) -> str:
        """Return the line of the list, without a line end."""
        since = self.since.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
        return f"{self.fingerprint} {since} {self.reason}".rstrip()


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """A pinned list, read whole."""

    signers: tuple[Signer, ...]
    source: str
    """Where it came from, to be named in verdicts."""
    revocations: tuple[Revocation, ...] = ()

    @classmethod
    def load(cls, path: Path, *, revoked: Path | None = None) -> Trust:
        """Return the list in the file at ``path``.

        Args:
            path: The pinned signers, in OpenSSH's ``allowed_signers`` form.
            revoked: The revocation list; one that is not there revokes nothing.

        Raises:
            DocumentError: if one cannot be read, the first is empty, or either holds what is not
                known.
        """
        revocations = () if revoked is None or not revoked.exists() else load_revocations(revoked)
        trust = cls.parse(read_text(path), source=str(path))
        return cls(signers=trust.signers, source=trust.source, revocations=revocations)

    @classmethod
    def parse(cls, text: str, *, source: str) -> Trust:
        """Return the list that ``text`` holds; lines of other key types are passed over.

        Raises:
            DocumentError: with the line's number, for an option or a form that is not known, and
                for a list that holds no Ed25519 key at all.
        """
        signers = []
        for number, raw in enumerate(text.split("\n"), start=1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            try:
                signer = _signer(line)
            except JournalError as error:
                raise DocumentError(f"{source}, line {number}: {error.what}") from error
            if signer is not None:
                signers.append(signer)
        if not signers:
            raise DocumentError(
                f"{source} pins no {sshsig.KEY_TYPE} key.",
                next_step="Add the operators' lines: principal, ssh-ed25519, key.",
            )
        return cls(signers=tuple(signers), source=source)

    def refusal(self, principal: str, namespace: str, public_key: bytes, *moments: datetime) -> str:
        """Say why the list does not vouch for this key at all of ``moments``; nothing if it does."""
        known = [one for one in self.signers if matches(principal, one.principals)]
        if not known:
            return f"{principal} is not in {self.source}"
        lines = [one for one in known if one.public_key == public_key]
        if not lines:
            return f"{sshsig.fingerprint(public_key)} is not {principal}'s key in {self.source}"
        revoked = self._revoked(sshsig.fingerprint(public_key), moments)
        if revoked:
            return revoked
        refusals = [line.refusal(namespace, moments) for line in lines]
        return "" if "" in refusals else refusals[0]

    def keys_of(self, principal: str) -> frozenset[bytes]:
        """Return every public key that stands in the list for ``principal``, valid now or not."""
        return frozenset(
            one.public_key for one in self.signers if matches(principal, one.principals)
        )

    def _revoked(self, fingerprint: str, moments: tuple[datetime, ...]) -> str:
        for one in self.revocations:
            if one.fingerprint == fingerprint and any(moment >= one.since for moment in moments):
                why = f": {one.reason}" if one.reason else ""
                return f"the key was revoked from {one.since.isoformat()} on{why}"
        return ""


def load_revocations(path: Path) -> tuple[Revocation, ...]:
    """Return the revocation list in the file at ``path``.

    Raises:
        DocumentError: if it cannot be read, or a line is no revocation.
    """
    return parse_revocations(read_text(path), source=str(path))


def parse_revocations(text: str, *, source: str) -> tuple[Revocation, ...]:
    """Return the revocations in ``text``: fingerprint, time, reason, a line each.

    Raises:
        DocumentError: with the line's number, for a line that is none.
    """
    found = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        fingerprint, _, rest = line.partition(" ")
        since, _, reason = rest.partition(" ")
        try:
            moment = moment_of(since)
        except JournalError as error:
            raise DocumentError(f"{source}, line {number}: {error.what}") from error
        if moment is None or _FINGERPRINT.fullmatch(fingerprint) is None:
            raise DocumentError(
                f"{source}, line {number}: a line has a fingerprint (SHA256:…), a time, a reason."
            )
        found.append(Revocation(fingerprint=fingerprint, since=moment, reason=reason.strip()))
    return tuple(found)


def read_text(path: Path) -> str:
    """Return the text of a trust file, read whole.

    Raises:
        DocumentError: if it cannot be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise DocumentError(f"The trust file {path} cannot be read: {error.strerror}.") from error
    if len(data) > _SIZE_LIMIT:
        raise DocumentError(f"The trust file {path} is larger than {_SIZE_LIMIT} bytes.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"The trust file {path} is not UTF-8 text.") from error


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Say whether ``text`` fits one of ``patterns`` and none of those that begin with ``!``."""
    good = False
    for pattern in patterns:
        if _expression(pattern.removeprefix("!")).fullmatch(text) is None:
            continue
        if pattern.startswith("!"):
            return False
        good = True
    return good


def _expression(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _signer(line: str) -> Signer | None:
    fields = _FIELD.findall(line)
    if len(fields) < 3:  # noqa: PLR2004
        raise JournalError("a line has principals, a key type and a key.")
    principals, second, *rest = fields
    is_key = second == sshsig.KEY_TYPE or second in _OTHER_KEY_TYPES
    options = {} if is_key else _options(second)
    kind, blob = (second, rest[0]) if is_key else (rest[0], rest[1] if len(rest) > 1 else "")
    if kind in _OTHER_KEY_TYPES:
        return None
    if kind != sshsig.KEY_TYPE:
        raise JournalError(f"the key type {kind[:40]!a} is not known.")
    signer = Signer(
        principals=tuple(_unquote(principals).split(",")),
        public_key=sshsig.key_from_blob(blob),
        namespaces=tuple(options["namespaces"].split(",")) if "namespaces" in options else None,
        valid_after=moment_of(options.get("valid-after")),
        valid_before=moment_of(options.get("valid-before")),
    )
    if signer.valid_after and signer.valid_before and signer.valid_after >= signer.valid_before:
        raise JournalError("valid-before is not after valid-after.")
    return signer


def _options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _OPTION.match(text, place)
        if match is None:
            raise JournalError(
                f'{text[place : place + 40]!a} is neither {sshsig.KEY_TYPE} nor an option="value".'
            )
        name = match[1].lower()
        if name not in {"namespaces", "valid-after", "valid-before"}:
            raise JournalError(f"the option {name} is not known.")
        if name in options:
            raise JournalError(f"the option {name} stands twice.")
        options[name] = match[2].replace('\\"', '"')
        place = match.end()
    return options


def _unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def moment_of(text: str | None) -> datetime | None:
    """Return a time in OpenSSH's form; without a final ``Z`` it is in this host's time zone.

    Raises:
        JournalError: if it is none.
    """
    if text is None:
        return None
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise JournalError(f"{text[:40]!a} is no time: YYYYMMDD[HHMM[SS]][Z].")
    digits = match[1] + (match[2] or "0000") + (match[3] or "00")
    try:
        naive = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone is set below
    except ValueError as error:
        raise JournalError(f"{text} is no time in any calendar.") from error
    return naive.replace(tzinfo=UTC) if match[4] else naive.astimezone()
