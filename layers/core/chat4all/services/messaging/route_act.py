"""Give a message the words of its edit, and request what the act changes at the providers.

`router` handles the records of a conversation in their order. So the edits of a message follow each other as
they were accepted, and a delivery that is requested after an edit has the new words: `RouteMessage` reads the
words again where a message goes out by a next channel, or once more.
"""

from typing import Final

from chat4all.domain.acts import Act, ActKind
from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import Content
from chat4all.domain.errors import MessageDeleted, MessageNotFound, Unavailable
from chat4all.domain.events import MessageAccepted
from chat4all.domain.message import Message
from chat4all.domain.own_changes import edited, to_be_deleted
from chat4all.services.messaging.accept_message import AcceptMessage, act_event
from chat4all.services.messaging.ports import Messages

_TRIES: Final = 5


class RouteAct:
    def __init__(self, messages: Messages, accept: AcceptMessage, clock: Clock) -> None:
        self._messages = messages
        self._accept = accept
        self._clock = clock

    def __call__(self, message: Message, act: Act, words: Content) -> MessageAccepted | None:
        """Return the event that requests the act's deliveries; None if its message is gone by now.

        `words` is the new content of an edit.

        Raises:
            Unavailable: the message is changing too quickly, or AWS did not answer.
        """
        for _ in range(_TRIES):
            about = self._messages.get(act.on.message_id)
            if about is None:
                self._give_up(message, MessageNotFound.code, "The message is not stored.")
                return None
            if act.on.kind is ActKind.DELETE:
                changed = to_be_deleted(about, message.message_id)
            elif self._has_later_edit(about, message):
                changed = None
            elif about.deleted_at is None:
                changed = edited(about, words, message.message_id, message.accepted_at)
            else:
                self._give_up(message, MessageDeleted.code, "The message was deleted before.")
                return None
            if changed is None or self._messages.rewrite(about, changed):
                return act_event(message, act, self._accept.as_read(changed or about))
        raise Unavailable("The message is changing too quickly; try again.", retry_after=1)

    def _has_later_edit(self, about: Message, edit: Message) -> bool:
        """Return whether the message has a later edit: the record of `edit` is handled again."""
        if about.edit_id in {None, edit.message_id}:
            return False
        latest = self._messages.get(about.edit_id or "")
        return latest is not None and latest.sequence > edit.sequence

    def _give_up(self, message: Message, code: str, reason: str) -> None:
        self._messages.give_up(message, iso(self._clock()), code, reason)
