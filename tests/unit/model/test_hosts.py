"""A connection's target in every form that people write."""

from __future__ import annotations

import pytest

from amlrunbook.model.hosts import SQL_SERVERS, host_of, server_type


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("db1.database.windows.net", "db1.database.windows.net"),
        ("DB1.Database.Windows.NET,1433", "db1.database.windows.net"),
        ("tcp:db1.database.windows.net,1433", "db1.database.windows.net"),
        ("jdbc:sqlserver://db1.database.windows.net:1433;database=d", "db1.database.windows.net"),
        ("postgresql://me@pg.postgres.database.azure.com:5432/d", "pg.postgres.database.azure.com"),
        ("https://a.documents.azure.com:443/", "a.documents.azure.com"),
        ("https://adb-1.2.azuredatabricks.net?o=1", "adb-1.2.azuredatabricks.net"),
        ("", ""),
        ("///", ""),
    ],
)
def test_the_host_is_found(target: str, host: str) -> None:
    assert host_of(target) == host


def test_the_kind_of_server_is_known_however_it_is_written() -> None:
    assert {server_type(kind) for kind in ("AzureSqlDb", "azure_sql_db")} == {SQL_SERVERS}
    assert server_type("Git") == ""
