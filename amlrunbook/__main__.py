"""`python -m amlrunbook`: the same program as the console script.

`python -m` puts the working directory in front of the import path, and `screens` is a plain
word: a folder of that name there would be run in place of ours. So that entry goes, unless the
working directory is where this package itself lies. `os.path` because it is loaded already,
while any other import here could come from the very directory that is not trusted.
"""

import os.path
import sys

_HOME = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - see above
if not sys.flags.safe_path and os.path.realpath(sys.path[0]) != _HOME:
    del sys.path[0]

from amlrunbook.cli import main  # noqa: E402 - only behind the guard

if __name__ == "__main__":
    sys.exit(main())
