"""Find the choice that a person's text answers, where the choices went out as numbered text.

The latest message to the person in the conversation is looked up only for a text that could be such an
answer: a text that begins with a number, or, on a channel that has no buttons at all, a text as short as a
title. The lookup is one query of five messages and one read of their states. Other messages cost nothing.

An edit may not have reached the person: their channel has no edits, or refused this one. So all versions of
an edited message that they may have before them must give the same choice. Only then deliveries are read.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.channel import Capabilities, Treatment
from chat4all.domain.content import Content, Text, kind_of
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.events import InboundMessage
from chat4all.domain.message import Message
from chat4all.domain.numbered_answers import Option, begins_with_number, chosen, could_be_title, options_of
from chat4all.domain.plan import contents_on
from chat4all.domain.received import Context
from chat4all.domain.status import Status
from chat4all.domain.treatments import treatment_of
from chat4all.services.inbound.find_place import Place
from chat4all.services.messaging.carry_out_act import was_sent
from chat4all.services.messaging.ports import Deliveries, Messages

_MOST_READ: Final = 5
"""The latest messages among which the choices are looked for: people write several messages in a row."""


class Answered(msgspec.Struct, frozen=True):
    """The event with the payload of the choice, and the place with the message of the choices."""

    event: InboundMessage
    place: Place


class AnswerChoice:
    def __init__(
        self, messages: Messages, deliveries: Deliveries, capabilities: Mapping[str, Capabilities]
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._capabilities = capabilities

    def __call__(self, channel: str, event: InboundMessage, place: Place, person_id: str) -> Answered:
        """Return the event and its place, as those of a tap if the text answers numbered choices.

        Raises:
            Unavailable: AWS did not answer.
        """
        if not self._may_answer(channel, event):
            return Answered(event, place)
        offer = self._latest_to(person_id, place)
        option = self._chosen(channel, event, offer, person_id) if offer is not None else None
        if offer is None or option is None:
            return Answered(event, place)
        context = replace(event.context or Context(), payload=option.option_id, title=option.title)
        return Answered(replace(event, context=context), replace(place, reply_to=offer.message_id))

    def _may_answer(self, channel: str, event: InboundMessage) -> bool:
        text = event.content.text
        is_tap = event.context is not None and event.context.payload is not None
        if not isinstance(event.content, Text) or event.is_own or is_tap or event.edited_at is not None:
            return False
        has_buttons = self._capabilities[channel].kind_rule("buttons").treatment is Treatment.FULL
        return begins_with_number(text) or (not has_buttons and could_be_title(text))

    def _chosen(self, channel: str, event: InboundMessage, offer: Message, person_id: str) -> Option | None:
        """Return the choice that is meant, if the contents that may have gone out on the channel name one."""
        # The channel of a step without one is known of a message with a single step only.
        best = channel if len(offer.steps) > 1 else offer.channel or channel
        contents = (
            content
            for version in self._versions(channel, offer, person_id)
            for content in contents_on(channel, offer.steps, version, best)
            if treatment_of(content, self._capabilities[channel], event.address) is Treatment.NUMBERED_TEXT
        )
        named = {chosen(event.content.text, options_of(content)) for content in contents}
        return named.pop() if len(named) == 1 else None

    def _versions(self, channel: str, offer: Message, person_id: str) -> Sequence[Content]:
        """Return the versions of the message that the person may have before them on the channel."""
        if not offer.edits or offer.edit_id is None:
            return (offer.content,)
        changed = self._parts(offer.edit_id, channel, person_id)
        if changed and all(_is_applied(part) for part in changed):
            return (offer.content,)
        sent = self._parts(offer.message_id, channel, person_id)
        first = offer.edits[0].content
        goes_once = bool(sent) and all((part.round, part.route) == (0, 0) for part in sent)
        acts = self._capabilities[channel].acts
        has_edits = acts.edit is not None and kind_of(first) in acts.edit.kinds
        # What goes out for the first time stands before every edit in its queue.
        return (
            (first,)
            if goes_once and not has_edits
            else (*(edit.content for edit in offer.edits), offer.content)
        )

    def _parts(self, message_id: str, channel: str, person_id: str) -> list[DeliveryPart]:
        parts = self._deliveries.of_message(message_id)
        return [part for part in parts if (part.channel, part.recipient_id) == (channel, person_id)]

    def _latest_to(self, person_id: str, place: Place) -> Message | None:
        """Return the latest message to the person, unless it is deleted or they answer another one."""
        latest = self._messages.history(place.conversation_id, "", None, _MOST_READ)
        message = next((message for message in latest if message.sender_id != person_id), None)
        if message is None or message.deleted_at is not None:
            return None
        return message if place.reply_to in {None, message.message_id} else None


def _is_applied(part: DeliveryPart) -> bool:
    return part.status not in {Status.PENDING, Status.FAILED} and was_sent(part.provider_message_id)
