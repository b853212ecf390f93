"""The secret of a function's role credentials, which follows from their access key.

MiniStack issues the credentials, and nanio checks signatures made with them. Both derive the secret from the
account's secret, so nanio needs no word from MiniStack.
"""

import hashlib
import hmac
from typing import Final

PREFIX: Final = "ASIA"
"""The first letters of every temporary access key, as on AWS."""


def secret_of(access_key: str, account_secret: str) -> str:
    """Return the secret key of the role credentials with `access_key`."""
    return hmac.new(account_secret.encode(), access_key.encode(), hashlib.sha256).hexdigest()
