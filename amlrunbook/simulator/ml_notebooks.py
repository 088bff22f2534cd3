"""Notebooks of a workspace: its keys, its token, and having it prepared anew.

Sources: https://learn.microsoft.com/rest/api/azureml/workspaces/list-notebook-keys ,
.../list-notebook-access-token, .../prepare-notebook
"""

from __future__ import annotations

import base64

from starlette.responses import Response

from amlrunbook.simulator.answers import json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.long_actions import accept
from amlrunbook.simulator.ml_versions import WORKSPACES
from amlrunbook.simulator.tokens import LIFETIME, TokenMint
from amlrunbook.simulator.world import Document


def keys(call: Call, document: Document) -> Document:
    """Return both keys of a workspace's notebooks: the same after a restart."""
    return {
        f"{which}AccessKey": base64.b64encode(
            call.azure.secrets.derive(f"{document['id'].lower()}/notebook/{which}")[:32]
        ).decode()
        for which in ("primary", "secondary")
    }


def list_keys(call: Call, document: Document) -> Response:
    """Answer both keys."""
    return json_answer(keys(call, document))


def access_token(call: Call, document: Document) -> Response:
    """Answer a token with which the notebooks of a workspace are opened."""
    info = document["properties"]["notebookInfo"]
    mint = TokenMint(call.azure)
    return json_answer(
        {
            "notebookResourceId": info["resourceId"],
            "hostName": info["fqdn"],
            "publicDns": info["fqdn"],
            "accessToken": mint.mint(f"https://{info['fqdn']}"),
            "tokenType": "Bearer",
            "expiresIn": LIFETIME,
            "refreshToken": mint.mint(f"https://{info['fqdn']}/refresh"),
            "scope": "aznb_identity",
        }
    )


def prepare(call: Call, document: Document) -> Response:
    """Begin to prepare a workspace's notebooks; the result says where they are."""
    info = document["properties"]["notebookInfo"]
    result = {key: info[key] for key in ("fqdn", "resourceId", "notebookPreparationError")}
    action = f"{WORKSPACES}/prepareNotebook/action"
    return accept(call, str(document["id"]), [], action=action, result=result)
