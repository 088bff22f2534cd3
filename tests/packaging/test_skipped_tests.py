"""The check that no test is skipped in CI that has to run there."""

from __future__ import annotations

import sys

import pytest

SOURCE = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason={reason!r})
def test_does_not(): pass

@pytest.mark.xfail(reason="known", strict=True)
def test_known(): raise ValueError
"""


@pytest.fixture
def verdict(tmp_path, root, run):
    """Run a real test file with one skip; what the check says of it, and its exit code."""

    def check(reason: str, shared: str) -> tuple[int, str]:
        (tmp_path / "test_one.py").write_text(SOURCE.format(reason=reason), encoding="utf-8")
        (tmp_path / "there").mkdir(exist_ok=True)
        report = tmp_path / "report.xml"
        run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "--rootdir",
                tmp_path,
                f"--junitxml={report}",
                "-c",
                "/dev/null",
                "-p",
                "no:cacheprovider",
            ],
            cwd=tmp_path,
        )
        answer = run(
            [sys.executable, root / ".ci/skipped.py", report],
            cwd=tmp_path,
            code=None,
            AMLRUNBOOK_SHARED=str(tmp_path / shared),
        )
        assert answer.stderr == ""
        return answer.returncode, answer.stdout

    return check


@pytest.mark.parametrize(
    ("reason", "shared", "code"),
    [
        ("no server to test against", "there", 1),
        ("documents (../shared/data) are not at hand", "there", 1),
        ("documents (../shared/data) are not at hand", "absent", 0),
        ("only on macOS", "there", 0),
    ],
)
def test_a_skip_needs_a_reason_that_holds_here(verdict, reason, shared, code):
    returned, said = verdict(reason, shared)
    assert returned == code
    assert said.startswith("tests 3, failures 0, errors 0, skipped 2\n")
    assert (reason in said) == bool(code)
