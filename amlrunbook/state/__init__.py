"""Events, their vocabulary, and the pure fold that all who show or resume a run read."""
