"""The signed journal: writing, verifying, keys.

The format's specification is the journal format ``amlrunbook.journal/1``; this package writes it,
verifies it and reads it for the fold, and knows nothing of what the entries mean.
"""

from amlrunbook.errors import JournalBusyError, JournalError
from amlrunbook.journal.approval import (
    Answer,
    Challenge,
    answer,
    ask_token,
    check_answer,
    parse_challenge,
    read_answer,
    read_ask,
)
from amlrunbook.journal.drill_approvers import drill_approver, drill_approvers
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
from amlrunbook.journal.masking import would_mask
from amlrunbook.journal.reader import read_entries
from amlrunbook.journal.recovery import Continuation
from amlrunbook.journal.trust import Trust
from amlrunbook.journal.verdict import Report, Verdict
from amlrunbook.journal.verifier import verify
from amlrunbook.journal.writer import JournalWriter

__all__ = [
    "JOURNAL_FILE",
    "Answer",
    "Challenge",
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
    "answer",
    "ask_token",
    "check_answer",
    "drill_approver",
    "drill_approvers",
    "parse_challenge",
    "read_answer",
    "read_ask",
    "read_entries",
    "verify",
    "would_mask",
]
