"""Snapshots: what is absent is absent, what is unread says why."""

from __future__ import annotations

from amlrunbook.errors import ExitCode, worst_exit
from amlrunbook.model.finding import Finding, Verdict, exit_code, worst
from amlrunbook.model.snapshot import Inventory, snapshot_of

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
WORKSPACE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
)
COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes"


def test_documents_are_found_whatever_the_case_of_ids_and_keys() -> None:
    inventory = Inventory(
        (
            {
                "Id": ACCOUNT.upper(),
                "TYPE": "microsoft.storage/STORAGEACCOUNTS",
                "Properties": {"X": {"y": 1}},
            },
        )
    )
    document = inventory.by_id(ACCOUNT + "/")
    assert document is not None
    assert document.field("properties.x.Y") == 1
    assert document.field("properties.x.z") is None
    assert document.field("properties.x.y.z") is None
    assert inventory.of_type("Microsoft.Storage/storageAccounts") == (document,)


def test_an_unread_collection_is_no_child_and_an_unread_child_is() -> None:
    inventory = Inventory(
        (
            {"id": WORKSPACE, "type": "Microsoft.MachineLearningServices/workspaces"},
            {"id": f"{WORKSPACE}/computes", "type": COMPUTES, "unread": "timed out"},
            {"id": f"{WORKSPACE}/computes/c", "type": COMPUTES, "unread": "403"},
        )
    )
    workspace = inventory.by_id(WORKSPACE)
    assert workspace is not None
    assert [child.name for child in inventory.children(workspace, COMPUTES)] == ["c"]
    assert inventory.unread_collection(workspace, "computes") == "timed out"
    assert inventory.unread_collection(workspace, "datastores") is None
    assert len(inventory.unread) == 2


def test_the_digest_knows_content_not_key_order() -> None:
    one = snapshot_of([{"id": "x", "name": "y"}])
    two = snapshot_of([{"name": "y", "id": "x"}])
    assert one.digest == two.digest
    assert snapshot_of([{"id": "x"}]).digest != one.digest


def finding(verdict: Verdict) -> Finding:
    return Finding(
        check="c",
        resource="r",
        verdict=verdict,
        title="t",
        observed="o",
        expected="e",
        why="w",
        source="s",
    )


def test_unknown_is_never_fine_and_failing_wins() -> None:
    assert exit_code(()) is ExitCode.FINE
    assert exit_code((finding(Verdict.UNKNOWN),)) is ExitCode.INCOMPLETE
    assert exit_code((finding(Verdict.UNKNOWN), finding(Verdict.FAIL))) is ExitCode.FAILED
    assert exit_code((finding(Verdict.WARN),)) is ExitCode.FINE
    assert exit_code((finding(Verdict.WARN),), fail_on=Verdict.WARN) is ExitCode.FAILED
    assert worst((Verdict.PASS, Verdict.UNKNOWN, Verdict.WARN)) is Verdict.UNKNOWN
    assert worst(()) is Verdict.NOT_APPLICABLE


def test_the_order_of_exit_codes_is_the_contract() -> None:
    order = [130, 5, 4, 3, 1, 6]
    for place, code in enumerate(order):
        assert worst_exit(*(ExitCode(other) for other in order[place:])) == code


def darkened(
    documents: tuple[dict[str, object], ...], earlier: tuple[dict[str, object], ...]
) -> Inventory:
    return Inventory(documents, earlier=earlier, earlier_at="2026-11-22T10:00:00Z")


def test_what_cannot_be_read_now_is_known_as_it_was() -> None:
    inventory = darkened(
        (
            {
                "id": WORKSPACE,
                "type": "Microsoft.MachineLearningServices/workspaces",
                "unread": "dark",
            },
            {"id": f"{WORKSPACE}/computes", "type": COMPUTES, "unread": "dark"},
            {"id": ACCOUNT, "type": "Microsoft.Storage/storageAccounts"},
        ),
        (
            {
                "id": WORKSPACE,
                "type": "Microsoft.MachineLearningServices/workspaces",
                "location": "eastus",
            },
            {"id": f"{WORKSPACE}/computes/c", "type": COMPUTES, "asOf": "2026-11-21T10:00:00Z"},
        ),
    )
    known = inventory.last_known()
    workspace = known.by_id(WORKSPACE)
    assert workspace is not None
    assert (workspace.location, workspace.as_of) == ("eastus", "2026-11-22T10:00:00Z")
    assert [child.as_of for child in known.children(workspace, COMPUTES)] == [
        "2026-11-21T10:00:00Z"
    ]
    assert known.unread == ()
    account = known.by_id(ACCOUNT)
    assert account is not None
    assert account.as_of == ""
    assert len(inventory.unread) == 2


def test_what_nobody_ever_read_stays_unread() -> None:
    computes = {"id": f"{WORKSPACE}/computes", "type": COMPUTES, "unread": "dark"}
    known = darkened((computes,), ({**computes, "unread": "403"},)).last_known()
    assert [document.unread for document in known.unread] == ["dark"]
    assert darkened((computes,), ()).last_known().unread
