"""What the signs of control, data and identity plane add up to: tables, no network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amlrunbook.model.finding import Verdict
from amlrunbook.operations.outage.plane_signs import (
    Answered,
    Belief,
    Judgement,
    Plane,
    Sign,
    judge,
)
from amlrunbook.operations.outage.scope import Side

UP, DARK, FAILING, UNASKED = Answered.YES, Answered.DARK, Answered.FAILING, Answered.UNASKED

ALL = (
    Sign(Plane.IDENTITY, None, "identity", "the sign-in service", UP, "200"),
    Sign(Plane.CONTROL, None, "resource manager", "the resource manager", UP, "401"),
    Sign(Plane.CONTROL, Side.PRIMARY, "Machine Learning", "AML in eastus", UP, ""),
    Sign(Plane.CONTROL, Side.PRIMARY, "Storage", "storage in eastus", UP, ""),
    Sign(Plane.CONTROL, Side.PRIMARY, "Key Vault", "vaults in eastus", UP, ""),
    Sign(Plane.DATA, Side.PRIMARY, "Storage", "blobs of stone", UP, ""),
    Sign(Plane.DATA, Side.PRIMARY, "Machine Learning", "the API of aml-e", UP, ""),
    Sign(Plane.CONTROL, Side.SECONDARY, "Storage", "storage in westus", UP, ""),
    Sign(Plane.DATA, Side.SECONDARY, "Storage", "blobs of sttwo", UP, ""),
    Sign(Plane.PROBES, None, "probe", "probe score", UP, "200"),
)


def seen(answered: Answered = DARK, **where: object) -> tuple[Sign, ...]:
    """Return all signs, with ``answered`` for those that match ``where``."""
    return tuple(
        replace(sign, answered=answered)
        if all(getattr(sign, name) in _any(value) for name, value in where.items())
        else sign
        for sign in ALL
    )


def _any(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def judged(signs: tuple[Sign, ...]) -> Judgement:
    return judge(signs, "eastus", "westus")


REGION = {"side": Side.PRIMARY}
DATA = {"side": Side.PRIMARY, "plane": Plane.DATA}
CONTROL = {"side": Side.PRIMARY, "plane": Plane.CONTROL}


@pytest.mark.parametrize(
    ("signs", "belief", "verdict"),
    [
        (ALL, Belief.WELL, Verdict.PASS),
        (seen(plane=Plane.PROBES), Belief.WELL, Verdict.WARN),
        (seen(**REGION), Belief.REGION_DARK, Verdict.FAIL),
        (seen(FAILING, **REGION), Belief.REGION_DARK, Verdict.FAIL),
        (seen(**DATA), Belief.REGION_DARK, Verdict.FAIL),
        (seen(**CONTROL), Belief.CONTROL_DARK, Verdict.FAIL),
        (seen(plane=Plane.IDENTITY), Belief.IDENTITY_DARK, Verdict.FAIL),
        (seen(side=Side.PRIMARY, service="Key Vault"), Belief.ONE_SERVICE, Verdict.WARN),
        (seen(side=Side.PRIMARY, service="Storage"), Belief.ONE_SERVICE, Verdict.WARN),
        (
            seen(side=Side.PRIMARY, service=("Storage", "Key Vault")),
            Belief.PARTLY,
            Verdict.FAIL,
        ),
        (seen(side=(Side.PRIMARY, Side.SECONDARY)), Belief.BOTH_DARK, Verdict.UNKNOWN),
        (seen(), Belief.OUR_NETWORK, Verdict.UNKNOWN),
        (seen(plane=(Plane.IDENTITY, Plane.DATA)), Belief.OUR_NETWORK, Verdict.UNKNOWN),
        (seen(UNASKED), Belief.CANNOT_TELL, Verdict.UNKNOWN),
        (seen(UNASKED, **REGION), Belief.CANNOT_TELL, Verdict.UNKNOWN),
        (seen(side=Side.SECONDARY), Belief.WELL, Verdict.PASS),
        ((), Belief.CANNOT_TELL, Verdict.UNKNOWN),
    ],
)
def test_signs_add_up(signs: tuple[Sign, ...], belief: Belief, verdict: Verdict) -> None:
    found = judged(signs)
    assert (found.belief, found.verdict) == (belief, verdict), found.text
    assert found.text.endswith(".")


def test_a_dark_data_plane_with_an_answering_storage_provider_can_be_failed_over() -> None:
    signs = tuple(
        replace(sign, answered=DARK)
        if sign.side is Side.PRIMARY
        and (sign.plane is Plane.DATA or sign.service == "Machine Learning")
        else sign
        for sign in ALL
    )
    found = judged(signs)
    assert found.belief is Belief.REGION_DARK
    assert "Its storage provider does: a failover can be asked for." in found.text
    assert "nor does the provider of Machine Learning" in found.text
    assert any("storage in eastus: answers" in words for words in found.against)


def test_what_speaks_against_a_dark_region_is_named() -> None:
    against = judged(seen(**DATA)).against
    assert [words.partition(":")[0] for words in against] == [
        "AML in eastus",
        "storage in eastus",
        "vaults in eastus",
        "probe score",
    ]


def test_a_dark_secondary_speaks_against_that_all_is_well_and_against_moving_there() -> None:
    well = judged(seen(side=Side.SECONDARY)).against
    assert any("blobs of sttwo: no answer" in words for words in well)
    moved = judged(
        tuple(
            replace(sign, answered=DARK)
            if sign.side is Side.PRIMARY or sign.service == "Storage"
            else sign
            for sign in seen(**REGION)
        )
    )
    assert moved.belief is Belief.BOTH_DARK


def test_one_address_alone_is_said_to_be_little() -> None:
    signs = tuple(s for s in seen(**REGION) if s.service != "Machine Learning" or s.side is None)
    assert any("Only one address" in words for words in judged(signs).against)


def test_a_dark_sign_in_says_what_the_data_plane_tells_of_the_region() -> None:
    alone = judged(seen(plane=Plane.IDENTITY))
    assert "The data plane of eastus answers" in alone.text
    both = tuple(
        replace(sign, answered=DARK)
        if sign.plane is Plane.IDENTITY or (sign.plane, sign.side) == (Plane.DATA, Side.PRIMARY)
        else sign
        for sign in ALL
    )
    assert "it may be both" in judged(both).text


def test_slow_and_throttled_answers_are_answers_that_speak_against_a_false_alarm() -> None:
    for answered in (Answered.SLOW, Answered.THROTTLED):
        found = judged(seen(answered, **CONTROL))
        assert found.belief is Belief.WELL
        assert len(found.against) == 3


def test_nothing_but_the_primary_asked_tells_no_region_from_our_own_network() -> None:
    signs = tuple(s for s in seen(**REGION) if s.side is Side.PRIMARY)
    assert judge(signs, "eastus", "").belief is Belief.CANNOT_TELL
