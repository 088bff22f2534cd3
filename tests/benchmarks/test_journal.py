"""The journal's figures (DESIGN section 11), printed beside what they are measured against."""

from __future__ import annotations

import os
import resource
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.journal import DrillIdentity, JournalWriter, canonical, verify
from amlrunbook.journal.entry import frame
from tests.unit.journal.forge import START, Forger, alice, pinned

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

APPENDS = 300
TRUST = pinned(alice())


def report(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n[journal] {text}\n")


def milliseconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return (perf_counter() - start) * 1000


def test_append_to_durable_against_a_bare_write_and_sync(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    writer = JournalWriter.create(folder, identity=DrillIdentity.create(folder), drill=True)
    draft = ("note", {"text": "x" * 250})
    writer.append([draft])
    line = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)[-1]
    descriptor = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def bare() -> None:
        os.write(descriptor, line)
        os.fsync(descriptor)

    ours, theirs = [], []
    for _ in range(APPENDS):  # by turns, so that both meet the same disk
        theirs.append(milliseconds(bare))
        ours.append(milliseconds(lambda: writer.append([draft])))
    os.close(descriptor)
    writer.close({"outcome": "measured"})
    middle, bare_middle = statistics.median(ours), statistics.median(theirs)
    worst = statistics.quantiles(ours, n=100)[98]
    report(
        capsys,
        f"append of {len(line)} bytes: p50 {middle:.3f} ms, p99 {worst:.3f} ms; "
        f"bare write and fsync p50 {bare_middle:.3f} ms; above it {middle - bare_middle:.3f} ms "
        "(goal: at most 0.5)",
    )


def journal_of(folder: Path, count: int) -> Path:
    forger = Forger().open()
    for number in range(count - 2):
        forger.add("note", {"text": "x" * 250, "number": number})
    return forger.add("journal.close", {}).save(folder / "journal.jsonl")


def test_every_signature_of_5000_entries_against_bare_verifications(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 5000
    path = journal_of(tmp_path, count)
    key = Ed25519PrivateKey.generate()
    public, message = key.public_key(), b"x" * 150
    signature = key.sign(message)

    def bare() -> None:
        for _ in range(count):
            public.verify(signature, message)

    theirs = min(milliseconds(bare) for _ in range(3))
    ours = min(milliseconds(lambda: verify(path, trust=TRUST, now=START)) for _ in range(3))
    fast = min(
        milliseconds(lambda: verify(path, trust=TRUST, now=START, fast=True)) for _ in range(3)
    )
    report(
        capsys,
        f"{count} entries: every signature {ours:.0f} ms, {count} bare verifications "
        f"{theirs:.0f} ms, ratio {ours / theirs:.2f} (goal: at most 2); fast {fast:.0f} ms",
    )


@pytest.mark.campaign
def test_a_million_entries_fast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the last signature is good: that is all fast verification looks at."""
    count, path = 1_000_000, tmp_path / "journal.jsonl"
    forger = Forger().open()
    with path.open("wb") as file:
        for number in range(count - 2):
            entry = canonical.encode(forger.fields("note", {"text": "x" * 250, "number": number}))
            forger.add_line(frame(entry, bytes(64)))
            if number % 1000 == 0:
                file.write(b"".join(forger.lines))
                forger.lines.clear()
        forger.add("journal.close", {})
        file.write(b"".join(forger.lines))
    processor = process_time()
    seconds = milliseconds(lambda: report_million(path, capsys)) / 1000
    processor = process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    report(
        capsys,
        f"{count} entries fast: {seconds:.1f} s, {processor:.1f} s of them on the processor "
        "(goal: at most 45), "
        f"peak memory of the whole test process {peak / unit:.0f} MiB (goal: at most 100)",
    )


def report_million(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verify, and print the verdict; the forger is pinned, or all would be looked at again."""
    found = verify(path, trust=TRUST, now=START, fast=True)
    report(capsys, f"{found.label}, {found.entries} entries, {path.stat().st_size >> 20} MiB")
