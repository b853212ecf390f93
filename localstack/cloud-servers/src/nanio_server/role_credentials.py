"""Signatures of functions' roles.

nanio knows the key of the account only. A function signs with its role's credentials, whose secret follows
from their access key (see `role_keys`).
"""

import os

from nanio.auth import credentials

from ministack_server.role_keys import PREFIX, secret_of

_resolve = credentials.StaticCredentialResolver.resolve


def install() -> None:
    """Replace nanio's lookup of secrets."""
    credentials.StaticCredentialResolver.resolve = _secret


def _secret(resolver: credentials.StaticCredentialResolver, access_key: str) -> str | None:
    """Return the secret of the account's key or of a role's key; None if the key is neither."""
    if access_key.startswith(PREFIX):
        return secret_of(access_key, os.environ["NANIO_SECRET_KEY"])
    secret: str | None = _resolve(resolver, access_key)
    return secret
