"""Findings and runs as text, JSON, Markdown."""
