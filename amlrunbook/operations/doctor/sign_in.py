"""Whether somebody is signed in, in the profile's tenant, and whether Azure answers."""

from __future__ import annotations

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, SignInError
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Document

_SOURCE = "https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains"


def sign_in(gateway: AzureGateway, profile: Profile) -> Finding:
    """Ask for the profile's subscription, and compare its tenant."""
    try:
        found = Document(gateway.get(f"/subscriptions/{profile.subscription}"))
    except SignInError as error:
        return _finding(Verdict.FAIL, error.what, error.next_step)
    except AmlRunbookError as error:
        return _finding(Verdict.UNKNOWN, error.what, "Look whether it is the network or Azure.")
    tenant, state = found.field("tenantId"), found.field("state")
    name = found.field("displayName")
    observed = f"signed in; subscription {name} is {state}, tenant {tenant}"
    guid = profile.tenant.count("-") == 4  # noqa: PLR2004 - a GUID has four
    if guid and str(tenant).lower() != profile.tenant.lower():
        return _finding(
            Verdict.FAIL,
            f"{observed}; the profile says tenant {profile.tenant}",
            "Sign in to the profile's tenant: az login --tenant TENANT.",
        )
    if state not in {"Enabled", "Warned"}:
        return _finding(Verdict.FAIL, observed, "A subscription in this state takes no changes.")
    return _finding(Verdict.PASS, observed, "")


def _finding(verdict: Verdict, observed: str, remedy: str) -> Finding:
    return Finding(
        check="doctor.sign-in",
        resource="sign-in",
        verdict=verdict,
        title="Signed in to the profile's subscription",
        observed=observed,
        expected="a token, the profile's tenant, a subscription that takes changes",
        why="The sign-in service may be dark on the day: a token that is there already goes on for a while.",
        source=_SOURCE,
        remedy=remedy,
    )
