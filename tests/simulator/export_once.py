"""Exports once against a simulated Azure that runs: a process of its own, to be killed."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from amlrunbook.azure.credentials import ClientSecret, credential_for
from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.cli.export import export_to
from amlrunbook.model.cloud import loopback_cloud
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Profile
from amlrunbook.simulator.endpoint import read_endpoint


def main(folder: str, profile: str, to: str) -> int:
    at = read_endpoint(Path(folder))
    secret = ClientSecret(at.tenant_id, at.client_id, at.client_secret)
    cloud = loopback_cloud(at.base_url, at.ca_file)
    chosen = msgspec.json.decode(Path(profile).read_bytes(), type=Profile)
    credential = credential_for(cloud, secret=secret)
    gateway = SdkGateway(cloud, credential, Mode.READ_ONLY, chosen.subscription)
    return export_to(chosen, gateway, to=to)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
