"""Checks and actions of a switchover to the secondary region."""
