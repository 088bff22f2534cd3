"""Secrets never pass the two doors of redaction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.model.redaction import MASK, masked_document, masked_text

SECRETS = [
    "https://x.blob.example/c?sv=1&sig=abc%2Fdef%3D&se=2",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=QUJDREVGRw==;EndpointSuffix=x",
    "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=QUJDREVGRw==",
    "Authorization: Bearer abcdefgh.ijklmnop",
    "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nQUJDREVGRw==\n-----END OPENSSH PRIVATE KEY-----",
    "password=QUJDREVGRw==&x=1",
    "InstrumentationKey=QUJDREVGRw==;IngestionEndpoint=https://x",
    "client_secret=QUJDREVGRw==",
]
LEAKS = ("QUJDREVGRw", "abc%2Fdef", "ijklmnop", "c2lnbmF0dXJl")


@pytest.mark.parametrize("text", SECRETS)
def test_text_that_looks_like_a_secret_is_masked(text: str) -> None:
    masked = masked_text(text)
    assert MASK in masked
    assert not any(leak in masked for leak in LEAKS)


def test_ordinary_text_stays() -> None:
    text = "PUT /subscriptions/x/blobServices/default?api-version=2023-05-01 (signature, sigma)"
    assert masked_text(text) == text


def test_keys_that_hold_secrets_are_masked_wherever_they_stand() -> None:
    document = {
        "properties": {
            "InstrumentationKey": "0000",
            "ConnectionString": "x",
            "deep": [{"accessToken": "t", "name": "kept"}],
            "password": None,
        }
    }
    assert masked_document(document) == {
        "properties": {
            "InstrumentationKey": MASK,
            "ConnectionString": MASK,
            "deep": [{"accessToken": MASK, "name": "kept"}],
            "password": None,
        }
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values)
def test_masking_twice_is_masking_once(value: object) -> None:
    once = masked_document(value)
    assert masked_document(once) == once
