"""The signed journal: writing, verifying, keys.

The format's specification is the journal format ``amlrunbook.journal/1``; this package writes it,
verifies it and reads it for the fold, and knows nothing of what the entries mean.
"""

from amlrunbook.errors import JournalBusyError, JournalError
from amlrunbook.journal.entry import Entry
from amlrunbook.journal.evidence import Evidence
from amlrunbook.journal.host import Disk, Host
from amlrunbook.journal.identity import (
    DrillIdentity,
    Identity,
    KeyIdentity,
    ThrowAwayIdentity,
)
from amlrunbook.journal.lines import JOURNAL_FILE
from amlrunbook.journal.reader import read_entries
from amlrunbook.journal.recovery import Continuation
from amlrunbook.journal.trust import Trust
from amlrunbook.journal.verdict import Report, Verdict
from amlrunbook.journal.verifier import verify
from amlrunbook.journal.writer import JournalWriter

__all__ = [
    "JOURNAL_FILE",
    "Continuation",
    "Disk",
    "DrillIdentity",
    "Entry",
    "Evidence",
    "Host",
    "Identity",
    "JournalBusyError",
    "JournalError",
    "JournalWriter",
    "KeyIdentity",
    "Report",
    "ThrowAwayIdentity",
    "Trust",
    "Verdict",
    "read_entries",
    "verify",
]
