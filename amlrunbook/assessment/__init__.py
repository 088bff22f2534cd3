"""Rules: snapshot in, findings out, pure."""
