"""``assess --from``: what comes in, what goes out, and the exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from amlrunbook.cli.assess import assess, read_documents
from amlrunbook.errors import AmlRunbookError, DocumentError, ExitCode, UsageError
from amlrunbook.model.profile import Profile, Side
from amlrunbook.store.profiles import save_profile

ROOT = Path(__file__).resolve().parents[3]
RG = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
VAULT = {
    "id": f"{RG}/Microsoft.KeyVault/vaults/kv",
    "type": "Microsoft.KeyVault/vaults",
    "location": "eastus",
    "properties": {"enablePurgeProtection": True},
}
UNREAD = {
    "id": f"{RG}/Microsoft.KeyVault/vaults/dark",
    "type": "Microsoft.KeyVault/vaults",
    "unread": "no answer",
}
BARE = {**VAULT, "properties": {}}
HOSTILE = "kv\x1b[2J\u202e<script>alert(1)</script>|`x`\n# y"


def run(*args: str, documents: Any = None, raw: bytes | None = None) -> tuple[int, str]:
    data = raw if raw is not None else json.dumps(documents).encode()
    result = CliRunner().invoke(assess, ["--from", "-", *args], input=data)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def report(*documents: Any) -> tuple[int, dict[str, Any]]:
    code, out = run("--format", "json", documents=list(documents))
    return code, json.loads(out)


# -- what goes out --------------------------------------------------------------------------


def test_json_is_an_object_with_findings() -> None:
    code, body = report(BARE, UNREAD)
    assert code == ExitCode.FAILED
    assert body["schema"] == 1
    assert body["facts"]["version"]
    assert body["unread"] == [{"resource": UNREAD["id"], "reason": "no answer"}]
    assert sum(body["counts"].values()) == len(body["findings"])
    keys = {
        "check",
        "resource",
        "verdict",
        "observed",
        "expected",
        "source",
        "title",
        "why",
        "remedy",
        "command",
    }
    assert all(keys <= set(finding) for finding in body["findings"])
    (purge,) = (
        f
        for f in body["findings"]
        if f["check"] == "keyvault.purge-protection" and f["resource"] == BARE["id"]
    )
    assert purge["verdict"] == "fail"
    assert purge["command"].endswith("--enable-purge-protection true")


@pytest.mark.parametrize(
    ("documents", "options", "code"),
    [
        ([], [], ExitCode.FINE),
        ([VAULT], [], ExitCode.FINE),
        ([VAULT], ["--fail-on", "warn"], ExitCode.FAILED),
        ([BARE], [], ExitCode.FAILED),
        ([VAULT, UNREAD], [], ExitCode.INCOMPLETE),
        ([BARE, UNREAD], [], ExitCode.FAILED),
        (
            [{"id": "/subscriptions/1/providers/Microsoft.Web/sites", "unread": "403"}],
            [],
            ExitCode.INCOMPLETE,
        ),
        ([BARE], ["--service", "storage"], ExitCode.FINE),
    ],
)
def test_exit_codes(documents: list[Any], options: list[str], code: int) -> None:
    assert run(*options, documents=documents)[0] == code


def test_text_groups_by_resource_with_a_sign_and_a_word() -> None:
    _, out = run(documents=[BARE, UNREAD])
    assert "✗ fail    keyvault.purge-protection: enablePurgeProtection is absent" in out
    assert "? unknown all 9 checks: could not be read: no answer" in out
    assert out.count(BARE["id"]) >= 1
    assert out.index(BARE["id"]) < out.index(UNREAD["id"])


def test_text_is_ascii_where_the_stream_knows_no_more() -> None:
    code = "import sys; from amlrunbook.cli.assess import assess; assess(['--from', '-'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([BARE]).encode(),
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == ExitCode.FAILED
    text = done.stdout.decode("ascii")
    assert "x fail" in text
    assert "\\u" not in text


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_what_a_resource_is_called_cannot_act(form: str) -> None:
    hostile = {**BARE, "id": f"{RG}/Microsoft.KeyVault/vaults/{HOSTILE}"}
    _, out = run("--format", form, documents=[hostile])
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "<script>" not in out or form in ("text", "json")
    if form == "markdown":
        assert "\n# y" not in out
        assert "\\|" in out
    if form == "html":
        HTMLParser().feed(out)
        assert "&lt;script&gt;" in out


def test_a_name_never_becomes_a_command() -> None:
    quoted = {**BARE, "id": f"{RG}/Microsoft.KeyVault/vaults/kv'; rm -rf ~"}
    _, body = report(quoted)
    commands = [f["command"] for f in body["findings"] if f["command"]]
    assert any("""--name 'kv'"'"'; rm -rf ~'""" in command for command in commands)
    _, body = report({**BARE, "id": f"{RG}/Microsoft.KeyVault/vaults/kv\x1b[2J"})
    assert not any(f["command"] for f in body["findings"])


# -- what comes in --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "stdin is not JSON"),
        (b"{", "stdin is not JSON"),
        (b"\xff\xfe\x00", "stdin is not JSON"),
        (b'"text"', "holds a string where"),
        (b"null", "holds null where"),
        (b"3", "holds a number where"),
        (b'{"id": "x"}', "holds an object where"),
        (b'[{}, "x"]', "Element 1 of stdin is a string"),
        (b"[[]]", "Element 0 of stdin is an array"),
        (b'{"documents": 3}', "is no snapshot"),
        (b"[" * 100_000, "stdin is not JSON"),
        (b'[{"id": "\\ud800"}]', "stdin is not JSON"),
    ],
)
def test_anything_else_gets_one_sentence(raw: bytes, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        run(raw=raw)
    assert words in caught.value.what
    assert "\n" not in caught.value.what
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_snapshot_is_read_and_its_date_is_said() -> None:
    snapshot = {
        "format": 1,
        "taken_at": "2026-11-22T20:00:00Z",
        "profile": "pair",
        "program": "amlrunbook 0.1.0",
        "documents": [VAULT],
    }
    _, out = run(documents=snapshot)
    assert "profile pair" in out
    assert "documents of 2026-11-22T20:00:00Z" in out
    with pytest.raises(DocumentError, match="format 2"):
        run(documents={**snapshot, "format": 2})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_understood(encoding: str) -> None:
    assert run(raw=json.dumps([VAULT]).encode(encoding))[0] == ExitCode.FINE


@pytest.mark.parametrize("source", ["missing.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_named(source: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_documents(str(tmp_path / source) if "\0" not in source else source)


@pytest.mark.parametrize(
    "args", [[], ["--from", "-", "--resource-id", "/x"], ["-w", "pair", "--resource-id", "/x"]]
)
def test_one_source_is_asked_for(args: list[str]) -> None:
    result = CliRunner().invoke(assess, args)
    assert isinstance(result.exception, AmlRunbookError)
    assert "Give one of" in result.exception.what


def test_a_profile_says_who_is_the_primary_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path))
    one, two = (
        f"{RG}/Microsoft.MachineLearningServices/workspaces/{name}" for name in ("one", "two")
    )
    pair = Profile(
        format=1,
        name="pair",
        subscription="00000000-0000-0000-0000-000000000001",
        primary=Side(workspace=two, region="westus"),
        secondary=Side(workspace=one, region="eastus"),
    )
    save_profile(pair)
    kind = "Microsoft.MachineLearningServices/workspaces"
    documents = [
        {"id": one, "type": kind, "location": "eastus", "properties": {}},
        {"id": two, "type": kind, "location": "westus", "properties": {}},
    ]
    _, out = run("--format", "json", "-w", "pair", documents=documents)
    body = json.loads(out)
    assert body["profile"] == "pair"
    judged = {
        f["resource"]: f["verdict"]
        for f in body["findings"]
        if f["check"] == "workspace.secondary-region-open"
    }
    assert judged == {one: "pass", two: "not-applicable"}


# -- offline --------------------------------------------------------------------------------

OFFLINE = """
import socket, sys
def refused(*_args, **_kwargs):
    raise AssertionError("a socket was asked for")
socket.socket.connect = refused
socket.getaddrinfo = refused
from amlrunbook.cli import main
code = main(["assess", "--from", sys.argv[1], "--format", "json"])
heavy = sorted(m for m in sys.modules if m.split(".")[0] in ("azure", "textual", "rich", "requests", "starlette"))
assert not heavy, heavy[:5]
assert not [m for m in sys.modules if m.startswith("amlrunbook.azure")]
sys.exit(code)
"""


def test_from_a_file_needs_no_network_and_loads_nothing_of_azure(tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps([BARE]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == ExitCode.FAILED, done.stderr
    assert json.loads(done.stdout)["findings"]
    assert done.stderr == ""
