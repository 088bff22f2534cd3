"""``amlrunbook approve``: the second person's side of an approval."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from amlrunbook.journal import Challenge, Identity

_LINES = 2000
_MINUTE = 60


@click.command()
@click.argument("token", required=False)
@click.option("--decline", is_flag=True, help="Say no.")
@click.option("--comment", default="", help="Said along with the answer; it is not signed.")
@click.option("--key", "path", type=click.Path(path_type=Path), help="Another key file than yours.")
@click.option("--as", "principal", help="Your name with --key; in a drill, whom you play.")
@click.option(
    "--run", "folder", type=click.Path(path_type=Path), help="A drill's run folder, if not found."
)
def approve(  # noqa: PLR0917 - click gives them by name
    token: str | None,
    decline: bool,
    comment: str,
    path: Path | None,
    principal: str | None,
    folder: Path | None,
) -> int:
    """Give the second person's approval, or decline it.

    TOKEN is the message that you were sent, or only its last line; without it, or with -, it is
    read from the input. What is asked is shown from the token, whatever words stood around it.
    The answer is printed: paste it back. Nothing is sent anywhere.
    """
    from datetime import UTC, datetime

    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import ExitCode, RefusedError
    from amlrunbook.journal import answer, read_ask

    challenge = read_ask(_message() if token in {None, "-"} else token or "")
    for line in challenge.words():
        talk.say(line)
    left = challenge.remaining(datetime.now(UTC))
    if left <= 0:
        raise RefusedError(
            f"This expired at {challenge.expires}.",
            state="Nothing was signed.",
            next_step="Ask for a new one.",
        )
    talk.say(f"Valid   for {_span(left)} more")
    identity = _identity(challenge, path, principal, folder)
    _refuse_own(challenge, identity)
    if not decline:
        typed = signing.ask(f"To approve as {identity.principal}, type the step: {challenge.step}")
        if typed.strip() != challenge.step:
            talk.say("That is not the step: nothing was signed. To say no: --decline")
            return ExitCode.REFUSED
        if challenge.remaining(datetime.now(UTC)) <= 0:
            raise RefusedError("It expired meanwhile.", state="Nothing was signed.")
    click.echo(answer(challenge, identity, granted=not decline, comment=comment))
    talk.say("Paste this line back to whoever asked.")
    return ExitCode.FINE


def _message() -> str:
    """Read a pasted message up to its token's end; what follows are answers to questions."""
    from amlrunbook.cli import talk
    from amlrunbook.journal.token import END

    if sys.stdin.isatty():
        talk.say("Paste the message that you were sent:")
    lines = []
    for line in sys.stdin:
        lines.append(line)
        if END in line.casefold() or len(lines) == _LINES:
            break
    return "".join(lines)


def _identity(
    challenge: Challenge, path: Path | None, principal: str | None, folder: Path | None
) -> Identity:
    from amlrunbook.cli import signing
    from amlrunbook.errors import UsageError
    from amlrunbook.journal import drill_approver
    from amlrunbook.journal.keys import check_principal, file_identity

    if challenge.drill:
        if path is not None:
            raise UsageError("A drill is approved by people of its own: --as NAME, without --key.")
        return drill_approver(folder or _drill_folder(challenge.journal), principal or "second")
    if path is None:
        if principal is not None:
            raise UsageError("--as names whose key --key is; your own key has a name already.")
        return signing.current_identity()
    if principal is None:
        raise UsageError("--key needs --as: the name that trust files know this key by.")
    check_principal(principal)
    identity = file_identity(principal, path, signing.ask_secret)
    signing.refuse_revoked(identity)
    return identity


def _drill_folder(journal_id: str) -> Path:
    """Return the folder of the drill on this machine whose journal has this id."""
    from amlrunbook.errors import JournalError, RefusedError
    from amlrunbook.journal import read_entries
    from amlrunbook.store.runs import list_run_folders

    for run in reversed(list_run_folders()):
        try:
            first = next(read_entries(run.path), None)
        except JournalError:
            continue
        if first is not None and first.j == journal_id:
            return run.path
    raise RefusedError(
        "The drill that asks is not on this machine.",
        state="Nothing was signed.",
        next_step="Name its folder with --run.",
    )


def _refuse_own(challenge: Challenge, identity: Identity) -> None:
    """Say here already what the run would refuse: nobody approves their own action."""
    from amlrunbook.cli import signing
    from amlrunbook.journal.approval import check_other_person

    check_other_person(
        identity.principal,
        identity.public_key,
        trust=None if challenge.drill else signing.pinned_trust(),
        principals=(challenge.asked_by,),
        keys={challenge.asked_key},
    )


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
