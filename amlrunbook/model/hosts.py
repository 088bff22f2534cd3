"""What a connection's target names: a host, in whatever form somebody wrote it, and the type of server it is.

Source: https://learn.microsoft.com/rest/api/azureml/workspace-connections/list
"""

from __future__ import annotations

SQL_SERVERS = "microsoft.sql/servers"
_SERVERS = {
    "azuresqldb": SQL_SERVERS,
    "azuresynapseanalytics": "microsoft.synapse/workspaces",
    "azurepostgresdb": "microsoft.dbforpostgresql/flexibleservers",
    "azuremysqldb": "microsoft.dbformysql/flexibleservers",
    "cosmosdb": "microsoft.documentdb/databaseaccounts",
    "cosmosdbmongodbapi": "microsoft.documentdb/databaseaccounts",
    "azuredatabricksdeltalake": "microsoft.databricks/workspaces",
}


def server_type(category: str) -> str:
    """Return the resource type, in lower case, of the server that a kind of connection names; empty where it names none."""
    return _SERVERS.get(category.replace("_", "").lower(), "")


def host_of(target: str) -> str:
    """Return the host that a connection's target names, in lower case: a URL, a JDBC string or a bare name."""
    rest = target.lower().rpartition("//")[2]
    for separator in ("/", ";", ",", "?"):
        rest = rest.split(separator, 1)[0]
    rest = rest.rpartition("@")[2].removeprefix("tcp:")
    return rest.split(":", 1)[0]
