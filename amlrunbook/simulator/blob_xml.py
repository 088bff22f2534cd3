"""The XML of the blob service: what it answers lists and questions with, and block lists it reads.

Sources: https://learn.microsoft.com/rest/api/storageservices/list-blobs,
.../list-containers2, .../get-blob-service-properties, .../get-blob-service-stats
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal

_BLOCK = re.compile(rb"<(Committed|Uncommitted|Latest)>([^<]*)</")
_BLOCK_LIST = re.compile(rb"</BlockList>\s*$|<BlockList\s*/>\s*$")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Element = tuple[str, Any]
"""A name and what it holds: text, a number, a yes or no, or a list of elements."""


def answer(root: str, children: Iterable[Element], attributes: Mapping[str, str]) -> Response:
    """Return a document as an answer."""
    given = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    inner = "".join(_render(name, held) for name, held in children)
    text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><{root}{given}>{inner}</{root}>'
    return Response(text.encode(), headers={"Content-Type": "application/xml"})


def _render(name: str, held: Any) -> str:
    if held is None:
        return ""
    if isinstance(held, list):
        inner = "".join(_render(child, value) for child, value in held)
        return f"<{name}>{inner}</{name}>" if inner else f"<{name} />"
    if isinstance(held, bool):
        held = "true" if held else "false"
    text = str(held)
    if _NOT_XML.search(text):
        # A name that XML cannot carry is percent-encoded, and marked so.
        return f'<{name} Encoded="true">{quote(text)}</{name}>'
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name} />"


def read_block_list(body: bytes) -> list[tuple[str, str]]:
    """Return the entries of a block list: which list to look in, and the block's id.

    Raises:
        Refusal: this is no block list.
    """
    if not _BLOCK_LIST.search(body):
        raise Refusal(400, "InvalidXmlDocument", "XML specified is not syntactically valid.")
    return [
        (kind.decode(), unescape(name.decode("utf-8", "replace")).strip())
        for kind, name in _BLOCK.findall(body)
    ]
