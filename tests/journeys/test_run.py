"""``amlrunbook run``: what it refuses, what it cannot reach, and the words for it."""

from __future__ import annotations

import socket

import pytest

from amlrunbook.simulator import process

PROFILE = """
format = 1
name = "mine"
subscription = "11111111-1111-1111-1111-111111111111"

[primary]
workspace = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
region = "eastus"
"""


@pytest.fixture
def profile(desk):
    folder = desk.home / "config" / "profiles"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(PROFILE, "utf-8")
    return "mine"


def sentences(done) -> int:
    return len(done.stderr.strip().splitlines())


def test_a_run_is_never_silently_unsigned(desk, profile):
    done = desk.run("run", "assessment", "-w", profile, "--auto")
    assert done.returncode == 4
    assert "--unsigned" in done.stderr
    assert not (desk.home / "state" / "runs").exists()


def test_a_live_run_needs_a_person_at_a_terminal(desk, profile):
    done = desk.run("run", "assessment", "-w", profile, "--live", "--unsigned", typed="ws\n")
    assert done.returncode == 4
    assert "terminal" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "a runbook and a profile"),
        (("run", "assessment"), "a runbook and a profile"),
        (("run", "assessment", "-w", "nobody", "--unsigned"), "nobody"),
        (("run", "assesment", "-w", "mine", "--unsigned"), "Did you mean 'assessment'"),
        (("run", "--resume", "nowhere"), "nowhere"),
        (("run", "--resume", "."), "no journal"),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(desk, profile, words, said):
    done = desk.run(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert sentences(done) <= 3
    assert done.stdout == ""


@pytest.fixture
def left(desk):
    """A drill that was left; gives its folder."""
    done = desk.run("drill", "lonely-workspace", "--plain", typed="\n")
    assert done.returncode == 130, done.stderr
    return desk.worlds[0].parent


def test_a_busy_port_is_one_sentence(desk, left):
    endpoint = process.read_endpoint(left / "simulator")
    process.stop(left / "simulator")
    with socket.create_server(("127.0.0.1", endpoint.port)):
        done = desk.run("run", "--resume", str(left), "--auto")
    assert done.returncode == 3
    assert str(endpoint.port) in done.stderr
    assert sentences(done) <= 3


def test_a_simulated_azure_that_is_gone_for_good_is_one_sentence(desk, left):
    process.stop(left / "simulator")
    (left / "simulator" / "endpoint.json").unlink()
    done = desk.run("run", "--resume", str(left), "--auto")
    assert done.returncode == 3
    assert sentences(done) <= 3


def test_a_drill_never_becomes_live(desk, left):
    done = desk.run("run", "--resume", str(left), "--live")
    assert done.returncode == 4
    assert "drill" in done.stderr


def test_a_changed_runbook_says_what_changed_and_asks(desk, left):
    own = desk.home / "config" / "runbooks"
    own.mkdir(parents=True)
    from amlrunbook.planning.load import find_runbook

    text = find_runbook("assessment").read_text("utf-8")
    changed = text.replace('title = "Key vaults"', 'title = "Vaults of keys"')
    (own / "assessment.toml").write_text(changed, "utf-8")
    before = (left / "journal.jsonl").read_bytes()
    done = desk.run("run", "--resume", str(left), "--auto")
    assert done.returncode == 4
    assert "step 'key-vault': title changed" in done.stderr
    assert (left / "journal.jsonl").read_bytes() == before
    done = desk.run("run", "--resume", str(left), "--auto", "--accept-changed")
    assert done.returncode == 1
    assert "The runbook changed since the run was opened" in done.stdout
    assert "Vaults of keys" not in done.stdout


def test_a_journal_whose_plan_is_withheld_cannot_be_resumed(desk, left):
    import json

    opening = next(
        json.loads(line)["e"]["body"]
        for line in (left / "journal.jsonl").read_text("utf-8").splitlines()
        if '"run.opened"' in line
    )
    digest = opening["plan_digest"]
    (left / "evidence" / digest[:2] / digest).unlink()
    done = desk.run("run", "--resume", str(left), "--auto")
    assert done.returncode == 6
    assert sentences(done) <= 3


def changed_assessment(desk):
    own = desk.home / "config" / "runbooks"
    own.mkdir(parents=True)
    from amlrunbook.planning.load import find_runbook

    text = find_runbook("assessment").read_text("utf-8")
    changed = text.replace('title = "Key vaults"', 'title = "Vaults of keys"')
    (own / "assessment.toml").write_text(changed, "utf-8")


def test_a_changed_runbook_is_adopted_where_that_is_said(desk, left):
    changed_assessment(desk)
    done = desk.run("run", "--resume", str(left), "--auto", "--adopt-changed")
    assert done.returncode == 1, done.stderr
    assert "step 'key-vault': title changed" in done.stderr
    assert "The run goes on by another plan." in done.stdout
    assert "Vaults of keys" in done.stdout
    again = desk.run("journal", "verify", str(left))
    assert "VALID-CLOSED" in again.stdout


def test_an_inventory_taken_anew_comes_with_its_plan(desk, left):
    done = desk.run("run", "--resume", str(left), "--auto", "--adopt-changed", "--look-anew")
    assert done.returncode == 1, done.stderr
    assert "the inventory is another" in done.stdout


def test_an_unchanged_runbook_has_nothing_to_adopt(desk, left):
    done = desk.run("run", "--resume", str(left), "--auto", "--adopt-changed")
    assert done.returncode == 1, done.stderr
    assert "nothing to adopt" in done.stderr
    assert "another plan" not in done.stdout


@pytest.mark.parametrize("words", [("--accept-changed", "--adopt-changed"), ("--look-anew",)])
def test_a_plan_is_kept_or_changed_not_both(desk, left, words):
    before = (left / "journal.jsonl").read_bytes()
    done = desk.run("run", "--resume", str(left), "--auto", *words)
    assert done.returncode == 2
    assert sentences(done) <= 3
    assert (left / "journal.jsonl").read_bytes() == before
