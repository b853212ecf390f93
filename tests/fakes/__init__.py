"""Fakes of every port: in memory, thread-safe, and as strict as the real thing.

The stores' fakes pass the same tests as the adapters (tests/integration/stores), so that what a service is
tested against is what it meets in production.
"""
