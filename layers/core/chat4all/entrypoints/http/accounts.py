"""/v1/channels/{channel}/accounts: our numbers, bots and pages, and their credentials."""

from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import unquote

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.clock import Clock
from chat4all.domain.errors import (
    AccountDiffers,
    AccountEnabled,
    AccountNotFound,
    ChannelNotFound,
    CredentialsRefused,
    TooManyAccounts,
)
from chat4all.domain.text import shortened
from chat4all.entrypoints.http.account_views import (
    CLOSED,
    ChannelAccountView,
    WatchedAccountView,
    account_view,
    watched_view,
)
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.accounts.manage_accounts import ManageAccounts
from chat4all.services.messaging.ports import Breakers

_MOST_FIELDS: Final = 20
_PUT: Final = {
    "credentials": {
        "account_id": "7000000002",
        "access_token": "7000000002:AAF…",
        "webhook_secret": "a word of yours",
    }
}
_ACCOUNT: Final[dict[str, object]] = {
    "channel": "telegram",
    "account": "7000000002",
    "state": "PROVED",
    "provider_id": "7000000002",
    "name": "acme_sales_bot",
    "quality": None,
    "proved_at": "2026-01-31T12:00:00.123Z",
    "token_expires_at": None,
    "reports": [],
}

_REMOVED: Final = {**_ACCOUNT, **dict.fromkeys(("provider_id", "name", "proved_at"))}


class PutAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The credentials: the fields of the channel's secret.

    `grace_h`: the hours in which the former webhook secret still proves webhooks.
    """

    credentials: Annotated[dict[str, str], msgspec.Meta(min_length=1, max_length=_MOST_FIELDS)]
    grace_h: Annotated[int, msgspec.Meta(ge=0, le=24)] = 24


class AccountViews:
    def __init__(
        self,
        manage: ManageAccounts,
        breakers: Breakers,
        channels: frozenset[str],
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._manage = manage
        self._breakers = breakers
        self._channels = channels
        self._audit = audit
        self._clock = clock

    @route(
        "PutAccount",
        "PUT",
        "/v1/channels/{channel}/accounts/{account}",
        Returns(ChannelAccountView, _ACCOUNT),
        summary="Prove the credentials of an account with the provider, and store them",
        scope="channels:write",
        body=PutAccount,
        example=_PUT,
        errors=(ChannelNotFound, AccountDiffers, TooManyAccounts, CredentialsRefused),
    )
    def put(self, request: Request, channel: str, account: str, body: PutAccount) -> Answer:
        account = self._named(channel, account)
        self._audit(request, AuditAction.ACCOUNT_PUT, _subject(channel, account))
        grace = timedelta(hours=body.grace_h)
        return Answer(account_view(channel, self._manage.put(channel, account, body.credentials, grace)))

    @route(
        "GetAccount",
        "GET",
        "/v1/channels/{channel}/accounts/{account}",
        Returns(WatchedAccountView, {**_ACCOUNT, "problems": [], "circuit": CLOSED}),
        summary="Read an account and its circuit, without its credentials",
        scope="channels:read",
        errors=(ChannelNotFound, AccountNotFound),
    )
    def get(self, request: Request, channel: str, account: str) -> Answer:
        known = self._manage.get(channel, self._named(channel, account))
        breaker = self._breakers.get_many({channel: (known.account,)})[channel][known.account]
        return Answer(watched_view(channel, known, breaker, self._clock()))

    @route(
        "EnableAccount",
        "POST",
        "/v1/channels/{channel}/accounts/{account}/enable",
        Returns(ChannelAccountView, {**_ACCOUNT, "state": "ENABLED"}),
        summary="Let messages leave from an account",
        scope="channels:write",
        errors=(ChannelNotFound, AccountNotFound),
    )
    def enable(self, request: Request, channel: str, account: str) -> Answer:
        account = self._named(channel, account)
        self._audit(request, AuditAction.ACCOUNT_ENABLE, _subject(channel, account))
        return Answer(account_view(channel, self._manage.enable(channel, account)))

    @route(
        "DisableAccount",
        "POST",
        "/v1/channels/{channel}/accounts/{account}/disable",
        Returns(ChannelAccountView, {**_ACCOUNT, "state": "DISABLED"}),
        summary="Refuse new messages of an account; accepted messages still leave from it",
        scope="channels:write",
        errors=(ChannelNotFound, AccountNotFound),
    )
    def disable(self, request: Request, channel: str, account: str) -> Answer:
        account = self._named(channel, account)
        self._audit(request, AuditAction.ACCOUNT_DISABLE, _subject(channel, account))
        return Answer(account_view(channel, self._manage.disable(channel, account)))

    @route(
        "DeleteAccount",
        "DELETE",
        "/v1/channels/{channel}/accounts/{account}",
        Returns(ChannelAccountView, {**_REMOVED, "state": "REMOVED"}),
        summary="Remove an account that is not enabled; messages that wait for it become FAILED",
        scope="channels:write",
        errors=(ChannelNotFound, AccountNotFound, AccountEnabled),
    )
    def delete(self, request: Request, channel: str, account: str) -> Answer:
        account = self._named(channel, account)
        self._audit(request, AuditAction.ACCOUNT_DELETE, _subject(channel, account))
        return Answer(account_view(channel, self._manage.remove(channel, account)))

    def _named(self, channel: str, account: str) -> str:
        """Return the account's id of the path; raises ChannelNotFound."""
        if channel not in self._channels:
            raise ChannelNotFound("There is no such channel.")
        return unquote(account)


def _subject(channel: str, account: str) -> str:
    return shortened(f"account:{channel}:{account}")
