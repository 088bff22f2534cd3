"""The simulated Azure: a program of its own, and the test bed of everything else.

A real HTTPS server on the loopback address that speaks enough of Azure for the real SDKs to drive
it: resource manager, storage, a token endpoint. It stands on :mod:`amlrunbook.errors` and
:mod:`amlrunbook.model` alone, and runs in a process of its own (:mod:`.process` starts it).
"""
