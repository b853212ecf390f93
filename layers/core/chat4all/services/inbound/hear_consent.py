"""Hear what people want to receive: by a word of theirs, or by a signal of their provider.

A signal about a person whom nobody knows is dropped: nobody writes to them, and a user is made by a message
only. A STOP from an unknown number is such a message.

A person who writes has not blocked us, so that every message ends a block.
"""

from collections.abc import Mapping
from typing import Final

from chat4all.domain.channel import Capabilities
from chat4all.domain.consent import Consent, ConsentSource, ConsentState, Means, may_send
from chat4all.domain.consent_words import START_PAYLOAD, STOP_PAYLOAD, Words, says_start, says_stop
from chat4all.domain.content import Text
from chat4all.domain.events import InboundConsent, InboundMessage, WebhookEvent
from chat4all.domain.message import Message
from chat4all.domain.person import User
from chat4all.domain.purpose import Purpose
from chat4all.domain.webhooks import WebhookId
from chat4all.services.directory.ports import Directory
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.inbound.known_addresses import KnownAddresses

ACTOR: Final = "inbound"
_PAYLOADS: Final = {STOP_PAYLOAD: ConsentState.OPTED_OUT, START_PAYLOAD: ConsentState.OPTED_IN}


class HearConsent:
    def __init__(
        self,
        directory: Directory,
        addresses: KnownAddresses,
        record: RecordConsent,
        capabilities: Mapping[str, Capabilities],
    ) -> None:
        self._directory = directory
        self._addresses = addresses
        self._record = record
        self._capabilities = capabilities

    def told(self, received: WebhookEvent, event: InboundConsent) -> None:
        """Record the signal of a provider.

        Raises:
            Unavailable: AWS did not answer, or another process is changing the user.
        """
        user = self._user_at(received, event)
        if user is None:
            return
        signals = [
            Consent(
                channel=received.channel,
                purpose=purpose,
                state=event.state,
                at=_at(received, event),
                source=ConsentSource.PROVIDER,
                evidence=event.evidence,
                means=event.means,
            )
            for purpose in event.purposes
        ]
        self._record(user, signals, ACTOR)

    def said(self, channel: str, event: InboundMessage, message: Message) -> None:
        """Record what a person says of their wishes by a message that is stored.

        The stored message gives the time, because a repeated webhook may claim another time.

        Raises:
            Unavailable: AWS did not answer, or another process is changing the user.
        """
        capabilities = self._capabilities[channel]
        state = _state(event, capabilities.opt_out_words)
        if state is None or capabilities.is_group(event.address):
            return
        user = self._directory.get(message.sender_id)
        if user is None or (_may_be_an_answer(event) and _wants_all(user, channel)):
            return
        said = [
            Consent(
                channel=channel,
                purpose=purpose,
                state=state,
                at=message.received.sent_at if message.received is not None else event.at,
                source=ConsentSource.PROVIDER if event.consent is not None else ConsentSource.KEYWORD,
                evidence=f"message:{message.message_id}",
            )
            for purpose in capabilities.opts_out_of
        ]
        self._record(user, said, ACTOR)

    def wrote(self, channel: str, event: InboundMessage, person: User) -> None:
        """End the block of a person who writes.

        Raises:
            Unavailable: AWS did not answer, or another process is changing the user.
        """
        blocks = [known for known in person.consents if _is_block(known) and known.channel == channel]
        if not blocks or event.author is not None:
            return
        over = [
            Consent(
                channel=channel,
                purpose=block.purpose,
                state=ConsentState.OPTED_IN,
                at=event.at,
                source=ConsentSource.PROVIDER,
                evidence="the person wrote",
                means=Means.BLOCK,
            )
            for block in blocks
        ]
        self._record(person, over, ACTOR)

    def _user_at(self, received: WebhookEvent, event: InboundConsent) -> User | None:
        addresses = (event.address, *event.aliases)
        found = (self._addresses.user_at(received.channel, received.account, named) for named in addresses)
        return next((user for user in found if user is not None), None)


def _state(event: InboundMessage, words: Words) -> ConsentState | None:
    """Return what the person of the chat says of their wishes; None if the message says nothing of them.

    A forwarded word is somebody else's, and an edit changes a message that was heard before.
    """
    if event.author is not None or event.edited_at is not None:
        return None
    if event.consent is not None:
        return event.consent
    context = event.context
    if context is not None and context.payload is not None:
        return _PAYLOADS.get(context.payload)
    if not isinstance(event.content, Text) or (context is not None and context.forward is not None):
        return None
    if says_stop(event.content.text, words):
        return ConsentState.OPTED_OUT
    return ConsentState.OPTED_IN if says_start(event.content.text, words) else None


def _is_block(known: Consent) -> bool:
    return known.means is Means.BLOCK and known.state is ConsentState.OPTED_OUT


def _may_be_an_answer(event: InboundMessage) -> bool:
    """Return whether the word, such as YES, opts in only where the person has opted out."""
    if event.consent is not None or not isinstance(event.content, Text):
        return False
    text = event.content.text
    return says_start(text, Words.ALL) and not says_start(text, Words.CLEAR)


def _wants_all(user: User, channel: str) -> bool:
    return all(may_send(user, channel, purpose) for purpose in Purpose)


def _at(received: WebhookEvent, event: InboundConsent) -> str:
    """Return the time of the signal, which is not after its webhook: a replay may claim the present."""
    webhook = WebhookId.parse(received.webhook_id)
    return min(event.at, webhook.received_at) if webhook is not None else event.at
