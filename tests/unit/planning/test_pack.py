"""The pack: a runbook on paper, and as a script that runs nothing by itself."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlrunbook.errors import DocumentError
from amlrunbook.model.display import shown
from amlrunbook.model.operation import Confirmation, Risk
from amlrunbook.model.profile import Contact, DataAccount, Probe
from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.planning.command import command_words, to_fill_in
from amlrunbook.planning.grammar import Choice, Phase, StepKind
from amlrunbook.planning.load import load_runbook, runbook_folder
from amlrunbook.planning.pack import Pack, pack_of
from amlrunbook.planning.pack_paper import pack_paper
from amlrunbook.planning.pack_script import pack_script
from amlrunbook.planning.plan import PLAN_FORMAT, Plan, PlannedStep
from tests.examples import examples
from tests.unit.planning.test_resolve import DATA, SUB, documents, profile, registry

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
HOSTILE = (
    "it's",
    "$(touch owned)",
    "`touch owned`",
    "a;touch owned",
    "a\nb",
    "\x1b[2J",
    "'\"'",
    "-rf",
    "\\",
    "{group}",
    "%s%n",
    "ünïcode \N{RIGHT-TO-LEFT OVERRIDE}x",
    "*",
    "#",
    "~",
    "!!",
    "|",
    "&& touch owned",
    "",
)


def step(name: str = "only", **changes: Any) -> PlannedStep:
    return msgspec.structs.replace(
        PlannedStep(
            id=name,
            base=name.split(":", maxsplit=1)[0],
            phase="one",
            kind=StepKind.CHECK,
            title="Look",
            why="Because.",
            do="assess.storage",
        ),
        **changes,
    )


def pack(*steps: PlannedStep, taken: str = "2026-11-22T08:00:00Z", **plan: Any) -> Pack:
    made = Plan(
        format=PLAN_FORMAT,
        runbook="r",
        runbook_version="1",
        runbook_digest="0" * 64,
        title="A runbook",
        explain="",
        profile=profile(),
        snapshot_digest="1" * 64,
        snapshot_taken=taken,
        phases=(Phase(id="one", title="One"),),
        steps=steps or (step(),),
    )
    return Pack(plan=msgspec.structs.replace(made, **plan), written_at=NOW, program="test", gaps={})


def assessment(snapshot: Snapshot | None, **who: Any) -> Pack:
    loaded = load_runbook(runbook_folder() / "assessment.toml")
    return pack_of(
        loaded, profile(**who), snapshot, registry(), written_at=NOW, program="amlrunbook 1"
    )


class Desk:
    """A folder with a fake ``az`` on PATH that writes down what it is called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True, exist_ok=True)
        self.log = folder / "calls"
        self.az('cat >/dev/null; case "$*" in *broken*) exit 7 ;; esac')

    def az(self, body: str) -> None:
        fake = self.bin / "az"
        record = 'for word do printf \'%s\\0\' "$word"; done >>"$CALLS"; printf \'\\1\' >>"$CALLS"'
        fake.write_text(f"#!/bin/sh\n{record}\n{body}\n", encoding="utf-8")
        fake.chmod(0o755)

    def run(
        self, script: str, answers: str, *, shell: str = "sh", path: str | None = None
    ) -> tuple[int, str]:
        self.log.unlink(missing_ok=True)
        file = self.folder / "pack.sh"
        file.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [str(shutil.which(shell)), str(file)],
            input=answers.encode(),
            capture_output=True,
            cwd=self.folder,
            env={
                "PATH": path if path is not None else f"{self.bin}{os.pathsep}/usr/bin:/bin",
                "CALLS": str(self.log),
                "LC_ALL": "C.UTF-8",
            },
            check=False,
            timeout=200,
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    @property
    def calls(self) -> list[list[str]]:
        """The argument lists, without the look for the extension."""
        if not self.log.exists():
            return []
        calls = [call.split("\0")[:-1] for call in self.log.read_text("utf-8").split("\x01")[:-1]]
        return [call for call in calls if call[:2] != ["extension", "show"]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


LOOK = step(commands=("az storage account show --name one",))


# -- paper ----------------------------------------------------------------------------------


def test_the_paper_names_profile_regions_plan_and_the_snapshots_age() -> None:
    snapshot = msgspec.structs.replace(
        snapshot_of(documents(soft_delete=False)), taken_at="2026-11-20T10:00:00Z"
    )
    made = assessment(snapshot)
    paper = pack_paper(made)
    assert "- Profile: a\n" in paper
    assert "eastus" in paper
    assert made.plan.digest in paper
    assert "Taken 2026-11-20T10:00:00Z, 2 d before this was written" in paper
    assert snapshot.digest in paper
    assert "Secondary: none" in paper


def blocks(paper: str) -> list[str]:
    """The code blocks of a paper, as a shell reads them: a line that ends in a backslash goes on."""
    return [
        found.replace(" \\\n ", "")
        for found in re.findall(r"^```+sh\n(.*?)\n```+$", paper, re.DOTALL | re.MULTILINE)
    ]


def test_each_step_has_why_undo_a_place_to_tick_and_its_commands() -> None:
    made = assessment(snapshot_of(documents(soft_delete=False), taken_at="2026-11-20T10:00:00Z"))
    paper = pack_paper(made)
    wanted = [command for planned in made.plan.steps for command in planned.lines]
    assert [block for block in blocks(paper) if block in wanted] == wanted
    for planned in made.plan.steps:
        assert shown(planned.title).replace("*", r"\*") in paper
    ticked = [one for one in made.plan.steps if one.kind is not StepKind.DECISION]
    assert paper.count("- [ ] done") == len(ticked)
    assert paper.count("- **WHY**") == len(made.plan.steps)
    assert "- **RISK** reversible" in paper
    assert "- **LOSES** Nothing that the undo does not bring back." in paper
    assert (
        "2. Leave it, end here: The findings stay as they are; nothing is changed. Then go to end (3.4)."
        in paper
    )


def test_contacts_probes_and_what_nobody_can_run_are_on_it() -> None:
    made = assessment(
        None,
        contacts=(Contact(name="Duty <manager>", reach="+1 555"),),
        probes=(Probe(name="score", url="https://score.example/health"),),
    )
    paper = pack_paper(made)
    assert r"Duty \<manager\>, +1 555" in paper
    assert "https://score.example/health answers 200" in paper
    assert "No command here does coverage" in paper


def test_without_a_snapshot_the_lists_that_need_one_are_named() -> None:
    made = assessment(None, data_accounts=())
    assert not made.has_snapshot
    for text in (pack_paper(made).replace("\\", ""), pack_script(made).replace("'\"'\"'", "'")):
        assert "The list 'storage_accounts' needs a snapshot." in text
        assert "--account-name {name}" in text
        assert "--account-name aml-a" not in text


def test_what_the_profile_knows_is_there_without_a_snapshot() -> None:
    made = assessment(None, data_accounts=(DataAccount(id=DATA),))
    assert "--account-name stdata" in pack_paper(made)
    assert made.gaps["blob-soft-delete:stdata"].reason.endswith("find the rest yourself.")


def test_what_the_snapshot_could_not_read_is_named() -> None:
    made = assessment(snapshot_of(documents(soft_delete=False), taken_at="2026-11-20T10:00:00Z"))
    assert [label for label in made.unread if label.endswith("blobServices/default")]
    assert "The snapshot could not read" in pack_paper(made)


def test_what_does_not_concern_the_pair_says_so_and_is_not_offered(desk: Desk) -> None:
    aside = msgspec.structs.replace(LOOK, not_applicable="There is no such thing.")
    assert "There is no such thing." in pack_paper(pack(aside))
    code, said = desk.run(pack_script(pack(aside)), "")
    assert (code, desk.calls) == (0, [])
    assert "There is no such thing." in said


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"risk": Risk.DATA_LOSS}, "**LOSES** Data."),
        ({"risk": Risk.DISRUPTIVE}, "**LOSES** No data"),
        ({"risk": Risk.REVERSIBLE}, "**UNDO** There is none that the runbook knows."),
        ({"confirmation": Confirmation.TWO_PERSONS}, "**ASKS** Two persons"),
        ({"on_fail": "stop"}, "**FAILS** Stop here where it fails."),
        ({"on_timeout": "fail"}, "**LATE** Take it as failed where it takes longer."),
        ({"on_fail": "other"}, "**FAILS** Go to other where it fails."),
        ({"variant": "graceful"}, "variant = graceful"),
        ({"budget_seconds": 4500}, "**TAKES** at most 75 min"),
        ({"kind": StepKind.MANUAL}, "nothing of it is automatic"),
        (
            {"kind": StepKind.WAIT, "every_seconds": 30, "until": "PT1H"},
            "every 30 s, for 60 min at most",
        ),
        (
            {"kind": StepKind.WAIT, "every_seconds": 30, "until": "2026-01-31T06:00:00Z"},
            "until 2026-01-31T06:00:00Z at most",
        ),
        ({"kind": StepKind.RUNBOOK, "do": "failback"}, "another runbook, failback"),
    ],
)
def test_what_a_step_is_and_asks_is_told(changes: dict[str, Any], says: str) -> None:
    planned = step(**{"kind": StepKind.ACTION, **changes})
    assert says in pack_paper(pack(planned))


def with_a_child(folder: Path, over: str) -> Pack:
    book = """
id = "{id}"
version = "1"
title = "{id}"
[[phases]]
id = "one"
title = "One"
[[step]]
id = "{step}"
phase = "one"
title = "{step}"
why = "Because."
"""
    outer = (
        book.format(id="outer", step="open")
        + f'kind = "runbook"\ndo = "inner"\nfor_each = "{over}"\n'
    )
    inner = book.format(id="inner", step="look") + (
        'kind = "manual"\ncommands = ["az storage account show --name {name}"]\n'
        '[[step]]\nid = "after"\nphase = "one"\ntitle = "After"\nwhy = "Because."\nkind = "manual"\n'
        'when = "step:look.passed"\n'
    )
    for name, text in (("outer", outer), ("inner", inner)):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return pack_of(
        load_runbook(folder / "outer.toml"),
        profile(data_accounts=(DataAccount(id=DATA),)),
        None,
        registry(),
        written_at=NOW,
        program="test",
        library=lambda name: load_runbook(folder / f"{name}.toml"),
    )


def test_the_steps_of_an_opened_runbook_are_there_with_the_resource(desk: Desk) -> None:
    made = with_a_child(desk.folder, "data_accounts")
    paper = pack_paper(made)
    assert "Opens another runbook, inner: its steps follow." in paper
    assert "az storage account show --name stdata\n" in paper
    assert "**ONLY IF** step look passed" in paper
    code, said = desk.run(pack_script(made), "r\nd\n")
    assert code == 0, said
    assert desk.calls == [["storage", "account", "show", "--name", "stdata"]]


def test_an_opened_runbook_of_nothing_names_no_other_resource(desk: Desk) -> None:
    made = with_a_child(desk.folder, "default_accounts")
    for text in (pack_paper(made), pack_script(made)):
        assert "needs a snapshot" in text
        assert "--name aml-a" not in text
        assert "az storage account show --name {name}" in text


# -- script ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shipped_runbook_is_a_valid_script_and_runs_through(desk: Desk, shell: str) -> None:
    made = assessment(snapshot_of(documents(soft_delete=False), taken_at="2026-11-20T10:00:00Z"))
    script = pack_script(made)
    (desk.folder / "n.sh").write_text(script, encoding="utf-8")
    subprocess.run([shell, "-n", str(desk.folder / "n.sh")], check=True, timeout=200)
    answers = []
    for planned in made.plan.steps:
        if planned.kind is StepKind.DECISION:
            answers.append("1")
        else:
            answers += ["r"] * len(planned.commands) or ["d"]
    code, said = desk.run(script, "\n".join(answers) + "\n", shell=shell)
    assert code == 0, said
    wanted = [shlex.split(c)[1:] for planned in made.plan.steps for c in planned.commands]
    assert desk.calls == wanted
    for planned in made.plan.steps:
        for command in planned.commands:
            assert f"  {command}\n" in said


def test_nothing_runs_that_was_not_asked_for(desk: Desk) -> None:
    for answers, code in (("", 130), ("s\n", 0), ("q\n", 130), ("yes\n\nR\ns\n", 0), ("r", 130)):
        ended, said = desk.run(pack_script(pack(LOOK)), answers)
        assert (ended, desk.calls) == (code, []), (answers, said)


def test_a_failed_command_can_be_tried_again_and_is_counted(desk: Desk) -> None:
    broken = step(commands=("az broken --name one",))
    code, said = desk.run(pack_script(pack(broken, LOOK)), "r\nr\ns\nr\n")
    assert code == 1
    assert desk.calls == [["broken", "--name", "one"]] * 2 + [shlex.split(LOOK.commands[0])[1:]]
    assert "exit code 7" in said
    assert "Run or done: 1. Failed: 1. Left out: 0." in said


def test_a_wait_looks_as_often_as_it_is_asked_to(desk: Desk) -> None:
    waiting = msgspec.structs.replace(LOOK, kind=StepKind.WAIT, until="it is there")
    code, _ = desk.run(pack_script(pack(waiting)), "r\nr\nr\ns\n")
    assert (code, len(desk.calls)) == (0, 3)


def test_a_name_must_be_typed_where_the_plan_wants_it(desk: Desk) -> None:
    account = f"{SUB}/Microsoft.Storage/storageAccounts/stdata/blobServices/default"
    careful = step(
        kind=StepKind.ACTION,
        resource=account,
        risk=Risk.DATA_LOSS,
        confirmation=Confirmation.TYPE_NAME,
        commands=("az storage account failover --name stdata",),
    )
    script = pack_script(pack(careful))
    assert desk.run(script, "r\nSTDATA\nr\n\nr\ny\ns\n")[0] == 0
    assert desk.calls == []
    assert desk.run(script, "r\nstdata\n")[0] == 0
    assert len(desk.calls) == 1


def test_a_look_within_an_action_asks_for_no_name(desk: Desk) -> None:
    careful = step(
        kind=StepKind.ACTION,
        risk=Risk.DATA_LOSS,
        confirmation=Confirmation.TYPE_NAME,
        commands=("az storage account show --name stdata",),
        by_hand=("az storage account failover --name stdata",),
    )
    code, said = desk.run(pack_script(pack(careful)), "r\nr\naml-a\n")
    assert code == 0, said
    assert [call[2] for call in desk.calls] == ["show", "failover"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", ["it's", "a b", "$(touch owned)", "`x`", "*", '"', "\\", "s3"])
def test_what_only_the_day_tells_is_asked_for_and_reaches_az_as_one_word(
    desk: Desk, shell: str, value: str
) -> None:
    open_ = step(commands=(shlex.join(["az", "x", "--name=<blob>", "it's <blob> of <container>"]),))
    code, said = desk.run(pack_script(pack(open_)), f"{value}\nbox\nr\n", shell=shell)
    assert code == 0, said
    assert desk.calls == [["x", f"--name={value}", f"it's {value} of box"]]
    assert "The next command needs <blob>" in said
    assert not (desk.folder / "owned").exists()


def test_a_command_is_left_out_where_a_value_is_not_given(desk: Desk) -> None:
    open_ = step(commands=("az x --name '<blob>'", "az y"))
    code, said = desk.run(pack_script(pack(open_)), "\n-rf\ns\nr\n")
    assert (code, desk.calls) == (0, [["y"]]), said
    assert "Left out: 1." in said
    assert desk.run(pack_script(pack(open_)), "q\n")[0] == 130
    assert desk.run(pack_script(pack(open_)), "")[0] == 130


def test_two_persons_are_asked_for_by_name(desk: Desk) -> None:
    grave = step(
        kind=StepKind.ACTION,
        confirmation=Confirmation.TWO_PERSONS,
        commands=("az storage account failover --name stdata",),
    )
    script = pack_script(pack(grave))
    code, said = desk.run(script, "r\naml-a\n\ns\n")
    assert (code, desk.calls) == (0, [])
    assert "It takes two persons" in said
    assert desk.run(script, "r\naml-a\nSomebody\n")[0] == 0
    assert len(desk.calls) == 1


def test_a_choice_leads_past_the_steps_between(desk: Desk) -> None:
    ask = step(
        "ask",
        kind=StepKind.DECISION,
        choices=(Choice(id="q", text="On"), Choice(id="s", text="Past", next="end")),
    )
    end = step("end", commands=("az end",))
    script = pack_script(pack(ask, LOOK, end))
    assert desk.run(script, "2\nr\n")[0] == 0
    assert desk.calls == [["end"]]
    assert desk.run(script, "3\n0\n\nx\n1\nr\nr\n")[0] == 0
    assert len(desk.calls) == 2
    assert desk.run(script, "s\ns\nr\n")[0] == 0
    assert desk.calls == [["end"]]


def test_without_az_it_says_so_and_runs_nothing(desk: Desk) -> None:
    code, said = desk.run(pack_script(pack(LOOK)), "r\n", path=str(desk.folder))
    assert code == 3
    assert "az is not on PATH" in said


def test_without_the_ml_extension_it_asks_before_going_on(desk: Desk) -> None:
    desk.az('cat >/dev/null; case "$1" in extension) exit 1 ;; esac')
    script = pack_script(pack(step(commands=("az ml workspace show --name one",))))
    code, said = desk.run(script, "\n")
    assert (code, desk.calls) == (130, [])
    assert "az extension add --name ml" in said
    assert desk.run(script, "c\nr\n")[0] == 0
    assert desk.calls == [["ml", "workspace", "show", "--name", "one"]]


def test_a_command_cannot_eat_the_answers(desk: Desk) -> None:
    two = step(commands=("az one", "az two"))
    assert desk.run(pack_script(pack(two)), "r\nr\n")[0] == 0
    assert desk.calls == [["one"], ["two"]]


def test_only_az_is_ever_started(desk: Desk) -> None:
    other = step(commands=("touch owned",))
    code, said = desk.run(pack_script(pack(other)), "d\n")
    assert code == 0
    assert "  touch owned\n" in said
    assert not (desk.folder / "owned").exists()


def test_a_step_without_commands_says_so(desk: Desk) -> None:
    made = pack(step(kind=StepKind.ACTION))
    assert "No az command is known for this step." in pack_paper(made)
    code, said = desk.run(pack_script(made), "x\ns\n")
    assert code == 0
    assert "No az command is known for this step." in said


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_text_everywhere_is_text(desk: Desk, shell: str) -> None:
    steps = []
    for number, text in enumerate(HOSTILE):
        steps.append(
            step(
                f"s{number}:{text}",
                title=text,
                why=text,
                explain=text,
                source=text,
                undo=text,
                kind=StepKind.ACTION,
                do=text,
                params={text: text},
                needs=(text,),
                on_fail=text or "ask",
                commands=(shlex.join(["az", text]),),
            )
        )
    made = pack(*steps, title=HOSTILE[4], explain=HOSTILE[5])
    made = Pack(plan=made.plan, written_at=NOW, program="p", gaps={}, unread=HOSTILE)
    script = pack_script(made)
    assert "\x1b" not in script + pack_paper(made)
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in script + pack_paper(made)
    safe = [text for text in HOSTILE if shown(text) == text]
    answers = "".join("r\n" if text in safe else "d\n" for text in HOSTILE)
    code, said = desk.run(script, answers, shell=shell)
    assert code == 0, said
    assert desk.calls == [[text] for text in safe]
    assert not (desk.folder / "owned").exists()


@settings(
    max_examples=examples(ci=15, campaign=500),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(
    words=st.lists(
        st.text(max_size=12).filter(lambda t: "\0" not in t and not to_fill_in(t)), max_size=30
    )
)
def test_any_words_reach_az_as_they_are_or_are_not_run(desk: Desk, words: list[str]) -> None:
    commands = tuple(shlex.join(["az", "x", word]) for word in words)
    planned = step(title="".join(words), why=" ".join(words), commands=commands)
    safe = [word for word in words if shown(word) == word]
    answers = "r\n" * len(safe) if safe else "d\n"
    code, said = desk.run(pack_script(pack(planned)), answers)
    assert code == 0, said
    assert desk.calls == [["x", word] for word in safe]


@given(st.text(max_size=40))
def test_any_text_is_one_commands_words_or_one_clear_refusal(text: str) -> None:
    try:
        words = command_words(text)
    except DocumentError as error:
        assert error.what
    else:
        assert command_words(shlex.join(words)) == words


@pytest.mark.parametrize(
    "text", ["az x | tee y", "az x; az y", "az x > f", "az 'x", "az x & ", "", "a\nb"]
)
def test_more_than_one_command_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        command_words(text)
