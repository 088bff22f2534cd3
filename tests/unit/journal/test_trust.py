"""The pinned list: OpenSSH's form, and nothing that is not known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import DocumentError
from amlrunbook.journal import Trust, sshsig
from amlrunbook.journal.namespaces import DRILL, LIVE
from tests.unit.journal.forge import ALICE, START, alice, bob, pinned

KEY = sshsig.public_line(alice().public_key, "a comment")


def test_the_worked_examples_line_is_read_with_its_window() -> None:
    line = (
        'alice@contoso.example namespaces="session@amlrunbook.journal.v1",valid-after="20260101Z" '
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxGiDJiVYa1vILr61yNzeTkHDM2P1v4xi1c+bxmQ7Ng"
    )
    (signer,) = Trust.parse(line, source="x").signers
    assert signer.principals == (ALICE,)
    assert signer.namespaces == ("session@amlrunbook.journal.v1",)
    assert signer.valid_after == datetime(2026, 1, 1, tzinfo=UTC)
    assert signer.valid_before is None


def test_a_pinned_key_is_vouched_for_and_nothing_else_is() -> None:
    trust = pinned(alice(), bob())
    ask = trust.refusal
    assert ask(ALICE, LIVE.session, alice().public_key, START) == ""
    assert "not in" in ask("eve@contoso.example", LIVE.session, alice().public_key, START)
    assert "not alice" in ask(ALICE, LIVE.session, bob().public_key, START)
    assert "not pinned for" in ask(ALICE, DRILL.session, alice().public_key, START)


@pytest.mark.parametrize(
    ("options", "vouched"),
    [
        ('valid-after="20260301"', True),
        ('valid-after="20260301115959Z"', True),
        ('valid-after="202603011201Z"', False),
        ('valid-before="20260301120000Z"', False),
        ('valid-before="20260301120001Z"', True),
        ('VALID-BEFORE="20250101Z"', False),
        ('namespaces="a,*@amlrunbook.journal.v?"', True),
        ('namespaces="*,!session@*"', False),
        ('namespaces="Session@amlrunbook.journal.v1"', False),
    ],
)
def test_windows_and_namespaces(options: str, vouched: bool) -> None:
    refusal = pinned(alice(), options=options).refusal(
        ALICE, LIVE.session, alice().public_key, START
    )
    assert (refusal == "") is vouched


def test_a_second_line_may_vouch_where_the_first_has_expired() -> None:
    old = f'{ALICE} valid-before="20200101Z" {KEY}'
    new = f'{ALICE} valid-after="20200101Z" {KEY}'
    trust = Trust.parse(f"# rotated\n\n{old}\n{new}\n", source="x")
    assert trust.refusal(ALICE, LIVE.session, alice().public_key, START) == ""


@pytest.mark.parametrize(
    ("principals", "vouched"),
    [
        ("*@contoso.example", True),
        ("bob,alice@contoso.example", True),
        ('"alice@contoso.example"', True),
        ("alice@contoso.exampl?", True),
        ("*,!alice@*", False),
        ("alice", False),
        ("alice@contoso.example.evil", False),
    ],
)
def test_principals_are_patterns(principals: str, vouched: bool) -> None:
    trust = Trust.parse(f"{principals} {KEY}", source="x")
    refusal = trust.refusal(ALICE, LIVE.session, alice().public_key, START)
    assert (refusal == "") is vouched


def test_lines_of_other_key_types_pin_nobody() -> None:
    trust = Trust.parse(f"{ALICE} ssh-rsa AAAAB3Nz\n{ALICE} {KEY}\n", source="x")
    assert len(trust.signers) == 1


SMALL = sshsig.public_line((1).to_bytes(32, "little"), "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "pins no"),
        ("# nothing\n", "pins no"),
        (f"{ALICE} ssh-rsa AAAAB3Nz", "pins no"),
        (f"{ALICE}\n", "line 1"),
        (f"\n{ALICE} cert-authority {KEY}", "line 2"),
        (f'{ALICE} namespaces="a",zone="x" {KEY}', "zone is not known"),
        (f'{ALICE} namespaces="a",namespaces="b" {KEY}', "twice"),
        (f"{ALICE} namespaces=a {KEY}", "nor an option"),
        (f'{ALICE} valid-after="yesterday" {KEY}', "no time"),
        (f'{ALICE} valid-after="20261340Z" {KEY}', "no time"),
        (f'{ALICE} valid-after="20260102Z",valid-before="20260101Z" {KEY}', "not after"),
        (f"{ALICE} ssh-ed448 AAAA", "neither ssh-ed25519 nor"),
        (f'{ALICE} namespaces="a" ssh-ed448 AAAA', "not known"),
        (f"{ALICE} ssh-ed25519 AAAA", "bytes"),
        (f"{ALICE} {SMALL}", "small order"),
        (f"{ALICE} {KEY[:60]}", "line 1"),
    ],
)
def test_what_is_not_known_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        Trust.parse(text, source="the trust file")


@given(st.text())
def test_any_text_is_a_list_or_one_clear_refusal(text: str) -> None:
    try:
        trust = Trust.parse(text, source="x")
    except DocumentError as error:
        assert error.what
    else:
        assert trust.signers


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        Trust.load(tmp_path / "none")
    with pytest.raises(DocumentError, match="cannot be read"):
        Trust.load(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(DocumentError, match="UTF-8"):
        Trust.load(tmp_path / "bytes")
