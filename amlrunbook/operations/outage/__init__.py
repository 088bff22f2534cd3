"""Checks that ask whether it is the region, before anything is moved."""
