"""``amlrunbook trust``: the pinned list of signers, and what was revoked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime


@click.group()
def trust() -> None:
    """The signers whose journals you trust.

    A key is trusted because you pinned it, never because a journal carries it.
    """


@trust.command("show")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def show(form: str) -> int:
    """Print the pinned signers and the revocations, with the list's hash and date."""
    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import ExitCode

    found = signing.pinned_trust()
    if found is None:
        talk.say(f"Nothing is pinned: there is no {signing.signers_path()}.")
    if form == "json":
        import json

        click.echo(json.dumps(_as_data(), indent=2, sort_keys=True))
        return ExitCode.FINE
    for line in _text_lines():
        click.echo(line)
    return ExitCode.FINE


@trust.command("add")
@click.argument("principal")
@click.argument("public_key", nargs=-1)
@click.option("--file", "path", type=click.Path(path_type=Path), help="A *.pub file.")
@click.option(
    "--namespaces", help="What the key may sign, as in OpenSSH; all of a live run's uses."
)
@click.option("--valid-after", help="YYYYMMDD[HHMM[SS]][Z]")
@click.option("--valid-before", help="YYYYMMDD[HHMM[SS]][Z]")
@click.option("--yes", is_flag=True, help="You have compared the fingerprint; do not ask.")
def add(  # noqa: PLR0917 - click gives them by name
    principal: str,
    public_key: tuple[str, ...],
    path: Path | None,
    namespaces: str | None,
    valid_after: str | None,
    valid_before: str | None,
    yes: bool,
) -> int:
    """Pin a key for PRINCIPAL: ``trust add alice@contoso.example ssh-ed25519 AAAA…``."""
    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import ExitCode
    from amlrunbook.journal import Trust, sshsig
    from amlrunbook.journal.pinning import NAMESPACES, signer_line, with_line
    from amlrunbook.store.files import write_whole

    line = signer_line(
        principal,
        _key_from(" ".join(public_key), path),
        namespaces=namespaces or NAMESPACES,
        valid_after=_moment(valid_after),
        valid_before=_moment(valid_before),
    )
    (signer,) = Trust.parse(line, source="the line").signers
    name = sshsig.fingerprint(signer.public_key)
    text = _present()
    new = with_line(text, line)
    if not yes and not signing.agreed(
        f"{principal}'s key is {name}. Did they tell you so themselves, on another channel?"
    ):
        talk.say("Nothing was pinned.")
        return ExitCode.REFUSED
    write_whole(signing.signers_path(), new.encode())
    talk.say(f"Pinned {name} for {principal} in {signing.signers_path()}.")
    return ExitCode.FINE


@trust.command("remove")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(who: str, yes: bool) -> int:
    """Take the lines of WHO, a principal or a fingerprint, out of the pinned list."""
    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import ExitCode, UsageError
    from amlrunbook.journal.pinning import without
    from amlrunbook.store.files import write_whole

    text, removed = without(_present(), who)
    if not removed:
        raise UsageError(
            f"{who[:80]!a} is not in {signing.signers_path()}.",
            next_step="See who is with: amlrunbook trust show",
        )
    lines = f"{removed} line{'' if removed == 1 else 's'}"
    question = f"Remove {lines} of {who}? Journals that only they prove become UNPROVEN-IDENTITY."
    if not yes and not signing.agreed(question):
        talk.say("Nothing was changed.")
        return ExitCode.REFUSED
    if any(line.strip() and not line.strip().startswith("#") for line in text.splitlines()):
        write_whole(signing.signers_path(), text.encode())
    else:
        signing.signers_path().unlink()
    talk.say(f"Removed {lines}.")
    return ExitCode.FINE


def _present() -> str:
    from amlrunbook.cli import signing
    from amlrunbook.journal.trust import read_text

    path = signing.signers_path()
    return read_text(path) if path.exists() else ""


def _key_from(text: str, path: Path | None) -> bytes:
    """Return the public key in what was given.

    Raises:
        UsageError: if it is not exactly one Ed25519 key.
        RefusedError: if signatures under it prove nothing.
    """
    from amlrunbook.errors import JournalError, RefusedError, UsageError
    from amlrunbook.journal import sshsig
    from amlrunbook.store.files import read_whole

    if path is not None:
        text = read_whole(path, "The public key").decode("utf-8", "replace").strip()
    fields = text.split()
    if sshsig.KEY_TYPE in fields[:1]:
        fields = fields[1:]
    if not fields or "\n" in text:
        raise UsageError(
            "Give one public key: ssh-ed25519 AAAA…", next_step="It is what *.pub files hold."
        )
    try:
        return sshsig.key_from_blob(fields[0])
    except sshsig.WeakKeyError as error:
        raise RefusedError(error.what, state="Nothing was pinned.") from error
    except JournalError as error:
        raise UsageError(f"This is no Ed25519 public key: {error.what}") from error


def _moment(text: str | None) -> datetime | None:
    from amlrunbook.errors import JournalError, UsageError
    from amlrunbook.journal.trust import moment_of

    try:
        return moment_of(text)
    except JournalError as error:
        raise UsageError(error.what) from error


def _as_data() -> dict[str, object]:
    from datetime import UTC, datetime
    from hashlib import sha256

    from amlrunbook.cli import signing
    from amlrunbook.journal import sshsig

    found = signing.pinned_trust()
    if found is None:
        return {"path": str(signing.signers_path()), "signers": [], "revoked": []}
    path = signing.signers_path()
    dated = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return {
        "path": str(path),
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "date": dated.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "signers": [
            {
                "principals": list(one.principals),
                "fingerprint": sshsig.fingerprint(one.public_key),
                "namespaces": list(one.namespaces or ()),
                "valid_after": one.valid_after.isoformat() if one.valid_after else "",
                "valid_before": one.valid_before.isoformat() if one.valid_before else "",
            }
            for one in found.signers
        ],
        "revoked": [one.line() for one in found.revocations],
    }


def _text_lines() -> list[str]:
    from amlrunbook.cli import signing
    from amlrunbook.journal import sshsig
    from amlrunbook.model.display import shown

    found, data = signing.pinned_trust(), _as_data()
    if found is None:
        return []
    lines = [
        f"list     {shown(str(data['path']))}",
        f"sha256   {data['sha256']}",
        f"date     {data['date']}",
    ]
    for one in found.signers:
        span = "".join(
            f"  {word} {moment.isoformat()}"
            for word, moment in (("from", one.valid_after), ("until", one.valid_before))
            if moment is not None
        )
        uses = "" if one.namespaces is None else "  " + ",".join(one.namespaces)
        who = ",".join(one.principals)
        lines.append(shown(f"signer   {sshsig.fingerprint(one.public_key)}  {who}{uses}{span}"))
    lines += [shown(f"revoked  {one.line()}") for one in found.revocations]
    return lines
