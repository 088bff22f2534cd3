"""What a drill consists of, as plain data: its timeline, its goals, its harms, and how it stands.

The tables are what a scenario file says; :class:`DrillState` is what the world keeps of it, so that a
restart goes on where it was. Times are world time in Unix seconds; a file's durations are ISO 8601.
"""

from __future__ import annotations

from typing import Any

import msgspec

from amlrunbook.simulator.faults import Fault


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a scenario: an unknown key in it is an error."""


class BlobTable(Table, frozen=True, kw_only=True):
    """A blob: its container is made with it."""

    account: str
    container: str
    name: str
    text: str = ""
    content_type: str = "application/octet-stream"
    age_seconds: float = 86_400.0
    """How long before the start it was written; in a timeline, before its moment."""


class BlobName(Table, frozen=True, kw_only=True):
    """A blob that is there."""

    account: str
    container: str
    name: str


class SecretName(Table, frozen=True, kw_only=True):
    """A secret that is there."""

    vault: str
    name: str


class ImageName(Table, frozen=True, kw_only=True):
    """An image that is in a registry."""

    registry: str
    repository: str
    tag: str = "latest"


class Routing(Table, frozen=True, kw_only=True):
    """Where a front's callers are sent."""

    front: str
    target: str
    """The id of an online endpoint."""


class RequestPattern(Table, frozen=True, kw_only=True):
    """Requests that changed something, or tried to; ``*`` stands for anything, case does not matter."""

    method: str = "*"
    path: str = "*"
    refused: bool = False
    """Do those count that Azure refused? Only those that went through, unless told."""


class Condition(Table, frozen=True, kw_only=True):
    """Something that holds in the world or does not; exactly one kind of thing is looked at."""

    resource: str | None = None
    """An ARM id; with ``*`` in it any resource that fits will do."""
    new: bool = False
    """Is the resource yet to be made? Then its name is not looked for when the drill is checked."""
    path: str | None = None
    """Where in the resource's document, dotted."""
    equals: Any = None
    not_equals: Any = None
    one_of: list[Any] | None = None
    contains: Any = None
    at_least: float | None = None
    at_most: float | None = None
    exists: bool | None = None
    """Is it there at all? For resources: made, and not being deleted."""
    blob: BlobName | None = None
    """Is it there, and is ``equals`` what is in it, where that is given?"""
    secret: SecretName | None = None
    image: ImageName | None = None
    front: str | None = None
    """A front's name: are its callers served now, and by a target whose id ``contains`` this?"""
    request: RequestPattern | None = None
    """Was such a request made since the alarm?"""
    lost: str | None = None
    """A pattern of names: was such a thing lost since the alarm?"""
    any_of: list[Condition] | None = None
    all_of: list[Condition] | None = None


class Goal(Condition, frozen=True, kw_only=True):
    """One thing that a solved scenario has reached."""

    text: str


class Harm(Condition, frozen=True, kw_only=True):
    """One thing that makes matters worse."""

    text: str
    points: int = 5
    """What each occurrence costs."""
    above: int = 0
    """How many occurrences cost nothing."""


class Setting(Table, frozen=True, kw_only=True):
    """A value in a resource's document."""

    resource: str
    path: str
    value: Any


class HealthTable(Table, frozen=True, kw_only=True):
    """What Resource Health says of a resource from now on; ``state = "Available"`` takes it back.

    Source: https://learn.microsoft.com/rest/api/resourcehealth/availability-statuses
    """

    resource: str
    state: str = "Unavailable"
    """``Available``, ``Unavailable``, ``Degraded`` or ``Unknown``."""
    reason: str = "Unplanned"
    summary: str = ""


class Moment(Table, frozen=True, kw_only=True):
    """One entry of a timeline: what happens, and what is heard of it."""

    at: str
    """How long after the alarm, or after ``when`` came to hold; with a minus sign before the alarm."""
    text: str = ""
    """What the operator hears when it happens."""
    hidden: bool = False
    """Is nothing heard of it? Then the text is for the reader of the file."""
    when: Condition | None = None
    """What must hold first."""
    fault: Fault | None = None
    clear: str | None = None
    """A fault's id."""
    delete: str | None = None
    """A resource's id: it is deleted as by its own API, and kept for a while where Azure does so."""
    purge: str | None = None
    """A resource's id: it is gone for good."""
    set: Setting | None = None
    event: dict[str, Any] | None = None
    """A service health event, as the properties of Azure's document."""
    health: HealthTable | None = None
    blob: BlobTable | None = None
    remove_blob: BlobName | None = None
    fail_over: str | None = None
    """A storage account's id: it fails over unplanned, as somebody asked for."""
    route: Routing | None = None


HAPPENINGS = (
    "fault", "clear", "delete", "purge", "set", "event", "health", "blob", "remove_blob",
    "fail_over", "route",
)  # fmt: skip
"""The keys of a moment of which at most one is given."""

Weight = int
"""Points that one part of the score counts at most."""


class ScoreTable(Table, frozen=True, kw_only=True):
    """How a drill is scored: points by part, and the times that earn all of them.

    Four times as long earns nothing; between the two it falls evenly.
    """

    detect: Weight = 10
    decide: Weight = 15
    recover: Weight = 35
    actions: Weight = 15
    data: Weight = 20
    hints: Weight = 5
    detect_by: str = "PT5M"
    decide_by: str = "PT15M"
    recover_by: str = "PT60M"
    unavoidable: list[str] = []
    """Patterns of the names of what nobody can save in this scenario: no points are lost for it."""


class Change(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A request that changed something, or tried to, since the alarm."""

    at: float
    method: str
    path: str
    status: int
    """0 where no answer was sent."""
    changed: bool
    """Did it go through?"""


class MomentState(msgspec.Struct, kw_only=True):
    """How far a moment of the timeline is."""

    armed_at: float | None = None
    """World time from which :attr:`Moment.at` counts."""
    happened_at: float | None = None


class DrillState(msgspec.Struct, kw_only=True):
    """A drill in the world: what the scenario says of it, and how it stands."""

    alarm: str = ""
    timeline: list[Moment] = []
    goals: list[Goal] = []
    harms: list[Harm] = []
    hints: list[str] = []
    score: ScoreTable = msgspec.field(default_factory=ScoreTable)
    alarm_at: float | None = None
    """World time of the alarm; before it no time runs in the timeline."""
    alarm_real: float | None = None
    """The same in real time."""
    moments: list[MomentState] = []
    reached: list[float | None] = []
    """Since when each goal has held without a break."""
    harmed: list[int] = []
    """How often each harm was done."""
    hints_given: int = 0
    changes: list[Change] = []
    there: list[str] = []
    """The names of all that was there when the alarm came: what can be lost."""
    first_change_at: float | None = None
    recovered_at: float | None = None
    judged: int = -1
    """The world's revision at which goals and harms were looked at last."""
