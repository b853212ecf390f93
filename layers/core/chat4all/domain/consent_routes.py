"""The routes of a message that the consents of its recipients leave."""

from collections.abc import Iterator, Mapping, Sequence

from chat4all.domain.consent import may_send, opted_out
from chat4all.domain.errors import Detail, OptedOut
from chat4all.domain.events import Recipient, Route
from chat4all.domain.person import User
from chat4all.domain.purpose import Purpose


def wanted(
    recipients: Sequence[Recipient], users: Mapping[str, User], purpose: Purpose
) -> tuple[Recipient, ...]:
    """Return the recipients without the routes on which they want no message of the purpose.

    If no route of a recipient is left, the recipient keeps all: `require_consent` refuses such a message.
    """
    return tuple(_on_wanted_routes(recipient, users[recipient.user_id], purpose) for recipient in recipients)


def require_consent(recipients: Sequence[Recipient], users: Mapping[str, User], purpose: Purpose) -> None:
    """Raise OptedOut if a recipient of `wanted` wants no message of the purpose on any route."""
    details = [
        detail
        for recipient in recipients
        for detail in _refusals(recipient, users[recipient.user_id], purpose)
    ]
    if details:
        raise OptedOut(f"Not every recipient wants {purpose.value} messages.", *details)


def _on_wanted_routes(recipient: Recipient, user: User, purpose: Purpose) -> Recipient:
    if not user.consents:
        return recipient
    left = [to for to in recipient.routes if may_send(user, to.channel, purpose)]
    if not left or len(left) == 1 + len(recipient.fallbacks):
        return recipient
    first, *others = left
    fallbacks = tuple(Route(to.channel, to.account, to.address, to.thread) for to in others)
    return Recipient(
        recipient.user_id,
        first.channel,
        first.account,
        first.address,
        recipient.number,
        fallbacks,
        thread=first.thread,
    )


def _refusals(recipient: Recipient, user: User, purpose: Purpose) -> Iterator[Detail]:
    if may_send(user, recipient.channel, purpose):
        return
    for to in recipient.routes:
        consent = opted_out(user, to.channel, purpose)
        if consent is not None:
            issue = (
                f"user {user.user_id} opted out of {consent.purpose.value} messages on {to.channel} "
                f"since {consent.at} (source: {consent.source.value})"
            )
            yield Detail("conversation_id", issue)
