"""The line: the specification's worked example, and every field's type."""

from __future__ import annotations

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import JournalError
from amlrunbook.journal import canonical, sshsig
from amlrunbook.journal.entry import LINE_LIMIT, LineError, Reason, frame, is_hash, parse, unframe
from amlrunbook.journal.namespaces import LIVE
from tests.unit.journal.forge import Forger

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-\n "

# The journal format, section 3.7
LINE = (
    b'{"e":{"body":{"check":"C1","ok":true},"boot":"ee99fe77-3c67-4f25-a257-695b88b987a8",'
    b'"j":"eefa7a3dc0a84ac38f48eb9610a0ad0c",'
    b'"k":"SHA256:EkXkaNlNhpnU4RJFCgsy9P6hCCHu4vZPaYvmt7xcu/Y","kind":"check.result",'
    b'"mono":1351604269,"n":2,"prev":"GpRE5uddCgxhczLbqe1qXn/M8ap0toUgA0YUltd0QRA=",'
    b'"t":"2026-11-22T18:14:26.745Z","v":"amlrunbook.journal/1"},'
    b'"s":"0dSERYbucC8U9pvgMuacVM0QRlOXPq3WpEkV5tK8NSRWsfkz++drieDbtlJMYIBntY+DWDMAjodHumQsPEJaBw=="}'
    b"\n"
)
SESSION_KEY = b64decode("1m0XN3qF9eaq4Dl+kE7wfBeeuSPLv9RkvOet8stV/1g=")


def test_the_worked_example_holds_byte_for_byte() -> None:
    data, signature = unframe(LINE)
    assert (data, signature) == (LINE[5:-97], b64decode(LINE[-91:-3]))
    entry = parse(data)
    assert (entry.n, entry.kind, entry.body) == (2, "check.result", {"check": "C1", "ok": True})
    assert entry.k == sshsig.fingerprint(SESSION_KEY)
    key = Ed25519PublicKey.from_public_bytes(SESSION_KEY)
    assert sshsig.verifies(key, LIVE.entry, data, signature)
    assert not sshsig.verifies(key, LIVE.session, data, signature)
    assert frame(entry.encode(), signature) == LINE
    assert canonical.encode(canonical.decode(LINE[:-1])) == LINE[:-1]


def test_the_worked_examples_identity_line_is_read() -> None:
    blob = "AAAAC3NzaC1lZDI1NTE5AAAAIBxGiDJiVYa1vILr61yNzeTkHDM2P1v4xi1c+bxmQ7Ng"
    assert sshsig.to_base64(sshsig.key_from_blob(blob)) == (
        "HEaIMmJVhrW8guvrXI3N5OQcMzY/W/jGLVz5vGZDs2A="
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n": True}, Reason.FIELDS),
        ({"n": False}, Reason.FIELDS),
        ({"n": "0"}, Reason.FIELDS),
        ({"n": -1}, Reason.FIELDS),
        ({"n": None}, Reason.FIELDS),
        ({"mono": True}, Reason.FIELDS),
        ({"v": "amlrunbook.journal/2"}, Reason.FIELDS),
        ({"v": 1}, Reason.FIELDS),
        ({"j": "0123456789ABCDEF" * 2}, Reason.FIELDS),
        ({"j": "0" * 31}, Reason.FIELDS),
        ({"j": "0" * 32 + "\n"}, Reason.FIELDS),
        ({"prev": "x"}, Reason.FIELDS),
        ({"prev": "A" * 42 + "B="}, Reason.FIELDS),
        ({"k": "SHA256:" + "a" * 42}, Reason.FIELDS),
        ({"k": 1}, Reason.FIELDS),
        ({"kind": ["note"]}, Reason.FIELDS),
        ({"body": []}, Reason.FIELDS),
        ({"body": None}, Reason.FIELDS),
        ({"t": "2026-13-01T00:00:00.000Z"}, Reason.FIELDS),
        ({"t": "2026-03-01T00:00:00Z"}, Reason.FIELDS),
        ({"t": "2026-03-01T00:00:00.000+00:00"}, Reason.FIELDS),
        ({"t": "\uff12026-03-01T00:00:00.000Z"}, Reason.FIELDS),
        ({"boot": 7}, Reason.FIELDS),
        ({"alg": "none"}, Reason.FIELDS),
    ],
)
def test_an_entry_with_a_field_of_another_type_is_refused(
    changes: dict[str, object], reason: Reason
) -> None:
    fields = Forger().fields("note", {})
    parse(canonical.encode(fields))
    with pytest.raises(LineError) as caught:
        parse(canonical.encode(fields | changes))
    assert caught.value.reason is reason


@pytest.mark.parametrize("field", sorted(Forger().fields("note", {})))
def test_every_field_must_be_there(field: str) -> None:
    fields = Forger().fields("note", {})
    del fields[field]
    with pytest.raises(LineError, match="fields"):
        parse(canonical.encode(fields))


@pytest.mark.parametrize("text", [b"[]", b"1", b'"x"', b"null", b"{}"])
def test_an_entry_is_an_object_of_ten_fields(text: bytes) -> None:
    with pytest.raises(LineError, match="fields"):
        parse(text)


def test_an_unknown_kind_is_read_as_it_is() -> None:
    kind = "x.\u202e from a later release"
    assert parse(canonical.encode(Forger().fields(kind, {"a": 1}))).kind == kind


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE[:-1], Reason.FRAME),
        (LINE[:-1] + b"\r\n", Reason.FRAME),
        (LINE[1:], Reason.FRAME),
        (b"\n", Reason.FRAME),
        (b"", Reason.FRAME),
        (LINE.replace(b'"s":', b'"S":'), Reason.FRAME),
        (LINE.replace(b'Bw=="}', b'Bx=="}'), Reason.BASE64),
        (LINE.replace(b'Bw=="}', b'B-=="}'), Reason.BASE64),
        (b'{"e":' + b"x" * LINE_LIMIT + LINE[-97:], Reason.LIMIT),
    ],
)
def test_a_line_out_of_frame_is_refused(line: bytes, reason: Reason) -> None:
    with pytest.raises(LineError) as caught:
        unframe(line)
    assert caught.value.reason is reason


@given(st.binary(min_size=32, max_size=32), st.integers(0, 43), st.sampled_from(ALPHABET))
def test_a_hash_is_the_one_base64_of_32_bytes(raw: bytes, place: int, char: str) -> None:
    text = sshsig.to_base64(raw)
    assert is_hash(text)
    changed = text[:place] + char + text[place + 1 :]
    try:
        sshsig.from_base64(changed, size=32)
        canonical_form = True
    except JournalError:
        canonical_form = False
    assert is_hash(changed) is canonical_form
