"""Whether this person, on this machine, can run every step."""
