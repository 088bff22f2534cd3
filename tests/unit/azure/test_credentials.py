from __future__ import annotations

import time
from typing import Any, NamedTuple

import pytest

from amlrunbook.azure.credentials import ClientSecret, SharedCredential, credential_for
from amlrunbook.errors import SignInError, UsageError
from amlrunbook.model.cloud import CHINA, PUBLIC, loopback_cloud


class Token(NamedTuple):
    token: str
    expires_on: float


class Counting:
    """A credential that counts."""

    def __init__(self, lifetime: float = 3600) -> None:
        self.asked: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.lifetime = lifetime
        self.error: Exception | None = None

    def get_token(self, *scopes: str, **options: Any) -> Token:
        self.asked.append((scopes, options))
        if self.error is not None:
            raise self.error
        return Token(f"t{len(self.asked)}", time.time() + self.lifetime)


def test_a_token_is_kept_by_scope() -> None:
    inner = Counting()
    shared = SharedCredential(inner)
    assert [shared.get_token(scope).token for scope in ("a", "a", "b", "a")] == [
        "t1",
        "t1",
        "t2",
        "t1",
    ]


def test_a_token_that_is_nearly_over_is_renewed() -> None:
    inner = Counting(lifetime=60)
    shared = SharedCredential(inner)
    assert [shared.get_token("a").token for _ in range(2)] == ["t1", "t2"]


def test_a_forgotten_token_and_a_claim_are_asked_for_anew() -> None:
    inner = Counting()
    shared = SharedCredential(inner)
    shared.get_token("a")
    shared.forget("a")
    shared.get_token("a")
    shared.get_token("a", claims="c")
    assert [options for _, options in inner.asked] == [{}, {}, {"claims": "c"}]


def test_a_failure_is_not_tried_again_at_once() -> None:
    from azure.core.exceptions import ClientAuthenticationError

    inner = Counting()
    inner.error = ClientAuthenticationError("no password=hunter22 here")
    shared = SharedCredential(inner)
    for _ in range(5):
        with pytest.raises(SignInError) as found:
            shared.get_token("a")
        assert "hunter22" not in found.value.what
    assert len(inner.asked) == 1


def test_a_secret_is_for_a_simulated_cloud_only(tmp_path: Any) -> None:
    secret = ClientSecret("t", "c", "very-secret")
    assert "very-secret" not in repr(secret)
    with pytest.raises(UsageError):
        credential_for(PUBLIC, secret=secret)
    with pytest.raises(UsageError):
        credential_for(loopback_cloud("https://127.0.0.1:1", str(tmp_path / "ca.pem")))


def test_the_chain_is_made_for_the_clouds_authority_and_tenant() -> None:
    credential = credential_for(CHINA, tenant="contoso.example")
    assert credential._inner._tenant == "contoso.example"
    authorities = {
        str(getattr(member, "_authority", "login.chinacloudapi.cn"))
        for member in credential._inner._inner.credentials
    }
    assert all("chinacloudapi" in authority for authority in authorities)
