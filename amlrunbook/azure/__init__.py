"""The gateway: the only place that speaks to Azure."""
