"""What to paste into a support request to Microsoft, where a failover cannot be asked for. Pure.

Source: https://learn.microsoft.com/azure/azure-portal/supportability/how-to-create-azure-support-request
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from amlrunbook.azure.call_log import Call
from amlrunbook.model.display import shown
from amlrunbook.model.profile import Profile
from amlrunbook.model.resource_id import ResourceId

_MOST_CALLS = 5
_ERRORS_FROM = 500


def support_text(
    account: ResourceId,
    region: str,
    profile: Profile,
    *,
    now: datetime,
    observed: str,
    tracking_ids: Iterable[str] = (),
    calls: Iterable[Call] = (),
) -> str:
    """Return the text of a support request, in lines: what is asked, about what, and every id there is.

    Args:
        account: the storage account.
        region: the region whose storage provider does not answer.
        profile: whose account it is.
        now: the time that is told.
        observed: what was seen, in a sentence.
        tracking_ids: of Microsoft's own service issues.
        calls: requests of this process; those that went unanswered are named.
    """
    ids = sorted(set(tracking_ids))
    lines = [
        "Severity: A (critical impact: production data cannot be written, failover cannot be requested)",
        "Problem type: Storage account, customer-managed failover",
        f"Request: fail over storage account {account.name} from {region or 'its primary region'}, or restore its provider.",
        f"Subscription: {account.subscription}",
        f"Tenant: {profile.tenant or 'not named in the profile'}",
        f"Resource: {account.text}",
        f"Region: {region or 'not known'}",
        f"Seen at {now:%Y-%m-%d %H:%M:%S} UTC: {observed}",
        f"Service issues: {', '.join(ids) if ids else 'none published for it yet'}",
        *_unanswered(calls, account),
    ]
    return "\n".join(shown(line) for line in lines)


def _unanswered(calls: Iterable[Call], account: ResourceId) -> list[str]:
    """Return the last requests about the account that got no answer or an error of the server, each once."""
    about = {
        call.client_request_id or call.at: call
        for call in calls
        if account.name.lower() in f"{call.host}{call.path}".lower()
        and (call.status == 0 or call.status >= _ERRORS_FROM)
    }
    return [
        f"{call.at} {call.method} {call.path}: "
        + (f"HTTP {call.status}" if call.status else "no answer")
        + f" after {call.milliseconds} ms, x-ms-client-request-id {call.client_request_id or 'none'}, "
        f"x-ms-request-id {call.service_request_id or 'none'}"
        for call in list(about.values())[-_MOST_CALLS:]
    ] or ["No request of this program about it went unanswered."]
