"""What must hold before a journal is begun or gone on with."""

from __future__ import annotations

from pathlib import Path

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.journal import sshsig
from amlrunbook.journal.entry import HANDOVER, Entry
from amlrunbook.journal.identity import Identity, drill_public_key
from amlrunbook.journal.namespaces import DRILL
from amlrunbook.journal.recovery import Continuation
from amlrunbook.journal.scan import Scan


def make_folder(folder: Path) -> None:
    """Make the run's folder, mode 0700, where it is missing.

    Raises:
        JournalError: if it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            state="Nothing was written.",
            next_step="Choose another folder.",
        ) from error


def check_drill(folder: Path, identity: Identity, drill: bool) -> None:
    """Refuse to sign a drill with any key but its own: nothing could verify it.

    Raises:
        JournalError: for another key, or where no drill's key lies.
    """
    if drill and drill_public_key(folder) != identity.public_key:
        raise JournalError(
            f"This identity is not the one made for the drill in {folder}.",
            state="Nothing was written.",
            next_step="Resume the drill with its own identity.",
        )


def refuse_other_kind(scan: Scan, path: Path, drill: bool) -> None:
    """Refuse to go on with a drill as a live run, the other way round, or after the close.

    Raises:
        JournalError: naming which.
    """
    if scan.namespaces is not None and (scan.namespaces is DRILL) != drill:
        was, now = ("live run", "drill") if drill else ("drill", "live run")
        raise JournalError(
            f"{path} is the journal of a {was}, not of a {now}.",
            state="Nothing was written.",
            next_step=f"Resume it as a {was}.",
        )
    if scan.closed:
        raise JournalError(
            f"{path} is closed: nothing can follow its last entry.",
            state="Nothing was written.",
            next_step="Start a new run.",
        )


def continuation(scan: Scan, reason: str) -> Continuation:
    """Return what a new segment states of the file that ``scan`` has read."""
    return Continuation(
        j=scan.journal_id, n=scan.n, prev=sshsig.to_base64(scan.prev), reason=reason
    )


def no_journal(path: Path) -> JournalError:
    """Return the error for a place that holds nothing to go on from."""
    return JournalError(
        f"{path} holds no entry that can be gone on from.",
        state="Nothing was written.",
        next_step="Start a new run in a folder of its own.",
    )


def refuse_handed_over(last: Entry | None, identity: Identity, drill: bool) -> None:
    """Refuse to go on after a hand-over to somebody else; a drill rehearses it with one key.

    Raises:
        RefusedError: naming to whom it was offered.
    """
    if last is None or last.kind != HANDOVER or drill:
        return
    receiver = last.body.get("principal")
    if receiver != identity.principal:
        raise RefusedError(
            f"This run was handed over to {receiver!a} at {last.t}, not to {identity.principal!a}.",
            state="Nothing was written.",
            next_step="Let them accept it. If they cannot, accept it by force: every verdict will "
            "warn of that.",
        )


def refuse_nothing(last: Entry | None, identity: Identity, drill: bool) -> None:
    """Let anybody go on."""
    del last, identity, drill


def refuse_not_offered(last: Entry | None, identity: Identity, drill: bool) -> None:
    """Refuse to accept what was not offered to this principal.

    Raises:
        RefusedError: if the last entry is no hand-over to them.
    """
    if last is None or last.kind != HANDOVER:
        raise RefusedError(
            "This run was not handed over: its last entry is no offer.",
            state="Nothing was written.",
            next_step="Ask its operator to hand it over. If they cannot, accept it by force: every "
            "verdict will warn that their last entries may be missing.",
        )
    refuse_handed_over(last, identity, drill)
