"""File shares by the resource manager: made, listed, deleted softly, brought back.

Source: https://learn.microsoft.com/rest/api/storagerp/file-shares
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, locks
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_lookup import not_found, require_scope
from amlrunbook.simulator.blob_states import remaining_days
from amlrunbook.simulator.blobs import BlobAccount, FileShare
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.world import Document

_TYPE = "Microsoft.Storage/storageAccounts/fileServices/shares"
_DAY = 86_400.0


def _account(call: Call) -> BlobAccount:
    """Return the account that the path names, without the shares whose time has come.

    Raises:
        Refusal: there is none.
    """
    account_id = call.path.text.split("/fileServices")[0].split("/fileservices")[0]
    require_scope(call, f"{account_id}/fileServices/default")
    account = call.world.accounts.get(call.path.names[0].lower())
    if account is None:
        raise not_found(account_id)
    limit = call.world.now() - (_days(call, account) or 7) * _DAY
    held = [share for share in account.deleted_shares if (share.deleted_at or 0.0) > limit]
    if len(held) != len(account.deleted_shares):
        account.deleted_shares[:] = held
        call.world.touch()
    return account


def _days(call: Call, account: BlobAccount) -> int | None:
    """Return how many days deleted shares are kept; ``None`` when they are not."""
    service = call.world.get(f"{account.resource_id}/fileServices/default") or {}
    policy = service.get("properties", {}).get("shareDeleteRetentionPolicy") or {}
    return int(policy.get("days") or 7) if policy.get("enabled") else None


def _document(call: Call, account: BlobAccount, share: FileShare) -> Document:
    properties: Document = {
        "leaseStatus": "unlocked",
        "leaseState": "available",
        "lastModifiedTime": stamp(share.modified),
        "shareQuota": share.quota_gib,
        "enabledProtocols": "SMB",
        "accessTier": "TransactionOptimized",
    }
    if share.metadata:
        properties["metadata"] = dict(share.metadata)
    if share.deleted_at is not None:
        days = _days(call, account) or 7
        properties |= {
            "deleted": True,
            "deletedTime": stamp(share.deleted_at),
            "version": share.version,
            "remainingRetentionDays": remaining_days(share.deleted_at, days, call.world.now()),
        }
    return {
        "id": f"{account.resource_id}/fileServices/default/shares/{share.name}",
        "name": share.name,
        "type": _TYPE,
        "etag": f'"{int(share.modified * 1e7):#x}"',
        "properties": properties,
    }


def list_shares(call: Call) -> Response:
    """List file shares, deleted ones if asked."""
    account = _account(call)
    shares = sorted(account.shares.values(), key=lambda share: share.name)
    if "deleted" in call.query.get("$expand", "").lower():
        shares += account.deleted_shares
    return call.page([_document(call, account, share) for share in shares])


def get_share(call: Call) -> Response:
    """Answer one share.

    Raises:
        Refusal: there is none.
    """
    account = _account(call)
    share = account.shares.get(call.path.name)
    if share is None:
        raise Refusal(404, "ShareNotFound", "The specified share does not exist.")
    return json_answer(_document(call, account, share))


def put_share(call: Call) -> Response:
    """Make a share; one that is there stays as it is."""
    account = _account(call)
    locks.guard(call.world, "PUT", call.path.text)
    sent: Any = call.optional_document().get("properties") or {}
    share = account.shares.get(call.path.name)
    status = 200 if share else 201
    if share is None:
        now = call.world.now()
        share = FileShare(name=call.path.name, created=now, modified=now)
        account.shares[share.name] = share
    if isinstance(sent.get("shareQuota"), int):
        share.quota_gib = sent["shareQuota"]
    call.world.touch()
    arm_verbs.note(call, f"{_TYPE}/write", call.path.text, "Succeeded", status)
    return json_answer(_document(call, account, share), status)


def delete_share(call: Call) -> Response:
    """Delete a share; it is kept for a while where the file service's settings say so."""
    account = _account(call)
    share = account.shares.pop(call.path.name, None)
    if share is None:
        return Response(status_code=204)
    call.world.touch()
    if _days(call, account) is not None:
        share.deleted_at = call.world.now()
        share.version = call.world.guid().replace("-", "").upper()[:16]
        account.deleted_shares.append(share)
    arm_verbs.note(call, f"{_TYPE}/delete", call.path.text, "Succeeded", 200)
    return Response(status_code=200)


def restore_share(call: Call) -> Response:
    """Bring a deleted share back, under the name in the path.

    Raises:
        Refusal: the name is taken, or no such share was deleted.
    """
    account = _account(call)
    locks.guard(call.world, "POST", call.path.resource_id)
    sent = call.document()
    wanted = (sent.get("deletedShareName"), sent.get("deletedShareVersion"))
    if call.path.name in account.shares:
        raise Refusal(409, "ShareAlreadyExists", "The specified share already exists.")
    for share in account.deleted_shares:
        if (share.name, share.version) == wanted:
            account.deleted_shares.remove(share)
            share.name, share.deleted_at, share.version = call.path.name, None, None
            share.modified = call.world.now()
            account.shares[share.name] = share
            call.world.touch()
            action = f"{_TYPE}/restore/action"
            arm_verbs.note(call, action, call.path.resource_id, "Succeeded", 200)
            return Response(status_code=200)
    raise Refusal(404, "ShareNotFound", "The specified share does not exist.")
