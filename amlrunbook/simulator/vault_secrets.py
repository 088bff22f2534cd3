"""Secrets of a vault: set, read, deleted softly, recovered, purged, backed up, restored.

Source: https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.regions import REGIONS
from amlrunbook.simulator.vault_data import Secret, SecretVersion, VaultData
from amlrunbook.simulator.world import Document, World

CONSISTENT_SECONDS = 5.0
"""World seconds until what was deleted or recovered is seen where it went."""
_DAY = 86_400.0
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_MOST = 25
"""Items of a page."""


@dataclass(frozen=True, kw_only=True)
class VaultCall:
    """One request to a vault."""

    azure: SimulatedAzure
    vault: VaultData
    method: str
    names: tuple[str, ...]
    """What follows ``secrets`` or ``deletedsecrets``."""
    query: dict[str, str]
    body: bytes

    @property
    def world(self) -> World:
        """The world."""
        return self.azure.world

    @property
    def settings(self) -> Document:
        """The properties of the vault's ARM document."""
        document = self.world.get(self.vault.resource_id) or {}
        return dict(document.get("properties", {}))

    @property
    def url(self) -> str:
        """The vault's address, without a slash at the end."""
        return f"{self.azure.base_url}/keyvault/{self.vault.name}"

    @property
    def name(self) -> str:
        """The secret's name as it was sent."""
        return self.names[0]

    def document(self) -> Document:
        """Return the body as a JSON object.

        Raises:
            Refusal: it is none.
        """
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise Refusal(400, "BadParameter", f"The body is no JSON object: {error}") from error

    def expire(self) -> None:
        """Let go of deleted secrets whose time has come."""
        now = self.world.now()
        for name in [n for n, s in self.vault.deleted.items() if (s.purge_at or 0.0) <= now]:
            del self.vault.deleted[name]
            self.world.touch()


def _live(call: VaultCall) -> Secret:
    secret = call.vault.secrets.get(call.name.lower())
    if secret is None or secret.visible_at > call.world.now():
        raise Refusal(
            404,
            "SecretNotFound",
            f"A secret with (name/id) {call.name} was not found in this key vault. If you "
            "recently deleted this secret you may be able to recover it using the correct "
            "recovery command. For help resolving this issue, please see "
            "https://go.microsoft.com/fwlink/?linkid=2125182",
        )
    return secret


def _gone(call: VaultCall) -> Secret:
    secret = call.vault.deleted.get(call.name.lower())
    if secret is None or secret.visible_at > call.world.now():
        raise Refusal(
            404, "SecretNotFound", f"Deleted Secret not found: {call.name}"
        )  # fmt: skip
    return secret


def _version(call: VaultCall, secret: Secret) -> SecretVersion:
    if len(call.names) < 2:  # noqa: PLR2004 - a name alone means the latest version
        return secret.versions[-1]
    for version in secret.versions:
        if version.id == call.names[1]:
            return version
    raise Refusal(
        404,
        "SecretNotFound",
        f"A secret with (name/id) {call.name}/{call.names[1]} was not found in this key vault.",
    )


def _attributes(call: VaultCall, version: SecretVersion) -> Document:
    protected = bool(call.settings.get("enablePurgeProtection"))
    return {
        "enabled": True,
        **version.attributes,
        "created": int(version.created),
        "updated": int(version.updated),
        "recoveryLevel": "Recoverable" if protected else "Recoverable+Purgeable",
        "recoverableDays": int(call.settings.get("softDeleteRetentionInDays", 90)),
    }


def _item(call: VaultCall, secret: Secret, version: SecretVersion, *, whole: bool) -> Document:
    """Return a secret without its value; ``whole`` names the version."""
    place = f"{call.url}/secrets/{secret.name}"
    found: Document = {
        "id": f"{place}/{version.id}" if whole else place,
        "attributes": _attributes(call, version),
        "tags": dict(version.tags),
    }
    if version.content_type is not None:
        found["contentType"] = version.content_type
    return found


def _bundle(call: VaultCall, secret: Secret, version: SecretVersion) -> Document:
    value = call.azure.contents.get(version.digest).decode()
    return {"value": value, **_item(call, secret, version, whole=True)}


def _deleted_item(call: VaultCall, secret: Secret, *, whole: bool) -> Document:
    return {
        "recoveryId": f"{call.url}/deletedsecrets/{secret.name}",
        "deletedDate": int(secret.deleted_at or 0.0),
        "scheduledPurgeDate": int(secret.purge_at or 0.0),
        **_item(call, secret, secret.versions[-1], whole=whole),
    }


def _page(call: VaultCall, path: str, items: list[Document]) -> Response:
    size = call.query.get("maxresults", str(_MOST))
    start = call.query.get("$skiptoken", "0")
    if not size.isdigit() or not 1 <= int(size) <= _MOST or not start.isdigit():
        raise Refusal(400, "BadParameter", f"maxresults must be 1 to {_MOST}.")
    end = int(start) + int(size)
    more = (
        f"{call.url}/{path}?api-version={call.query['api-version']}"
        f"&$skiptoken={end}&maxresults={size}"
    )
    return json_answer(
        {"value": items[int(start) : end], "nextLink": more if end < len(items) else None}
    )


def list_secrets(call: VaultCall) -> Response:
    """List the secrets, without values."""
    now = call.world.now()
    found = [
        _item(call, secret, secret.versions[-1], whole=False)
        for _, secret in sorted(call.vault.secrets.items())
        if secret.visible_at <= now
    ]
    return _page(call, "secrets", found)


def list_versions(call: VaultCall) -> Response:
    """List the versions of a secret, without values."""
    secret = _live(call)
    found = [_item(call, secret, version, whole=True) for version in secret.versions]
    return _page(call, f"secrets/{secret.name}/versions", found)


def get(call: VaultCall) -> Response:
    """Answer a secret's value: of its latest version, or of the one that is named.

    Raises:
        Refusal: there is none, or it is disabled.
    """
    secret = _live(call)
    version = _version(call, secret)
    if version.attributes.get("enabled") is False:
        raise Refusal(
            403,
            "Forbidden",
            "Operation get is not allowed on a disabled secret.",
            details=[{"code": "SecretDisabled"}],
        )
    return json_answer(_bundle(call, secret, version))


def put(call: VaultCall) -> Response:
    """Set a secret: a new version of it.

    Raises:
        Refusal: the name is no name, or that of a deleted secret.
    """
    if not _NAME.fullmatch(call.name):
        raise Refusal(400, "BadParameter", "The request URI contains an invalid name.")
    if call.name.lower() in call.vault.deleted:
        raise _collision(call.name)
    sent = call.document()
    value = sent.get("value")
    if not isinstance(value, str):
        raise Refusal(400, "BadParameter", "The secret has no value.")
    now = call.world.now()
    version = SecretVersion(
        id=call.world.guid().replace("-", ""),
        digest=call.azure.contents.put(value.encode()),
        created=now,
        updated=now,
    )
    _describe(version, sent)
    secret = call.vault.secrets.setdefault(call.name.lower(), Secret(name=call.name, versions=[]))
    secret.versions.append(version)
    call.world.touch()
    return json_answer(_bundle(call, secret, version))


def _collision(name: str) -> Refusal:
    return Refusal(
        409,
        "Conflict",
        f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be "
        "reused; in this state, the secret can only be recovered or purged.",
        details=[{"code": "ObjectIsDeletedButRecoverable"}],
    )


def _describe(version: SecretVersion, sent: Document) -> None:
    if isinstance(sent.get("tags"), dict):
        version.tags = {str(key): str(text) for key, text in sent["tags"].items()}
    if sent.get("contentType") is not None:
        version.content_type = str(sent["contentType"])
    given = sent.get("attributes") or {}
    version.attributes |= {
        k: given[k] for k in ("enabled", "nbf", "exp") if given.get(k) is not None
    }


def update(call: VaultCall) -> Response:
    """Change what stands beside the value of a version."""
    secret = _live(call)
    version = _version(call, secret)
    _describe(version, call.document())
    version.updated = call.world.now()
    call.world.touch()
    return json_answer(_item(call, secret, version, whole=True))


def delete(call: VaultCall) -> Response:
    """Delete a secret; it is kept for the vault's days."""
    secret = _live(call)
    del call.vault.secrets[call.name.lower()]
    now = call.world.now()
    secret.deleted_at = now
    secret.purge_at = now + int(call.settings.get("softDeleteRetentionInDays", 90)) * _DAY
    secret.visible_at = now + CONSISTENT_SECONDS
    call.vault.deleted[call.name.lower()] = secret
    call.world.touch()
    return json_answer(_deleted_item(call, secret, whole=True))


def list_deleted(call: VaultCall) -> Response:
    """List the deleted secrets."""
    now = call.world.now()
    found = [
        _deleted_item(call, secret, whole=False)
        for _, secret in sorted(call.vault.deleted.items())
        if secret.visible_at <= now
    ]
    return _page(call, "deletedsecrets", found)


def get_deleted(call: VaultCall) -> Response:
    """Answer one deleted secret, without its value."""
    return json_answer(_deleted_item(call, _gone(call), whole=True))


def recover(call: VaultCall) -> Response:
    """Bring a deleted secret back; it is seen a little later."""
    secret = _gone(call)
    del call.vault.deleted[call.name.lower()]
    secret.deleted_at = secret.purge_at = None
    secret.visible_at = call.world.now() + CONSISTENT_SECONDS
    call.vault.secrets[call.name.lower()] = secret
    call.world.touch()
    return json_answer(_item(call, secret, secret.versions[-1], whole=True))


def purge(call: VaultCall) -> Response:
    """Delete a deleted secret for good.

    Raises:
        Refusal: the vault is protected against that.
    """
    _gone(call)
    if call.settings.get("enablePurgeProtection"):
        raise Refusal(
            403,
            "Forbidden",
            'Operation "purge" is not enabled for this vault.',
            details=[{"code": "PurgeNotEnabled"}],
        )
    del call.vault.deleted[call.name.lower()]
    call.world.touch()
    return Response(status_code=204)


class _Backup(msgspec.Struct, kw_only=True):
    """What a backup holds: nothing that can be read without this simulator's own key."""

    subscription: str
    geography: str
    secret: Secret


def _origin(call: VaultCall) -> tuple[str, str]:
    document = call.world.get(call.vault.resource_id) or {}
    region = REGIONS[str(document["location"])]
    return call.vault.resource_id.split("/")[2].lower(), region.geography


def backup(call: VaultCall) -> Response:
    """Answer a secret with all its versions as a text that only a vault can read."""
    subscription, geography = _origin(call)
    held = _Backup(subscription=subscription, geography=geography, secret=_live(call))
    data = msgspec.json.encode(held)
    sealed = _seal(call, data) + data
    return json_answer({"value": base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()})


def _seal(call: VaultCall, data: bytes) -> bytes:
    return hmac.digest(call.azure.secrets.derive("vault-backup"), data, hashlib.sha256)


def restore(call: VaultCall) -> Response:
    """Restore a backed-up secret with all its versions.

    Raises:
        Refusal: the backup is none, it is from elsewhere, or the name is taken.
    """
    held = _read(call)
    if (held.subscription, held.geography) != _origin(call):
        raise Refusal(
            400,
            "BadParameter",
            "The backup is from another subscription or geography and cannot be restored here.",
        )
    name = held.secret.name.lower()
    if name in call.vault.deleted:
        raise _collision(held.secret.name)
    if name in call.vault.secrets:
        raise Refusal(
            409,
            "Conflict",
            f"Secret {held.secret.name} already exists.",
            details=[{"code": "ObjectAlreadyExists"}],
        )
    held.secret.visible_at = 0.0
    call.vault.secrets[name] = held.secret
    call.world.touch()
    return json_answer(_item(call, held.secret, held.secret.versions[-1], whole=True))


def _read(call: VaultCall) -> _Backup:
    text = str(call.document().get("value", ""))
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        data = sealed[32:]
        if hmac.compare_digest(sealed[:32], _seal(call, data)):
            return msgspec.json.decode(data, type=_Backup)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        pass
    raise Refusal(400, "BadParameter", "The backup blob is invalid.")
