"""``amlrunbook approve``: what is shown, what is asked, and what is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amlrunbook.errors import RefusedError
from amlrunbook.journal import (
    Challenge,
    DrillIdentity,
    JournalWriter,
    answer,
    ask_token,
    check_answer,
    drill_approvers,
    read_answer,
    sshsig,
)
from amlrunbook.journal.keys import chosen_key
from amlrunbook.store.paths import config_folder
from amlrunbook.store.runs import new_run_folder
from tests.unit.journal.forge import ALICE, alice, bob, pinned
from tests.unit.journal.shell import Shell

BOB = bob().principal
ROOT = Path(__file__).parents[3]


def challenge(**changes: object) -> Challenge:
    now = datetime.now(UTC)
    fields: dict[str, object] = {
        "run": "7f3a",
        "journal": "0123456789abcdef" * 2,
        "plan_digest": "ab" * 32,
        "step": "promote-replica",
        "title": "Fail the storage account over",
        "summary": "Makes the copy in northeurope the writable one.",
        "resources": ("/subscriptions/s/x\x1b[2J",),
        "loss": "writes after 11:52 UTC",
        "risk": "data-loss",
        "asked_by": ALICE,
        "asked_key": sshsig.fingerprint(alice().public_key),
        "needed": 1,
        "asked_at": stamp(now),
        "expires": stamp(now + timedelta(minutes=15)),
        "nonce": "00" * 16,
        "drill": False,
    }
    return Challenge(**(fields | changes))  # type: ignore[arg-type]


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_key(shell: Shell, principal: str = BOB) -> None:
    assert shell("key", "new", "--principal", principal, "--no-passphrase") == 0
    line = ("ssh-ed25519", chosen_key(config_folder()).public)
    assert shell("trust", "add", principal, *line, "--yes") == 0


def test_the_second_person_sees_what_is_asked_and_types_the_step(shell: Shell) -> None:
    with_key(shell)
    asked = challenge()
    assert shell("approve", ask_token(asked), lines=("promote-replica",)) == 0
    for words in (
        ALICE,
        "Fail the storage",
        "writes after 11:52",
        "data-loss",
        "14 min",
        "\\x1b[2J",
    ):
        assert words in shell.err
    assert "\x1b" not in shell.err
    given = read_answer(shell.out)
    assert (given.principal, given.granted) == (BOB, True)
    trust = _trust()
    check_answer(
        asked,
        given,
        trust=trust,
        now=datetime.now(UTC),
        starter_principal=ALICE,
        starter_keys=(sshsig.fingerprint(alice().public_key),),
    )


def _trust():
    from amlrunbook.cli.signing import pinned_trust

    trust = pinned_trust()
    assert trust is not None
    return trust


@pytest.mark.parametrize("typed", ["", "y", "promote", "yes"])
def test_anything_but_the_step_signs_nothing(shell: Shell, typed: str) -> None:
    with_key(shell)
    assert shell("approve", ask_token(challenge()), lines=(typed,)) == 4
    assert shell.out == ""
    assert shell("approve", ask_token(challenge())) == 130


def test_the_message_may_be_pasted_into_the_input(shell: Shell) -> None:
    with_key(shell)
    message = ("> " + ask_token(challenge()).replace("\n", "\n> ")).split("\n")
    assert shell("approve", lines=(*message, "promote-replica")) == 0
    assert read_answer(shell.out).granted
    assert shell("approve", "-", lines=(*message, "no")) == 4


def test_a_no_takes_no_typing_and_carries_its_comment(shell: Shell) -> None:
    with_key(shell)
    assert shell("approve", ask_token(challenge()), "--decline", "--comment", "not now") == 0
    given = read_answer(shell.out)
    assert (given.granted, given.comment) == (False, "not now")


def test_what_expired_or_was_altered_is_refused(shell: Shell) -> None:
    with_key(shell)
    past = datetime.now(UTC) - timedelta(minutes=1)
    old = challenge(expires=stamp(past), asked_at=stamp(past - timedelta(minutes=9)))
    assert shell("approve", ask_token(old), lines=("promote-replica",)) == 4
    assert "expired" in shell.err
    text = ask_token(challenge())
    assert shell("approve", text[:-9] + text[-5:], lines=("promote-replica",)) == 2
    assert "altered" in shell.err
    assert shell("approve", "hello") == 2
    assert shell.out == ""


def test_nobody_approves_their_own_action(shell: Shell) -> None:
    with_key(shell, ALICE)
    assert shell("approve", ask_token(challenge()), lines=("promote-replica",)) == 4
    assert "nobody approves their own" in shell.err
    own = challenge(asked_by="x", asked_key=chosen_key(config_folder()).fingerprint)
    assert shell("approve", ask_token(own), lines=("promote-replica",)) == 4
    assert shell.out == ""


def test_a_key_file_may_be_named_for_once(shell: Shell, home: Path) -> None:
    with_key(shell)
    path = chosen_key(config_folder()).path
    text = ask_token(challenge())
    assert shell("approve", text, "--key", path, lines=("promote-replica",)) == 2
    assert shell("approve", text, "--as", "carol", lines=("promote-replica",)) == 2
    assert shell("approve", text, "--key", path, "--as", "carol", lines=("promote-replica",)) == 0
    assert read_answer(shell.out).principal == "carol"


def test_without_a_key_nothing_is_signed(shell: Shell) -> None:
    assert shell("approve", ask_token(challenge()), lines=("promote-replica",)) == 4
    assert "No key has been chosen" in shell.err


def test_a_drill_is_approved_by_somebody_of_its_own(shell: Shell) -> None:
    folder = new_run_folder("drill").path
    identity = DrillIdentity.create(folder)
    writer = JournalWriter.create(folder, identity=identity, drill=True)
    asked = challenge(drill=True, journal=writer.journal_id, asked_by="drill")
    writer.release()
    text = ask_token(asked)
    assert shell("approve", text, "--as", "robin", lines=("promote-replica",)) == 0
    given = read_answer(shell.out)
    check_answer(
        asked,
        given,
        trust=drill_approvers(folder),
        now=datetime.now(UTC),
        starter_principal="drill",
        starter_keys=(sshsig.fingerprint(identity.public_key),),
    )
    assert shell("approve", text, "--as", "drill", lines=("promote-replica",)) == 4
    assert shell("approve", text, "--key", "x", "--as", "y") == 2
    other = ask_token(challenge(drill=True, journal="ff" * 16))
    assert shell("approve", other, lines=("promote-replica",)) == 4
    assert shell("approve", other, "--run", folder, lines=("promote-replica",)) == 0


def test_in_a_second_process_with_a_second_principals_key(shell: Shell, home: Path) -> None:
    with_key(shell)
    asked = challenge()
    script = "import sys; from amlrunbook.cli import main; sys.exit(main(sys.argv[1:]))"
    message = ask_token(asked)
    found = subprocess.run(
        [sys.executable, "-c", script, "approve"],
        input=message + "\npromote-replica\n",
        cwd=ROOT,
        env=os.environ | {"AMLRUNBOOK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("\n") == 1
    given = read_answer(found.stdout)
    check_answer(
        asked,
        given,
        trust=_trust(),
        now=datetime.now(UTC),
        starter_principal=ALICE,
        starter_keys=(),
    )
    own = read_answer(answer(asked, alice(), granted=True))
    with pytest.raises(RefusedError):
        check_answer(
            asked,
            own,
            trust=pinned(alice(), bob()),
            now=datetime.now(UTC),
            starter_principal=ALICE,
            starter_keys=(),
        )
