"""Copying an image from one registry to another, as ``importImage`` does.

Source: https://learn.microsoft.com/rest/api/containerregistry/registries/import-image
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import operations
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.effects import ImportImage
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.registry_copy import split
from amlrunbook.simulator.registry_data import RegistryData
from amlrunbook.simulator.world import Document


def import_image(call: Call, document: Document) -> Response:
    """Begin to copy an image; the source is a registry of this world.

    Raises:
        Refusal: the source is not there, or a tag is taken and the mode is not ``Force``.
    """
    sent = call.document()
    source = sent.get("source") or {}
    where = str(source.get("resourceId") or source.get("registryUri") or "")
    name = where.rstrip("/").rpartition("/")[2].partition(".")[0].lower()
    held = call.world.registries.get(name)
    image = str(source.get("sourceImage", ""))
    repository, reference = split(image)
    manifest = held.find(repository, reference) if held else None
    if held is None or manifest is None:
        raise Refusal(
            400, "InvalidRequestContent", f"The source image '{image}' of '{where}' was not found."
        )
    target = call.world.registries[str(document["name"]).lower()]
    tags = [str(tag) for tag in sent.get("targetTags") or [image]]
    if str(sent.get("mode", "NoForce")).lower() != "force":
        _refuse_taken(target, tags)
    effects = [
        ImportImage(
            source=name, repository=repository, digest=manifest.digest, target=target.name,
            image=tag,
        )
        for tag in tags
    ]  # fmt: skip
    operation = operations.begin(
        call.azure,
        target=str(document["id"]),
        action="Microsoft.ContainerRegistry/registries/importImage/action",
        effects=[*effects],
        answers_target=False,
        state=call.state,
    )
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
    )


def _refuse_taken(target: RegistryData, tags: list[str]) -> None:
    for tag in tags:
        repository, reference = split(tag)
        if target.find(repository, reference) is not None:
            raise Refusal(409, "Conflict", f"The tag '{tag}' already exists in the registry.")
