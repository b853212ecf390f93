"""What a person wants to receive on a channel: the signals that tell it, and the rules that follow.

A consent belongs to a person, a channel and a purpose. It does not belong to one of our numbers: a person who
says STOP to one number of a business says it to the business. An opt-out of service messages is an opt-out of
everything on the channel. A person about whom nothing is known may be written to.

Signals come late, twice and out of order, so that the time of a signal decides, and not the time of its
arrival. Of two signals at the same time, the opt-out counts.

A person may also block us, or stop our offers in the app's settings. Such an opt-out stands beside the
person's words. An unblock, or the setting, ends it. Its end is no opt-in, and undoes no STOP: the words of
the person hold as before.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.clock import iso
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


class Means(StrEnum):
    """How the person made a wish known. The consents of each means are independent of the others."""

    WORD = "word"
    """The person told us, or a client of this API."""
    BLOCK = "block"
    """They blocked us in the app, until they unblock us or write."""
    SETTING = "setting"
    """They stopped our offers in the app's settings, until they resume them there."""


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
    means: Means = Means.WORD
    """An opt-in by other means than a word is the end of such an opt-out, and says nothing else."""


class OptOut(msgspec.Struct, frozen=True):
    """What a provider's refusal of a message says of the person's wishes.

    The person wants no messages of these purposes, which they made known by `means`.
    """

    purposes: tuple[Purpose, ...]
    means: Means = Means.WORD


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
    """Return the known consent of the same channel, purpose and means."""
    return next((known for known in consents if _subject(known) == _subject(told)), None)


def shown(consents: Sequence[Consent]) -> tuple[Consent, ...]:
    """Return the consent that holds for each channel and purpose: an opt-out before an opt-in.

    The end of a block or of a setting is no consent.
    """
    held: dict[tuple[str, Purpose], Consent] = {}
    for consent in consents:
        if consent.state is ConsentState.OPTED_IN and consent.means is not Means.WORD:
            continue
        at = consent.channel, consent.purpose
        if at not in held or consent.state is ConsentState.OPTED_OUT:
            held[at] = consent
    return tuple(held.values())


def after(known: Consent | None, told: Consent) -> Consent | None:
    """Return the consent that holds after the signal `told`; None if the signal changes nothing.

    `known` has the same channel, purpose and means. A signal that confirms the known state moves only its
    time, so that a late signal of the other state stays without effect. A provider's confirmation leaves the
    source. `refused_at` gives the time of a refused send.
    """
    if known is None:
        return told
    if told.at < known.at:
        return None
    if told.state is known.state:
        if told.at == known.at:
            return None
        return replace(known, at=told.at) if told.source is ConsentSource.PROVIDER else told
    is_tie = told.at == known.at
    return None if is_tie and told.state is ConsentState.OPTED_IN else told


def refused_at(now: datetime) -> str:
    """Return the time at which a send that is refused at `now` proves an opt-out: just before its second.

    Providers tell the end of an opt-out in whole seconds, rounded down, so that an end in the second of the
    refusal may be later than the refusal. The time is ISO 8601 UTC.
    """
    return iso(now.replace(microsecond=0) - timedelta(milliseconds=1))


def with_consents(consents: Sequence[Consent], changed: Sequence[Consent]) -> tuple[Consent, ...]:
    """Return the consents with each of `changed` in the place of the consent that it follows."""
    kept = (known for known in consents if consent_of(changed, known) is None)
    return (*kept, *changed)


def having_heard(known: Sequence[Consent], told: Sequence[Consent]) -> tuple[Consent, ...]:
    """Return the consents after the signals `told`, of which late and repeated ones change nothing."""
    consents = tuple(known)
    for each in told:
        new = after(consent_of(consents, each), each)
        if new is not None:
            consents = with_consents(consents, (new,))
    return consents


def _subject(consent: Consent) -> tuple[str, Purpose, Means]:
    return consent.channel, consent.purpose, consent.means
