"""By hand: what the paper of a switchover says, for a pair whose primary is dark and for one that no snapshot knows."""

from __future__ import annotations

import json
import shlex
from typing import Any

import msgspec
import pytest

from amlrunbook.model.operation import OperationContext
from amlrunbook.model.profile import DataAccount, Probe, Profile, Side
from amlrunbook.model.snapshot import Snapshot, snapshot_of
from amlrunbook.operations.registry import build_registry
from amlrunbook.planning.command import command_words, only_looks, to_fill_in
from amlrunbook.planning.command_lines import by_hand_of, filled_commands
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.load import load_runbook, runbook_folder
from amlrunbook.planning.pack import Pack, pack_of
from amlrunbook.planning.pack_paper import pack_paper
from tests.unit.planning.test_pack import NOW, blocks
from tests.unit.planning.test_resolve import DATA, DEFAULT, SUB, WORKSPACE, profile

REGISTRY = build_registry(None)
ML = "Microsoft.MachineLearningServices/workspaces"
OTHER = f"{SUB}/{ML}/aml-b".replace("rg-a", "rg-b")
SUBSCRIPTION = SUB.split("/")[2]
THERE = f"--workspace-name aml-b --resource-group rg-b --subscription {SUBSCRIPTION}"
JOB = f"{WORKSPACE}/jobs/calm_river_42"
CLUSTER = f"{WORKSPACE}/computes/cpu"
EARLIER = "2026-11-22T06:00:00Z"
"""When the primary was read for the last time."""
DOCUMENTED = {
    "ml compute list": {"--type", "--max-results"},
    "ml compute list-usage": {"--location"},
    "ml datastore create": {"--file", "--name", "--set"},
    "ml datastore list": {"--all-results", "--max-results"},
    "ml datastore show": {"--name"},
    "ml job create": {"--file", "--name", "--save-as", "--set", "--skip-validation", "--stream"},
    "ml job list": {"--all-results", "--max-results", "--parent-job-name"},
    "ml job show": {"--name"},
    "ml online-deployment show": {"--endpoint-name", "--name"},
    "ml online-deployment update": {
        "--add", "--endpoint-name", "--file", "--name", "--no-wait", "--remove", "--set",
    },
    "ml online-endpoint invoke": {"--deployment-name", "--name", "--request-file"},
    "ml online-endpoint list": set(),
    "ml online-endpoint show": {"--name"},
    "ml online-endpoint update": {
        "--add", "--file", "--mirror-traffic", "--name", "--no-wait", "--remove", "--set", "--traffic",
    },
    "ml workspace show": {"--name"},
}  # fmt: skip
"""What https://learn.microsoft.com/cli/azure/ml says that each command takes, beside what all of them take."""
EVERYWHERE = {"--workspace-name", "--resource-group", "--subscription", "--query", "--output"}


def online(workspace: str, capacity: int, shares: dict[str, int]) -> list[dict[str, Any]]:
    endpoint = f"{workspace}/onlineEndpoints/score"
    return [
        {
            "id": endpoint,
            "type": f"{ML}/onlineEndpoints",
            "properties": {"traffic": shares, "provisioningState": "Succeeded"},
        },
        {
            "id": f"{endpoint}/deployments/blue",
            "type": f"{ML}/onlineEndpoints/deployments",
            "sku": {"name": "Default", "capacity": capacity},
            "properties": {"provisioningState": "Succeeded"},
        },
    ]


def job(**properties: Any) -> dict[str, Any]:
    said = {"jobType": "Command", "status": "Running", "command": "python train.py", **properties}
    return {"id": JOB, "type": f"{ML}/jobs", "properties": {"computeId": CLUSTER, **said}}


def primary(**properties: Any) -> list[dict[str, Any]]:
    workspace = {"id": WORKSPACE, "type": ML, "properties": {"storageAccount": DEFAULT}}
    account = {
        "id": DATA,
        "type": "Microsoft.Storage/storageAccounts",
        "sku": {"name": "Standard_RAGRS"},
    }
    return [workspace, *online(WORKSPACE, 4, {"blue": 100}), account, job(**properties)]


def in_the_dark(**properties: Any) -> Snapshot:
    """The secondary was read now, the primary by the snapshot before."""
    dark = [{"id": raw["id"], "type": raw["type"], "unread": "503"} for raw in primary()]
    now = snapshot_of(
        [*dark, {"id": OTHER, "type": ML}, *online(OTHER, 1, {"blue": 0})],
        taken_at="2026-11-22T09:00:00Z",
    )
    return msgspec.structs.replace(now, earlier=tuple(primary(**properties)), earlier_at=EARLIER)


def pair(**changes: Any) -> Profile:
    return profile(
        **{
            "secondary": Side(workspace=OTHER, region="westus"),
            "data_accounts": (DataAccount(id=DATA),),
            "config_files": ("/srv/it's/config.json", "~/nightly/config.json"),
            "probes": (Probe(name="score", url="https://score.example/health", timeout="PT5S"),),
            **changes,
        }
    )


def pack(name: str = "switchover", snapshot: Snapshot | None = None, **changes: Any) -> Pack:
    loaded = load_runbook(runbook_folder() / f"{name}.toml")
    return pack_of(
        loaded, pair(**changes), snapshot, REGISTRY, written_at=NOW, program="amlrunbook 1"
    )


def by_hand(step: str, snapshot: Snapshot | None = None, **changes: Any) -> tuple[str, ...]:
    return pack(snapshot=snapshot or in_the_dark(), **changes).plan.step(step).by_hand


# -- the four changes -----------------------------------------------------------------------


def test_a_deployment_gets_as_many_instances_as_the_dark_primary_had() -> None:
    blue = f"--name blue --endpoint-name score {THERE}"
    path = f"{OTHER}/onlineEndpoints/score/deployments/blue?api-version=2024-04-01"
    assert by_hand("scale:score/blue") == (
        f"az ml online-deployment update {blue} --set instance_count=4",
        f"""az rest --method patch --url '{path}' --body '{{"sku":{{"name":"Default","capacity":4}}}}'""",
        f"az ml online-deployment show {blue} --query '[instance_count,provisioning_state]'",
    )


def test_no_instance_is_taken_away_and_what_nobody_knows_is_to_be_filled_in() -> None:
    strong = in_the_dark()
    documents = [raw for raw in strong.documents if raw["id"].startswith(WORKSPACE)]
    more = msgspec.structs.replace(
        strong, documents=(*documents, {"id": OTHER, "type": ML}, *online(OTHER, 6, {}))
    )
    assert by_hand("scale:score/blue", more)[0].endswith("--set instance_count=6")
    alone = snapshot_of([{"id": OTHER, "type": ML}, *online(OTHER, 1, {})])
    line, rest, _ = by_hand("scale:score/blue", alone)
    assert line.endswith("--set 'instance_count=<instances>'")
    assert to_fill_in(line) == to_fill_in(rest) == ("instances",)


def test_an_endpoint_gets_the_shares_of_the_dark_primary_and_is_asked() -> None:
    assert by_hand("endpoint-traffic:score") == (
        f"az ml online-endpoint update --name score {THERE} --traffic blue=100",
        f"az ml online-endpoint show --name score {THERE} --query '[traffic,provisioning_state]'",
        f"az ml online-endpoint invoke --name score {THERE} --request-file '<request_json>'",
    )


def test_an_account_is_failed_over_as_the_variant_says_and_a_default_account_never() -> None:
    account = f"--name stdata --resource-group rg-a --subscription {SUBSCRIPTION}"
    lines = by_hand("fail-over:stdata")
    assert lines[0] == f"az storage account failover {account} --no-wait"
    assert lines[1].startswith(f"az storage account show {account} --expand geoReplicationStats")

    def said(variant: str, resource: str) -> tuple[str, ...]:
        context = OperationContext(
            profile=pair(),
            snapshot=in_the_dark(),
            step="s",
            resource=resource,
            variant=variant,
        )
        return by_hand_of(REGISTRY, "switchover.storage-failover", context)

    assert "--failover-type Planned " in said("graceful", DATA)[0]
    assert said("ungraceful", DEFAULT) == ()
    assert said("sideways", DATA) == ()


def test_a_job_is_submitted_as_it_was_known_or_from_a_file_by_one_name() -> None:
    rest, file, look = by_hand("resubmit:calm_river_42")
    words = shlex.split(rest)
    assert words[:4] == ["az", "rest", "--method", "put"]
    new = words[5].partition("?")[0].rpartition("/")[2]
    assert words[5].startswith(f"{OTHER}/jobs/calm_river_42-r")
    body = json.loads(words[7])
    assert body["properties"]["computeId"] == CLUSTER.replace(WORKSPACE, OTHER)
    assert file == f"az ml job create --file '<job_yml>' --name {new} {THERE}"
    assert look == f"az ml job show --query '[name,status]' --name {new} {THERE}"


@pytest.mark.parametrize(
    "properties",
    [
        {"command": None},
        {"environmentVariables": {"STORE": f"AccountName=a;AccountKey={'k' * 86}=="}},
        {"environmentVariables": {"DB_PASSWORD": "hunter2hunter2"}},
        {"command": "python " + "x" * 7000},
    ],
)
def test_a_job_whose_specification_cannot_stand_on_a_line_goes_by_its_file(
    properties: dict[str, Any],
) -> None:
    lines = by_hand("resubmit:calm_river_42", in_the_dark(**properties))
    assert [shlex.split(line)[1:4] for line in lines] == [
        ["ml", "job", "create"],
        ["ml", "job", "show"],
    ]


def test_a_config_file_is_kept_written_and_shown_whatever_its_path() -> None:
    keep, write, look = by_hand("config-file:it's/config.json")
    assert shlex.split(keep)[-2:] == [
        "/srv/it's/config.json",
        "/srv/it's/config.json.before-switchover",
    ]
    printf, form, text, arrow, file = shlex.split(write)
    assert (printf, form, arrow, file) == ("printf", "%s\\n", ">", "/srv/it's/config.json")
    assert json.loads(text) == {
        "subscription_id": SUBSCRIPTION,
        "resource_group": "rg-b",
        "workspace_name": "aml-b",
    }
    assert only_looks(look)
    assert not only_looks(keep)
    assert not only_looks(write)
    assert by_hand("config-file:nightly/config.json")[0].startswith("cp -p -- ~/nightly/config")


def test_each_probe_is_asked_with_its_own_patience() -> None:
    (line,) = by_hand("callers-now")
    words = shlex.split(line)
    assert words[0] == "curl"
    assert words[words.index("--max-time") + 1] == "5"
    assert words[-1] == "https://score.example/health"
    assert by_hand("probes-green") == (line,)


# -- the paper ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["switchover", "hardening", "assessment"])
def test_every_action_is_printed_with_what_does_it_and_then_what_looks_at_it(name: str) -> None:
    made = pack(name, in_the_dark())
    actions = [
        step
        for step in made.plan.steps
        if step.kind is StepKind.ACTION and (step.resource or step.base == "none")
    ]
    assert actions
    for step in actions:
        looks = [only_looks(line) for line in step.lines]
        assert False in looks, step.id
        assert looks[-1], step.id


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", ["switchover", "assessment"])
def test_the_commands_of_the_ml_extension_are_those_that_are_documented(
    name: str, known: bool
) -> None:
    made = pack(name, in_the_dark() if known else None)
    lines = [line for step in made.plan.steps for line in step.lines]
    lines += [line for gap in made.gaps.values() for line in gap.templates]
    asked = [command_words(line)[1:] for line in lines if line.startswith("az ml ")]
    assert asked
    for words in asked:
        command = " ".join(word for word in words[:3] if not word.startswith("-"))
        options = {word for word in words if word.startswith("--")}
        assert options <= DOCUMENTED[command] | EVERYWHERE, words


def test_without_a_snapshot_the_change_is_printed_too_to_be_filled_in() -> None:
    paper = pack_paper(pack())
    for line in (
        f"az ml online-deployment update --name '<name>' --endpoint-name '<endpoint>' {THERE} --set 'instance_count=<instances>'",
        f"az ml online-endpoint update --name '<name>' {THERE} --traffic '<deployment>=100'",
        f"az ml job create --file '<job_yml>' --name '<new_name>' {THERE}",
    ):
        assert line in blocks(paper)


def test_the_paper_is_narrow_and_tells_looks_from_changes_and_where_steps_stand() -> None:
    made = pack(snapshot=in_the_dark())
    paper = pack_paper(made)
    for line in ("Look first:", "Change:", "Look whether it happened:", "Look:"):
        assert f"\n{line}\n" in paper
    wide = [
        line
        for line in paper.splitlines()
        if line.startswith(("az ", "  --")) and len(line) > 120 and line.count(" --") > 2
    ]
    assert wide == []
    assert "**NEEDS** declare (2.1), data-replication:stdata (" in paper
    assert "Then go to look-back (7.2)." in paper
    assert [block for block in blocks(paper) if "calm_river_42-r" in block and "rest" in block] == [
        made.plan.step("resubmit:calm_river_42").by_hand[0]
    ]


def test_a_pair_without_a_secondary_has_no_command_about_one_and_no_gap_for_it() -> None:
    made = pack(secondary=None)
    assert "planes" not in made.gaps
    assert all("{secondary" not in line for step in made.plan.steps for line in step.lines)


# -- which commands look --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        ("az storage account show --name x", True),
        ("az ml compute list-usage --output table", True),
        ("az rest --url /x", True),
        ("az rest --method GET --url /x", True),
        ("az rest --url /x --method put", False),
        ("az ml online-endpoint invoke --name x", True),
        ("az vm run-command invoke --name x", False),
        ("az storage blob download --name x", True),
        ("az storage account failover --name show", False),
        ("az lock delete --name list", False),
        ("az show-and-delete x", False),
        ("curl --url https://x", True),
        ("cat x > y", False),
        ("cat 'x", False),
        ("", False),
        ("az", False),
        ("rm list", False),
    ],
)
def test_what_is_not_known_to_look_counts_as_a_change(command: str, looks: bool) -> None:
    assert only_looks(command) is looks


@pytest.mark.parametrize(
    ("cloud", "domain"),
    [
        ("public", "blob.core.windows.net"),
        ("us-government", "blob.core.usgovcloudapi.net"),
        ("china", "blob.core.chinacloudapi.cn"),
        ("custom", "blob.core.windows.net"),
    ],
)
def test_a_blob_address_is_that_of_the_profiles_cloud(cloud: str, domain: str) -> None:
    asked = profile(cloud=cloud)
    template = "az storage container list --blob-endpoint https://{name}-secondary.{blob_domain}"
    (line,) = filled_commands((template,), DATA, asked)
    assert line.rpartition(" ")[2] == f"https://stdata-secondary.{domain}"
