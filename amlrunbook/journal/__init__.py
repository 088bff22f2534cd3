"""The signed journal: writing, verifying, keys."""
