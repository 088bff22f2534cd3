"""How many examples hypothesis tries: some in every run, the same ones every time; many new ones in a campaign.

A run that is to tell whether a change may be taken must not fail by what it happened to try.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

CAMPAIGN = "campaign"
CI = "ci"

_UNTIMED = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
"""Nothing depends on how fast the machine is."""
settings.register_profile(CI, _UNTIMED, max_examples=40, derandomize=True)
settings.register_profile(CAMPAIGN, _UNTIMED, max_examples=2000)


def examples(*, ci: int, campaign: int) -> int:
    """Return the number of examples of a test for which the profile's own number does not do."""
    return campaign if settings.get_current_profile_name() == CAMPAIGN else ci
