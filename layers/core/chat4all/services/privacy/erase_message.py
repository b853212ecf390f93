"""Erase a message, or what another person's message holds of the erased person.

::

    files ── the bytes and the names of the person's files
       │
    webhook ── the webhook that brought the message
       │
    rows ── the deliveries, fallbacks and items; the message itself last, since it names all of them
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from chat4all.domain.clock import Clock, iso
from chat4all.domain.erasing import (
    Erasure,
    erased_message,
    files_in,
    is_erased,
    quotes_somebody,
    without_quote,
)
from chat4all.domain.message import Message
from chat4all.domain.status import Status
from chat4all.domain.webhooks import WebhookId
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.messaging.ports import Messages
from chat4all.services.messaging.record_status import FollowDelivery
from chat4all.services.privacy.erase_file import EraseFile
from chat4all.services.privacy.ports import Aim, ErasedMessages, StoredWebhooks


class EraseMessages:
    def __init__(
        self,
        *,
        messages: Messages,
        erased: ErasedMessages,
        webhooks: StoredWebhooks,
        erase_file: EraseFile,
        follow: FollowDelivery,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._erased = erased
        self._webhooks = webhooks
        self._erase_file = erase_file
        self._follow = follow
        self._clock = clock

    def __call__(
        self, erasure: Erasure, found: Sequence[Message], members: Mapping[str, int], *, is_whole: bool
    ) -> Counter[str]:
        """Erase the messages of the person, and of all others if the conversation `is_whole` theirs.

        `members` are those of the person's users who take part in the conversation, with their numbers.
        """
        counts: Counter[str] = Counter()
        kept = []
        for message in found:
            if is_whole or message.sender_id in erasure.user_ids:
                counts += self._erase(erasure, message, members)
            else:
                self._erase_recipient(erasure, message, members)
                kept.append(message)
        self._erase_quotes(erasure, kept)
        return counts

    def _erase(self, erasure: Erasure, message: Message, members: Mapping[str, int]) -> Counter[str]:
        counts: Counter[str] = Counter()
        at = iso(self._clock())
        if message.status is Status.SCHEDULED:
            self._messages.end_scheduled(message.message_id, Status.CANCELLED, at)
        for file in files_in(message):
            counts["files"] += self._erase_file(file.file_id, message.conversation_id)
        self._remove_webhook(message)
        items = [
            inbound_message_id(message.channel or "", message.account or "", item.name)
            for item in message.items
        ]
        aim = Aim(message, erasure.user_ids, members, erasure.channels, at)
        self._erased.erase(aim, erased_message(message, at), items)
        counts["messages"] += not is_erased(message)
        return counts

    def _erase_recipient(self, erasure: Erasure, message: Message, members: Mapping[str, int]) -> None:
        at = iso(self._clock())
        for delivery in self._erased.erase_recipient(
            Aim(message, erasure.user_ids, members, erasure.channels, at)
        ):
            self._follow(delivery, at)

    def _erase_quotes(self, erasure: Erasure, kept: Sequence[Message]) -> None:
        """Erase the words that other people quote, unless they quote somebody else."""
        quoting = [message for message in kept if quotes_somebody(message)]
        senders = self._erased.senders([message.reply_to for message in quoting if message.reply_to])
        for message in quoting:
            is_of_another = senders.get(message.reply_to or "", "") not in {"", *erasure.user_ids}
            bare = None if is_of_another else without_quote(message)
            if bare is not None:
                self._remove_webhook(message)
                self._erased.without_quote(message, bare)

    def _remove_webhook(self, message: Message) -> None:
        """Delete the webhook that brought the message."""
        named = message.received.webhook_id if message.received is not None else ""
        webhook_id = WebhookId.parse(named)
        if webhook_id is not None:
            self._webhooks.remove(webhook_id)
