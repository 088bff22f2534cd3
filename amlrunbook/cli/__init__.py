"""The commands: puts the parts together, and is the only place that prints."""
