"""The fact base: typed, dated, sourced, and read once."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from amlrunbook.errors import UsageError
from amlrunbook.facts import OLD_AFTER_DAYS, Certainty, fact_base


def test_every_fact_is_sourced_and_no_younger_than_the_base() -> None:
    base = fact_base()
    regions = base.regions
    sourced = [
        *base.facts.values(),
        *base.retiring,
        regions.pairs,
        regions.unpaired,
        regions.restricted,
        regions.vault_not_replicated,
        base.limits.workspace_soft_delete_days,
        base.limits.storage_account_recovery_days,
        base.limits.endpoint_instances,
        base.limits.deployment_extra_quota_percent,
        base.limits.compute_per_region,
    ]
    assert len(base.facts) >= 25
    for fact in sourced:
        assert fact.source.startswith("https://")
        assert fact.checked <= base.checked
    assert base.version


def test_regions_are_short_names() -> None:
    regions = fact_base().regions
    names = {*regions.pairs.to, *regions.pairs.to.values(), *regions.unpaired.regions}
    names |= {*regions.restricted.regions, *regions.vault_not_replicated.regions}
    assert all(name.isalnum() and name.islower() for name in names)


def test_a_pair_may_point_one_way() -> None:
    to = fact_base().regions.pairs.to
    assert to["westus3"] == "eastus"
    assert to["eastus"] == "westus"


@pytest.mark.parametrize(
    ("size", "family"),
    [
        ("STANDARD_NC6", "NC"),
        ("Standard_NC24r", "NC"),
        ("standard_nc12_promo", "NC_Promo"),
        ("Standard_NC6s_v3", "NCv3"),
        ("Standard_NC24rs_v3", "NCv3"),
        ("STANDARD_NC24RS_V2", "NCv2"),
        ("Standard_ND12s", "ND"),
        ("Standard_ND40rs_v2", None),
        ("Standard_NC24ads_A100_v4", None),
        ("Standard_NC4as_T4_v3", None),
        ("Standard_NV12_Promo", "NV"),
        ("Standard_NV12s_v3", None),
        ("Standard_DS3_v2", None),
    ],
)
def test_retiring_families_are_told_from_their_successors(size: str, family: str | None) -> None:
    found = fact_base().retiring_family(size)
    assert (found.name if found else None) == family


def test_an_unconfirmed_fact_says_so() -> None:
    assert fact_base().fact("workspace.user-assigned-identity").certainty is Certainty.UNCONFIRMED


def test_an_unknown_fact_is_refused() -> None:
    with pytest.raises(UsageError, match="has no fact 'moon'"):
        fact_base().fact("moon")


def test_the_files_are_read_at_the_first_question_only() -> None:
    code = (
        "import amlrunbook.facts as f, amlrunbook.facts.base as b\n"
        "assert b.fact_base.cache_info().currsize == 0\n"
        "assert f.fact_base() is f.fact_base()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_old_facts_are_said_to_be_old() -> None:
    base = fact_base()
    assert base.age_days(base.checked - timedelta(days=3)) == 0
    assert base.age_words(base.checked + timedelta(days=OLD_AFTER_DAYS)) == ""
    words = base.age_words(base.checked + timedelta(days=OLD_AFTER_DAYS + 1))
    assert words.startswith(f"The facts were last checked {OLD_AFTER_DAYS + 1} days ago")
