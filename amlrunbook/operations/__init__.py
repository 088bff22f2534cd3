"""Checks and actions behind the Operation protocol."""
