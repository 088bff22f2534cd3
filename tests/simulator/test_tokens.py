"""Signing in: the token endpoint, and what becomes of a wrong, missing or expired token."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

from amlrunbook.simulator import process
from tests.simulator_fixtures import Wire, credential


def test_a_client_secret_signs_in(healthy_pair):
    with credential(healthy_pair) as signed_in:
        token = signed_in.get_token(f"{healthy_pair.base_url}/.default")
    assert token.token.count(".") == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215"),
        ({"client_id": "11111111-1111-1111-1111-111111111111"}, "AADSTS700016"),
        ({"tenant_id": "11111111-1111-1111-1111-111111111111"}, "tenant name or GUID"),
    ],
)
def test_a_wrong_sign_in_is_refused_as_entra_does(healthy_pair, change, says):
    given = {
        "tenant_id": healthy_pair.tenant_id,
        "client_id": healthy_pair.client_id,
        "client_secret": healthy_pair.client_secret,
        **change,
    }
    with (
        ClientSecretCredential(
            **given,
            authority=healthy_pair.base_url,
            disable_instance_discovery=True,
            connection_verify=healthy_pair.ca_file,
        ) as signing_in,
        pytest.raises(ClientAuthenticationError, match=says),
    ):
        signing_in.get_token(f"{healthy_pair.base_url}/.default")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "AuthenticationFailed"),
        ("garbage", "InvalidAuthenticationToken"),
        ("a.b.c", "InvalidAuthenticationToken"),
    ],
)
def test_a_request_without_a_good_token_gets_401(healthy_pair, token, code):
    with Wire(healthy_pair) as wire:
        answer = wire.ask("GET", "/subscriptions", "2022-12-01", token=token)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == code
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


def test_a_token_for_storage_does_not_open_the_resource_manager(healthy_pair):
    with credential(healthy_pair) as signed_in, Wire(healthy_pair) as wire:
        other = signed_in.get_token("https://storage.azure.com/.default").token
        answer = wire.ask("GET", "/subscriptions", "2022-12-01", token=other)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationTokenAudience"


def test_an_altered_token_is_refused(healthy_pair):
    with Wire(healthy_pair) as wire:
        head, body, signature = wire.token.split(".")
        altered = f"{head}.{body[:-2]}AA.{signature}"
        assert wire.ask("GET", "/subscriptions", token=altered).status_code == 401


def test_an_expired_token_is_refused_and_a_new_one_works(fresh_azure):
    endpoint = fresh_azure("lonely-workspace")
    process.control(endpoint, "POST", "/tokens", {"lifetime": -1})
    with Wire(endpoint) as wire:
        answer = wire.ask("GET", "/subscriptions", "2022-12-01")
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "ExpiredAuthenticationToken"
    process.control(endpoint, "POST", "/tokens", {"lifetime": 3600})
    with Wire(endpoint) as wire:
        assert wire.get("/subscriptions", "2022-12-01")["value"]


def test_no_secret_is_shown_or_logged(healthy_pair):
    text = repr(healthy_pair) + str(healthy_pair)
    assert healthy_pair.client_secret not in text
    assert healthy_pair.control_token not in text
    with Wire(healthy_pair) as wire:
        wire.get("/subscriptions", "2022-12-01")
        log = (Path(healthy_pair.ca_file).parent / "requests.jsonl").read_text()
    assert "/subscriptions" in log
    assert wire.token not in log
    assert healthy_pair.client_secret not in log
