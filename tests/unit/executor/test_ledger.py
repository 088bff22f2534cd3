"""The signed journal as a run's ledger: what is written is what is told, and evidence is its hash."""

from __future__ import annotations

import hashlib

import pytest

from amlrunbook.errors import IncompleteError, JournalBusyError, RefusedError
from amlrunbook.executor.ledger import JournalLedger, recorded_of
from amlrunbook.executor.recording import Record
from amlrunbook.journal import DrillIdentity, read_entries
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold


@pytest.fixture
def ledger(tmp_path):
    made = JournalLedger.create(tmp_path, DrillIdentity.create(tmp_path), drill=True)
    yield made
    made.release()


def test_what_is_told_is_what_lies_on_disk(ledger, tmp_path):
    record = Record(ledger)
    record.append(e.StepReady(step="a"), e.StepStarted(step="a"))
    sha256 = record.add_evidence("a.txt", b"hello", "a")
    record.append(e.StepPassed(step="a", text="ok"))
    record.close("completed")
    on_disk = tuple(recorded_of(entry) for entry in read_entries(tmp_path))
    assert record.entries == on_disk
    assert record.state == fold(on_disk)
    assert record.evidence(sha256) == b"hello"


def test_evidence_that_is_withheld_or_altered_is_not_given(ledger, tmp_path):
    sha256 = Record(ledger).add_evidence("a.txt", b"hello")
    path = tmp_path / "evidence" / sha256[:2] / sha256
    path.chmod(0o600)
    path.write_bytes(b"hullo")
    with pytest.raises(IncompleteError, match="not what was signed"):
        ledger.evidence(sha256)
    path.unlink()
    with pytest.raises(IncompleteError, match="withheld"):
        ledger.evidence(sha256)
    for hostile in ("", "../../etc/passwd", sha256.upper(), hashlib.md5(b"").hexdigest()):
        with pytest.raises(IncompleteError, match="no hash"):
            ledger.evidence(hostile)


def test_an_entry_that_does_not_fit_is_refused_and_the_run_lives_on(ledger):
    record = Record(ledger)
    with pytest.raises(RefusedError):
        record.append(e.NoteAdded(text="x" * 300_000))
    record.append(e.NoteAdded(text="short"))
    assert len(record.state.notes) == 1


def test_an_event_that_may_not_happen_is_not_written(ledger):
    record = Record(ledger)
    before = record.entries
    with pytest.raises(RefusedError, match="may not happen"):
        record.append(e.StepReady(step="a"), e.ActionVerified(step="a", text="t"))
    assert record.entries == before


def test_a_second_writer_is_refused(ledger, tmp_path):
    with pytest.raises(JournalBusyError):
        JournalLedger.reopen(tmp_path, DrillIdentity.load(tmp_path), drill=True)
