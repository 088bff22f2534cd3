"""How many examples hypothesis tries: some in every run, many in a campaign."""

from __future__ import annotations

from hypothesis import settings

CAMPAIGN = "campaign"
CI = "ci"

settings.register_profile(CI, max_examples=40, deadline=None, print_blob=True)
settings.register_profile(CAMPAIGN, max_examples=2000, deadline=None, print_blob=True)


def examples(*, ci: int, campaign: int) -> int:
    """Return the number of examples of a test for which the profile's own number does not do."""
    return campaign if settings.get_current_profile_name() == CAMPAIGN else ci
