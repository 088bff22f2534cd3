"""This machine: ``az`` and its extension, disk, proxy, clock. Nothing here asks Azure but the clock."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.profile import Profile

AZ_SECONDS = 30.0
"""How long ``az version`` may take: it starts slowly on a cold disk."""
LEAST_BYTES = 100_000_000
"""Below this a journal may not find room."""
WISHED_BYTES = 1_000_000_000
SKEW_WARNS = 60
SKEW_FAILS = 300
"""Seconds of clock skew; the sign-in service tolerates five minutes."""
_EXTENSIONS = {
    "microsoft.cdn/profiles": ("cdn",),
    "microsoft.databricks/workspaces": ("databricks",),
    "microsoft.kubernetes/connectedclusters": ("connectedk8s", "k8s-extension"),
    "microsoft.containerservice/managedclusters": ("k8s-extension",),
}
"""Extensions that hold the commands for an attached service, by its type.

Source: https://learn.microsoft.com/cli/azure/azure-cli-extensions-list
"""
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def machine(
    state: Path, environment: Mapping[str, str], profile: Profile | None = None
) -> Iterator[Finding]:
    """Yield what can be said of this machine without a network.

    Args:
        state: where runs and snapshots are written.
        environment: the process's variables.
        profile: whose attached services say which extensions of ``az`` its steps need besides ``ml``.
    """
    yield from _az(environment, extensions_for(profile))
    yield _disk(state)
    yield _proxy(environment)


def extensions_for(profile: Profile | None) -> tuple[str, ...]:
    """Return the extensions of ``az`` that the commands for a profile's attached services are in, sorted."""
    attached = profile.attached if profile is not None else ()
    ids = [each for one in attached for each in (one.id, one.partner)]
    return tuple(
        sorted(
            {
                name
                for each in ids
                for kind, names in _EXTENSIONS.items()
                if f"/providers/{kind}/" in each.lower()
                for name in names
            }
        )
    )


def _az(environment: Mapping[str, str], needed: tuple[str, ...]) -> Iterator[Finding]:
    program = shutil.which("az", path=environment.get("PATH", ""))
    if program is None:
        yield _of_az(Verdict.WARN, "there is no az on the PATH", "Install the Azure CLI.")
        return
    quiet = {
        **environment,
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
    }
    try:
        told = subprocess.run(
            [program, "version", "--output", "json"],
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=AZ_SECONDS,
            check=False,
        )
        versions = msgspec.json.decode(told.stdout)
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        yield _of_az(
            Verdict.WARN, f"{program} does not tell its version: {type(error).__name__}", ""
        )
        return
    version = versions.get("azure-cli") if isinstance(versions, dict) else None
    yield _of_az(Verdict.PASS, f"azure-cli {version or 'of no known version'}", "")
    extensions = versions.get("extensions") if isinstance(versions, dict) else None
    ml = extensions.get("ml") if isinstance(extensions, dict) else None
    yield Finding(
        check="doctor.az-ml",
        resource="this machine",
        verdict=Verdict.PASS if ml else Verdict.WARN,
        title="The ml extension of az",
        observed=f"ml {ml}" if ml else "the extension ml is not installed",
        expected="installed before the day",
        why="az installs it at the first az ml command, and on the day there may be no network to install from.",
        source="https://learn.microsoft.com/azure/machine-learning/how-to-configure-cli",
        remedy="" if ml else "Install it now.",
        command="" if ml else "az extension add --name ml",
    )
    if needed:
        there = extensions if isinstance(extensions, dict) else {}
        yield _of_extensions(needed, tuple(name for name in needed if name not in there))


def _of_extensions(needed: tuple[str, ...], missing: tuple[str, ...]) -> Finding:
    """Return whether the extensions are there that the commands for attached services are in."""
    return Finding(
        check="doctor.az-extensions",
        resource="this machine",
        verdict=Verdict.WARN if missing else Verdict.PASS,
        title="Extensions of az for what is attached",
        observed=f"not installed: {', '.join(missing)}" if missing else ", ".join(needed),
        expected="installed before the day",
        why="The commands for Front Door, Databricks and attached clusters are in extensions: on the day there may be no network to install them from.",
        source="https://learn.microsoft.com/cli/azure/azure-cli-extensions-list",
        remedy="Install them now." if missing else "",
        command=" && ".join(f"az extension add --name {name}" for name in missing),
    )


def _of_az(verdict: Verdict, observed: str, remedy: str) -> Finding:
    return Finding(
        check="doctor.az",
        resource="this machine",
        verdict=verdict,
        title="The Azure CLI",
        observed=observed,
        expected="az on the PATH",
        why="Each step shows its az command: what to run where this program cannot.",
        source="https://learn.microsoft.com/cli/azure/install-azure-cli",
        remedy=remedy,
    )


def _disk(state: Path) -> Finding:
    there = next(path for path in (state, *state.parents) if path.exists())
    writable = os.access(there, os.W_OK)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        free, observed = 0, f"{there} cannot be asked: {error.strerror}"
    else:
        observed = f"{free // 1_000_000} MB free at {there}"
    verdict = Verdict.PASS if free >= WISHED_BYTES else Verdict.WARN
    if free < LEAST_BYTES or not writable:
        verdict = Verdict.FAIL
        observed += "" if writable else ", and it cannot be written"
    return Finding(
        check="doctor.disk",
        resource="this machine",
        verdict=verdict,
        title="Room for journals and snapshots",
        observed=observed,
        expected="a gigabyte, and the right to write",
        why="A step is confirmed only once it is in the journal: a full disk stops the run.",
        source="https://learn.microsoft.com/azure/reliability/overview",
        remedy="" if verdict is Verdict.PASS else "Make room, or set AMLRUNBOOK_HOME elsewhere.",
    )


def _proxy(environment: Mapping[str, str]) -> Finding:
    named = next((environment[name] for name in _PROXIES if environment.get(name)), "")
    try:
        host = urlsplit(named).hostname or "" if named else ""
    except ValueError:
        host = ""
    observed = f"calls go through the proxy {host or 'that is set'}" if named else "none is set"
    return Finding(
        check="doctor.proxy",
        resource="this machine",
        verdict=Verdict.WARN if named and not host else Verdict.PASS,
        title="Proxy",
        observed=observed,
        expected="none, or one that outlives the region",
        why="A proxy that stands in the region that is lost takes this machine's way to Azure with it.",
        source="https://learn.microsoft.com/azure/developer/python/sdk/azure-sdk-configure-proxy",
        remedy="Write it as http://HOST:PORT." if named and not host else "",
    )


def clock(azure_now: datetime, machine_now: datetime | None = None) -> Finding:
    """Return how far this machine's clock is from Azure's."""
    skew = int(abs(((machine_now or datetime.now(UTC)) - azure_now).total_seconds()))
    verdict = Verdict.PASS if skew < SKEW_WARNS else Verdict.WARN
    if skew >= SKEW_FAILS:
        verdict = Verdict.FAIL
    return Finding(
        check="doctor.clock",
        resource="this machine",
        verdict=verdict,
        title="Clock",
        observed=f"{skew} s from the time that Azure tells",
        expected=f"less than {SKEW_WARNS} s",
        why="Tokens of a machine whose clock is wrong are refused, and its journal dates what it saw wrongly.",
        source="https://learn.microsoft.com/troubleshoot/entra/entra-id/app-integration/error-code-aadsts500133-assertion-not-valid-range",
        remedy="" if verdict is Verdict.PASS else "Let NTP set the clock.",
    )
