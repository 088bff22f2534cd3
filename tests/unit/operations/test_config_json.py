"""A config file's text: which workspace it names, and the same text naming another."""

from __future__ import annotations

import json

import pytest

from amlrunbook.errors import DocumentError
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.switchover.config_json import named_by, renamed

WEST = ResourceId.parse(
    "/subscriptions/s2/resourceGroups/rg-w/providers/Microsoft.MachineLearningServices/workspaces/w-w"
)
PLAIN = '{"subscription_id": "s1", "resource_group": "rg-e", "workspace_name": "w-e"}'
SCOPE = (
    '{"Id": null, "Scope": "/subscriptions/s1/resourceGroups/rg-e/providers/'
    'Microsoft.MachineLearningServices/workspaces/w-e"}'
)


@pytest.mark.parametrize("text", [PLAIN, SCOPE, f"\ufeff{PLAIN}", f"\n {PLAIN}\r\n"])
def test_it_names_a_workspace_and_then_another(text: str) -> None:
    assert str(named_by(text)) == "w-e (group rg-e, subscription s1)"
    other = renamed(text, WEST)
    assert named_by(other).is_(WEST)
    assert named_by(renamed(other, WEST)).is_(WEST)


def test_every_other_byte_stays() -> None:
    text = (
        '{\t"_comment" : "ours: {\\"workspace_name\\": 1} \\u00e9",\r\n'
        '  "workspace_name":"w-e" ,\n "nested": {"subscription_id": "s1", "n": [1, 2.50, true]},\n'
        '  "resource_group"  :  "rg-e",\n\t"subscription_id": "s1", "tenant": "é"\n}\n\n'
    )
    wanted = (
        text.replace('"w-e" ,', '"w-w" ,')
        .replace('"rg-e"', '"rg-w"')
        .replace('"subscription_id": "s1", "tenant"', '"subscription_id": "s2", "tenant"')
    )
    assert renamed(text, WEST) == wanted
    assert json.loads(wanted)["nested"]["subscription_id"] == "s1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"a" 1}',
        '{"a": 1,}',
        '{"a": 1} x',
        "null",
        "// no\n" + PLAIN,
        '{"subscription_id": "s1", "resource_group": "rg-e"}',
        '{"subscription_id": "s1", "resource_group": "rg-e", "workspace_name": ""}',
        '{"subscription_id": 7, "resource_group": "rg-e", "workspace_name": "w"}',
        PLAIN.replace("{", '{"workspace_name": "x", '),
        '{"Scope": "/subscriptions/s1"}',
        '{"a": ' * 5000,
        "[" * 100_000,
    ],
)
def test_what_is_no_config_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        named_by(text)
    with pytest.raises(DocumentError):
        renamed(text, WEST)
