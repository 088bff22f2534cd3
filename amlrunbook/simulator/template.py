"""Templates of deployments, as far as they are served: literals, parameters, variables.

``[parameters('x')]``, ``[variables('x')]`` and ``[resourceGroup().location]`` or ``.name`` are
evaluated; any other expression is refused, never half understood.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.world import Document

_EXPRESSION = re.compile(r"^\[(?!\[)(?P<text>.*)\]$", re.DOTALL)
_NAMED = re.compile(r"^(?P<kind>parameters|variables)\(\s*'(?P<name>[^']+)'\s*\)$", re.IGNORECASE)
_GROUP = re.compile(r"^resourceGroup\(\)\.(?P<name>location|name|id)$", re.IGNORECASE)
_BODY = ("location", "sku", "kind", "identity", "tags", "properties", "zones", "plan")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource that a template asks for."""

    path: str
    version: str
    body: Document


def invalid(message: str) -> Refusal:
    """Return Azure's refusal of a template."""
    return Refusal(400, "InvalidTemplate", f"Deployment template validation failed: '{message}'.")


def resources(properties: Document, group: Document) -> list[Wanted]:
    """Return the resources that a deployment's properties ask for, in the template's order.

    Raises:
        Refusal: the template is none, or uses what is not served.
    """
    template = properties.get("template")
    if not isinstance(template, dict) or not isinstance(template.get("resources"), list):
        raise invalid("the template has no list of resources")
    if str(properties.get("mode", "Incremental")).lower() != "incremental":
        raise invalid("the simulated Azure serves incremental deployments only")
    values = _Values(template, properties.get("parameters") or {}, group)
    return [_resource(item, values, group) for item in template["resources"]]


class _Values:
    """What expressions stand for."""

    def __init__(self, template: Document, given: Document, group: Document) -> None:
        self._group = group
        self._held: dict[str, dict[str, Any]] = {"parameters": {}, "variables": {}}
        for name, table in (template.get("parameters") or {}).items():
            value = (given.get(name) or {}).get("value", table.get("defaultValue"))
            if value is None:
                raise invalid(f"The value for the template parameter '{name}' is not provided")
            self._held["parameters"][name.lower()] = self.of(value)
        for name, value in (template.get("variables") or {}).items():
            self._held["variables"][name.lower()] = self.of(value)

    def of(self, value: Any) -> Any:
        """Return a value with its expressions evaluated."""
        if isinstance(value, dict):
            return {key: self.of(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.of(item) for item in value]
        found = _EXPRESSION.match(value) if isinstance(value, str) else None
        return value if found is None else self._evaluated(found["text"].strip())

    def _evaluated(self, text: str) -> Any:
        if named := _NAMED.match(text):
            held = self._held[named["kind"].lower()]
            if named["name"].lower() in held:
                return held[named["name"].lower()]
        if group := _GROUP.match(text):
            return self._group[group["name"].lower()]
        raise invalid(f"the expression '{text[:80]}' is not served or names nothing")


def _resource(item: Any, values: _Values, group: Document) -> Wanted:
    if not isinstance(item, dict) or not {"type", "name", "apiVersion"} <= item.keys():
        raise invalid("a resource needs type, name and apiVersion")
    found = values.of({key: item[key] for key in item if key != "dependsOn"})
    namespace, *types = str(found["type"]).split("/")
    names = str(found["name"]).split("/")
    if len(types) != len(names):
        raise invalid(f"the resource '{found['name']}' does not fit its type '{found['type']}'")
    chain = "/".join(f"{type_}/{name}" for type_, name in zip(types, names, strict=True))
    return Wanted(
        path=f"{group['id']}/providers/{namespace}/{chain}",
        version=str(found["apiVersion"]),
        body={key: found[key] for key in _BODY if key in found},
    )
