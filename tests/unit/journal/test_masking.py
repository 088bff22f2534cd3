"""Secrets and unknown fields: taken out or refused before anything is signed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.journal import JournalWriter, Verdict, read_entries, verify, would_mask
from amlrunbook.model import redaction
from amlrunbook.state.events import ALLOWED_FIELDS, JournalOpening, event_of
from tests.unit.journal.forge import START, alice, pinned, stopped_host

SECRETS = [
    "?sv=1&sig=abc%2Fdef%2Fghi",
    "AccountKey=abcd1234efgh5678==",
    "SharedAccessKey=abcd1234efgh5678",
    "Bearer abcdefghijkl",
    "eyJhbGciOi.eyJzdWIiOi.c2ln",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----",
    "abc8Q~" + "x" * 33,
    "password=hunter2hunter2",
]


PIECES = [
    *SECRETS,
    *(secret.upper() for secret in SECRETS),
    *(
        "?",
        "&",
        " ",
        ";",
        '"',
        "sig",
        "=",
        "x" * 40,
        "eyJ",
        ".",
        "Q~",
        "8",
        "-----",
        "\u017fig=x",
        "=ab",
        "é",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_no_secret_is_passed_over_for_speed(text: str) -> None:
    slowly = text
    for pattern in redaction._PATTERNS:
        slowly = pattern.sub(redaction.MASK, slowly)
    assert redaction.masked_text(text) == slowly


def create(folder: Path, **more: object) -> JournalWriter:
    return JournalWriter.create(
        folder,
        identity=alice(),
        drill=False,
        host=stopped_host(),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_before_it_is_signed_and_the_places_are_told(
    tmp_path: Path, secret: str
) -> None:
    body = {"text": f"it said: {secret}", "more": ["fine", secret], "n": 1}
    with create(tmp_path) as writer:
        assert writer.would_mask(body) == would_mask(body) == ("text", "more[1]")
        (entry,) = writer.append([("warning", body)])
        assert entry.masked == ("text", "more[1]")
        (plain,) = writer.append([("warning", {"text": "nothing secret"})])
        assert plain.masked == ()
    text = (tmp_path / "journal.jsonl").read_text()
    assert max(re.split(r"[=&\s]", secret), key=len) not in text
    assert text.count("«masked»") >= 2
    assert verify(tmp_path, trust=pinned(alice()), now=START).verdict is Verdict.VALID_OPEN


@pytest.mark.parametrize("secret", SECRETS)
def test_a_note_with_a_secret_is_refused_unless_its_masking_is_confirmed(
    tmp_path: Path, secret: str
) -> None:
    with create(tmp_path) as writer:
        with pytest.raises(RefusedError, match="looks like a secret"):
            writer.append([("note", {"text": secret})])
        with pytest.raises(RefusedError, match="looks like a secret"):
            writer.offer_handover("bob", secret)
        assert writer.next_n == 1
        (entry,) = writer.append([("note", {"text": secret})], masking_confirmed=True)
        assert entry.masked == ("text",)
        assert "masked" in str(entry.body["text"])


def test_a_group_with_one_refused_note_writes_nothing(tmp_path: Path) -> None:
    with create(tmp_path) as writer:
        with pytest.raises(RefusedError):
            writer.append([("warning", {"text": "x"}), ("note", {"text": SECRETS[0]})])
        assert len(list(read_entries(tmp_path))) == 1


def test_evidence_names_and_outcomes_are_masked_too(tmp_path: Path) -> None:
    with create(tmp_path, opening={"program": "password=hunter2"}) as writer:
        writer.add_evidence("output of ?sig=abcdef", b"x")
        writer.close({"outcome": "AccountKey=abcdef"})
    text = (tmp_path / "journal.jsonl").read_text()
    assert "hunter2" not in text
    assert "abcdef" not in text


def test_a_challenge_with_a_secret_is_refused_not_broken(tmp_path: Path) -> None:
    with create(tmp_path) as writer:
        for kind in ("approval.asked", "approval.granted"):
            with pytest.raises(RefusedError, match="challenge"):
                writer.append([(kind, {"challenge": '{"loss":"password=hunter2"}'})])
        assert writer.next_n == 1


def test_only_the_fields_of_a_kind_are_written(tmp_path: Path) -> None:
    with create(tmp_path, fields=ALLOWED_FIELDS) as writer:
        writer.append([("note", {"text": "x", "step": "s"})])
        for kind, body, words in [
            ("note", {"text": "x", "raw": "y"}, "no field 'raw'"),
            ("step.dreamt", {}, "not in the table"),
        ]:
            with pytest.raises(JournalError, match=words):
                writer.append([(kind, body)])
        with pytest.raises(JournalError, match="no field"):
            writer.close({"mood": "good"})
        assert writer.next_n == 2
        writer.add_evidence("x", b"x", step="s", guessable=True)
        writer.close({"outcome": "completed"})
    with pytest.raises(JournalError, match="closed"):
        JournalWriter.reopen(tmp_path, identity=alice(), drill=False, fields=ALLOWED_FIELDS)


def test_a_resumed_writer_keeps_to_the_fields_too(tmp_path: Path) -> None:
    create(tmp_path).release()
    with (
        JournalWriter.reopen(
            tmp_path, identity=alice(), drill=False, fields=ALLOWED_FIELDS, host=stopped_host()
        ) as writer,
        pytest.raises(JournalError, match="no field"),
    ):
        writer.append([("note", {"text": "x", "raw": "y"})])


def test_the_opening_statement_is_a_known_event(tmp_path: Path) -> None:
    create(tmp_path, opening={"program": "amlrunbook 0"}).release()
    entry = list(read_entries(tmp_path))[1]
    assert event_of(entry.kind, entry.body) == JournalOpening(program="amlrunbook 0")


def test_evidence_that_could_be_guessed_is_salted(tmp_path: Path) -> None:
    with create(tmp_path) as writer:
        first = writer.add_evidence("address", b"10.0.0.4", guessable=True)
        second = writer.add_evidence("address", b"10.0.0.4", guessable=True)
        plain = writer.add_evidence("address", b"10.0.0.4")
    assert (first.salted, plain.salted, first.size, plain.size) == (True, False, 24, 8)
    assert len({first.sha256, second.sha256, plain.sha256}) == 3
    kept = (tmp_path / "evidence" / first.sha256[:2] / first.sha256).read_bytes()
    assert kept[16:] == b"10.0.0.4"
    bodies = [one.body for one in read_entries(tmp_path) if one.kind == "evidence.added"]
    assert [body.get("salted") for body in bodies] == [True, True, None]
    report = verify(tmp_path, trust=pinned(alice()), now=START)
    assert (report.evidence.present, report.evidence.mismatching) == (3, 0)
