"""Keys that an ssh-agent holds: signed with by OpenSSH's own programs, never seen here.

``ssh-keygen -Y sign`` speaks to the agent, so confirmation, forwarding and security keys are the
agent's matter. Source: https://man.openbsd.org/ssh-keygen.1
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from amlrunbook.errors import JournalError
from amlrunbook.journal import sshsig

_SECONDS = 120
"""As long as somebody may take to confirm at the agent."""
_NO_KEYS = 1


class AgentKey(msgspec.Struct, frozen=True, kw_only=True):
    """One Ed25519 key in the agent."""

    public_key: bytes
    comment: str
    """As the agent tells it; untrusted text."""


class AgentIdentity:
    """A key in the agent, under a principal's name."""

    def __init__(self, principal: str, public_key: bytes) -> None:
        self._principal = principal
        self._public_key = public_key

    @property
    def principal(self) -> str:
        """The name that the pinned list knows this key by."""
        return self._principal

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return self._public_key

    def sign(self, namespace: str, message: bytes) -> bytes:
        """Return the 64 bytes of an SSHSIG over ``message`` under ``namespace``.

        Raises:
            JournalError: if the agent is not there, lacks the key, or says no.
        """
        with tempfile.TemporaryDirectory(prefix="amlrunbook-") as folder:
            public = Path(folder) / "key.pub"
            public.write_text(sshsig.public_line(self._public_key, "key") + "\n", encoding="ascii")
            command = [_program("ssh-keygen"), "-Y", "sign", "-f", str(public), "-n", namespace]
            code, out, err = _run(command, message)
        if code != 0:
            raise JournalError(
                f"The ssh-agent did not sign: {err or 'it gave no reason'}.",
                state="Nothing was signed.",
                next_step="Look at what it holds with: ssh-add -L",
            )
        return sshsig.unarmor(out.decode("ascii", "replace"), self._public_key, namespace)


def agent_keys() -> tuple[AgentKey, ...]:
    """Return the Ed25519 keys in the agent; none where there is no agent.

    Keys of other types, and keys under which signatures prove nothing, are passed over.
    """
    if shutil.which("ssh-add") is None:
        return ()
    code, out, _ = _run([_program("ssh-add"), "-L"], b"")
    if code != 0:
        return ()
    found = []
    for line in out.decode("utf-8", "replace").splitlines():
        kind, _, rest = line.partition(" ")
        blob, _, comment = rest.partition(" ")
        if kind != sshsig.KEY_TYPE:
            continue
        try:
            found.append(AgentKey(public_key=sshsig.key_from_blob(blob), comment=comment))
        except JournalError:
            continue
    return tuple(found)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise JournalError(
            f"{name} is not installed, and only OpenSSH's programs talk to an ssh-agent.",
            state="Nothing was signed.",
            next_step="Install OpenSSH's client, or choose a key file: amlrunbook key use --file",
        )
    return found


def _run(command: list[str], message: bytes) -> tuple[int, bytes, str]:
    """Run without a terminal, so that nothing asks on the operator's screen behind our back."""
    try:
        answer = subprocess.run(
            command,
            input=message,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return -1, b"", f"no answer within {_SECONDS} seconds"
    except OSError as error:
        return -1, b"", str(error.strerror)
    lines = answer.stderr.decode("utf-8", "replace").strip().splitlines()
    return answer.returncode, answer.stdout, ascii(lines[-1])[1:-1] if lines else ""
