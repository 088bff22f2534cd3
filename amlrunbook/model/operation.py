"""The Operation protocol: what a step names with ``do``.

A check reads and says what it found. An action is previewed, confirmed, applied, and then observed
by other requests than its own. Risk and the least confirmation are the operation's, in code: a runbook may ask
for more, never for less.

An operation is made with all it needs (a gateway, say) by whoever builds the registry. The executor knows the
protocols of this module only.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import msgspec

from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Snapshot


class Risk(StrEnum):
    """What an action can do to the protected workspace, the mildest first."""

    READ_ONLY = "read-only"
    REVERSIBLE = "reversible"
    DISRUPTIVE = "disruptive"
    DATA_LOSS = "data-loss"

    @property
    def rank(self) -> int:
        """The place in the order above, from 0."""
        return list(Risk).index(self)


class Confirmation(StrEnum):
    """How an action is confirmed, the lightest first."""

    ENTER = "enter"
    TYPE_NAME = "type-name"
    TWO_PERSONS = "two-persons"
    """A typed name and another person's approval."""

    @property
    def rank(self) -> int:
        """The place in the order above, from 0."""
        return list(Confirmation).index(self)

    def stricter(self, other: Confirmation | None) -> Confirmation:
        """Return the stricter of the two."""
        return self if other is None or self.rank >= other.rank else other


class _Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frozen record that can be written to a file."""


class OperationContext(_Record, frozen=True, kw_only=True):
    """All that an operation may know of the step that names it."""

    profile: Profile
    snapshot: Snapshot
    step: str
    """The id of the step in the plan."""
    resource: str = ""
    """The ARM id that the step is about; empty where it is about the whole pair."""
    params: dict[str, str] = {}
    variant: str = ""


class CheckReport(_Record, frozen=True, kw_only=True):
    """What a check found."""

    verdict: Verdict
    text: str
    """One sentence for a human."""
    findings: tuple[Finding, ...] = ()


FILE_METHOD = "WRITE"
"""The method of a request that Azure never sees: a file on this machine is written, its path is the request's."""


class Request(_Record, frozen=True, kw_only=True):
    """One resolved request, as the preview shows it and as it will be sent."""

    method: str
    path: str
    """Path and query, with the api-version; never the host, never a secret."""
    body: dict[str, Any] = {}


class DataPlace(_Record, frozen=True, kw_only=True):
    """A copy of some data in a region."""

    data: str
    """What it is a copy of: the ARM id of a data account, say. One name for all its copies."""
    region: str


class ServingPlace(_Record, frozen=True, kw_only=True):
    """A region that answers requests of one class of component."""

    kind: str
    """The class as the profile's strategy names it: ``inference``, ``data`` or ``experiments``."""
    region: str


class Effects(_Record, frozen=True, kw_only=True):
    """What an action does to copies of data and to serving regions, for the rules of safety.

    An action that says nothing here is held to none of those rules.
    """

    makes_writable: tuple[DataPlace, ...] = ()
    makes_unwritable: tuple[DataPlace, ...] = ()
    starts_serving: tuple[ServingPlace, ...] = ()
    stops_serving: tuple[ServingPlace, ...] = ()
    planned: bool = True
    """Whether the region that is left still answers; false for what is forced by an outage."""


class Preview(_Record, frozen=True, kw_only=True):
    """What an action would do, before anybody confirms it."""

    summary: str
    """One sentence: what changes, where."""
    requests: tuple[Request, ...]
    resources: tuple[str, ...]
    """ARM ids of what is touched."""
    before: str = ""
    """What is observed now."""
    after: str = ""
    """What will be observed if it works."""
    loses: str = ""
    """What is lost, in names and numbers; empty where nothing is."""
    undo: str = ""
    """How to undo it; empty means there is no undo."""
    cost: str = ""
    takes: str = ""
    commands: tuple[str, ...] = ()
    """The exact ``az`` commands, ids resolved."""
    effects: Effects = Effects()
    needless: str = ""
    """Why there is nothing to do, where the observed state is already the wanted one."""


class Intent(_Record, frozen=True, kw_only=True):
    """What was confirmed, and is durable before the first byte leaves."""

    step: str
    operation: str
    request_id: str
    """The ``x-ms-client-request-id`` that Azure's activity log will show."""


class Outcome(StrEnum):
    """What an action's own answers say. Never proof: verification is."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """No answer, or one that does not say: the action is in doubt."""


class ActionResult(_Record, frozen=True, kw_only=True):
    """What came back from applying an action."""

    outcome: Outcome
    text: str
    """One sentence for a human: status, code and message where it failed."""


class Evidence(_Record, frozen=True, kw_only=True):
    """One observation on whether an action happened."""

    source: str
    """Where it was read: the resource, the poll URL, the activity log."""
    text: str
    speaks: str
    """``for``, ``against`` or ``neither``."""


class Observation(_Record, frozen=True, kw_only=True):
    """What Azure shows now of an action, read by requests of its own."""

    reached: bool
    """Whether the wanted state is observed."""
    text: str
    """One sentence for a human."""
    readable: bool = True
    """Whether the resource itself could be read."""
    evidence: tuple[Evidence, ...] = ()


class Reporter(Protocol):
    """Where an operation says how it goes on; each word is durable when the call returns."""

    def sent(self, method: str, path: str) -> None:
        """A changing request is about to leave."""

    def accepted(self, status: int, poll_url: str, service_request_id: str) -> None:
        """Azure accepted it, and the outcome is to be polled."""

    def progressed(self, text: str, done: int = 0, total: int = 0) -> None:
        """Something to show while it goes on."""


@runtime_checkable
class Check(Protocol):
    """An operation that reads."""

    id: str
    """Stable id, as a step's ``do`` names it."""
    title: str

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Read and judge.

        Raises:
            AzureError: what it needs cannot be read at all.
        """


@runtime_checkable
class Action(Protocol):
    """An operation that changes something."""

    id: str
    title: str
    risk: Risk
    confirmation: Confirmation
    """The least confirmation."""

    def preview(self, context: OperationContext) -> Preview:
        """Read what is there and say what would be done.

        Raises:
            AzureError: it cannot be read, so nothing can be promised.
        """

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Send exactly what ``preview`` shows, once, and follow it to its end.

        Never raises for what Azure does: a refusal is ``FAILED``, silence is ``UNKNOWN``.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
        """

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether the action happened, after its answer was lost. Changes nothing."""

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read independently whether the wanted state is reached. Changes nothing."""


@runtime_checkable
class ByHand(Protocol):
    """An operation that can also be done by a person with a shell: which commands, as far as snapshot and profile know."""

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        """Return the commands that change what the operation changes, then those that look whether it happened.

        Asks nobody: what only the day tells stands in them as a word in angle brackets, ``<instances>``. Without a
        resource in ``context`` the resource's names are such words too.

        Raises:
            AmlRunbookError: nothing can be said by hand of this resource.
        """


Operation = Check | Action
"""What a registry holds."""

Registry = Mapping[str, Operation]
"""Operations by id."""
