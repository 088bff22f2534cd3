"""The run: drives a plan through the operations handed to it."""
