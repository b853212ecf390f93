"""The AWS account of the local clouds: the region and credentials of every client."""

from typing import Final

REGION: Final = "us-east-1"
# MiniStack sets the functions' access key to the account number. nanio checks signatures and accepts only
# this key, so every other client uses it too.
ACCESS_KEY: Final = "000000000000"
SECRET_KEY: Final = "test"  # noqa: S105 (a secret for 127.0.0.1 only)
