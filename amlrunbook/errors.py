"""Every error this program raises on purpose, in one tree.

::

    AmlRunbookError
    ├── UsageError            the call, a file or a key in it is wrong          exit 2
    │   └── DocumentError     a TOML or JSON document, with file and place      exit 2
    ├── AzureError            Azure could not be reached or would not answer    exit 3
    │   ├── SignInError       no credential, or one that is refused             exit 3
    │   ├── DeadlineError     no answer within the deadline                     exit 3
    │   ├── ThrottledError    429 until the deadline                            exit 3
    │   └── AnswerError       an answer that says no: status, code, message     exit 1
    │       └── NotFoundError the resource is not there                         exit 1
    ├── RefusedError          mode, guard or approval says no                   exit 4
    │   └── ReadOnlyError     a changing request in read-only                   exit 4
    ├── InDoubtError          an action whose outcome nobody knows              exit 5
    ├── IncompleteError       something could not be read                       exit 6
    ├── JournalError          the journal cannot be written                     exit 1
    │   └── JournalBusyError  another process writes this journal               exit 4
    └── SimulatorError        the simulated Azure cannot be started or reached  exit 3

An error says three things: what happened, what state you are in, and the next safe step.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command but ``journal verify`` (which has a table of its own)."""

    FINE = 0
    """Nothing to report."""
    FAILED = 1
    """Findings failed, or the run ended with failures."""
    USAGE = 2
    """The command line, or a file it names, is wrong."""
    UNREACHABLE = 3
    """Azure is not reachable, or nobody is signed in."""
    REFUSED = 4
    """A mode, a guard or a missing approval refused."""
    IN_DOUBT = 5
    """An action's outcome is unknown."""
    INCOMPLETE = 6
    """Something could not be read."""
    INTERRUPTED = 130
    """The operator interrupted."""


EXIT_PRECEDENCE: tuple[ExitCode, ...] = (
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.IN_DOUBT,
    ExitCode.REFUSED,
    ExitCode.UNREACHABLE,
    ExitCode.FAILED,
    ExitCode.INCOMPLETE,
    ExitCode.FINE,
)
"""Which code wins when several apply."""


def worst_exit(*codes: ExitCode) -> ExitCode:
    """Return the code that wins among ``codes``; ``FINE`` when there is none."""
    return min(codes, key=EXIT_PRECEDENCE.index, default=ExitCode.FINE)


class AmlRunbookError(Exception):
    """The root: what happened, the state it leaves, and the next safe step."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, what: str, *, state: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        """What happened, in one sentence."""
        self.state = state
        """What state things are in now."""
        self.next_step = next_step
        """What is safe to do next."""

    def diagnostics(self) -> str:
        """Return the three sentences, a line each; empty ones are left out."""
        return "\n".join(part for part in (self.what, self.state, self.next_step) if part)


class UsageError(AmlRunbookError):
    """The command line, or a value given by the operator, is wrong."""

    exit_code = ExitCode.USAGE


class DocumentError(UsageError):
    """A TOML or JSON document does not fit its schema: the text names file and place."""


class AzureError(AmlRunbookError):
    """Azure could not be reached, or did not answer in a way that can be used."""

    exit_code = ExitCode.UNREACHABLE


class SignInError(AzureError):
    """No credential, or one that the identity service refuses."""


class SignInUnreachableError(SignInError):
    """The identity service does not answer: nobody refused anybody."""


class DeadlineError(AzureError):
    """No answer within the deadline of the request."""


class ThrottledError(AzureError):
    """Azure kept answering 429 until the deadline."""


class AnswerError(AzureError):
    """Azure answered, and the answer is no."""

    exit_code = ExitCode.FAILED

    def __init__(
        self,
        what: str,
        *,
        status: int,
        code: str,
        state: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(what, state=state, next_step=next_step)
        self.status = status
        """The HTTP status."""
        self.code = code
        """Azure's error code, or an empty string where the body had none."""


class NotFoundError(AnswerError):
    """Azure answered that the resource is not there."""


class RefusedError(AmlRunbookError):
    """A mode, a guard or a missing approval refused; nothing was sent."""

    exit_code = ExitCode.REFUSED


class ReadOnlyError(RefusedError):
    """A request that would change something was refused because the gateway is read-only."""


class InDoubtError(AmlRunbookError):
    """An action was sent, and nobody knows whether it happened."""

    exit_code = ExitCode.IN_DOUBT


class IncompleteError(AmlRunbookError):
    """Something could not be read, so no verdict can be given on it."""

    exit_code = ExitCode.INCOMPLETE


class JournalError(AmlRunbookError):
    """The journal could not be written; its handle is dead."""


class JournalBusyError(JournalError):
    """Another process holds the journal's lock."""

    exit_code = ExitCode.REFUSED


class SimulatorError(AmlRunbookError):
    """The simulated Azure could not be started, or is not there any more."""

    exit_code = ExitCode.UNREACHABLE
