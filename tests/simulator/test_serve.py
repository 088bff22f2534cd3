"""``simulator serve``: it says what a client needs, and leaves nothing running behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amlrunbook.cli import main
from amlrunbook.errors import ExitCode
from amlrunbook.simulator.endpoint import read_endpoint
from amlrunbook.simulator.process import is_alive


@pytest.fixture
def _signals() -> Iterator[None]:
    """The signals as they were, afterwards."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("_signals")
def test_an_interrupt_while_it_still_speaks_ends_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(words: str) -> None:
        if "Ctrl-C" in words:
            raise KeyboardInterrupt

    monkeypatch.setattr("amlrunbook.cli.talk.say", interrupted)
    words = ["simulator", "serve", "lonely-workspace", "--folder", str(tmp_path)]
    assert main(words) == ExitCode.INTERRUPTED
    assert not is_alive(read_endpoint(tmp_path))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_and_its_child(tmp_path: Path, end: signal.Signals) -> None:
    words = [sys.executable, "-m", "amlrunbook", "simulator", "serve", "lonely-workspace"]
    serving = subprocess.Popen(
        [*words, "--folder", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"},
    )
    assert serving.stdout is not None
    assert serving.stderr is not None
    with serving:
        assert "Ctrl-C" in serving.stderr.readline()
        at = read_endpoint(tmp_path)
        assert is_alive(at)
        serving.send_signal(end)
        told = {line.split()[0] for line in serving.stdout if line.strip()}
        serving.stderr.read()
    assert {"endpoint", "ca", "tenant", "client", "subscription"} <= told
    assert serving.returncode == 130
    assert not is_alive(at)
