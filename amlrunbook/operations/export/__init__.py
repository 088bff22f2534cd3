"""Saving before the day what no service copies by itself."""
