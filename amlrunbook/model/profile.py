"""The profile: a protected workspace pair, as TOML in the user's config folder.

This module is the schema; reading and writing files is :mod:`amlrunbook.store`'s.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PureWindowsPath
from typing import Annotated

import msgspec

from amlrunbook.errors import DocumentError
from amlrunbook.model.moments import age_words
from amlrunbook.model.resource_id import RegionName, ResourceId, region_name

PROFILE_FORMAT = 1
"""The version of the schema below."""

ProfileName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z")]
_DURATION = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")


class Strategy(StrEnum):
    """How ready the secondary is kept for one class of component.

    Source: https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning
    """

    HOT_HOT = "hot/hot"
    HOT_WARM = "hot/warm"
    HOT_COLD = "hot/cold"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a profile: frozen, and strict about its keys."""


class Side(_Part, frozen=True, kw_only=True):
    """One workspace of the pair."""

    workspace: str
    """ARM id of the workspace."""
    region: str


class DataAccount(_Part, frozen=True, kw_only=True):
    """A storage account that holds data and may be failed over, unlike the default account."""

    id: str


class Attached(_Part, frozen=True, kw_only=True):
    """A service that ARM does not tell us of (an SQL datastore, a Databricks partner)."""

    id: str
    role: str = ""
    partner: str = ""
    """ARM id of what does its work in the other region; empty where nothing does, or where Azure says it itself."""


class Probe(_Part, frozen=True, kw_only=True):
    """A request whose answer says that the service is well again."""

    name: str
    url: str
    expect_status: int = 200
    timeout: str = "PT10S"


class Strategies(_Part, frozen=True, kw_only=True):
    """One strategy a class of component."""

    inference: Strategy = Strategy.HOT_WARM
    data: Strategy = Strategy.HOT_WARM
    experiments: Strategy = Strategy.HOT_COLD


class Targets(_Part, frozen=True, kw_only=True):
    """What the team promised, as ISO 8601 durations."""

    rto: str = "PT1H"
    rpo: str = "PT15M"


class Approver(_Part, frozen=True, kw_only=True):
    """A person whose key may approve."""

    principal: str


class Approvals(_Part, frozen=True, kw_only=True):
    """How many approvers are needed for an action that takes two persons."""

    needed: int = 1
    expire_after: str = "PT15M"


class Contact(_Part, frozen=True, kw_only=True):
    """Whom to tell, and how."""

    name: str
    role: str = ""
    reach: str = ""


class Export(_Part, frozen=True, kw_only=True):
    """Where what would be lost is saved before the day; at most one of the two."""

    folder: str = ""
    """An absolute path on the machine that exports."""
    container: str = ""
    """The URL of a blob container in another region, without a signature."""


class Profile(_Part, frozen=True, kw_only=True):
    """A protected workspace pair."""

    format: int
    name: ProfileName
    subscription: str
    tenant: str = ""
    cloud: str = "public"
    primary: Side
    secondary: Side | None = None
    data_accounts: tuple[DataAccount, ...] = ()
    attached: tuple[Attached, ...] = ()
    probes: tuple[Probe, ...] = ()
    strategy: Strategies = Strategies()
    targets: Targets = Targets()
    approvers: tuple[Approver, ...] = ()
    approvals: Approvals = Approvals()
    contacts: tuple[Contact, ...] = ()
    export: Export = Export()
    config_files: tuple[str, ...] = ()
    """The ``config.json`` files by which people's and pipelines' code finds its workspace: absolute, or from ``~``."""

    @property
    def primary_id(self) -> ResourceId:
        """The primary workspace's id."""
        return ResourceId.parse(self.primary.workspace)

    @property
    def secondary_id(self) -> ResourceId | None:
        """The secondary workspace's id, or ``None`` where there is none yet."""
        return ResourceId.parse(self.secondary.workspace) if self.secondary else None

    @property
    def regions(self) -> tuple[RegionName, RegionName | None]:
        """The primary's region, and the secondary's if there is one."""
        other = region_name(self.secondary.region) if self.secondary else None
        return region_name(self.primary.region), other


def duration_seconds(text: str) -> int:
    """Return an ISO 8601 duration of days to seconds, in seconds.

    Raises:
        DocumentError: ``text`` is not such a duration.
    """
    found = _DURATION.match(text)
    if found is None or not any(found.groups()):
        raise DocumentError(
            f"{text!r} is not a duration.", next_step="Write it like PT75M, PT1H30M or P1D."
        )
    days, hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def span_words(text: str) -> str:
    """Return a duration as a person says it, ``15 min``; another text as it is."""
    try:
        return age_words(duration_seconds(text))
    except DocumentError:
        return text


def _refuse_relative(path: str, profile: str) -> None:
    """Refuse a config file whose place depends on where the program is started.

    Raises:
        DocumentError: it does.
    """
    if path.startswith(("/", "~/")) or PureWindowsPath(path).is_absolute():
        return
    raise DocumentError(
        f"Profile {profile!r} names the config file {path!r}, which is not an absolute path.",
        state="It would be another file in every folder, so none is taken.",
        next_step="Write it from / or from ~/.",
    )


def validated(profile: Profile) -> Profile:
    """Return ``profile`` after the checks that its types cannot make.

    Raises:
        DocumentError: an unknown format, an id that is none, a relative config file, or a duration that is none.
    """
    if profile.format != PROFILE_FORMAT:
        raise DocumentError(
            f"Profile {profile.name!r} has format {profile.format}; this program reads {PROFILE_FORMAT}.",
            next_step="Use the release of amlrunbook that wrote it, or write it anew.",
        )
    _check_export(profile)
    ids = [profile.primary.workspace]
    if profile.secondary:
        ids.append(profile.secondary.workspace)
    ids.extend(account.id for account in profile.data_accounts)
    ids.extend(attached.id for attached in profile.attached)
    ids.extend(attached.partner for attached in profile.attached if attached.partner)
    for text in ids:
        ResourceId.parse(text)
    for text in profile.config_files:
        _refuse_relative(text, profile.name)
    for text in (profile.targets.rto, profile.targets.rpo, profile.approvals.expire_after):
        duration_seconds(text)
    return profile


def _check_export(profile: Profile) -> None:
    folder, container = profile.export.folder, profile.export.container
    if folder and container:
        raise DocumentError(f"Profile {profile.name!r} exports to a folder and to a container.")
    if folder and not folder.startswith("/"):
        raise DocumentError(
            f"{folder!r} is no absolute path to export to.",
            next_step="Write the whole path: a profile is used from any folder.",
        )
    if container and (not container.startswith("https://") or "?" in container):
        raise DocumentError(
            f"{container.partition('?')[0]!r} is no container's URL to export to.",
            next_step="Write https://ACCOUNT.blob…/CONTAINER, without a signature: the export signs in.",
        )
