"""Fakes of every port: in memory, thread-safe, and as strict as the real adapters.

The fakes of the stores pass the same tests as the adapters (tests/integration/stores), so that a service
meets the same behaviour in its tests and in production.
"""
