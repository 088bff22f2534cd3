"""One workspace config file: repointed whole or not at all, with what it was beside it."""

from __future__ import annotations

import json
import resource
import shlex
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amlrunbook.azure.credentials import SharedCredential
from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.errors import AmlRunbookError, ReadOnlyError, RefusedError, UsageError
from amlrunbook.model.cloud import PUBLIC, loopback_cloud
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import OperationContext, Outcome, Preview
from amlrunbook.model.profile import Profile, Side
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.switchover.config_file import ConfigFile
from tests.simulator.inference_world import intent
from tests.simulator.lying_azure import KnownToken
from tests.simulator.test_soft_delete_action import Heard

ML = "/subscriptions/s/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}"
PROFILE = Profile(
    format=1,
    name="p",
    subscription="s",
    primary=Side(workspace=ML.format("rg-e", "w-e"), region="eastus"),
    secondary=Side(workspace=ML.format("rg-w", "w-w"), region="westus"),
)
TEXT = '{\n  "subscription_id": "s",\n  "resource_group": "rg-e",\n  "workspace_name": "w-e",\n  "x": [1]\n}\n'


@pytest.fixture
def drill(tmp_path: Path) -> Path:
    """A drill's folder, with its simulated Azure's below."""
    (tmp_path / "drill" / "azure").mkdir(parents=True)
    return tmp_path / "drill"


def action(drill: Path, mode: Mode = Mode.DRILL) -> ConfigFile:
    simulated = loopback_cloud("https://127.0.0.1:7", str(drill / "azure" / "ca.pem"))
    cloud = simulated if mode is Mode.DRILL else PUBLIC
    return ConfigFile(SdkGateway(cloud, SharedCredential(KnownToken()), mode, "s"))


def context(path: Path | str, **params: str) -> OperationContext:
    return OperationContext(
        profile=PROFILE, snapshot=snapshot_of([]), step="s", resource=str(path), params=params
    )


def config(drill: Path, text: str = TEXT, mode: int = 0o640) -> Path:
    path = drill / "team one" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


def backups(path: Path) -> list[Path]:
    return sorted(p for p in path.parent.iterdir() if ".before-" in p.name)


def applied(drill: Path, path: Path) -> tuple[ConfigFile, OperationContext, Preview]:
    made, asked = action(drill), context(path)
    shown = made.preview(asked)
    result = made.apply(asked, shown, intent(), Heard())
    assert result.outcome is Outcome.SUCCEEDED, result.text
    return made, asked, shown


def test_the_file_names_the_secondary_and_its_backup_the_primary(drill: Path) -> None:
    path = config(drill)
    made, asked = action(drill), context(path)
    shown = made.preview(asked)
    assert path.read_text() == TEXT
    assert backups(path) == []
    assert "w-e (group rg-e, subscription s)" in shown.before
    assert shown.resources == (str(path),)
    heard = Heard()
    assert made.apply(asked, shown, intent(), heard).outcome is Outcome.SUCCEEDED
    assert heard.words == [("sent", "WRITE", str(path))]
    assert path.read_text() == TEXT.replace("rg-e", "rg-w").replace("w-e", "w-w")
    (backup,) = backups(path)
    assert backup.read_text() == TEXT
    assert {stat.S_IMODE(p.stat().st_mode) for p in (path, backup)} == {0o640}
    assert made.verify(asked, shown).reached
    assert made.observe(asked, shown, intent(), "").evidence[0].speaks == "for"
    assert "already" in made.preview(asked).needless


def test_the_sdk_reads_the_workspace_that_it_names_now(drill: Path) -> None:
    from azure.ai.ml import MLClient

    path = config(drill)
    applied(drill, path)
    assert MLClient._get_workspace_info(str(path)) == ("s", "rg-w", "w-w")


def test_the_shown_commands_do_and_undo_the_same(drill: Path) -> None:
    path = config(drill)
    asked = context(path)
    shown = action(drill).preview(asked)
    for command in shown.commands:
        subprocess.run(["/bin/sh", "-c", command], check=True)
    assert action(drill).verify(asked, shown).reached
    assert shlex.split(shown.undo)[0] == "cp"
    subprocess.run(shlex.split(shown.undo), check=True)
    assert path.read_text() == TEXT


def test_it_goes_back_to_the_primary_too(drill: Path) -> None:
    path = config(drill)
    applied(drill, path)
    made, asked = action(drill), context(path, to="primary")
    made.apply(asked, made.preview(asked), intent(), Heard())
    assert path.read_text() == TEXT
    assert len(backups(path)) == 2
    with pytest.raises(UsageError):
        made.preview(context(path, to="elsewhere"))


def test_a_link_stays_and_the_file_behind_it_is_written(drill: Path) -> None:
    path = config(drill)
    link = drill / "link.json"
    link.symlink_to(path)
    made, asked, shown = applied(drill, link)
    assert link.is_symlink()
    assert "It is a link" in shown.summary
    assert made.verify(asked, shown).reached
    assert json.loads(path.read_text())["workspace_name"] == "w-w"
    assert len(backups(path)) == 1


def test_read_only_refuses_and_writes_nothing(drill: Path) -> None:
    path = config(drill)
    asked = context(path)
    made = action(drill, Mode.READ_ONLY)
    shown = made.preview(asked)
    with pytest.raises(ReadOnlyError):
        made.apply(asked, shown, intent(), Heard())
    assert path.read_text() == TEXT
    assert backups(path) == []


@pytest.mark.parametrize("by_link", [False, True])
def test_a_drill_touches_no_file_of_yours(drill: Path, tmp_path: Path, by_link: bool) -> None:
    path = tmp_path / "config.json"
    path.write_text(TEXT)
    asked = path
    if by_link:
        asked = drill / "link.json"
        asked.symlink_to(path)
    with pytest.raises(RefusedError, match="outside the drill's folder"):
        action(drill).preview(context(asked))
    shown = action(drill, Mode.LIVE).preview(context(path))
    result = action(drill).apply(context(asked), shown, intent(), Heard())
    assert result.outcome is Outcome.FAILED
    assert path.read_text() == TEXT
    assert action(drill, Mode.LIVE).apply(context(path), shown, intent(), Heard()).outcome is (
        Outcome.SUCCEEDED
    )


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", "\0", "workspace_name = 'w-e'", TEXT.replace("w-e", ""), TEXT * 2,
     TEXT.replace("[1]", '"' + "x" * (1 << 20) + '"')],
)  # fmt: skip
def test_what_is_no_config_file_is_refused_in_one_sentence(drill: Path, text: str) -> None:
    path = config(drill, text)
    with pytest.raises(UsageError, match="is no workspace config file") as refused:
        action(drill).preview(context(path))
    assert "\n" not in refused.value.what
    assert path.read_bytes() == text.encode()


def test_bytes_that_are_no_text_are_refused(drill: Path) -> None:
    path = config(drill)
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(UsageError, match="no text"):
        action(drill).preview(context(path))


def test_a_third_workspace_is_left_alone(drill: Path) -> None:
    with pytest.raises(RefusedError, match="neither workspace"):
        action(drill).preview(context(config(drill, TEXT.replace("w-e", "w-other"))))


@pytest.mark.parametrize("text", ["", "config.json", "/nowhere/config.json", "/x\0y"])
def test_a_path_that_leads_nowhere_is_refused(drill: Path, text: str) -> None:
    with pytest.raises(UsageError):
        action(drill).preview(context(text))


def test_a_folder_and_a_circle_of_links_are_no_files(drill: Path) -> None:
    with pytest.raises(AmlRunbookError):
        action(drill).preview(context(drill))
    (drill / "a").symlink_to(drill / "b")
    (drill / "b").symlink_to(drill / "a")
    with pytest.raises(UsageError):
        action(drill).preview(context(drill / "a"))


def test_a_file_that_changed_since_the_preview_is_not_overwritten(drill: Path) -> None:
    path = config(drill)
    made, asked = action(drill), context(path)
    shown = made.preview(asked)
    other = TEXT.replace("[1]", "[2]")
    path.write_text(other)
    result = made.apply(asked, shown, intent(), Heard())
    assert result.outcome is Outcome.FAILED
    assert "changed since the preview" in result.text
    assert path.read_text() == other


def test_a_backup_that_is_something_else_is_never_overwritten(drill: Path) -> None:
    path = config(drill)
    made, asked = action(drill), context(path)
    shown = made.preview(asked)
    backup = Path(shown.requests[0].body["backup"])
    backup.write_text("ours")
    result = made.apply(asked, shown, intent(), Heard())
    assert result.outcome is Outcome.FAILED
    assert (path.read_text(), backup.read_text()) == (TEXT, "ours")


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_nothing(drill: Path) -> None:
    path = config(drill)
    made, asked = action(drill), context(path)
    shown = made.preview(asked)
    with full_disk(10):
        result = made.apply(asked, shown, intent(), Heard())
    assert result.outcome is Outcome.FAILED
    assert path.read_text() == TEXT
    assert [left.name for left in path.parent.iterdir()] == ["config.json"]
    assert ResourceId.parse(PROFILE.primary.workspace).name in made.verify(asked, shown).text


def test_a_full_disk_after_the_backup_loses_nothing(drill: Path) -> None:
    path = config(drill)
    made, asked = action(drill), context(path)
    shown = made.preview(asked)
    Path(shown.requests[0].body["backup"]).write_text(TEXT)
    with full_disk(10):
        result = made.apply(asked, shown, intent(), Heard())
    assert result.outcome is Outcome.FAILED
    assert "The file is as it was" in result.text
    assert path.read_text() == TEXT
