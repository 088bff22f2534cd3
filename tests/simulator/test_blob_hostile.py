"""Requests that no SDK sends: each gets one of Azure's refusals, and none a broken server."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator

import pytest

from tests.simulator.blob_world import credential, storage_world


class Raw:
    """A bare HTTPS client with a good token."""

    def __init__(self, endpoint) -> None:
        with credential(endpoint) as signed_in:
            self._token = signed_in.get_token("https://storage.azure.com/.default").token
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1",
            endpoint.port,
            context=ssl.create_default_context(cafile=endpoint.ca_file),
        )

    def ask(self, method: str, path: str, headers=None, body: bytes | None = None):
        """Send a request; return status, error code and body."""
        given = {"Authorization": f"Bearer {self._token}", "x-ms-version": "2024-08-04"}
        self._connection.request(
            method, f"/blob/plain{path}", body=body, headers=given | (headers or {})
        )
        response = self._connection.getresponse()
        data = response.read()
        return response.status, response.headers.get("x-ms-error-code"), data

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Iterator[Raw]:
    with storage_world(tmp_path_factory.mktemp("storage")) as endpoint:
        client = Raw(endpoint)
        assert client.ask("PUT", "/case?restype=container")[0] == 201
        assert client.ask("PUT", "/case/b", BLOCK, b"0123456789")[0] == 201
        assert client.ask("PUT", "/case/a", {"x-ms-blob-type": "AppendBlob"})[0] == 201
        yield client
        client.close()


BLOCK = {"x-ms-blob-type": "BlockBlob"}
BAD_QUERY = (400, "InvalidQueryParameterValue")
BAD_HEADER = (400, "InvalidHeaderValue")


@pytest.mark.parametrize(
    ("request_line", "headers", "body", "expected"),
    [
        ("GET /?comp=list&maxresults=abc", {}, None, BAD_QUERY),
        ("GET /?comp=list&maxresults=0", {}, None, (400, "OutOfRangeQueryParameterValue")),
        ("GET /?comp=list&marker=zz", {}, None, BAD_QUERY),
        ("GET /?comp=list&marker=1!a", {}, None, BAD_QUERY),
        ("GET /?comp=list&marker=1!%C3%A9", {}, None, BAD_QUERY),
        ("GET /?comp=list&marker=1!%2F%2F8%3D", {}, None, BAD_QUERY),
        ("PUT /cc?restype=container", {}, None, (400, "InvalidResourceName")),
        ("PUT /c--c?restype=container", {}, None, (400, "InvalidResourceName")),
        ("PUT /case/x", {"x-ms-blob-type": "Nope"}, b"x", BAD_HEADER),
        ("PUT /case/x", {}, b"x", (400, "MissingRequiredHeader")),
        ("PUT /case/x", {"x-ms-blob-type": "AppendBlob"}, b"x", BAD_HEADER),
        ("GET /case/b", {"If-Modified-Since": "yesterday"}, None, BAD_HEADER),
        ("GET /case/b?versionid=%00", {}, None, (404, "BlobNotFound")),
        ("GET /case/b?snapshot=now", {}, None, (404, "BlobNotFound")),
        ("PUT /case/x?comp=block", {}, b"x", BAD_QUERY),
        (
            "PUT /case/a?comp=appendblock",
            {"x-ms-blob-condition-appendpos": "x"},
            b"x",
            BAD_HEADER,
        ),
        ("PUT /case/a?comp=appendblock", {}, b"", BAD_HEADER),
        ("POST /case/b", {}, b"", (501, "NotImplemented")),
        ("GET ", {}, None, (501, "NotImplemented")),
    ],
)
def test_a_wrong_request_is_refused(raw, request_line, headers, body, expected):
    method, path = request_line.split(" ")
    status, code, _ = raw.ask(method, path, headers, body)
    assert (status, code) == expected


@pytest.mark.parametrize(
    ("headers", "status", "data"),
    [
        ({"Range": "bytes=-5"}, 200, b"0123456789"),
        ({"Range": "items=1-2"}, 200, b"0123456789"),
        ({"x-ms-range": "bytes=8-99999999999999999999"}, 206, b"89"),
        ({"Range": "bytes=0-1", "x-ms-range": "bytes=2-3"}, 206, b"23"),
    ],
)
def test_ranges_that_azure_ignores_or_cuts(raw, headers, status, data):
    assert raw.ask("GET", "/case/b", headers) == (status, None, data)


def test_names_are_kept_whatever_they_are(raw):
    for name in ("%00%ff", "..%2f..%2fetc", "%1b[31mred", "a%20b%26c%3Cd%3E", "%25252e"):
        assert raw.ask("PUT", f"/case/{name}", BLOCK, name.encode())[0] == 201
        assert raw.ask("GET", f"/case/{name}")[2] == name.encode()
    status, _, listed = raw.ask("GET", "/case?restype=container&comp=list")
    assert status == 200
    assert b"\x1b" not in listed
    assert b"\x00" not in listed


def test_a_block_list_that_is_none_commits_nothing(raw):
    for body in (b"<BlockList><Latest>", b"", b"Latest"):
        status, code, _ = raw.ask("PUT", "/case/bad?comp=blocklist", {}, body)
        assert (status, code) == (400, "InvalidXmlDocument")
    assert raw.ask("GET", "/case/bad")[1] == "BlobNotFound"
    assert raw.ask("PUT", "/case/none?comp=blocklist", {}, b"<BlockList />")[0] == 201
    assert raw.ask("GET", "/case/none")[2] == b""
