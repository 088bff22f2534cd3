"""Two persons in two processes with two keys: a yes that counts, and all that do not, each with its reason."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.journeys.desk import PATIENCE, ROOT, Desk


class Prompted:
    """The run's process: what is typed to it, and what it says up to a word."""

    def __init__(self, desk: Desk, folder) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.two_persons", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=desk.environment,
            cwd=ROOT,
        )

    def type(self, *lines: str) -> None:
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def until(self, word: str) -> str:
        for line in self.process.stdout:
            if word in line:
                return line
        raise AssertionError(f"{word!r} never came: {self.process.stderr.read()}")

    def refusal(self, word: str) -> str:
        for line in self.process.stderr:
            if word in line:
                return line
        raise AssertionError(f"{word!r} never came")

    def end(self) -> None:
        if self.process.stdin.closed:
            return
        if self.process.poll() is None:
            self.type("pause")
        self.process.communicate(timeout=PATIENCE)


def with_key(tmp_path, person: str) -> Desk:
    home = tmp_path / person
    home.mkdir()
    desk = Desk(home)
    made = desk.run("key", "new", "--principal", person, "--no-passphrase")
    assert made.returncode == 0, made.stderr
    return desk


def public(desk: Desk) -> list[str]:
    choice = json.loads((desk.home / "config" / "key.json").read_bytes())
    return ["ssh-ed25519", choice["public"]]


@pytest.fixture
def olga(tmp_path):
    """The operator: trusts Sam, and lists a second key of her own."""
    made = with_key(tmp_path, "olga")
    second = with_key(tmp_path, "olga-second")
    sam = with_key(tmp_path, "sam")
    for name, desk in (("olga", made), ("olga", second), ("sam", sam)):
        pinned = made.run("trust", "add", name, *public(desk), "--yes")
        assert pinned.returncode == 0, pinned.stderr
    made.second, made.sam = second, sam
    return made


@pytest.fixture
def run(olga, tmp_path):
    prompted = Prompted(olga, tmp_path / "run")
    prompted.type("")
    prompted.until("confirmed by: two-persons")
    prompted.type("ask")
    prompted.until("approval asked")
    prompted.token = prompted.until("amlask1.").strip()
    yield prompted
    prompted.end()


def approved(desk: Desk, token: str, *words: str) -> str:
    done = desk.run("approve", token, *words, typed="switch\n")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def kinds(prompted) -> list[tuple[str, dict]]:
    lines = (prompted.folder / "journal.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line)["e"] for line in lines]
    return [(entry["kind"], entry["body"]) for entry in entries]


def refused(prompted) -> list[str]:
    return [body["reason"] for kind, body in kinds(prompted) if kind == "approval.refused"]


def test_a_second_persons_key_in_a_second_process_is_accepted(olga, run, tmp_path):
    run.type(f"answer {approved(olga.sam, run.token, '--comment', 'Go.')}")
    run.until("approved: by sam. Go.")
    run.type("confirm stone")
    run.until("verified")
    run.end()
    verdict = olga.run("journal", "verify", str(run.folder))
    assert verdict.returncode == 10, verdict.stdout + verdict.stderr
    assert "approval.granted" in [kind for kind, _ in kinds(run)]


def test_the_askers_own_key_does_not_even_sign(olga, run):
    done = olga.run("approve", run.token, typed="switch\n")
    assert done.returncode == 4
    assert "the one who asks" in done.stderr
    assert done.stdout == ""


def test_the_askers_second_key_under_another_name_is_refused_and_journaled(olga, run):
    key = next((olga.second.home / "config").rglob("*.pub")).with_suffix("")
    answer = approved(olga.second, run.token, "--key", str(key), "--as", "sam")
    run.type(f"answer {answer}")
    run.until("answer not taken")
    assert "a key of the one who asks" in refused(run)[0]
    run.type("confirm stone")
    assert run.refusal("takes a second person's approval: 0 of 1")


def test_an_altered_answer_is_refused_and_journaled(olga, run):
    answer = approved(olga.sam, run.token)
    place = len(answer) // 2
    run.type(f"answer {answer[:place]}{'a' if answer[place] != 'a' else 'b'}{answer[place + 1 :]}")
    run.until("answer not taken")
    assert len(refused(run)) == 1
    assert "action.confirmed" not in [kind for kind, _ in kinds(run)]


def test_an_answer_that_comes_too_late_is_refused_and_journaled(olga, run):
    answer = approved(olga.sam, run.token)
    (run.folder / "minutes").write_text("16")
    run.type(f"answer {answer}")
    run.until("approval expired")
    assert "approval.expired" in [kind for kind, _ in kinds(run)]
    run.type("confirm stone")
    assert run.refusal("takes a second person's approval: 0 of 1")


def handed_over(run):
    run.type("handover sam Mind the cat.")
    run.until("HANDED OVER. sam goes on with:")
    run.end()


def test_a_run_that_is_handed_over_is_nobody_elses(olga, run):
    handed_over(run)
    kind, body = kinds(run)[-1]
    assert (kind, body["principal"]) == ("handover", "sam")
    assert body["text"].endswith("In their own words: Mind the cat.")
    before = len(kinds(run))
    for words in ((), ("--accept-handover",)):
        done = olga.run("run", "--resume", str(run.folder), "--plain", *words, typed="switch\n")
        assert done.returncode == 4, done.stderr
        assert "sam" in done.stderr
    assert len(kinds(run)) == before


def test_the_receiver_reads_a_key_fact_back_and_countersigns(olga, run):
    handed_over(run)
    take = ("run", "--resume", str(run.folder), "--accept-handover", "--plain")
    wrong = olga.sam.run(*take, typed="stone\nno idea\n")
    assert wrong.returncode == 4
    assert "not read back" in wrong.stderr
    pinned = olga.sam.run("trust", "add", "olga", *public(olga), "--yes")
    assert pinned.returncode == 0
    taken = olga.sam.run(*take, typed="switch\npause\n")
    assert "The run is yours now, sam: countersigned as VALID-OPEN" in taken.stderr, taken.stderr
    assert "operator sam" in taken.stdout
    assert "Mind the cat." in taken.stderr
    session = next(b for k, b in reversed(kinds(run)) if k == "session.open")
    assert session["cert"]["accepts"]["remarks"].endswith("Read back: switch")
    assert "handover.accepted" in {kind for kind, _ in kinds(run)}
    verdict = olga.run("journal", "verify", str(run.folder))
    assert verdict.returncode == 10, verdict.stdout
