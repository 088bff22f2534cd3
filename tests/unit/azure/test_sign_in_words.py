"""What a chain of credentials says at length becomes one sentence that can be acted on."""

from __future__ import annotations

import subprocess
import sys

from amlrunbook.azure.translation import sign_in_error

LONG = """DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: EnvironmentCredential authentication unavailable.
Visit https://aka.ms/x to troubleshoot this issue.
\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable.
\tAzureCliCredential: Azure CLI not found on path
To mitigate this issue, please refer to the troubleshooting guidelines."""


def test_a_chain_is_told_by_what_the_azure_cli_says() -> None:
    error = sign_in_error(RuntimeError(LONG))
    assert error.what == (
        "Signing in failed: none of 3 kinds of credential works here (Azure CLI not found on path)"
    )
    assert "az login" in error.next_step


def test_a_single_credential_speaks_for_itself() -> None:
    assert sign_in_error(RuntimeError("AADSTS7000215: Invalid secret.")).what == (
        "Signing in failed: AADSTS7000215: Invalid secret."
    )


def test_the_log_lines_of_libraries_stay_off_the_terminal() -> None:
    code = (
        "import logging\n"
        "from amlrunbook.cli.talk import quiet_libraries\n"
        "quiet_libraries()\n"
        "logging.getLogger('azure.identity').warning('long words')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
