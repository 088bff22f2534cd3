"""What ``az`` asks before it has signed in: this cloud's endpoints, its authority, a token.

The requests are those of azure-cli 2.91: ``az cloud register --endpoint-resource-manager``, then
``az login --service-principal``, whose tokens MSAL fetches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msal
import pytest
import requests

from tests.simulator_fixtures import Wire, add_fault, clear_faults, seen


@pytest.fixture
def session(healthy_pair) -> Iterator[requests.Session]:
    with closing(requests.Session()) as bare:
        bare.verify = healthy_pair.ca_file
        bare.trust_env = False
        yield bare


def metadata(session: requests.Session, base: str, version: str = "2022-09-01") -> Any:
    answer = session.get(f"{base}/metadata/endpoints", params={"api-version": version}, timeout=100)
    assert answer.status_code == 200
    return answer.json()


def test_the_clouds_endpoints_are_told_without_a_token(session, healthy_pair):
    base = healthy_pair.base_url
    cloud = metadata(session, base)
    assert cloud["resourceManager"] == cloud["authentication"]["loginEndpoint"] == f"{base}/"
    assert cloud["authentication"]["audiences"] == [base]
    assert cloud["suffixes"].keys() >= {"storage", "keyVaultDns", "acrLoginServer"}
    assert metadata(session, base, "2019-05-01") == [cloud]


def test_an_outage_of_the_resource_manager_takes_them_away_and_one_of_identity_does_not(
    session, fresh_azure
):
    endpoint = fresh_azure()
    session.verify = endpoint.ca_file
    add_fault(endpoint, kind="error", plane="identity")
    assert metadata(session, endpoint.base_url)
    clear_faults(endpoint)
    add_fault(endpoint, kind="error", plane="control")
    refused = session.get(f"{endpoint.base_url}/metadata/endpoints", timeout=100)
    assert refused.status_code == 503


def test_msal_signs_in_as_az_does_and_the_token_is_good(session, healthy_pair):
    before = max((r["number"] for r in seen(healthy_pair)), default=0)
    cloud = metadata(session, healthy_pair.base_url)
    app = msal.ConfidentialClientApplication(
        healthy_pair.client_id,
        client_credential=healthy_pair.client_secret,
        authority=f"{cloud['authentication']['loginEndpoint']}{healthy_pair.tenant_id}",
        instance_discovery=False,
        http_client=session,
    )
    scope = f"{cloud['authentication']['audiences'][0]}/.default"
    token = app.acquire_token_for_client([scope])
    assert token["token_type"] == "Bearer", token
    with Wire(healthy_pair) as wire:
        listed = wire.ask("GET", "/subscriptions", "2022-12-01", token=token["access_token"])
    assert listed.status_code == 200
    assert [s["tenantId"] for s in listed.json()["value"]] == [healthy_pair.tenant_id]
    asked = [(r["method"], r["path"].rpartition("/")[2]) for r in seen(healthy_pair, before)]
    assert asked[:3] == [
        ("GET", "endpoints"),
        ("GET", "openid-configuration"),
        ("POST", "token"),
    ]


def test_msal_is_told_what_is_wrong(session, healthy_pair):
    app = msal.ConfidentialClientApplication(
        healthy_pair.client_id,
        client_credential="not the secret",
        authority=f"{healthy_pair.base_url}/{healthy_pair.tenant_id}",
        instance_discovery=False,
        http_client=session,
    )
    refused = app.acquire_token_for_client([f"{healthy_pair.base_url}/.default"])
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])
    with pytest.raises(ValueError, match="authority"):
        msal.ConfidentialClientApplication(
            healthy_pair.client_id,
            client_credential="any",
            authority=f"{healthy_pair.base_url}/00000000-0000-0000-0000-000000000001",
            instance_discovery=False,
            http_client=session,
        )


def test_the_authority_knows_itself_alone(session, healthy_pair):
    base, tenant = healthy_pair.base_url, healthy_pair.tenant_id

    def ask(authority: str) -> requests.Response:
        query = {
            "api-version": "1.1",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        }
        return session.get(f"{base}/common/discovery/instance", params=query, timeout=100)

    known = ask(f"{base}/{tenant}").json()
    assert session.get(known["tenant_discovery_endpoint"], timeout=100).status_code == 200
    assert known["metadata"][0]["aliases"] == [base.removeprefix("https://")]
    assert ask("https://login.microsoftonline.com/common").json()["error"] == "invalid_instance"
    any_tenant = f"{base}/organizations/v2.0/.well-known/openid-configuration"  # by az logout
    assert session.get(any_tenant, timeout=100).json()["issuer"] == f"{base}/{{tenantid}}/v2.0"
    keys = session.get(f"{base}/{tenant}/discovery/v2.0/keys", timeout=100).json()
    assert keys == {"keys": []}
