"""The simulated Azure: a program of its own that speaks HTTPS on loopback."""
