"""The boundary of the operations: what one raises becomes a word, never the end of the run.

One of the two places that may catch everything: a defect in one check must not take the run from
an operator who has twenty more steps to do. A journal that cannot be written passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from amlrunbook.errors import AmlRunbookError, IncompleteError, JournalError

T = TypeVar("T")


def guarded(call: Callable[[], T], what: str) -> T | AmlRunbookError:
    """Return what ``call`` returns, or the error that it ended with.

    ``what`` names the operation in the sentence on a defect.

    Raises:
        JournalError: the run cannot go on.
    """
    try:
        return call()
    except JournalError:
        raise
    except AmlRunbookError as error:
        return error
    except Exception as defect:  # noqa: BLE001 - the worker boundary
        wrapped = IncompleteError(
            f"{what} stopped on a defect of this program: {type(defect).__name__}: {defect}",
            next_step="Do the step by hand; the defect is worth a report.",
        )
        wrapped.__cause__ = defect
        return wrapped
