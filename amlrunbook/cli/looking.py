"""Looking at Azure: from a profile to a gateway, and from a gateway to an inventory.

The only place where cloud, credential, mode and profile come together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from amlrunbook.azure.call_log import CallLog
from amlrunbook.azure.credentials import ClientSecret, credential_for
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.inventory import Taken, take_snapshot
from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.azure.walk import Progress
from amlrunbook.cli import talk
from amlrunbook.cli.patience import Patience
from amlrunbook.errors import AzureError, DocumentError, UsageError
from amlrunbook.model.cloud import CLOUDS, Cloud, loopback_cloud
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import PROFILE_FORMAT, Profile, Side
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.store.profiles import load_profile
from amlrunbook.store.snapshots import latest_snapshot, read_snapshot

WORKSPACE_TYPE = "microsoft.machinelearningservices/workspaces"
LAST_SNAPSHOT = "last-snapshot.json"
"""A drill's last snapshot, in its run's folder."""
DRILL_CLOUD = "custom"
"""The cloud of a profile that belongs to a drill's scenario."""


class DrillEndpoint(Protocol):
    """Where a drill's simulated Azure is, and what signs in there."""

    @property
    def base_url(self) -> str:
        """``https://127.0.0.1:PORT``."""

    @property
    def ca_file(self) -> str:
        """The private CA's certificate."""

    @property
    def tenant_id(self) -> str:
        """The simulated tenant."""

    @property
    def client_id(self) -> str:
        """Who signs in."""

    @property
    def client_secret(self) -> str:
        """The secret, which opens nothing but this endpoint."""


def gateway_for(
    profile: Profile,
    mode: Mode,
    *,
    endpoint: DrillEndpoint | None = None,
    call_log: CallLog | None = None,
) -> SdkGateway:
    """Return the gateway for a profile; nothing is sent yet.

    Args:
        profile: whose subscription, tenant and cloud it is.
        mode: what it may change.
        endpoint: the simulated Azure of a drill; ``None`` for real Azure.
        call_log: where calls are logged; one of its own unless given.

    Raises:
        UsageError: the profile's cloud is not known, or belongs to a drill that is not given.
        RefusedError: mode and cloud do not belong together.
    """
    if endpoint is not None:
        cloud = loopback_cloud(endpoint.base_url, endpoint.ca_file)
        secret = ClientSecret(endpoint.tenant_id, endpoint.client_id, endpoint.client_secret)
        credential = credential_for(cloud, secret=secret)
    else:
        cloud = _real_cloud(profile)
        credential = credential_for(cloud, tenant=profile.tenant)
    return SdkGateway(cloud, credential, mode, profile.subscription, call_log=call_log)


def _real_cloud(profile: Profile) -> Cloud:
    """Return the public or sovereign cloud of a profile.

    Raises:
        UsageError: the profile names none.
    """
    cloud = CLOUDS.get(profile.cloud)
    if cloud is not None:
        return cloud
    if profile.cloud == DRILL_CLOUD:
        raise UsageError(
            f"Profile {profile.name!r} belongs to a drill: there is no real Azure behind it.",
            next_step="Use it with `amlrunbook drill`.",
        )
    raise UsageError(
        f"Profile {profile.name!r} names the cloud {profile.cloud!r}, which is not known.",
        next_step=f"Known are {', '.join(CLOUDS)}.",
    )


def inventory_from_azure(
    *, profile: str | None, resource_id: str | None
) -> tuple[Snapshot, Profile | None]:
    """Read the inventory of a profile, or of one workspace, from Azure, read-only.

    Returns:
        The snapshot, and the profile where one was named.

    Raises:
        UsageError: no such profile, or no workspace's id.
        AzureError: nobody is signed in, or nothing at all answered.
    """
    chosen = load_profile(profile) if profile is not None else lone_profile(resource_id or "")
    taken = look(chosen, gateway_for(chosen, Mode.READ_ONLY), progress=Patience())
    if words := taken.snapshot.stand_in_words:
        talk.say(f"{len(taken.unread)} could not be read. {words}")
    return taken.snapshot, chosen if profile is not None else None


def lone_profile(resource_id: str) -> Profile:
    """Return a profile of one workspace that nobody has written a profile for.

    Raises:
        UsageError: it is no workspace's id.
    """
    workspace = workspace_id(resource_id)
    return Profile(
        format=PROFILE_FORMAT,
        name="workspace",
        subscription=workspace.subscription,
        primary=Side(workspace=workspace.text, region=""),
    )


def workspace_id(text: str) -> ResourceId:
    """Return the id of an Azure Machine Learning workspace.

    Raises:
        UsageError: it is none.
    """
    found = ResourceId.parse(text)
    if found.type.lower() != WORKSPACE_TYPE:
        raise UsageError(
            f"{found} is no Azure Machine Learning workspace.",
            next_step="`az ml workspace show --query id` prints one's id.",
        )
    return found


def look(
    profile: Profile,
    gateway: AzureGateway,
    *,
    progress: Progress | None = None,
    drill: Path | None = None,
) -> Taken:
    """Take a snapshot; not stored. The last one that is kept says what belonged to a workspace that is dark now.

    Where nothing at all answers, the last one stands in for everything. A drill, whose run folder is ``drill``, has
    a last snapshot of its own, or none: never one of the user's.

    Raises:
        SignInError: nobody is signed in.
        AzureError: nothing at all answered, and there is no snapshot to go by.
    """
    try:
        last = _last(profile, drill)
        earlier = read_snapshot(last) if last is not None else None
    except DocumentError as error:
        talk.say(f"The last snapshot does not help: {error.what}")
        earlier = None
    taken = take_snapshot(gateway, profile, progress=progress, earlier=earlier)
    if taken.reached:
        return taken
    if taken.snapshot.earlier:
        talk.say(f"Azure did not answer at all: {_first_reason(taken)}")
        return taken
    raise AzureError(
        f"Azure did not answer at all: {_first_reason(taken)}",
        state=f"{len(taken.unread)} reads failed; nothing was changed.",
        next_step=f"There is no snapshot of {profile.name!r} to go by. While Azure answers: "
        f"`amlrunbook snapshot take -w {profile.name}`.",
    )


def _last(profile: Profile, drill: Path | None) -> Path | None:
    """Return the file of the last snapshot, where there is one."""
    if drill is not None:
        path = drill / LAST_SNAPSHOT
        return path if path.is_file() else None
    stored = latest_snapshot(profile.name)
    return stored.path if stored is not None else None


def _first_reason(taken: Taken) -> str:
    reasons = sorted({document.unread or "" for document in taken.unread})
    return reasons[0] if reasons else "nothing was asked."


def say_taken(taken: Taken, path: Path) -> None:
    """Tell the person what a snapshot holds, and what it lacks."""
    documents = len(taken.snapshot.documents)
    talk.say(
        f"{documents - len(taken.unread)} documents read with {taken.requests} requests "
        f"in {taken.seconds:.1f} s: {path}"
    )
    for document in taken.unread:
        talk.say(f"  unread  {document.label}: {document.unread}")
