from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.profile import (
    Attached,
    Contact,
    DataAccount,
    Probe,
    Profile,
    Side,
    Strategies,
    Strategy,
)
from amlrunbook.store.profiles import (
    list_profiles,
    load_profile,
    profile_path,
    read_profile_file,
    remove_profile,
    save_profile,
)

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
SA = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"


def profile(name: str = "fraud") -> Profile:
    return Profile(
        format=1,
        name=name,
        subscription="s",
        primary=Side(workspace=ID, region="eastus"),
        secondary=Side(workspace=ID + "2", region="westus"),
        data_accounts=(DataAccount(id=SA),),
        attached=(Attached(id=SA, role="r\u00e9plica"),),
        probes=(Probe(name="score", url="https://score.example/health"),),
        strategy=Strategies(data=Strategy.HOT_HOT),
        contacts=(Contact(name='The "on-call"', reach="\ttab\\"),),
    )


def test_a_profile_comes_back_as_it_was_written() -> None:
    path = save_profile(profile())
    assert path == profile_path("fraud")
    assert load_profile("fraud") == profile()


def test_a_profile_of_one_workspace_comes_back_too() -> None:
    lone = msgspec.structs.replace(profile("lone"), secondary=None, data_accounts=(), attached=())
    save_profile(lone)
    assert load_profile("lone") == lone


def test_none_is_overwritten_unasked() -> None:
    save_profile(profile())
    with pytest.raises(UsageError, match="already"):
        save_profile(profile())
    save_profile(profile(), replace=True)


def test_an_unknown_key_is_named_with_file_and_the_nearest(home: Path) -> None:
    path = save_profile(profile())
    path.write_text(path.read_text().replace("region =", "regoin =", 1))
    with pytest.raises(DocumentError) as found:
        load_profile("fraud")
    assert str(path) in found.value.what
    assert "regoin" in found.value.what
    assert "region" in found.value.what.replace("regoin", "")


@pytest.mark.parametrize("text", ["", "= 1", "format = 1", "\x00", 'format = "1"\nname = "x"'])
def test_what_is_no_profile_is_one_clear_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=str(path)):
        read_profile_file(path)


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DocumentError, match="UTF-8"):
        read_profile_file(path)


def test_an_id_that_is_none_names_the_file() -> None:
    path = save_profile(profile())
    path.write_text(path.read_text().replace(SA, "stfraud"))
    with pytest.raises(DocumentError, match=str(path)):
        load_profile("fraud")


def test_a_missing_profile_names_the_nearest() -> None:
    save_profile(profile())
    with pytest.raises(UsageError) as found:
        load_profile("frauds")
    assert "fraud" in found.value.next_step


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "A", "-a", "a.b", "a\n", "x" * 64])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(UsageError):
        profile_path(name)


def test_a_file_under_another_name_is_refused() -> None:
    path = save_profile(profile())
    path.rename(path.with_name("other.toml"))
    with pytest.raises(DocumentError, match="holds the profile 'fraud'"):
        load_profile("other")


def test_one_bad_file_hides_no_other() -> None:
    save_profile(profile("good"))
    profile_path("bad").write_text("nonsense")
    bad, good = list_profiles()
    assert (bad.profile, good.problem) == (None, "")
    assert "bad.toml" in bad.problem
    assert good.profile == profile("good")


def test_a_removed_profile_is_gone() -> None:
    save_profile(profile())
    remove_profile("fraud")
    assert list_profiles() == ()
    with pytest.raises(UsageError):
        remove_profile("fraud")
