"""What everything else speaks of: frozen types without I/O."""
