"""Approvals: what survives a chat, what counts, and what is refused with which reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from amlrunbook.errors import AmlRunbookError, DocumentError, RefusedError
from amlrunbook.journal import (
    Answer,
    Challenge,
    DrillIdentity,
    KeyIdentity,
    Trust,
    answer,
    ask_token,
    canonical,
    check_answer,
    drill_approver,
    drill_approvers,
    parse_challenge,
    read_answer,
    read_ask,
    sshsig,
    token,
)
from amlrunbook.journal.approval import ANSWER_MARK, ASK_MARK
from tests.examples import examples
from tests.unit.journal.forge import ALICE, LIVE_OPTIONS, alice, bob, pinned

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(7, 39)))


def challenge(**changes: object) -> Challenge:
    fields: dict[str, object] = {
        "run": "7f3a",
        "journal": "0123456789abcdef" * 2,
        "plan_digest": "ab" * 32,
        "step": "promote-replica",
        "title": "Fail the storage account over",
        "summary": "Makes the copy in northeurope the writable one.",
        "resources": ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/a/x",),
        "loss": "writes after 11:52 UTC",
        "risk": "data-loss",
        "asked_by": ALICE,
        "asked_key": sshsig.fingerprint(alice().public_key),
        "needed": 1,
        "asked_at": "2026-03-01T11:55:00Z",
        "expires": "2026-03-01T12:10:00Z",
        "nonce": "00" * 16,
        "drill": False,
    }
    return Challenge(**(fields | changes))  # type: ignore[arg-type]


def check(
    asked: Challenge,
    given: Answer,
    *,
    trust: Trust | None = None,
    now: datetime = NOW,
    keys: tuple[str, ...] = (),
) -> None:
    check_answer(
        asked,
        given,
        trust=trust or pinned(alice(), bob()),
        now=now,
        starter_principal=ALICE,
        starter_keys=keys,
    )


def test_a_second_persons_answer_counts() -> None:
    asked = challenge()
    given = read_answer(answer(read_ask(ask_token(asked)), bob(), granted=True, comment="go ✓"))
    check(asked, given)
    assert (given.principal, given.granted, given.comment) == (bob().principal, True, "go ✓")
    assert parse_challenge(asked.text()) == asked


def test_what_is_asked_is_readable_and_says_everything() -> None:
    text = ask_token(challenge(loss="\x1b[2Jnothing\u202e", resources=("a",) * 30))
    assert not set("\x1b\u202e") & set(text)
    for words in (
        "alice@",
        "Fail the storage",
        "\\x1b[2Jnothing",
        "12:10:00Z",
        "data-loss",
        "30 in",
    ):
        assert words in text
    assert ask_token(challenge(drill=True)).startswith("DRILL. ")


def test_a_long_token_is_wrapped_so_that_a_terminal_takes_it() -> None:
    import random

    noise = random.Random(7)
    ids = tuple(f"/subscriptions/{noise.getrandbits(900):x}" for _ in range(40))
    text = ask_token(challenge(resources=ids))
    assert len(text.splitlines()[-2]) == 2000
    assert text.endswith(".end")
    assert read_ask(text).resources == ids


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n".join("> " + line for line in text.split("\n")),
        lambda text: re.sub("(.{60})", "\\1\n> > ", text),
        lambda text: "Hi Bob,\n\n```\n" + text + "\n```\nthanks",
        lambda text: re.sub("(.{35})", "\\1\u200b", text),
        str.upper,
        lambda text: text.splitlines()[-1],
        lambda text: text + "\n" + text,
        lambda text: "| " + re.sub("(.{20})", "\\1 |\n| \u00a0", text),
    ],
)
def test_a_chat_may_wrap_and_quote_a_token(mangle) -> None:
    asked = challenge()
    assert read_ask(mangle(ask_token(asked))) == asked


def test_a_token_that_is_cut_off_altered_missing_or_doubled_is_refused_in_one_sentence() -> None:
    text = ask_token(challenge()).splitlines()[-1]
    other = ask_token(challenge(step="x")).splitlines()[-1]
    cases = {
        text[:-4]: "cut off",
        text[:-40] + text[-20:]: "altered",
        text.replace(text[40], "2" if text[40] != "2" else "3", 1): "altered",
        "hello": "not there",
        text + " " + other: "2 different tokens",
        "x" * 1_100_000: "too long",
        answer(challenge(), bob(), granted=True): "not there",
        f"{ASK_MARK}.!!.end": "altered",
    }
    for bad, words in cases.items():
        with pytest.raises(DocumentError, match=words) as caught:
            read_ask(bad)
        assert caught.value.what.count("\n") == 0


def test_every_changed_character_of_a_token_is_noticed() -> None:
    text = ask_token(challenge()).splitlines()[-1]
    for place in range(len(ASK_MARK) + 1, len(text) - 4):
        with pytest.raises(DocumentError):
            read_ask(text[:place] + ("a" if text[place] != "a" else "b") + text[place + 1 :])


@settings(max_examples=examples(ci=100, campaign=5000), deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_token_or_one_sentence(text: str) -> None:
    for read in (read_ask, read_answer):
        with pytest.raises(DocumentError):
            read(text)


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b"[]",
        b"\xff",
        canonical.encode(msgspec.to_builtins(challenge(v="amlrunbook.approval/2"))),
        canonical.encode(msgspec.to_builtins(challenge()) | {"more": 1}),
        canonical.encode(msgspec.to_builtins(challenge()) | {"needed": "1"}),
        canonical.encode(msgspec.to_builtins(challenge()) | {"needed": True}),
        canonical.encode(msgspec.to_builtins(challenge(needed=0))),
        canonical.encode(msgspec.to_builtins(challenge(expires="soon"))),
        canonical.encode(msgspec.to_builtins(challenge(expires="2026-03-01T13:00:00+01:00"))),
        canonical.encode(msgspec.to_builtins(challenge(expires="2026-03-01T11:55:00Z"))),
        b" " + challenge().encode(),
    ],
)
def test_a_sound_token_of_something_else_is_no_challenge(payload: bytes) -> None:
    with pytest.raises(DocumentError):
        read_ask(token.pack(ASK_MARK, payload))
    with pytest.raises(DocumentError):
        read_answer(token.pack(ANSWER_MARK, payload))


def test_a_token_that_unpacks_to_too_much_is_refused() -> None:
    import base64
    import zlib

    packed = zlib.compress(b"x" * 10_000_000, 9)
    raw = base64.b32encode(token._check(ASK_MARK, packed) + packed).decode().rstrip("=")
    with pytest.raises(DocumentError, match="altered"):
        read_ask(f"{ASK_MARK}.{raw}.end")
    with pytest.raises(DocumentError, match="too many"):
        token.pack(ASK_MARK, b"x" * 70_000)


def refused(asked: Challenge, given: Answer, words: str, **more: object) -> None:
    with pytest.raises(RefusedError, match=words) as caught:
        check(asked, given, **more)  # type: ignore[arg-type]
    assert caught.value.next_step


def given_by(identity: KeyIdentity, asked: Challenge, *, granted: bool = True) -> Answer:
    return read_answer(answer(asked, identity, granted=granted))


def with_(given: Answer, **changes: object) -> Answer:
    fields = {name: getattr(given, name) for name in given.__struct_fields__}
    return Answer(**(fields | changes))


def test_the_starters_own_principal_is_refused_in_any_spelling() -> None:
    asked = challenge()
    refused(asked, given_by(alice(), asked), "nobody approves their own")
    shouting = KeyIdentity("  ALICE@Contoso.example ", SECOND_KEY)
    refused(asked, given_by(shouting, asked), "nobody approves their own")
    other = KeyIdentity(bob().principal, SECOND_KEY)
    refused(
        challenge(asked_by=bob().principal),
        given_by(other, challenge(asked_by=bob().principal)),
        "own",
    )


def test_every_key_of_the_starter_is_refused_under_every_name() -> None:
    asked = challenge()
    disguised = KeyIdentity("carol@contoso.example", alice()._key)
    both = pinned(alice(), bob(), disguised)
    refused(asked, given_by(disguised, asked), "a key of the one who asks", trust=both)
    # a second key of alice's, also pinned under another name
    second = KeyIdentity(ALICE, SECOND_KEY)
    renamed = KeyIdentity("dave@contoso.example", SECOND_KEY)
    trust = pinned(alice(), second, renamed)
    refused(asked, given_by(renamed, asked), "a key of the one who asks", trust=trust)
    # one that only the run knows of
    trust = pinned(alice(), renamed)
    prints = (sshsig.fingerprint(renamed.public_key),)
    check(asked, given_by(renamed, asked), trust=trust)
    refused(asked, given_by(renamed, asked), "a key of the one", trust=trust, keys=prints)


def test_a_key_that_is_pinned_for_everybody_is_the_starters_too() -> None:
    asked = challenge()
    anyone = KeyIdentity("*@contoso.example", bob()._key)
    refused(asked, given_by(bob(), asked), "a key of the one", trust=pinned(anyone))


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (pinned(alice()), "is not in pinned"),
        (pinned(KeyIdentity(bob().principal, SECOND_KEY)), "is not bob@contoso.example's key"),
        (pinned(bob(), options='namespaces="session@amlrunbook.journal.v1"'), "not pinned for"),
        (pinned(bob(), options='valid-before="20260301Z"'), "time ended"),
        (pinned(bob(), options='valid-after="20260302Z"'), "valid only from"),
    ],
)
def test_a_key_that_is_not_pinned_for_it_now_is_refused(trust: Trust, words: str) -> None:
    asked = challenge()
    refused(asked, given_by(bob(), asked), words, trust=trust)


def test_a_revoked_key_is_refused_from_its_date_on() -> None:
    from amlrunbook.journal.trust import parse_revocations

    since = f"{sshsig.fingerprint(bob().public_key)} 20260301115900Z laptop stolen"
    revocations = parse_revocations(since, source="revoked")
    trust = Trust(signers=pinned(alice(), bob()).signers, source="p", revocations=revocations)
    asked = challenge()
    refused(asked, given_by(bob(), asked), "revoked from .*laptop stolen", trust=trust)
    check(asked, given_by(bob(), asked), trust=trust, now=NOW - timedelta(minutes=2))


def test_an_expired_challenge_takes_no_answer() -> None:
    asked = challenge()
    refused(asked, given_by(bob(), asked), "expired", now=NOW + timedelta(minutes=10))
    check(asked, given_by(bob(), asked), now=NOW + timedelta(minutes=9, seconds=59))


def test_what_was_altered_on_the_way_is_refused() -> None:
    asked = challenge()
    good = given_by(bob(), asked)
    refused(asked, given_by(bob(), challenge(loss="nothing")), "another challenge")
    refused(
        asked, with_(given_by(bob(), challenge(loss="")), challenge_sha256=asked.sha256), "altered"
    )
    refused(asked, with_(good, sig=sshsig.to_base64(bytes(64))), "altered")
    refused(asked, with_(good, sig="x"), "signature is none")
    refused(
        asked,
        with_(good, public_key=sshsig.to_base64(SECOND_KEY.public_key().public_bytes_raw())),
        "altered",
    )
    refused(asked, with_(good, principal="eve@contoso.example"), "not in pinned")


@pytest.mark.parametrize(
    "key", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, b"\xec" + b"\xff" * 30 + b"\x7f"]
)
def test_a_weak_key_approves_nothing(key: bytes) -> None:
    asked = challenge()
    good = given_by(bob(), asked)
    refused(asked, with_(good, public_key=sshsig.to_base64(key)), "small order|canonical")


def test_a_signature_for_another_use_approves_nothing() -> None:
    asked = challenge()
    good = given_by(bob(), asked)
    for namespace in ("session@amlrunbook.journal.v1", "approval@amlrunbook.drill.v1"):
        sig = sshsig.to_base64(bob().sign(namespace, asked.encode()))
        refused(asked, with_(good, sig=sig), f"made for {namespace}")


def test_a_no_cannot_be_turned_into_a_yes() -> None:
    asked = challenge()
    no = given_by(bob(), asked, granted=False)
    check(asked, no)
    assert not no.granted
    refused(asked, with_(no, granted=True), "made for decline@")
    yes = given_by(bob(), asked)
    refused(asked, with_(yes, granted=False), "made for approval@")


def test_an_answer_that_verifies_with_ssh_keygen(tmp_path: Path) -> None:
    import shutil
    import subprocess

    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    asked = challenge()
    good = given_by(bob(), asked)
    name = "approval@amlrunbook.journal.v1"
    signature = sshsig.from_base64(good.sig, size=64)
    (tmp_path / "sig").write_text(sshsig.armor(bob().public_key, name, signature))
    (tmp_path / "as").write_text(
        f"{bob().principal} {LIVE_OPTIONS} {sshsig.public_line(bob().public_key, 'bob')}\n"
    )
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "as"), "-I", bob().principal]
    command += ["-n", name, "-s", str(tmp_path / "sig")]
    found = subprocess.run(command, input=asked.encode(), capture_output=True, check=False)
    assert found.returncode == 0, found.stderr


def test_a_drill_rehearses_approval_with_people_of_its_own(tmp_path: Path) -> None:
    DrillIdentity.create(tmp_path)
    assert drill_approvers(tmp_path).signers == ()
    robin = drill_approver(tmp_path, "robin")
    sam = drill_approver(tmp_path, "sam@drill")
    assert drill_approver(tmp_path, "Robin").public_key == robin.public_key
    assert (tmp_path / "drill-approvers.robin").stat().st_mode & 0o777 == 0o600
    asked = challenge(drill=True, asked_by="drill")
    trust = drill_approvers(tmp_path)
    assert len(trust.signers) == 2
    for one in (robin, sam):
        check(asked, given_by(one, asked), trust=trust)
    with pytest.raises(RefusedError, match="does not sign for"):
        answer(challenge(), robin, granted=True)
    # the list of the drill vouches for nothing live, nor does a live list know the drill's people
    refused(asked, given_by(robin, asked), "is not in pinned")
    live = pinned(robin)
    refused(asked, given_by(robin, asked), "not pinned for approval@amlrunbook.drill", trust=live)


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "a b", ".hidden", "x" * 65, "drill", "DRILL", "a\n"]
)
def test_an_approver_of_a_drill_has_a_plain_name(tmp_path: Path, name: str) -> None:
    DrillIdentity.create(tmp_path)
    with pytest.raises(AmlRunbookError):
        drill_approver(tmp_path, name)
    assert drill_approvers(tmp_path).signers == ()


def test_only_a_drill_has_approvers_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="holds no drill"):
        drill_approver(tmp_path, "robin")
    assert list(tmp_path.iterdir()) == []
