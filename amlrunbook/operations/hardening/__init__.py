"""Actions that make a workspace pair harder to lose."""
