"""How to reach one simulated Azure, and the secrets that its folder keeps."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from pathlib import Path

import msgspec

from amlrunbook.errors import SimulatorError
from amlrunbook.simulator.files import replace_file

ENDPOINT_FILE = "endpoint.json"
SECRETS_FILE = "secrets.json"
CA_FILE = "ca.pem"
CERTIFICATE_FILE = "server.pem"
WORLD_FILE = "world.json"
LOG_FILE = "server.log"
LOCK_FILE = "simulator.lock"
REQUESTS_FILE = "requests.jsonl"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A running simulated Azure: where it is, and what signs in there."""

    base_url: str
    """``https://127.0.0.1:PORT``, without a slash at the end."""
    port: int
    ca_file: str
    """The private CA's certificate, PEM."""
    tenant_id: str
    client_id: str
    client_secret: str
    subscription_id: str
    """The first subscription of the scenario."""
    pid: int
    control_token: str
    scenario: str
    seed: int

    def __repr__(self) -> str:
        """Name the place, never a secret."""
        return f"Endpoint({self.base_url!r}, scenario={self.scenario!r}, pid={self.pid})"

    __str__ = __repr__


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulator's folder keeps secret; the same after a restart."""

    client_id: str
    client_secret: str
    token_key: str
    control_token: str

    def __repr__(self) -> str:
        """Name nothing."""
        return "Secrets(...)"

    def derive(self, purpose: str) -> bytes:
        """Return 64 bytes that follow from the secret and ``purpose``: account keys and such."""
        return hashlib.sha512(f"{self.token_key}/{purpose}".encode()).digest()


def keep_secrets(folder: Path) -> Secrets:
    """Return the folder's secrets; make them, and the CA with its server certificate, at first.

    Raises:
        SimulatorError: the file of secrets is there and cannot be read.
    """
    path = folder / SECRETS_FILE
    if path.exists():
        try:
            return msgspec.json.decode(path.read_bytes(), type=Secrets)
        except (OSError, msgspec.MsgspecError) as error:
            raise SimulatorError(
                f"The secrets of the simulated Azure in {path} cannot be read.",
                state="Nothing was started.",
                next_step="Start a new drill; this one's folder is damaged.",
            ) from error
    import trustme  # noqa: PLC0415 - who only reaches a simulated Azure makes no certificate

    authority = trustme.CA(organization_name="amlrunbook simulated Azure")
    server = authority.issue_cert("127.0.0.1", "localhost")
    replace_file(folder / CA_FILE, authority.cert_pem.bytes())
    replace_file(folder / CERTIFICATE_FILE, server.private_key_and_cert_chain_pem.bytes())
    made = Secrets(
        client_id=str(uuid.uuid4()),
        client_secret=secrets.token_urlsafe(24),
        token_key=secrets.token_hex(32),
        control_token=secrets.token_urlsafe(32),
    )
    replace_file(path, msgspec.json.encode(made))
    return made


def read_endpoint(folder: Path) -> Endpoint:
    """Return what the folder's last simulator wrote when it was ready.

    Raises:
        SimulatorError: there is no such file, or it is damaged.
    """
    path = folder / ENDPOINT_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Endpoint)
    except FileNotFoundError as error:
        raise SimulatorError(
            f"No simulated Azure was ever started in {folder}.",
            next_step="Start the drill anew.",
        ) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise SimulatorError(
            f"The simulated Azure's {path} cannot be read.",
            next_step="Start the drill anew.",
        ) from error
