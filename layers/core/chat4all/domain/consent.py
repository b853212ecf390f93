"""What a person wants to receive on a channel: the signals that tell it, and the rules that follow.

A consent belongs to a person, a channel and a purpose. It does not belong to one of our numbers: a person who
says STOP to one number of a business says it to the business. An opt-out of service messages is an opt-out of
everything on the channel. A person about whom nothing is known may be written to.

Signals come late, twice and out of order, so that the time of a signal decides, and not the time of its
arrival. Of two signals at the same time, the opt-out counts.

A block is an opt-out that the person made in the app's settings, and that ends when they unblock us. It says
less than a word: the end of a block does not undo a STOP.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.purpose import Purpose

if TYPE_CHECKING:
    from chat4all.domain.person import User

MOST_EVIDENCE: Final = 500
"""Characters of the evidence of a consent."""
EVERYTHING: Final = (Purpose.SERVICE, Purpose.MARKETING)


class ConsentState(StrEnum):
    OPTED_IN = "OPTED_IN"
    OPTED_OUT = "OPTED_OUT"


class ConsentSource(StrEnum):
    """Who told us: the person by a word, the provider of the channel, or a client of this API."""

    KEYWORD = "keyword"
    PROVIDER = "provider"
    CLIENT = "client"


class Consent(msgspec.Struct, frozen=True):
    """What a person wants on a channel, for a purpose, since `at` (the latest signal, ISO 8601 UTC).

    `evidence` is what proves it: `message:` and the id of the person's message, the provider's name for the
    signal, or the words of the client.
    """

    channel: str
    purpose: Purpose
    state: ConsentState
    at: str
    source: ConsentSource
    evidence: str = ""
    blocked: bool = False
    """The opt-out is a block in the person's app, which ends when they unblock us."""


class OptOut(msgspec.Struct, frozen=True):
    """What a provider's refusal of a message says of the person's wishes.

    The person wants no messages of these purposes. `blocked`: until they unblock us.
    """

    purposes: tuple[Purpose, ...]
    blocked: bool = False


def opted_out(user: "User", channel: str, purpose: Purpose) -> Consent | None:
    """Return the consent by which the person refuses messages of the purpose on the channel."""
    covering = {purpose, Purpose.SERVICE}
    return next((known for known in opt_outs_on(user, channel) if known.purpose in covering), None)


def opt_outs_on(user: "User", channel: str) -> tuple[Consent, ...]:
    """Return everything that the person has opted out of on the channel."""
    return tuple(
        known for known in user.consents if known.channel == channel and known.state is ConsentState.OPTED_OUT
    )


def may_send(user: "User", channel: str, purpose: Purpose) -> bool:
    """Return whether a message of the purpose may go to the person on the channel."""
    return opted_out(user, channel, purpose) is None


def consent_of(consents: Sequence[Consent], told: Consent) -> Consent | None:
    """Return the known consent of the same channel and purpose."""
    return next(
        (known for known in consents if (known.channel, known.purpose) == (told.channel, told.purpose)), None
    )


def after(known: Consent | None, told: Consent) -> Consent | None:
    """Return the consent that holds after the signal `told`; None if the signal changes nothing.

    An opt-in that is `blocked` is the end of a block, and changes nothing but a block. A signal that confirms
    the known state moves only its time, so that a late signal of the other state stays without effect. A
    provider's confirmation leaves the source. A block confirms nothing: it does not take the place of a STOP,
    and a refused send, which has our time in milliseconds, would otherwise look newer than the end of the
    block, which has the provider's time in seconds.
    """
    if told.blocked and told.state is ConsentState.OPTED_IN:
        is_over = known is not None and known.blocked and told.at > known.at
        return replace(told, blocked=False) if is_over else None
    if known is None:
        return told
    if told.at < known.at:
        return None
    if told.state is known.state:
        if told.at == known.at or told.blocked:
            return None
        return replace(known, at=told.at) if told.source is ConsentSource.PROVIDER else told
    is_tie = told.at == known.at
    return None if is_tie and told.state is ConsentState.OPTED_IN else told


def with_consents(consents: Sequence[Consent], changed: Sequence[Consent]) -> tuple[Consent, ...]:
    """Return the consents with each of `changed` in the place of the consent of its channel and purpose."""
    kept = (known for known in consents if consent_of(changed, known) is None)
    return (*kept, *changed)
