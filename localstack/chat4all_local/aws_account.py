"""The account of the local clouds, which every client signs for."""

from typing import Final

REGION: Final = "us-east-1"
# MiniStack hands the account's number to the functions as their access key. nanio, which checks signatures,
# knows the functions by it, and every other client uses the same key.
ACCESS_KEY: Final = "000000000000"
SECRET_KEY: Final = "test"  # noqa: S105 (a secret for 127.0.0.1 only)
