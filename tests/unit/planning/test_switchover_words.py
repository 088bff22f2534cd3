"""What a switchover goes over and asks for: lists as last known, choices, labels, placeholders, dialogs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from amlrunbook.errors import DocumentError
from amlrunbook.model.profile import Attached, Side
from amlrunbook.model.snapshot import Inventory, Snapshot, snapshot_of
from amlrunbook.operations.registry import build_registry
from amlrunbook.planning.lists import PREDICATES, RESOURCE_LISTS
from amlrunbook.planning.load import load_runbook
from amlrunbook.planning.plan import Plan
from amlrunbook.planning.resolve import labels_of, resolve
from tests.unit.planning.test_resolve import OTHER, SUB, WORKSPACE, profile

ML = "Microsoft.MachineLearningServices/workspaces"
DARK = {"unread": "refused: 503"}


def pair() -> Any:
    return msgspec.structs.replace(
        profile(),
        secondary=Side(workspace=OTHER, region="westus"),
        config_files=("/srv/a/config.json", "/srv/b/config.json"),
        attached=(
            Attached(id=f"{SUB}/Microsoft.Network/trafficManagerProfiles/tm"),
            Attached(id=f"{SUB}/Microsoft.Cdn/profiles/door"),
        ),
    )


def job(name: str, status: str) -> dict[str, Any]:
    place = f"{WORKSPACE}/jobs/{name}"
    return {"id": place, "type": f"{ML}/jobs", "properties": {"status": status}}


def test_lists_go_over_what_was_last_known() -> None:
    blue = f"{OTHER}/onlineEndpoints/score/deployments/blue"
    inventory = Inventory(
        (
            {"id": WORKSPACE, "type": ML, **DARK},
            {"id": f"{WORKSPACE}/jobs", "type": f"{ML}/jobs", **DARK},
            {"id": OTHER, "type": ML},
            {"id": f"{OTHER}/onlineEndpoints/score", "type": f"{ML}/onlineEndpoints"},
            {"id": blue, "type": f"{ML}/onlineEndpoints/deployments"},
        ),
        earlier=(
            {"id": WORKSPACE, "type": ML},
            job("runs", "Running"),
            job("waits", "Queued"),
            job("done", "Completed"),
            job("gone", "Canceled"),
        ),
        earlier_at="2026-11-22T10:00:00Z",
    )
    found = {
        name: tuple(x.rsplit("/", 1)[-1] for x in give(pair(), inventory))
        for name, give in RESOURCE_LISTS.items()
    }
    assert found["unfinished_jobs"] == ("runs", "waits")
    assert found["secondary_deployments"] == ("blue",)
    assert found["secondary_endpoints"] == ("score",)
    assert found["primary_deployments"] == ()
    assert found["traffic_managers"] == ("tm",)
    assert found["front_doors"] == ("door",)
    assert PREDICATES["unfinished_jobs.exist"](pair(), inventory, "") is True
    assert PREDICATES["secondary_deployments.exist"](pair(), inventory, "") is True


@pytest.mark.parametrize(
    ("documents", "answer"),
    [
        ((), None),
        (({"id": WORKSPACE, "type": ML},), False),
        (
            (
                {"id": WORKSPACE, "type": ML},
                {"id": f"{WORKSPACE}/jobs", "type": f"{ML}/jobs", **DARK},
            ),
            None,
        ),
    ],
)
def test_that_there_is_no_job_is_said_only_where_jobs_were_read(
    documents: Any, answer: Any
) -> None:
    assert PREDICATES["unfinished_jobs.exist"](pair(), Inventory(documents), "") is answer


def test_a_label_is_as_short_as_tells_apart() -> None:
    endpoint = f"{OTHER}/onlineEndpoints"
    same = (f"{WORKSPACE}/jobs/x", f"{OTHER}/jobs/x")
    assert list(labels_of((f"{endpoint}/s/deployments/blue",)).values()) == ["s/blue"]
    assert list(labels_of(same).values()) == ["aml-a/x", "aml-b/x"]
    assert list(labels_of(("/srv/a/c.json", "/srv/b/c.json")).values()) == ["a/c.json", "b/c.json"]
    assert list(labels_of(("/x/a/c.json", "/y/a/c.json")).values()) == [
        "/x/a/c.json",
        "/y/a/c.json",
    ]


def loaded(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "r.toml"
    head = 'id = "r"\nversion = "1"\ntitle = "R"\n[[phases]]\nid = "p"\ntitle = "P"\n'
    path.write_text(head + text, encoding="utf-8")
    return load_runbook(path)


def planned(tmp_path: Path, text: str, snapshot: Snapshot | None = None) -> Plan:
    known = snapshot or snapshot_of([])
    return resolve(loaded(tmp_path, text), pair(), known, build_registry(None))


STEP = '[[step]]\nid = "{id}"\nphase = "p"\nkind = "{kind}"\ntitle = "T"\nwhy = "W"\n'
CHOICES = '[[step.choices]]\nid = "go"\ntext = "Go"\n[[step.choices]]\nid = "stay"\ntext = "Stay"\n'


def step(name: str, kind: str, *lines: str) -> str:
    return STEP.format(id=name, kind=kind) + "".join(f"{line}\n" for line in lines)


def test_placeholders_are_the_resources_the_files_and_the_secondarys(tmp_path: Path) -> None:
    commands = 'commands = ["az x {path}", "az y {secondary} {secondary_group} {name}"]'
    text = step(
        "code", "action", 'do = "switchover.config-file"', 'for_each = "config_files"', commands
    )
    first = planned(tmp_path, text).step("code:a/config.json")
    assert first.resource == "/srv/a/config.json"
    assert first.commands == ("az x /srv/a/config.json", "az y aml-b rg-a aml-a")
    text = step(
        "look", "manual", 'commands = ["az x {path}", "az y {last} {parent}", "az z {last}"]'
    )
    assert planned(tmp_path, text).step("look").commands == ("az z aml-a",)


def test_a_condition_may_ask_what_was_chosen(tmp_path: Path) -> None:
    text = step("d", "decision") + CHOICES + step("m", "manual", 'when = "step:d.chose.go"')
    (asked,) = planned(tmp_path, text).step("m").when.all
    assert (asked.choice, asked.text) == ("go", "step d came to go")


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("step:d.chose.gone", "unknown choice of 'd' in when 'gone'"),
        ("step:d.chose", "should end in"),
        ("step:d.passed.go", "should end in"),
    ],
)
def test_a_choice_that_is_none_is_told_with_its_place(tmp_path: Path, when: str, says: str) -> None:
    text = step("d", "decision") + CHOICES + step("m", "manual", f'when = "{when}"')
    with pytest.raises(DocumentError, match="m") as caught:
        loaded(tmp_path, text)
    assert says in caught.value.what + (caught.value.next_step or "")


def test_a_dialog_that_is_none_is_refused(tmp_path: Path) -> None:
    assert loaded(tmp_path, step("m", "manual", 'do = "declare"'))
    with pytest.raises(DocumentError, match="dialog of a manual step 'declaer'"):
        loaded(tmp_path, step("m", "manual", 'do = "declaer"'))
