"""How long callers keep a Traffic Manager profile's answer: they follow a switch when it has aged.

Sources: https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring,
https://learn.microsoft.com/azure/traffic-manager/traffic-manager-performance-considerations and
https://learn.microsoft.com/rest/api/trafficmanager/profiles/update
"""

from __future__ import annotations

from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.errors import RefusedError
from amlrunbook.facts import fact_base
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted, number_asked, properties_of

_MOST_SECONDS = 300
"""Callers that stay away for longer than this are not brought over soon."""


def _path(profile: ResourceId, context: OperationContext) -> str:
    del context
    return profile.text


def _wanted(profile: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    """Return the profile's DNS settings with a time to live that is never longer than now."""
    asked = number_asked(
        context,
        "seconds",
        "seconds that an answer may be kept",
        default=fact_base().limits.traffic_ttl_seconds.value,
        least=0,
        most=_MOST_SECONDS,
    )
    now = _ttl(found)
    if now is None:
        raise RefusedError(
            f"{profile.name} does not say how long its answers are kept: it could be for less than {asked} s.",
            state="Nothing was sent.",
            next_step="Look at its configuration in the Azure portal.",
        )
    seconds = min(asked, now)
    name = _dns(found).get("relativeName")
    named = {"relativeName": name} if isinstance(name, str) else {}
    return Wanted(
        body={"properties": {"dnsConfig": {**named, "ttl": seconds}}},
        before=_said(profile, now),
        after=f"{_said(profile, seconds)} Answers given before it are kept for up to {now} s more.",
        summary=f"Let callers keep the answers of {profile.name} for {seconds} s in place of {now} s; all else stays.",
        undo=_command(profile, now) or f"Set its TTL back to {now}.",
        cost="Resolvers ask more often; Traffic Manager is billed by the query.",
        takes=f"Seconds; all callers go by it after {now} s.",
        command=_command(profile, seconds),
        needless=_said(profile, now) if now <= asked else "",
    )


def _seen(profile: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    now = _ttl(found)
    wanted = int(sent["properties"]["dnsConfig"]["ttl"])
    return seen(_said(profile, now), reached=now is not None and now <= wanted)


def _dns(document: dict[str, Any]) -> dict[str, Any]:
    dns = properties_of(document).get("dnsConfig")
    return dns if isinstance(dns, dict) else {}


def _ttl(document: dict[str, Any]) -> int | None:
    seconds = _dns(document).get("ttl")
    return seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else None


def _said(profile: ResourceId, seconds: int | None) -> str:
    kept = "no known number of" if seconds is None else seconds
    return f"Callers keep the answers of {profile.name} for {kept} s."


def _command(profile: ResourceId, seconds: int) -> str:
    return az(
        "az network traffic-manager profile update --name {name} --resource-group {group} "
        f"--subscription {{subscription}} --ttl {seconds}",
        {
            "name": profile.name,
            "group": profile.resource_group,
            "subscription": profile.subscription,
        },
    )


TRAFFIC_TTL = Setting(
    id="hardening.traffic-ttl",
    title="Let callers learn of a switch soon",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.ENTER,
    type="microsoft.network/trafficmanagerprofiles",
    noun="Traffic Manager profile",
    method="PATCH",
    path=_path,
    wanted=_wanted,
    seen=_seen,
)
