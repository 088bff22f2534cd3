"""Signatures: published vectors, weak keys derived here, and OpenSSH's own opinion."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from amlrunbook.errors import JournalError
from amlrunbook.journal import sshsig
from amlrunbook.journal.entry import parse, unframe
from amlrunbook.journal.namespaces import LIVE
from amlrunbook.journal.session import parse_opening
from tests.unit.journal.forge import ALICE, alice, pinned, write_journal

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493

# RFC 8032, section 7.1: secret key, public key, message, signature
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_the_library_agrees_with_rfc_8032(
    secret: str, public: str, message: str, signature: str
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes_raw().hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    sshsig.check_public_key(bytes.fromhex(public))


def test_a_signature_with_the_group_order_added_is_refused() -> None:
    """RFC 8032 demands S < L; without that, every signature has a second form."""
    _, public, _, signature = RFC_8032[0]
    raw = bytes.fromhex(signature)
    larger = (int.from_bytes(raw[32:], "little") + ORDER).to_bytes(32, "little")
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    key.verify(raw, b"")
    with pytest.raises(InvalidSignature):
        key.verify(raw[:32] + larger, b"")


def add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    (x1, y1), (x2, y2) = one, two
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def multiply(point: tuple[int, int], factor: int) -> tuple[int, int]:
    result = (0, 1)
    while factor:
        if factor & 1:
            result = add(result, point)
        point = add(point, point)
        factor >>= 1
    return result


def point_at(y: int) -> tuple[int, int] | None:
    """The point with this y, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    for x in (root, root * pow(2, (P - 1) // 4, P) % P):
        if x * x % P == square:
            return x, y
    return None


def torsion_points() -> set[tuple[int, int]]:
    """All points of order 8 or less: multiples of a point of order 8, found by trying."""
    for y in range(2, 200):
        point = point_at(y)
        if point is None:
            continue
        small = multiply(point, ORDER)
        if multiply(small, 4) != (0, 1):
            return {multiply(small, factor) for factor in range(8)}
    raise AssertionError("no point of order 8 among the first two hundred")


def test_every_point_of_small_order_is_refused_as_a_key_and_nothing_near_it() -> None:
    points = torsion_points()
    assert len(points) == 8
    assert {y for _, y in points} == sshsig._SMALL_ORDER_Y
    for x, y in points:
        for sign in (x & 1, 1 - (x & 1)):
            key = (y | sign << 255).to_bytes(32, "little")
            with pytest.raises(sshsig.WeakKeyError):
                sshsig.check_public_key(key)
    for y in range(P, 2**255):
        with pytest.raises(sshsig.WeakKeyError):
            sshsig.check_public_key(y.to_bytes(32, "little"))
    sshsig.check_public_key((4).to_bytes(32, "little"))


def test_the_key_of_order_one_would_fit_every_message() -> None:
    """Why weak keys are refused: the library accepts this forgery."""
    one = (1).to_bytes(32, "little")
    key = Ed25519PublicKey.from_public_bytes(one)
    for message in (b"ran it", b"did not run it"):
        assert sshsig.verifies(key, LIVE.entry, message, one + bytes(32))


@pytest.mark.parametrize(
    "text", ["AB==", "QUI", "QUI=\n", " QUI=", "QUJ=", "QUI==", "Q-I=", "é==="]
)
def test_only_the_one_canonical_base64_is_taken(text: str) -> None:
    with pytest.raises(JournalError):
        sshsig.from_base64(text, size=2)
    assert sshsig.from_base64("QUI=", size=2) == b"AB"


def test_base64_of_another_length_is_refused() -> None:
    with pytest.raises(JournalError):
        sshsig.from_base64("QUI=", size=3)


needs_ssh_keygen = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"
)


def ssh_keygen(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", *args], input=stdin, capture_output=True, check=False)


@needs_ssh_keygen
def test_ssh_keygen_accepts_an_entry_and_a_certificate_and_refuses_another_namespace(
    tmp_path: Path,
) -> None:
    line = write_journal(tmp_path / "run", 4)[0]
    data, signature = unframe(line)
    opening = parse_opening(parse(data))
    session = opening.certificate.session
    (tmp_path / "signers").write_text(
        f"session {sshsig.public_line(session, '')}\n"
        f"{ALICE} {sshsig.public_line(opening.ident, '')}\n"
    )
    (tmp_path / "entry.sig").write_text(sshsig.armor(session, LIVE.entry, signature))
    assert opening.signature is not None
    (tmp_path / "cert.sig").write_text(sshsig.armor(opening.ident, LIVE.session, opening.signature))

    def verified(who: str, namespace: str, name: str, message: bytes) -> int:
        signers, file = str(tmp_path / "signers"), str(tmp_path / name)
        return ssh_keygen(
            "-Y", "verify", "-f", signers, "-I", who, "-n", namespace, "-s", file, stdin=message
        ).returncode

    assert verified("session", LIVE.entry, "entry.sig", data) == 0
    assert verified("session", LIVE.session, "entry.sig", data) != 0
    assert verified("session", LIVE.entry, "entry.sig", data + b" ") != 0
    assert verified(ALICE, LIVE.session, "cert.sig", opening.signed) == 0


@needs_ssh_keygen
def test_ssh_keygen_prints_the_same_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "alice.pub"
    file.write_text(sshsig.public_line(alice().public_key, "alice") + "\n")
    answer = ssh_keygen("-l", "-f", str(file)).stdout.decode()
    assert sshsig.fingerprint(alice().public_key) in answer


@needs_ssh_keygen
def test_what_ssh_keygen_signs_is_what_is_verified_here(tmp_path: Path) -> None:
    from amlrunbook.journal import KeyIdentity

    file = tmp_path / "key"
    assert ssh_keygen("-t", "ed25519", "-N", "", "-C", "c", "-f", str(file)).returncode == 0
    identity = KeyIdentity.from_openssh(ALICE, file.read_bytes())
    signed = ssh_keygen("-Y", "sign", "-f", str(file), "-n", LIVE.session, stdin=b"message")
    ours = sshsig.armor(identity.public_key, LIVE.session, identity.sign(LIVE.session, b"message"))
    assert signed.stdout.decode() == ours
    assert pinned(identity).refusal(ALICE, LIVE.session, identity.public_key) == ""
