"""A TOML runbook becomes a validated runbook, and with a profile and a snapshot a plan."""
