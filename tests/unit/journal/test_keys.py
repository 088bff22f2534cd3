"""``key`` and ``trust`` on a folder of their own: agent, key file, made here; pinned, ended, revoked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from amlrunbook.cli import signing
from amlrunbook.errors import AmlRunbookError, DocumentError, JournalError, RefusedError
from amlrunbook.journal import JournalWriter, Trust, sshsig, verify
from amlrunbook.journal.keys import chosen_key, current_identity, is_protected, make_key
from amlrunbook.journal.pinning import signer_line, with_line
from amlrunbook.store.paths import config_folder
from tests.unit.journal.forge import ALICE, alice, bob
from tests.unit.journal.shell import Shell

PASSPHRASE = "correct horse battery"


def made(shell: Shell) -> None:
    assert shell("key", "new", "--principal", ALICE, lines=(PASSPHRASE, PASSPHRASE)) == 0


def test_a_made_key_is_private_protected_and_chosen(shell: Shell, home: Path) -> None:
    made(shell)
    line = shell.out
    assert line.startswith(f'{ALICE} namespaces="*@amlrunbook.journal.v1" ssh-ed25519 AAAA')
    assert "UNPROVEN-IDENTITY" in shell.err
    (private,) = [one for one in (home / "config" / "keys").iterdir() if not one.suffix]
    assert private.stat().st_mode & 0o777 == 0o600
    assert private.parent.stat().st_mode & 0o777 == 0o700
    text = private.read_bytes()
    assert text.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    assert is_protected(text)
    assert shell("key", "show") == 0
    assert shell.out == line
    asked = []
    identity = current_identity(lambda q: asked.append(q) or PASSPHRASE, config_folder())
    assert identity.principal == ALICE
    assert len(asked) == 1
    if shutil.which("ssh-keygen"):
        found = subprocess.run(
            ["ssh-keygen", "-y", "-P", PASSPHRASE, "-f", str(private)],
            capture_output=True,
            check=False,
        )
        assert found.stdout.decode().split()[1] in line


def test_a_wrong_passphrase_is_asked_for_three_times(shell: Shell) -> None:
    made(shell)
    asked: list[str] = []
    with pytest.raises(JournalError, match="wrong 3 times"):
        current_identity(lambda q: asked.append(q) or "guess", config_folder())
    assert len(asked) == 3
    assert "guess" not in "".join(asked)


@pytest.mark.parametrize(
    ("lines", "words"),
    [(("short",), "at least 8"), ((PASSPHRASE, "other words"), "not the same"), ((), "input")],
)
def test_no_key_is_made_without_a_good_passphrase(
    shell: Shell, home: Path, lines: tuple[str, ...], words: str
) -> None:
    assert shell("key", "new", "--principal", ALICE, lines=lines) != 0
    assert words in shell.err
    assert not (home / "config").exists()


def test_a_key_without_passphrase_is_made_on_purpose_only_and_loudly(
    shell: Shell, home: Path
) -> None:
    assert shell("key", "new", "--principal", ALICE, "--no-passphrase") == 0
    assert "WARNING" in shell.err
    assert "NOT protected" in shell.err
    private = Path(chosen_key(config_folder()).path)
    assert not is_protected(private.read_bytes())
    private.chmod(0o644)
    with pytest.raises(RefusedError, match="open to others"):
        signing.current_identity()


@pytest.mark.parametrize(
    "name", ["", "a b", "a,b", "*", "a\n", '"x"', "x" * 300, "\x1b[2J", "#x", "!a"]
)
def test_a_principal_that_a_list_could_not_hold_is_refused(
    shell: Shell, name: str, home: Path
) -> None:
    assert shell("key", "new", "--principal", name, "--no-passphrase") == 2
    assert shell("trust", "add", name, sshsig.public_line(bob().public_key, ""), "--yes") == 2
    assert not (home / "config").exists()


def test_without_a_choice_nothing_signs(shell: Shell) -> None:
    assert shell("key", "show") == 4
    assert "No key has been chosen" in shell.err
    assert shell("key", "use") == 2
    assert shell("key", "use", "--principal", ALICE) == 4
    assert "There is no key" in shell.err


@pytest.mark.parametrize("text", ["{}", "x", '{"v":"amlrunbook.key/2"}', "[]"])
def test_a_choice_that_is_not_ours_is_refused(home: Path, text: str) -> None:
    (home / "config").mkdir()
    (home / "config" / "key.json").write_text(text)
    with pytest.raises(DocumentError, match="not what this program wrote"):
        chosen_key(config_folder())


def test_a_key_file_of_ones_own_is_used_where_it_lies(shell: Shell, home: Path) -> None:
    path = home / "id"
    path.write_bytes(_openssh(PASSPHRASE))
    path.chmod(0o600)
    assert shell("key", "use", "--principal", ALICE, "--file", path, lines=("no", PASSPHRASE)) == 0
    assert chosen_key(config_folder()).path == str(path)
    assert PASSPHRASE not in shell.err + shell.out
    assert shell("key", "use", "--file", home / "none", "--principal", ALICE) == 1
    (home / "rsa").write_text("not a key")
    (home / "rsa").chmod(0o600)
    assert shell("key", "use", "--file", home / "rsa", "--principal", ALICE) == 1
    path.write_bytes(make_key(home, "x", passphrase="").path and Path(_any(home)).read_bytes())
    with pytest.raises(JournalError, match="another key"):
        current_identity(lambda _: PASSPHRASE, config_folder())


def _any(home: Path) -> Path:
    return next(one for one in (home / "keys").iterdir() if not one.suffix)


def _openssh(passphrase: str) -> bytes:
    from amlrunbook.journal.identity import openssh_text

    return openssh_text(alice()._key, passphrase=passphrase.encode())


def test_one_of_several_is_picked_by_number_or_fingerprint(shell: Shell) -> None:
    made(shell)
    first = chosen_key(config_folder())
    assert shell("key", "new", "--principal", ALICE, "--no-passphrase") == 0
    second = chosen_key(config_folder())
    assert shell("key", "use", "--list") == 0
    rows = shell.out.splitlines()
    assert len(rows) == 2
    number = next(row.split()[0] for row in rows if first.fingerprint in row)
    assert shell("key", "use", lines=(number,)) == 0
    assert chosen_key(config_folder()) == first
    assert shell("key", "use", "--fingerprint", second.fingerprint) == 0
    assert chosen_key(config_folder()) == second
    assert shell("key", "use", "--fingerprint", "SHA256:x") == 2
    assert shell("key", "use", lines=("9",)) == 2


# trust


def pin(shell: Shell, *more: str) -> int:
    line = sshsig.public_line(bob().public_key, "bob@laptop")
    return shell("trust", "add", bob().principal, *line.split(), *more)


def test_a_key_is_pinned_after_its_fingerprint_was_compared(shell: Shell, home: Path) -> None:
    assert shell("trust", "show") == 0
    assert (shell.out, "Nothing is pinned" in shell.err) == ("", True)
    line = sshsig.public_line(bob().public_key, "bob")
    assert shell("trust", "add", bob().principal, line, lines=("",)) == 4
    assert signing.pinned_trust() is None
    assert shell("trust", "add", bob().principal, line, lines=("y",)) == 0
    assert sshsig.fingerprint(bob().public_key) in shell.err
    assert shell("trust", "show") == 0
    assert sshsig.fingerprint(bob().public_key) in shell.out
    assert "sha256   " in shell.out
    assert shell("trust", "show", "--format", "json") == 0
    data = json.loads(shell.out)
    assert data["signers"][0]["principals"] == [bob().principal]
    assert len(data["sha256"]) == 64
    assert data["date"].endswith("Z")
    assert (home / "config" / "trust" / "allowed_signers").stat().st_mode & 0o777 == 0o600


def test_one_key_is_one_persons(shell: Shell) -> None:
    assert pin(shell, "--yes") == 0
    line = sshsig.public_line(bob().public_key, "x")
    assert shell("trust", "add", "carol@contoso.example", line, "--yes") == 4
    assert "pinned already" in shell.err


@pytest.mark.parametrize("key", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32])
def test_a_weak_key_is_never_pinned(shell: Shell, key: bytes) -> None:
    line = sshsig.public_line(key, "weak")
    assert shell("trust", "add", bob().principal, line, "--yes") == 4
    assert signing.pinned_trust() is None


@pytest.mark.parametrize(
    "words",
    [(), ("ssh-ed25519",), ("ssh-rsa", "AAAA"), ("ssh-ed25519", "AAAA"), ("x" * 9000,)],
)
def test_what_is_no_key_is_not_pinned(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("trust", "add", bob().principal, *words, "--yes") == 2
    assert signing.pinned_trust() is None


def test_options_are_kept_in_the_line(shell: Shell, home: Path) -> None:
    (home / "bob.pub").write_text(sshsig.public_line(bob().public_key, "bob") + "\n")
    code = shell(
        "trust", "add", bob().principal, "--file", home / "bob.pub", "--yes",
        "--namespaces", "approval@amlrunbook.journal.v1", "--valid-after", "20260101Z",
        "--valid-before", "20270101Z",
    )  # fmt: skip
    assert code == 0
    trust = signing.pinned_trust()
    assert trust is not None
    (one,) = trust.signers
    assert one.namespaces == ("approval@amlrunbook.journal.v1",)
    assert (one.valid_after, one.valid_before) != (None, None)
    assert pin(shell, "--yes", "--valid-before", "soon") == 2


def test_a_signer_is_removed_by_name_or_fingerprint(shell: Shell) -> None:
    assert pin(shell, "--yes") == 0
    assert shell("trust", "add", ALICE, sshsig.public_line(alice().public_key, ""), "--yes") == 0
    assert shell("trust", "remove", "nobody", "--yes") == 2
    assert shell("trust", "remove", bob().principal, lines=("n",)) == 4
    assert shell("trust", "remove", bob().principal, "--yes") == 0
    trust = signing.pinned_trust()
    assert trust is not None
    assert [one.principals for one in trust.signers] == [(ALICE,)]
    assert shell("trust", "remove", sshsig.fingerprint(alice().public_key), "--yes") == 0
    assert signing.pinned_trust() is None


def test_comments_and_strange_lines_stay_as_they_stand() -> None:
    text = "# the team\n\nops@contoso.example ssh-rsa AAAA old\n"
    line = signer_line(ALICE, alice().public_key)
    assert with_line(text, line) == text + line + "\n"
    with pytest.raises(DocumentError):
        with_line("what is this\n", line)


# rotation and revocation


def test_rotation_ends_the_old_key_and_pins_the_new_one(shell: Shell) -> None:
    made(shell)
    old = chosen_key(config_folder())
    assert shell("trust", "add", ALICE, "ssh-ed25519", old.public, "--yes") == 0
    assert shell("key", "rotate", "--no-passphrase") == 0
    new = chosen_key(config_folder())
    assert new.fingerprint != old.fingerprint
    assert Path(old.path).exists()
    first, second = shell.out.splitlines()
    assert "valid-before=" in first
    assert old.public in first
    assert "valid-after=" in second
    assert new.public in second
    trust = signing.pinned_trust()
    assert trust is not None
    assert [one.valid_before is not None for one in trust.signers] == [True, False]
    assert trust.keys_of(ALICE) == {old.public_key, new.public_key}
    Trust.parse(shell.out, source="printed")
    assert shell("key", "rotate", "--fingerprint", new.fingerprint) == 4


def test_rotation_of_a_key_that_is_not_pinned_pins_nothing(shell: Shell) -> None:
    made(shell)
    assert shell("key", "rotate", "--no-passphrase") == 0
    assert "not pinned on this machine" in shell.err
    assert signing.pinned_trust() is None


def test_a_revoked_key_neither_signs_nor_proves(shell: Shell, home: Path) -> None:
    assert shell("key", "new", "--principal", ALICE, "--no-passphrase") == 0
    choice = chosen_key(config_folder())
    assert shell("trust", "add", ALICE, "ssh-ed25519", choice.public, "--yes") == 0
    identity = signing.current_identity()
    with JournalWriter.create(home / "run", identity=identity, drill=False) as writer:
        writer.close({})
    assert shell("journal", "verify", home / "run") == 0
    assert shell("key", "revoke", "--reason", "laptop stolen", lines=("n",)) == 4
    assert shell("key", "revoke", "--reason", "laptop\nstolen", lines=("y",)) == 0
    assert shell.out.startswith(choice.fingerprint)
    assert "laptop stolen" in shell.out
    with pytest.raises(RefusedError, match="was revoked"):
        signing.current_identity()
    assert shell("journal", "verify", home / "run") == 20
    assert "revoked from" in shell.out
    assert shell("trust", "show") == 0
    assert f"revoked  {choice.fingerprint}" in shell.out
    assert shell("key", "revoke", "SHA256:short", "--reason", "x", "--yes") == 2
    assert shell("key", "revoke", "--reason", "x", "--since", "soon", "--yes") == 2


def test_a_broken_revocation_list_stops_everything_that_relies_on_it(
    shell: Shell, home: Path
) -> None:
    assert pin(shell, "--yes") == 0
    (home / "config" / "trust" / "revoked").write_text("SHA256:nonsense\n")
    assert shell("trust", "show") == 2
    assert "line 1" in shell.err


# the agent


@pytest.fixture
def agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if not all(map(shutil.which, ("ssh-agent", "ssh-add", "ssh-keygen"))):
        pytest.skip("OpenSSH's programs are not installed")
    said = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    values = dict(part.split("=", 1) for part in said.replace("\n", ";").split(";") if "=" in part)
    monkeypatch.setenv("SSH_AUTH_SOCK", values["SSH_AUTH_SOCK"])
    key = home / "agent-key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "agent\x1b[2J", "-f", str(key)],
        check=True,
    )
    subprocess.run(["ssh-add", "-q", str(key)], check=True, env=os.environ)
    key.unlink()
    yield home / "agent-key.pub"
    os.kill(int(values["SSH_AGENT_PID"]), signal.SIGTERM)


def test_a_key_in_the_agent_certifies_a_session_and_approves(
    agent: Path, shell: Shell, home: Path
) -> None:
    assert shell("key", "use", "--principal", ALICE, lines=("1",)) == 0
    choice = chosen_key(config_folder())
    assert choice.public == agent.read_text().split()[1]
    assert choice.path == ""
    assert shell("trust", "add", ALICE, "--file", agent, "--yes") == 0
    identity = signing.current_identity()
    with JournalWriter.create(home / "run", identity=identity, drill=False) as writer:
        writer.close({})
    assert verify(home / "run", trust=signing.pinned_trust()).exit_code == 0
    subprocess.run(["ssh-add", "-q", "-D"], check=True, capture_output=True)
    with pytest.raises(JournalError, match="did not sign"):
        identity.sign("session@amlrunbook.journal.v1", b"x")
    with pytest.raises(JournalError, match="does not hold"):
        signing.current_identity()


def test_an_armored_signature_of_another_kind_is_refused() -> None:
    name = "session@amlrunbook.journal.v1"
    good = sshsig.armor(alice().public_key, name, alice().sign(name, b"x"))
    assert sshsig.unarmor(good, alice().public_key, name) == alice().sign(name, b"x")
    for text, key, namespace in [
        ("", alice(), name),
        ("nothing", alice(), name),
        (good[:100], alice(), name),
        (good, bob(), name),
        (good, alice(), "entry@amlrunbook.journal.v1"),
    ]:
        with pytest.raises(AmlRunbookError):
            sshsig.unarmor(text, key.public_key, namespace)
