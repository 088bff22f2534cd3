"""Each setting that is mended in place: previewed, sent once, verified, refused where it must be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amlrunbook.azure.arm_path import type_of
from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.errors import NotFoundError, ReadOnlyError, RefusedError, UsageError
from amlrunbook.model.api_versions import api_version
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import (
    Confirmation,
    Intent,
    OperationContext,
    Outcome,
    Risk,
)
from amlrunbook.model.profile import Attached, DataAccount, Profile, Side
from amlrunbook.operations.hardening.setting import Setting, SettingAction
from amlrunbook.operations.hardening.settings import SETTINGS
from amlrunbook.operations.registry import build_registry
from amlrunbook.planning.load import find_runbook, load_runbook
from amlrunbook.planning.resolve import resolve
from amlrunbook.store.paths import runbooks_folder
from tests.simulator.azure_here import AzureHere, azure_running
from tests.simulator.blob_world import advance
from tests.simulator.test_soft_delete_action import Heard, changes
from tests.simulator_fixtures import Wire

BY_ID = {setting.id: setting for setting in SETTINGS}
REQUEST_ID = "0f0f0f0f-1111-4222-8333-444455556666"
MINUTE = 60.0
TWO_REGIONS = {
    "databaseAccountOfferType": "Standard",
    "locations": [
        {"locationName": name, "failoverPriority": rank}
        for rank, name in enumerate(("East US", "West US"))
    ],
}
"""A Cosmos DB account that does not fail over by itself."""


class Weak:
    """A lonely workspace with a data account in one region, and a profile that names a secondary."""

    def __init__(self, here: AzureHere) -> None:
        self.here = here
        self.group = here.profile.primary.workspace.split("/providers/")[0]
        account = self.id("Microsoft.Storage/storageAccounts", "stdataweak")
        self.make(account, kind="StorageV2", sku={"name": "Standard_LRS"}, properties={})
        logs = self.id("Microsoft.OperationalInsights/workspaces", "log-weak")
        self.make(logs, properties={"sku": {"name": "PerGB2018"}, "retentionInDays": 30})
        cosmos = self.id("Microsoft.DocumentDB/databaseAccounts", "cosmos-weak")
        self.make(cosmos, properties=TWO_REGIONS)
        traffic = self.id("Microsoft.Network/trafficManagerProfiles", "tm-weak")
        self.make(traffic, properties={"dnsConfig": {"relativeName": "tm-weak", "ttl": 300}})
        self.profile: Profile = msgspec.structs.replace(
            here.profile,
            data_accounts=(DataAccount(id=account),),
            attached=(Attached(id=logs), Attached(id=cosmos), Attached(id=traffic)),
            secondary=Side(workspace=here.profile.primary.workspace + "-second", region="westus"),
        )
        self.snapshot = take_snapshot(here.gateway(), self.profile).snapshot

    def make(self, resource: str, **document: Any) -> None:
        """Have a resource in the primary's region."""
        self.send("PUT", resource, {"location": "eastus", **document})

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Change something as somebody else would, to its end."""
        version = api_version(type_of(path))
        with Wire(self.here.endpoint) as wire:
            answer = wire.ask(method, path, version, body=body)
            assert answer.ok, answer.text
            advance(self.here.endpoint, MINUTE)
            assert wire.ask("GET", path, version).ok

    def id(self, type_: str, name: str) -> str:
        return f"{self.group}/providers/{type_}/{name}"

    def resource(self, setting: Setting) -> str:
        if setting.id in {"hardening.geo-redundancy", "hardening.point-in-time-restore"}:
            return self.profile.data_accounts[0].id
        if setting.id == "hardening.registry-replication":
            return self.id("Microsoft.ContainerRegistry/registries", "crpremium")
        kinds = {
            "microsoft.storage/storageaccounts": ("Microsoft.Storage/storageAccounts", "stlonely"),
            "microsoft.keyvault/vaults": ("Microsoft.KeyVault/vaults", "kv-lonely"),
            "microsoft.containerregistry/registries": (
                "Microsoft.ContainerRegistry/registries",
                "crlonely",
            ),
            "microsoft.operationalinsights/workspaces": (
                "Microsoft.OperationalInsights/workspaces",
                "log-weak",
            ),
            "microsoft.documentdb/databaseaccounts": (
                "Microsoft.DocumentDB/databaseAccounts",
                "cosmos-weak",
            ),
            "microsoft.network/trafficmanagerprofiles": (
                "Microsoft.Network/trafficManagerProfiles",
                "tm-weak",
            ),
            "": ("Microsoft.Storage/storageAccounts", "stlonely"),
        }
        return self.id(*kinds[setting.type])

    def asked(self, setting: Setting, resource: str = "", **params: str) -> OperationContext:
        return OperationContext(
            profile=self.profile,
            snapshot=self.snapshot,
            step="s",
            resource=resource or self.resource(setting),
            params=params,
        )

    def action(self, setting: Setting, mode: Mode = Mode.DRILL) -> SettingAction:
        return SettingAction(self.here.gateway(mode), setting, look_again=0.05)

    def weaken(self, setting: Setting) -> None:
        """Bring about what the setting mends, where the world does not have it so."""
        quiet = Heard()
        send = self.here.gateway(Mode.DRILL).change
        words: dict[str, Any] = {
            "request_id": "w",
            "on_sent": quiet.sent,
            "on_accepted": quiet.accepted,
        }
        if setting.id == "hardening.no-permanent-delete":
            policy = {"enabled": True, "days": 7, "allowPermanentDelete": True}
            path = f"{self.resource(setting)}/blobServices/default"
            send("PUT", path, {"properties": {"deleteRetentionPolicy": policy}}, **words)
        if setting.id == "hardening.registry-replication":
            body = {"location": "eastus", "sku": {"name": "Premium"}, "properties": {}}
            send("PUT", self.resource(setting), body, **words)


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weak]:
    with azure_running(tmp_path_factory.mktemp("weak"), "lonely-workspace") as here:
        yield Weak(here)


@pytest.fixture(autouse=True)
def well(weak: Weak) -> Iterator[None]:
    yield
    weak.here.clear()


def intent(setting: Setting) -> Intent:
    return Intent(step="s", operation=setting.id, request_id=REQUEST_ID)


MENDABLE = [setting for setting in SETTINGS if setting.id != "hardening.vault-soft-delete"]
"""No vault is without soft delete any more; what is said of one that is on is tested below."""


@pytest.mark.parametrize("setting", MENDABLE, ids=lambda setting: setting.id)
def test_each_is_refused_read_only_then_sent_once_and_verified(
    weak: Weak, setting: Setting
) -> None:
    weak.weaken(setting)
    asked, before = weak.asked(setting), weak.here.last
    careful = weak.action(setting, Mode.READ_ONLY)
    shown = careful.preview(asked)
    assert not shown.needless
    assert shown.before != shown.after
    assert shown.commands[0].startswith("az ")
    assert not careful.verify(asked, shown).reached
    with pytest.raises(ReadOnlyError):
        careful.apply(asked, shown, intent(setting), Heard())
    assert changes(weak.here, before) == []

    made, heard, before = weak.action(setting), Heard(), weak.here.last
    result = made.apply(asked, shown, intent(setting), heard)
    assert result.outcome is Outcome.SUCCEEDED, result.text
    assert changes(weak.here, before) == [setting.method]
    assert heard.words[0] == ("sent", setting.method, shown.requests[0].path)
    assert made.verify(asked, shown).reached
    assert made.observe(asked, shown, intent(setting), "").reached
    assert made.preview(asked).needless


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.id)
def test_lost_and_refused_answers_are_told_apart(weak: Weak, setting: Setting) -> None:
    """What is sent while Azure refuses or drops it is failed or in doubt, and never repeated."""
    asked, made = weak.asked(setting), weak.action(setting)
    shown = made.preview(asked)
    for fault, outcome in (
        ({"kind": "error", "status": 403, "code": "AuthorizationFailed"}, Outcome.FAILED),
        ({"kind": "error", "status": 409, "code": "Conflict"}, Outcome.FAILED),
        ({"kind": "throttle", "retry_after": 0}, Outcome.FAILED),
        ({"kind": "error", "status": 503}, Outcome.UNKNOWN),
        ({"kind": "dark"}, Outcome.UNKNOWN),
    ):
        weak.here.fault(methods=["PUT", "PATCH"], count=1, **fault)
        before = weak.here.last
        assert made.apply(asked, shown, intent(setting), Heard()).outcome is outcome
        assert changes(weak.here, before) == [setting.method]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.id)
def test_what_cannot_be_read_promises_nothing(weak: Weak, setting: Setting) -> None:
    made, asked = weak.action(setting), weak.asked(setting)
    shown = made.preview(asked)
    weak.here.fault(kind="error", status=403, methods=["GET"])
    seen = made.observe(asked, shown, intent(setting), "")
    assert not seen.readable
    assert not seen.reached
    result = made.apply(asked, shown, intent(setting), Heard())
    assert result.outcome is Outcome.FAILED
    assert result.text.startswith("The settings could not be read again. Nothing was sent. ")


DRIFTS: tuple[tuple[str, str, str, dict[str, Any], dict[str, Any]], ...] = (
    (
        "hardening.log-retention",
        "Microsoft.OperationalInsights/workspaces/log-drift",
        "PATCH",
        {"properties": {"retentionInDays": 30}},
        {"properties": {"retentionInDays": 120}},
    ),
    (
        "hardening.traffic-ttl",
        "Microsoft.Network/trafficManagerProfiles/tm-drift",
        "PATCH",
        {"properties": {"dnsConfig": {"relativeName": "tm-drift", "ttl": 300}}},
        {"properties": {"dnsConfig": {"ttl": 20}}},
    ),
    (
        "hardening.point-in-time-restore",
        "Microsoft.Storage/storageAccounts/stdrift/blobServices/default",
        "PUT",
        {"properties": {}},
        {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 60}}},
    ),
)
"""Setting, resource, how somebody else changes it meanwhile: as it was made, as it is by then."""


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift[0])
def test_what_somebody_else_made_better_meanwhile_is_not_undone(weak: Weak, drift: Any) -> None:
    name, place, method, made_as, by_then = drift
    path = f"{weak.group}/providers/{place}"
    resource = path.removesuffix("/blobServices/default")
    if resource == path:
        weak.make(path, **made_as)
    else:
        weak.make(resource, kind="StorageV2", sku={"name": "Standard_LRS"}, properties={})
    setting = BY_ID[name]
    asked, made = weak.asked(setting, resource), weak.action(setting)
    shown = made.preview(asked)
    weak.send(method, path, by_then)
    before = weak.here.last
    result = made.apply(asked, shown, intent(setting), Heard())
    assert result.outcome is Outcome.FAILED
    assert result.text == "The settings changed since the preview. Nothing was sent: look again."
    assert changes(weak.here, before) == []


def test_a_failover_setting_that_azure_takes_and_then_fails_is_not_there(weak: Weak) -> None:
    setting = BY_ID["hardening.cosmos-automatic-failover"]
    account = weak.id("Microsoft.DocumentDB/databaseAccounts", "cosmos-fails")
    weak.make(account, properties=TWO_REGIONS)
    asked, made = weak.asked(setting, account), weak.action(setting)
    shown = made.preview(asked)
    assert "first: East US, West US." in shown.before
    weak.here.fault(kind="fail", methods=["PATCH"], count=1)
    heard = Heard()
    result = made.apply(asked, shown, intent(setting), heard)
    assert result.outcome is Outcome.FAILED
    assert ("accepted", 200) in heard.words or ("accepted", 202) in heard.words
    assert not made.verify(asked, shown).reached
    assert not made.preview(asked).needless


def test_an_account_that_allows_permanent_deletion_is_told_what_comes_first(weak: Weak) -> None:
    setting = BY_ID["hardening.point-in-time-restore"]
    account = weak.id("Microsoft.Storage/storageAccounts", "stlets")
    weak.make(account, kind="StorageV2", sku={"name": "Standard_LRS"}, properties={})
    policy = {"enabled": True, "days": 30, "allowPermanentDelete": True}
    service = f"{account}/blobServices/default"
    weak.send("PUT", service, {"properties": {"deleteRetentionPolicy": policy}})
    with pytest.raises(RefusedError, match="permanent deletion") as refused:
        weak.action(setting).preview(weak.asked(setting, account))
    first = BY_ID["hardening.no-permanent-delete"]
    assert first.id in refused.value.next_step
    for each in (first, setting):
        asked, made = weak.asked(each, account), weak.action(each)
        shown = made.preview(asked)
        assert made.apply(asked, shown, intent(each), Heard()).outcome is Outcome.SUCCEEDED
        assert made.verify(asked, shown).reached
    found = weak.here.gateway().get(service)["properties"]
    assert found["restorePolicy"].pop("minRestoreTime")
    assert found == {
        "cors": {"corsRules": []},
        "deleteRetentionPolicy": {"enabled": True, "days": 30, "allowPermanentDelete": False},
        "isVersioningEnabled": True,
        "changeFeed": {"enabled": True},
        "restorePolicy": {"enabled": True, "days": 7},
    }


def test_a_vault_with_soft_delete_needs_nothing(weak: Weak) -> None:
    setting = BY_ID["hardening.vault-soft-delete"]
    assert weak.action(setting).preview(weak.asked(setting)).needless == "Soft delete is on."


def test_a_default_account_is_not_made_geo_redundant(weak: Weak) -> None:
    setting = BY_ID["hardening.geo-redundancy"]
    account = weak.id("Microsoft.Storage/storageAccounts", "stlonely")
    before = weak.here.last
    with pytest.raises(RefusedError, match="default account"):
        weak.action(setting).preview(weak.asked(setting, account))
    assert changes(weak.here, before) == []


def test_without_a_secondary_there_is_nowhere_to_replicate_to(weak: Weak) -> None:
    setting = BY_ID["hardening.registry-replication"]
    alone = msgspec.structs.replace(
        weak.asked(setting), profile=msgspec.structs.replace(weak.profile, secondary=None)
    )
    with pytest.raises(RefusedError, match="no secondary"):
        weak.action(setting).preview(alone)


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.type], ids=lambda setting: setting.id)
def test_a_resource_of_another_type_is_refused(weak: Weak, setting: Setting) -> None:
    with pytest.raises(UsageError, match="is no"):
        weak.action(setting).preview(weak.asked(setting, weak.profile.primary.workspace))


def test_an_account_that_is_gone_is_no_account_without_soft_delete(weak: Weak) -> None:
    setting = BY_ID["hardening.blob-soft-delete"]
    account = weak.id("Microsoft.Storage/storageAccounts", "stnothere")
    with pytest.raises(NotFoundError):
        weak.action(setting).preview(weak.asked(setting, account))


def test_what_cannot_be_undone_says_so_and_takes_a_typed_name(weak: Weak) -> None:
    for name in ("hardening.vault-soft-delete", "hardening.purge-protection"):
        setting = BY_ID[name]
        assert (setting.risk, setting.confirmation) == (Risk.DISRUPTIVE, Confirmation.TYPE_NAME)
        shown = weak.action(setting).preview(weak.asked(setting))
        assert shown.undo == ""
        assert "never be turned off" in shown.loses


def test_the_runbook_plans_what_is_weak_and_nothing_else(weak: Weak) -> None:
    book = load_runbook(find_runbook("hardening", runbooks_folder()))

    def planned(profile: Profile, snapshot: Any) -> dict[str, list[str]]:
        plan = resolve(
            book, profile, snapshot, build_registry(None), lambda _: pytest.fail("no child")
        )
        found: dict[str, list[str]] = {}
        for step in plan.steps:
            if step.do and not step.not_applicable:
                found.setdefault(step.do, []).append(step.resource.rsplit("/", 1)[-1])
        return found

    found = planned(weak.profile, weak.snapshot)
    assert found["hardening.blob-soft-delete"] == ["stlonely", "stdataweak"]
    assert found["hardening.purge-protection"] == ["kv-lonely"]
    assert found["hardening.geo-redundancy"] == ["stdataweak"]
    assert found["hardening.point-in-time-restore"] == ["stlonely", "stdataweak"]
    assert found["hardening.cosmos-automatic-failover"] == ["cosmos-weak"]
    assert found["hardening.traffic-ttl"] == ["tm-weak"]
    assert found["hardening.log-retention"] == ["log-weak"]
    assert found["hardening.registry-premium"] == ["crlonely"]
    assert found["hardening.registry-replication"] == ["crlonely"]
    assert "aml-lonely" in found["hardening.delete-lock"]
    assert "hardening.vault-soft-delete" not in found
    empty = msgspec.structs.replace(weak.snapshot, documents=())
    assert planned(weak.profile, empty) == {
        "assess.summary": [""],
        "hardening.blob-soft-delete": ["stdataweak"],
        "hardening.container-soft-delete": ["stdataweak"],
        "hardening.share-soft-delete": ["stdataweak"],
        "hardening.blob-versioning": ["stdataweak"],
        "hardening.no-permanent-delete": ["stdataweak"],
        "hardening.point-in-time-restore": ["stdataweak"],
        "hardening.geo-redundancy": ["stdataweak"],
        "hardening.traffic-ttl": ["tm-weak"],
    }, "what is not known stays in the plan"


def test_a_healthy_pair_needs_no_hardening(tmp_path: Path) -> None:
    with azure_running(tmp_path, "healthy-pair") as here:
        snapshot = take_snapshot(here.gateway(), here.profile).snapshot
        book = load_runbook(find_runbook("hardening", runbooks_folder()))
        plan = resolve(
            book, here.profile, snapshot, build_registry(None), lambda _: pytest.fail("no child")
        )
        actions = [s.id for s in plan.steps if s.kind == "action" and not s.not_applicable]
        assert [a for a in actions if not a.startswith("delete-lock")] == []
