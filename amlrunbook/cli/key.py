"""``amlrunbook key``: the keys that sign your journals and approvals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime

    from amlrunbook.journal.keys import KeyChoice

_SHORTEST = 8
"""Characters of a passphrase."""


@click.group()
def key() -> None:
    """The keys that sign your journals.

    A key is in your ssh-agent, in an OpenSSH key file of yours, or made here and kept under a
    passphrase. The sessions of a run are signed by keys that live in memory only; yours certifies
    them, once a session.
    """


@key.command("new")
@click.option("--principal", required=True, help="Your name in trust files: alice@contoso.example.")
@click.option("--no-passphrase", is_flag=True, help="Leave the file open to whoever can read it.")
def new(principal: str, no_passphrase: bool) -> int:
    """Make a key, keep it in the configuration folder, and sign with it from now on.

    Prints the line that others pin to trust it.
    """
    from amlrunbook.errors import ExitCode

    choice = _made(principal, no_passphrase=no_passphrase)
    _choose(choice)
    click.echo(_line_of(choice))
    return ExitCode.FINE


@key.command("use")
@click.option("--principal", help="Your name in trust files; the present one if it is left out.")
@click.option("--file", "path", type=click.Path(path_type=Path), help="An OpenSSH private key.")
@click.option("--fingerprint", help="A key in the ssh-agent, or one made here: SHA256:…")
@click.option("--list", "only_list", is_flag=True, help="List the keys and choose none.")
def use(principal: str | None, path: Path | None, fingerprint: str | None, only_list: bool) -> int:
    """Choose the key to sign with: from the ssh-agent, made here, or a key file.

    Without options the keys are listed, and you are asked for one.
    """
    from amlrunbook.errors import ExitCode

    if only_list:
        for number, one in enumerate(_candidates(principal or "-"), start=1):
            click.echo(_described(number, one))
        return ExitCode.FINE
    name = principal or _present_principal()
    _choose(_picked(name, path, fingerprint))
    return ExitCode.FINE


@key.command("show")
def show() -> int:
    """Print the line that others pin to trust your present key."""
    from amlrunbook.cli import talk
    from amlrunbook.errors import ExitCode
    from amlrunbook.journal.keys import chosen_key
    from amlrunbook.store.paths import config_folder

    choice = chosen_key(config_folder())
    talk.say(f"{choice.principal} signs with {choice.fingerprint}: {_place(choice)}")
    click.echo(_line_of(choice))
    return ExitCode.FINE


@key.command("rotate")
@click.option("--file", "path", type=click.Path(path_type=Path), help="Go over to this key file.")
@click.option("--fingerprint", help="Go over to this key of the ssh-agent: SHA256:…")
@click.option("--no-passphrase", is_flag=True, help="Leave a new file open to whoever reads it.")
def rotate(path: Path | None, fingerprint: str | None, no_passphrase: bool) -> int:
    """Go over to another key, new unless one is named; the old one's time ends now.

    In the pinned list of this machine the old key's line gets valid-before, and the new key a
    line of its own. Give the printed lines to everybody who pins you.
    """
    from datetime import UTC, datetime

    from amlrunbook.errors import ExitCode, RefusedError
    from amlrunbook.journal.keys import chosen_key
    from amlrunbook.store.paths import config_folder

    old = chosen_key(config_folder())
    named = path is not None or fingerprint is not None
    choice = (
        _picked(old.principal, path, fingerprint)
        if named
        else _made(old.principal, no_passphrase=no_passphrase)
    )
    if choice.public == old.public:
        raise RefusedError(
            "That is the present key.", state="Nothing was changed.", next_step="Name another."
        )
    moment = datetime.now(UTC).replace(microsecond=0)
    _repin(old, choice, moment)
    _choose(choice)
    click.echo(_line_of(old, valid_before=moment))
    click.echo(_line_of(choice, valid_after=moment))
    return ExitCode.FINE


@key.command("revoke")
@click.argument("fingerprint", required=False)
@click.option("--reason", required=True, help="Why: lost, stolen, left the team.")
@click.option(
    "--since", help="From when on it does not count: YYYYMMDD[HHMM[SS]][Z]; now if it is left out."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(fingerprint: str | None, reason: str, since: str | None, yes: bool) -> int:
    """Revoke FINGERPRINT, your present key by default: it counts no more from a moment on.

    What was signed before stays as it is. But the time in a journal is its writer's claim, so
    verdicts trust nothing of a revoked key unless somebody else's anchor is older.
    """
    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import ExitCode
    from amlrunbook.journal.keys import chosen_key
    from amlrunbook.store.files import write_whole
    from amlrunbook.store.paths import config_folder

    name = fingerprint or chosen_key(config_folder()).fingerprint
    line = _revocation(name, since, reason)
    if not yes and not signing.agreed(f"Revoke {name}? This cannot be taken back."):
        talk.say("Nothing was changed.")
        return ExitCode.REFUSED
    path = signing.revoked_path()
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    write_whole(path, f"{before}{line}\n".encode())
    talk.say(f"Revoked. Give this line to everybody who pins that key; here it is in {path}.")
    click.echo(line)
    return ExitCode.FINE


def _revocation(name: str, since: str | None, reason: str) -> str:
    from datetime import UTC, datetime

    from amlrunbook.journal.trust import parse_revocations

    text = " ".join(reason.split())
    stamp = since or datetime.now(UTC).strftime("%Y%m%d%H%M%SZ")
    (one,) = parse_revocations(f"{name} {stamp} {text}", source="the revocation")
    return one.line()


def _repin(old: KeyChoice, new_choice: KeyChoice, moment: datetime) -> None:
    """End the old key's line in the pinned list and add the new one's, if the old one is there."""
    from amlrunbook.cli import signing, talk
    from amlrunbook.journal.pinning import ended, signer_line, with_line
    from amlrunbook.store.files import write_whole

    path = signing.signers_path()
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    text, changed = ended(text, old.public_key, moment)
    if not changed:
        talk.say("The old key is not pinned on this machine, so the new one was not pinned either.")
        return
    line = signer_line(new_choice.principal, new_choice.public_key, valid_after=moment)
    write_whole(path, with_line(text, line).encode())
    talk.say(f"Pinned in {path}: the old key until now, the new one from now on.")


def _made(principal: str, *, no_passphrase: bool) -> KeyChoice:
    from amlrunbook.cli import talk
    from amlrunbook.journal.keys import check_principal, make_key
    from amlrunbook.store.files import private_folder
    from amlrunbook.store.paths import config_folder

    check_principal(principal)
    passphrase = "" if no_passphrase else _new_passphrase()
    choice = make_key(private_folder(config_folder()), principal, passphrase=passphrase)
    if no_passphrase:
        talk.say(
            f"WARNING: {choice.path} is NOT protected: whoever reads that file signs as {principal}."
        )
    return choice


def _new_passphrase() -> str:
    from amlrunbook.cli import signing
    from amlrunbook.errors import RefusedError

    first = signing.ask_secret("New passphrase: ")
    if len(first) < _SHORTEST:
        raise RefusedError(
            f"A passphrase has at least {_SHORTEST} characters.",
            state="No key was made.",
            next_step="Take several words; or say --no-passphrase and mean it.",
        )
    if signing.ask_secret("Once more: ") != first:
        raise RefusedError("The two are not the same.", state="No key was made.")
    return first


def _picked(principal: str, path: Path | None, fingerprint: str | None) -> KeyChoice:
    from amlrunbook.cli import talk
    from amlrunbook.errors import RefusedError, UsageError

    if path is not None:
        return _from_file(principal, path)
    candidates = _candidates(principal)
    if fingerprint is not None:
        for one in candidates:
            if one.fingerprint == fingerprint:
                return one
        raise UsageError(
            f"Neither the ssh-agent nor this program holds {fingerprint[:60]!a}.",
            next_step="List what there is with: amlrunbook key use --list",
        )
    if not candidates:
        raise RefusedError(
            "There is no key: the ssh-agent holds no Ed25519 key, and none was made here.",
            next_step="Make one with: amlrunbook key new; or name a file: amlrunbook key use --file",
        )
    for number, one in enumerate(candidates, start=1):
        talk.say(_described(number, one))
    return _asked(candidates)


def _asked(candidates: list[KeyChoice]) -> KeyChoice:
    from amlrunbook.cli import signing
    from amlrunbook.errors import UsageError

    text = signing.ask("Which one? Its number:").strip()
    if not text.isdecimal() or not 0 < int(text) <= len(candidates):
        raise UsageError(f"{text[:20]!a} is none of these numbers.")
    return candidates[int(text) - 1]


def _from_file(principal: str, path: Path) -> KeyChoice:
    """Open the key once, so that a choice that cannot sign is none."""
    from amlrunbook.cli import signing
    from amlrunbook.journal import sshsig
    from amlrunbook.journal.keys import KeyChoice, Source, check_principal, file_identity

    check_principal(principal)
    identity = file_identity(principal, path, signing.ask_secret)
    return KeyChoice(
        principal=principal,
        source=Source.FILE,
        public=sshsig.to_base64(sshsig.key_blob(identity.public_key)),
        path=str(path.absolute()),
    )


def _candidates(principal: str) -> list[KeyChoice]:
    """Return the agent's keys, then those made here."""
    from amlrunbook.journal import sshsig
    from amlrunbook.journal.agent import agent_keys
    from amlrunbook.journal.keys import KeyChoice, Source, made_keys
    from amlrunbook.store.paths import config_folder

    found = [
        KeyChoice(
            principal=principal,
            source=Source.AGENT,
            public=sshsig.to_base64(sshsig.key_blob(one.public_key)),
        )
        for one in agent_keys()
    ]
    return [*found, *made_keys(config_folder(), principal)]


def _present_principal() -> str:
    from amlrunbook.errors import RefusedError, UsageError
    from amlrunbook.journal.keys import chosen_key
    from amlrunbook.store.paths import config_folder

    try:
        return chosen_key(config_folder()).principal
    except RefusedError as error:
        raise UsageError(
            "Nobody has signed here yet, so your name is not known.",
            next_step="Give it with: --principal alice@contoso.example",
        ) from error


def _choose(choice: KeyChoice) -> None:
    from amlrunbook.cli import signing, talk
    from amlrunbook.journal.keys import CHOICE_FILE, check_principal
    from amlrunbook.store.files import write_whole
    from amlrunbook.store.paths import config_folder

    check_principal(choice.principal)
    write_whole(config_folder() / CHOICE_FILE, choice.to_json())
    talk.say(f"{choice.principal} signs with {choice.fingerprint} from now on: {_place(choice)}")
    trust = signing.pinned_trust()
    if trust is None or choice.public_key not in trust.keys_of(choice.principal):
        talk.say(
            "It is not pinned here: verdicts on what it signs will say UNPROVEN-IDENTITY. Pin it "
            f"with: amlrunbook trust add {choice.principal} ssh-ed25519 {choice.public}"
        )


def _line_of(
    choice: KeyChoice,
    *,
    valid_after: datetime | None = None,
    valid_before: datetime | None = None,
) -> str:
    from amlrunbook.journal.pinning import signer_line

    return signer_line(
        choice.principal, choice.public_key, valid_after=valid_after, valid_before=valid_before
    )


def _place(choice: KeyChoice) -> str:
    from amlrunbook.journal.keys import Source

    return "in the ssh-agent" if choice.source is Source.AGENT else choice.path


def _described(number: int, choice: KeyChoice) -> str:
    from amlrunbook.model.display import shown

    return f"{number:>3}  {choice.source.value:<6}  {choice.fingerprint}  {shown(_place(choice))}"
