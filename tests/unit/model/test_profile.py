"""The profile's schema and its durations."""

from __future__ import annotations

import pytest

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.profile import Profile, duration_seconds, validated
from amlrunbook.model.strict_toml import decode_toml

WORKSPACE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
)
TEXT = f"""
format = 1
name = "fraud-prod"
subscription = "s"
[primary]
workspace = "{WORKSPACE}"
region = "East US"
[[data_accounts]]
id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
[strategy]
inference = "hot/hot"
[targets]
rto = "PT1H30M"
"""


def test_a_profile_loads() -> None:
    profile = validated(decode_toml(TEXT, Profile, where="p.toml"))
    assert profile.regions == ("eastus", None)
    assert profile.secondary_id is None
    assert duration_seconds(profile.targets.rto) == 5400


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("inference", "inferense", "did you mean 'inference'"),
        ("hot/hot", "hottest", "known are hot/hot, hot/warm, hot/cold"),
        ("PT1H30M", "an hour", "is not a duration"),
        ("format = 1", "format = 2", "has format 2"),
        ('name = "fraud-prod"', 'name = "../x"', "regex"),
        ("storageAccounts/a", "storageAccounts", "is not a resource id"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_place(before: str, after: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        validated(decode_toml(TEXT.replace(before, after, 1), Profile, where="p.toml"))
    assert says in caught.value.diagnostics()


@pytest.mark.parametrize("text", ["P", "PT", "", "1H", "PT1H2", "P1W", "PT-1S"])
def test_a_wrong_duration_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        duration_seconds(text)


@pytest.mark.parametrize(
    "path", ["/srv/code/config.json", "~/code/config.json", "C:\\\\code\\\\c.json"]
)
def test_a_config_file_has_one_place(path: str) -> None:
    text = TEXT.replace("[primary]", f'config_files = ["{path}"]\n[primary]')
    assert validated(decode_toml(text, Profile, where="t")).config_files


@pytest.mark.parametrize(
    "path", ["config.json", "./config.json", "code/../config.json", "~olga/c.json"]
)
def test_a_config_file_of_wherever_one_stands_is_refused(path: str) -> None:
    text = TEXT.replace("[primary]", f'config_files = ["{path}"]\n[primary]')
    with pytest.raises(DocumentError, match="not an absolute path"):
        validated(decode_toml(text, Profile, where="t"))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('folder = "relative"', "no absolute path"),
        ('container = "http://a/b"', "no container's URL"),
        ('container = "https://a/b?sig=secret"', "no container's URL"),
        ('folder = "/a"\ncontainer = "https://a/b"', "to a folder and to a container"),
        ('place = "/a"', "unknown"),
    ],
)
def test_a_wrong_place_to_export_to_is_refused_and_no_signature_is_repeated(
    table: str, says: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        validated(decode_toml(f"{TEXT}\n[export]\n{table}\n", Profile, where="p.toml"))
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_profile_may_say_where_to_export_to() -> None:
    text = f'{TEXT}\n[export]\nfolder = "/srv/saved"\n'
    assert validated(decode_toml(text, Profile, where="p.toml")).export.folder == "/srv/saved"
