"""What the answer to a scoring request says of a deployment.

Source: https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints
"""

from __future__ import annotations

import json

from amlrunbook.azure.scoring import Score
from amlrunbook.errors import UsageError
from amlrunbook.model.finding import Verdict

SCORING_SOURCE = (
    "https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints"
)
LARGEST_SAMPLE = 1 << 20
"""Bytes of a sample body that are sent at most."""
_PLAIN = {
    401: (Verdict.UNKNOWN, "key or token was refused: the deployment was not reached"),
    403: (
        Verdict.UNKNOWN,
        "this person may not score (onlineEndpoints/score/action), or the network is closed to them",
    ),
    404: (Verdict.FAIL, "there is no such deployment, or none that takes traffic"),
    408: (Verdict.FAIL, "the model took longer than the deployment allows"),
    429: (Verdict.WARN, "it is alive, and gets more requests than it can handle"),
}
_MODEL_REFUSES = frozenset({400, 413, 415, 422})


def sample_body(text: str) -> bytes:
    """Return the body of a scoring request: JSON, ``{}`` unless given.

    Raises:
        UsageError: it is no JSON, or too long.
    """
    body = (text or "{}").encode()
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "The sample body of the scoring request is no JSON.",
            state="Nothing was sent.",
            next_step="Give one that the model takes: params = { body = '{\"input_data\": []}' }.",
        ) from error
    if len(body) > LARGEST_SAMPLE:
        raise UsageError(f"The sample body is longer than {LARGEST_SAMPLE} bytes.")
    return body


def score_said(score: Score) -> tuple[Verdict, str]:
    """Return what an answer means, and a clause that says so."""
    took = f"in {score.milliseconds} ms"
    if 200 <= score.status < 300:  # noqa: PLR2004 - HTTP's success
        by = f" by {score.deployment}" if score.deployment else ""
        return Verdict.PASS, f"answered {score.status}{by} {took}"
    if score.status == 424:  # noqa: PLR2004 - Azure's status for the model's own refusal
        return _model_said(score, took)
    if score.status in _PLAIN:
        verdict, words = _PLAIN[score.status]
        return verdict, f"answered {score.status} {took}: {words}"
    if score.status in _MODEL_REFUSES:
        return Verdict.WARN, (
            f"answered {score.status} {took}: it is alive, and does not take the sample body; "
            "give one that the model takes"
        )
    verdict = Verdict.FAIL if score.status >= 500 else Verdict.UNKNOWN  # noqa: PLR2004
    return verdict, f"answered {score.status} {took}"


def _model_said(score: Score, took: str) -> tuple[Verdict, str]:
    reason = f" ({score.reason})" if score.reason else ""
    if 400 <= score.model_status < 500:  # noqa: PLR2004 - the model's refusal of what it was asked
        return Verdict.WARN, (
            f"answered 424 {took}: the model itself answered {score.model_status}{reason}. It is alive, and does not take "
            "the sample body; give one that it takes"
        )
    told = (
        f"the model itself answered {score.model_status}"
        if score.model_status
        else "the model failed"
    )
    return Verdict.FAIL, f"answered 424 {took}: {told}{reason}"
