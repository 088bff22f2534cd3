"""``python -P -m amlrunbook.simulator --folder DIR``: the simulated Azure as a process."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from amlrunbook.errors import AmlRunbookError
from amlrunbook.simulator.server import IDLE_SECONDS, serve


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end; one clear sentence on standard error where that cannot be."""
    parser = argparse.ArgumentParser(prog="python -P -m amlrunbook.simulator", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="world, CA and secrets")
    parser.add_argument("--scenario", help="a name, or a path of a TOML file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--idle-seconds", type=float, default=IDLE_SECONDS)
    options = parser.parse_args(arguments)
    try:
        serve(
            options.folder,
            scenario=options.scenario,
            seed=options.seed,
            port=options.port,
            idle_seconds=options.idle_seconds,
        )
    except AmlRunbookError as error:
        sys.stderr.write(error.diagnostics() + "\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
