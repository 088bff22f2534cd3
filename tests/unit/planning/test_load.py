"""Runbook files: what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.planning.load import find_runbook, load_runbook, runbook_folder

SMALL = """
id = "small"
version = "1"
title = "Small"
[[phases]]
id = "only"
title = "Only"
[[step]]
id = "look"
phase = "only"
kind = "check"
title = "Look"
why = "Because."
do = "assess.storage"
[[step]]
id = "choose"
phase = "only"
kind = "decision"
title = "Choose"
why = "Because."
[[step.choices]]
id = "go"
text = "Go"
[[step.choices]]
id = "stop"
text = "Stop"
next = "end"
[[step]]
id = "end"
phase = "only"
kind = "manual"
title = "End"
why = "Because."
needs = ["look"]
"""


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_runbook(path)
    return caught.value.diagnostics()


@pytest.mark.parametrize("path", sorted(runbook_folder().glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_runbook_is_valid_and_named_like_its_file(path: Path) -> None:
    assert load_runbook(path).runbook.id == path.stem


def test_a_small_runbook_loads(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    loaded = load_runbook(path)
    assert [step.id for step in loaded.runbook.step] == ["look", "choose", "end"]
    assert len(loaded.digest) == 64


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('title = "Look"', 'titel = "Look"', "unknown key 'titel'; did you mean 'title'?"),
        ('kind = "check"', 'kind = "chekc"', "known are check, action, manual"),
        ('phase = "only"\nkind = "check"', 'phase = "onyl"\nkind = "check"', "did you mean 'only'"),
        ('needs = ["look"]', 'needs = ["lok"]', "did you mean 'look'"),
        ('needs = ["look"]', 'needs = ["end"]', "does not come before it"),
        ('next = "end"', 'next = "look"', "does not follow"),
        ('do = "assess.storage"', "", "a check step must have 'do'"),
        ('do = "assess.storage"', 'do = "x"\nevery = "PT1M"', "a check step cannot have 'every'"),
        ('do = "assess.storage"', 'do = "x"\nbudget = "5 min"', "is not a duration"),
        ('do = "assess.storage"', 'do = "x"\nfor_each = "storage_acounts"', "'storage_accounts'"),
        ('do = "assess.storage"', 'do = "x"\nwhen = "secondary.exist"', "'secondary.exists'"),
        ('do = "assess.storage"', 'do = "x"\non_fail = "sotp"', "did you mean 'stop'"),
        ('do = "assess.storage"', 'do = "x"\nretry = { tries = 99 }', "retry.tries"),
        ('id = "end"', 'id = "look"', "step 'look' is there twice"),
        ('do = "assess.storage"', 'do = "x"\ncommands = ["az a | b"]', "must be one command"),
        ('do = "assess.storage"', "do = 'x'\ncommands = [\"az 'a\"]", "quotes do not match"),
        ('id = "small"', "id = small", "not TOML"),
    ],
)
def test_a_wrong_runbook_is_refused_with_place_and_nearest_word(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    assert before in SMALL
    told = refused(tmp_path, SMALL.replace(before, after, 1))
    assert says in told
    assert "r.toml" in told


def test_a_missing_file_and_a_huge_one_and_a_binary_one(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="No such file"):
        load_runbook(tmp_path / "none.toml")
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * (1 << 21))
    with pytest.raises(DocumentError, match="larger than"):
        load_runbook(huge)
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError, match="UTF-8"):
        load_runbook(binary)


def test_a_runbook_is_never_found_in_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text(SMALL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        find_runbook("mine")
    assert find_runbook("./mine.toml") == Path("mine.toml")
    assert find_runbook("mine", tmp_path) == tmp_path / "mine.toml"
    with pytest.raises(UsageError) as caught:
        find_runbook("assesment")
    assert "'assessment'" in caught.value.diagnostics()


@given(st.text(max_size=300))
def test_any_text_is_a_runbook_or_one_clear_refusal(text: str) -> None:
    from amlrunbook.model.strict_toml import decode_toml
    from amlrunbook.planning.grammar import Runbook

    try:
        decode_toml(text, Runbook, where="x")
    except DocumentError as error:
        assert error.what.startswith(("x: ", "x, line "))


@given(
    st.sampled_from(SMALL.strip().splitlines()),
    st.sampled_from(["", "x = 1", "[[step]]", 'id = "\\u001b[31m"', "do = 5", "params = []"]),
)
def test_a_changed_line_is_a_runbook_or_one_clear_refusal(line: str, other: str) -> None:
    from amlrunbook.model.strict_toml import decode_toml
    from amlrunbook.planning.grammar import Runbook
    from amlrunbook.planning.load import shape_problems

    try:
        shape_problems(decode_toml(SMALL.replace(line, other, 1), Runbook, where="x"))
    except DocumentError as error:
        assert error.what
