"""Check the credentials that a request gives for an account of a channel."""

import string
from collections.abc import Iterator, Mapping
from typing import Final

from chat4all.domain.errors import Detail, Invalid
from chat4all.services.accounts.ports import CredentialForm
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.credentials import FIRST_ACCOUNT

LONGEST_CREDENTIAL: Final = 1024
_LONGEST_ACCOUNT: Final = 64
_IN_ACCOUNTS: Final = frozenset(string.ascii_letters + string.digits + "+_-.")
"""The characters of an account's id, which is a part of keys and of addresses."""


def secret_of(given: Mapping[str, str], form: CredentialForm) -> ChannelSecret:
    """Return the credentials without blanks around the values; raises Invalid with every wrong field."""
    clean = {name: text.strip() for name, text in given.items()}
    problems = [Detail(f"credentials.{name}", issue) for name, issue in _problems(clean, form)]
    if problems:
        raise Invalid("The credentials are not valid.", *problems)
    return ChannelSecret(**{"account_id": "", "access_token": "", "webhook_secret": "", **clean})


def check_account(account: str, secret: ChannelSecret, form: CredentialForm) -> None:
    """Raise Invalid if the account is neither the channel's first nor named as the provider names it."""
    if account == FIRST_ACCOUNT:
        return
    if len(account) > _LONGEST_ACCOUNT or not set(account) <= _IN_ACCOUNTS:
        issue = f"must be at most {_LONGEST_ACCOUNT} letters, digits, or characters of + _ - ."
        raise Invalid("The account's id is not valid.", Detail("account", issue))
    if account_id_of(secret, form) != account:
        issue = f"must be the account of the path, {account}"
        raise Invalid(
            "The credentials are of another account.", Detail(f"credentials.{form.account_field}", issue)
        )


def account_id_of(secret: ChannelSecret, form: CredentialForm) -> str:
    """Return the provider's id of the account."""
    found: str = getattr(secret, form.account_field)
    return found


def _problems(clean: Mapping[str, str], form: CredentialForm) -> Iterator[tuple[str, str]]:
    for name in form.fields:
        text = clean.get(name, "")
        if not text:
            if name not in form.may_be_empty:
                yield name, "is missing"
        elif len(text) > LONGEST_CREDENTIAL:
            yield name, f"must be at most {LONGEST_CREDENTIAL} characters"
        elif not (text.isascii() and text.isprintable()):
            yield name, "must be printable ASCII characters"
    for name in clean:
        if name not in form.fields:
            yield name[:LONGEST_CREDENTIAL], "is no field of this channel's credentials"
