"""Drills as a person or a script starts them: whole processes, their words and their exit codes."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from amlrunbook.simulator import process
from tests.journeys.desk import PATIENCE

ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def journal_of(done) -> str:
    last = done.stdout.rstrip().splitlines()[-1]
    assert last.startswith("Journal: "), done.stdout + done.stderr
    return last.removeprefix("Journal: ")


def entries(desk, journal):
    lines = Path(journal).read_text("utf-8").splitlines()
    return [json.loads(line)["e"] for line in lines]


def test_a_lonely_workspace_fails_with_reasons_and_leaves_a_valid_journal(desk):
    done = desk.run("drill", "lonely-workspace", "--auto", "--plain")
    assert done.returncode == 1, done.stderr
    assert "[DRILL] lonely-workspace" in done.stdout
    assert "FAIL storage.zone-or-geo-redundant" in done.stdout
    for label in ("OBSERVED", "EXPECTED", "WHY", "REMEDY", "SOURCE", "UNDO", "LOSES", "AZ"):
        assert f"    {label:<8} " in done.stdout
    assert "verified: stlonely" in done.stdout
    assert not ESCAPES.search(done.stdout)
    checked = desk.run("journal", "verify", journal_of(done))
    assert checked.returncode == 0
    assert "DRILL VALID-CLOSED" in checked.stdout
    assert not any(process.is_alive(process.read_endpoint(world)) for world in desk.worlds)


def test_a_healthy_pair_is_fine(desk):
    done = desk.run("drill", "healthy-pair", "--auto", "--plain")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "DRILL VALID-CLOSED" in desk.run("journal", "verify", journal_of(done)).stdout


def test_answers_script_an_operator_and_what_is_left_open_pauses(desk):
    answers = desk.answers(
        'otherwise = "auto"\n'
        "[[answer]]\nstep = 'mend-now'\ndo = 'note'\ntext = 'Asked the owner: leave it.'\n"
        "[[answer]]\nstep = 'mend-now'\ndo = 'pause'\nreason = 'Lunch.'\n"
        "[[answer]]\nstep = 'mend-now'\ndo = 'decide'\nchoice = 'leave'\nreason = 'Not ours.'\n"
    )
    done = desk.run("drill", "lonely-workspace", "--answers", answers)
    journal = journal_of(done)
    assert [e["kind"] for e in entries(desk, journal)][-2:] == ["note", "run.paused"]
    assert f"amlrunbook run --resume {journal}" in done.stdout

    answers = desk.answers("[[answer]]\nstep = 'mend-now'\ndo = 'decide'\nchoice = 'leave'\n")
    done = desk.run("run", "--resume", journal, "--answers", answers)
    assert done.returncode == 2, done.stderr
    assert "There is no answer for step 'end'" in done.stderr

    done = desk.run("run", "--resume", journal, "--auto")
    assert done.returncode == 1
    assert "PUT" not in "".join(
        json.dumps(e) for e in entries(desk, journal) if e["kind"] == "action.sent"
    )
    kinds = [e["kind"] for e in entries(desk, journal)]
    assert kinds.count("run.resumed") == 2
    assert kinds[-1] == "journal.close"
    assert "DRILL VALID-CLOSED" in desk.run("journal", "verify", journal).stdout
    again = desk.run("run", "--resume", journal, "--auto")
    assert again.returncode == 4
    assert "closed" in again.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[answer]]\nstep = 'storage'\ndo = 'runn'\n", ["answer[0]", "runn"]),
        ("[[answer]]\nstep = 'storage'\ndo = 'skip'\n", ["answer[0]", "reason"]),
        ("[[answer]]\nstep = 'storage'\ndo = 'run'\nraeson = 'x'\n", ["raeson", "reason"]),
        ("[[answer]]\nstep = 'storag'\ndo = 'run'\n", ["storag", "did you mean 'storage'"]),
        (
            "[[answer]]\nstep = 'mend-now'\ndo = 'decide'\nchoice = 'mendd'\n",
            ["mendd", "did you mean 'mend'"],
        ),
        ("answer = 7", ["answer"]),
        ("[[answer", ["not TOML"]),
    ],
)
def test_wrong_answers_are_told_with_file_and_place(desk, text, words):
    done = desk.run("drill", "--answers", desk.answers(text))
    assert done.returncode == 2
    assert "answers.toml" in done.stderr
    for word in words:
        assert word in done.stderr


def test_an_unknown_scenario_is_one_sentence(desk):
    done = desk.run("drill", "lonely-workspce", "--auto")
    assert done.returncode == 2
    assert "Did you mean 'lonely-workspace'?" in done.stderr
    assert done.stdout == ""


def test_scripted_operators_are_refused_with_live(desk):
    for words in (["--auto"], ["--answers", desk.answers("")]):
        done = desk.run("run", "assessment", "-w", "mine", "--live", *words)
        assert done.returncode == 4
        assert "person" in done.stderr


def test_a_person_without_a_screen_is_asked_and_enter_changes_nothing(desk):
    typed = "\n" * 11 + "mend\n" + "\n" + "\n" + "\n" + "\n"
    done = desk.run("drill", "lonely-workspace", "--plain", typed=typed)
    assert done.returncode == 1, done.stderr
    kinds = [e["kind"] for e in entries(desk, journal_of(done))]
    assert "action.proposed" in kinds
    assert "action.sent" not in kinds
    assert kinds[-1] == "journal.close"


def test_an_input_that_ends_leaves_the_run_open_and_says_how_to_go_on(desk):
    done = desk.run("drill", "lonely-workspace", "--plain", typed="\n")
    assert done.returncode == 130
    journal = journal_of(done)
    checked = desk.run("journal", "verify", journal)
    assert checked.returncode == 10
    done = desk.run("run", "--resume", journal, "--auto")
    assert done.returncode == 1
    assert "DRILL VALID-CLOSED" in desk.run("journal", "verify", journal).stdout


def test_a_lost_simulator_is_started_again_from_its_world(desk):
    done = desk.run("drill", "lonely-workspace", "--plain", typed="\n")
    journal = journal_of(done)
    process.stop(desk.worlds[0])
    done = desk.run("run", "--resume", journal, "--auto")
    assert done.returncode == 1, done.stderr
    assert "verified: stlonely" in done.stdout


def test_a_second_process_is_refused_and_a_killed_first_one_is_resumed(desk):
    first = desk.start("drill", "lonely-workspace", "--plain")
    for line in first.stdout:
        if line.startswith("[1/"):
            break
    folder = str(desk.worlds[0].parent)
    done = desk.run("run", "--resume", folder, "--auto")
    assert done.returncode == 4, done.stdout
    assert len(done.stderr.strip().splitlines()) <= 3
    first.kill()
    first.wait(PATIENCE)
    for stream in (first.stdin, first.stdout, first.stderr):
        stream.close()
    done = desk.run("run", "--resume", folder, "--auto")
    assert done.returncode == 1
    assert "DRILL VALID-CLOSED" in desk.run("journal", "verify", folder).stdout


def test_an_interrupt_pauses_the_run(desk):
    first = desk.start("drill", "lonely-workspace", "--plain")
    for line in first.stdout:
        if line.startswith("[1/"):
            break
    first.send_signal(signal.SIGINT)
    out, _ = first.communicate(timeout=PATIENCE)
    assert first.returncode == 130
    assert "Journal: " in out
    journal = out.rstrip().splitlines()[-1].removeprefix("Journal: ")
    assert entries(desk, journal)[-1]["kind"] == "run.paused"


def test_a_run_killed_before_its_journals_last_entry_is_closed_by_resuming(desk):
    journal = Path(journal_of(desk.run("drill", "healthy-pair", "--auto", "--plain")))
    lines = journal.read_bytes().splitlines(keepends=True)
    assert b'"kind":"journal.close"' in lines[-1]
    journal.write_bytes(b"".join(lines[:-1]))
    assert "DRILL VALID-OPEN" in desk.run("journal", "verify", str(journal)).stdout
    resumed = desk.run("run", "--resume", str(journal), "--plain")
    assert resumed.returncode == 0, resumed.stderr
    assert "its journal is closed now" in resumed.stderr
    assert "DRILL VALID-CLOSED" in desk.run("journal", "verify", str(journal)).stdout
    again = desk.run("run", "--resume", str(journal), "--plain")
    assert again.returncode == 4
    assert "The run is closed" in again.stderr


def test_a_drill_is_heard_of_and_scored_and_then_done_again_with_ones_own_names(desk):
    answers = desk.answers('otherwise = "auto"\n[[answer]]\nstep = "coverage"\ndo = "hint"\n')
    words = ("--runbook", "assessment", "--answers", answers)
    first = desk.run("drill", "false-alarm", *words)
    journal = journal_of(first)
    assert "[PAGE, severity 1] fraud-score in East US" in first.stdout
    assert "hint: Ask for proof" in first.stdout
    assert "not reached: The endpoint in East US" in first.stdout
    assert "This is the first drill of this scenario here." in first.stdout
    *before, scored, closed, _ = entries(desk, journal)
    (opened,) = [entry for entry in before if entry["kind"] == "run.opened"]
    assert opened["body"]["alarm"].startswith("[PAGE, severity 1]")
    assert (scored["kind"], closed["kind"]) == ("drill.score", "run.closed")
    listed = desk.run("drill", "--list").stdout
    assert re.search(r"false-alarm.*\n.*runbook switchover; best \d+ of 100", listed)

    before = kept_as_own(desk, Path(journal).parent / "last-snapshot.json")
    twin = desk.run("drill", "region-dark", "--twin", "own-pair", *words)
    assert "aml-acme-e" in twin.stdout, twin.stderr
    assert "scenario region-dark@own-pair" in twin.stdout
    assert "acme-score: callers get no answer" in twin.stdout
    assert "SCORE" in twin.stdout
    assert "real.example" not in twin.stdout + twin.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert len(list((desk.home / "state" / "snapshots" / "own-pair").iterdir())) == 1


def kept_as_own(desk, snapshot: Path) -> dict[Path, bytes]:
    """Keep a drill's snapshot, in other names, as a user's own, with a profile; return both files."""
    stored = desk.home / "state" / "snapshots" / "own-pair" / "20260101T000000Z.json"
    profile = desk.home / "config" / "profiles" / "own-pair.toml"
    for path in (stored, profile):
        path.parent.mkdir(parents=True, exist_ok=True)
    text = snapshot.read_text("utf-8").replace("fraud", "acme")
    stored.write_text(text.replace('"profile": "false-alarm"', '"profile": "own-pair"'), "utf-8")
    subscription = "5a1c7f3e-0b64-4c58-9d27-3e8f60a4b901"
    group = f"/subscriptions/{subscription}/resourceGroups/rg-acme"
    kind = "providers/Microsoft.MachineLearningServices/workspaces/aml-acme"
    profile.write_text(
        f'format = 1\nname = "own-pair"\nsubscription = "{subscription}"\n'
        f'[primary]\nworkspace = "{group}-e/{kind}-e"\nregion = "eastus"\n'
        f'[secondary]\nworkspace = "{group}-w/{kind}-w"\nregion = "westus"\n'
        '[[probes]]\nname = "real"\nurl = "https://real.example/health"\n',
        "utf-8",
    )
    return {path: path.read_bytes() for path in (stored, profile)}
