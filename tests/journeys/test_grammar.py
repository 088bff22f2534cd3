"""A drill of a runbook with everything in it, from the command line to the simulated Azure and back."""

from __future__ import annotations

from pathlib import Path

from amlrunbook.executor.ledger import recorded_of
from amlrunbook.journal import read_entries
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold

HERE = Path(__file__).parent

ANSWERS = """
otherwise = "auto"
[[answer]]
step = "mend-now"
do = "decide"
choice = "mend"
[[answer]]
step = "again/storage"
do = "skip"
reason = "It was looked at."
"""


def own_runbook(desk):
    """Put the runbook with everything in it in the place of the one that drills practise."""
    own = desk.home / "config" / "runbooks"
    own.mkdir(parents=True)
    text = (HERE / "grammar.toml").read_text("utf-8")
    (own / "assessment.toml").write_text(
        text.replace('id = "grammar"', 'id = "assessment"'), "utf-8"
    )
    (own / "grammar-within.toml").write_bytes((HERE / "grammar-within.toml").read_bytes())


def entries_of(folder):
    return [recorded_of(entry) for entry in read_entries(folder)]


def test_a_drill_goes_through_everything_and_the_next_one_knows_how_long_it_takes(desk):
    own_runbook(desk)
    done = desk.run("drill", "healthy-pair", "--answers", desk.answers(ANSWERS))
    assert done.returncode in {0, 1}, done.stderr
    [first] = [world.parent for world in desk.worlds]
    state = fold(entries_of(first))
    assert state.anomalies == ()
    assert state.closed is not None
    assert {state.step(f"mend:{name}").state.value for name in ("stfraude", "stfrauddata")} == {
        "verified"
    }
    assert state.step("again").state.value == "warned"
    assert state.step("again/storage").text == "It was looked at."
    assert state.step("end").attempts == 1
    opened = [x.event.runbook for x in entries_of(first) if isinstance(x.event, e.ChildOpened)]
    assert opened == ["grammar-within"]
    assert "opened: runbook grammar-within" in done.stdout
    assert "[again/storage] " in done.stdout or "again/storage: It was looked at." in done.stdout
    assert "p50" not in done.stdout

    again = desk.run("drill", "healthy-pair", "--auto", "--plain")
    assert "p50" in again.stdout, again.stderr


def test_a_runbook_whose_child_is_missing_is_one_sentence_with_its_place(desk):
    own_runbook(desk)
    (desk.home / "config" / "runbooks" / "grammar-within.toml").unlink()
    done = desk.run("drill", "healthy-pair", "--auto")
    assert done.returncode == 2
    assert "step 'again': There is no runbook 'grammar-within'." in done.stderr
    checked = desk.run(
        "runbook", "check", str(desk.home / "config" / "runbooks" / "assessment.toml")
    )
    assert checked.returncode == 2
    assert "grammar-within" in checked.stderr
