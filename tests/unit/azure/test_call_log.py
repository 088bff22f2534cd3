from __future__ import annotations

from amlrunbook.azure.call_log import Call, CallLog, shown_path


def call(number: int) -> Call:
    return Call(
        at="2026-11-22T10:00:00.000Z", method="GET", host="h", path=f"/{number}", status=200,
        failure="", milliseconds=1, client_request_id="c", service_request_id="s",
    )  # fmt: skip


def test_it_keeps_the_last_calls_and_counts_all() -> None:
    log = CallLog(keep=2)
    for number in range(5):
        log.add(call(number))
    assert [kept.path for kept in log.calls] == ["/3", "/4"]
    assert log.total == 5


def test_values_of_unknown_parameters_are_masked() -> None:
    url = "https://h/a/b?api-version=1&sig=abc%2Fdef&se=2030&$filter=name eq 'x'&token=t"
    assert shown_path(url) == (
        "/a/b?api-version=1&sig=«masked»&se=«masked»&$filter=name eq %27x%27&token=«masked»"
    )


def test_a_subscriber_hears_until_it_stops() -> None:
    log, heard = CallLog(), []
    stop = log.subscribe(heard.append)
    log.add(call(1))
    stop()
    log.add(call(2))
    assert [one.path for one in heard] == ["/1"]
