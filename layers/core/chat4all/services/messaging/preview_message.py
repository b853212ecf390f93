"""Tell what each recipient would get of a message, without accepting it."""

from collections.abc import Mapping

import msgspec

from chat4all.domain.channel import Capabilities, Treatment
from chat4all.domain.consent_routes import require_consent
from chat4all.domain.content import Content
from chat4all.domain.events import Recipient
from chat4all.domain.routing import parts_of, require_tag
from chat4all.domain.treatments import treatment_of, unfit
from chat4all.services.messaging.accept_message import NewMessage, check_reply, routed_to_customers
from chat4all.services.messaging.check_windows import CheckWindows
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.ports import Messages


class Rendering(msgspec.Struct, frozen=True):
    """What a recipient would get on a channel.

    `reason` says why the content does not get there as its kind. `parts` are the provider messages, in their
    order; a rejected content has none.
    """

    recipient: Recipient
    treatment: Treatment
    reason: str | None
    parts: tuple[Content, ...]


class PreviewMessage:
    def __init__(
        self,
        conversation_cache: ConversationCache,
        messages: Messages,
        capabilities: Mapping[str, Capabilities],
        windows: CheckWindows,
    ) -> None:
        self._conversation_cache = conversation_cache
        self._messages = messages
        self._capabilities = capabilities
        self._windows = windows

    def __call__(self, new: NewMessage) -> tuple[Rendering, ...]:
        """Return the renderings for each recipient, on the first channel and then on each fallback.

        Raises:
            NotFound: no such conversation.
            Forbidden: the sender is not a participant.
            Conflict: the conversation is archived.
            NoIdentity: a recipient cannot be reached.
            TagNotPossible: a recipient's channels do not have the tag.
            WindowClosed: a recipient may not be written to now.
            OptedOut: a recipient does not want the message.
            Invalid: `reply_to` names no message of the conversation.
        """
        snapshot = self._conversation_cache.fresh(new.conversation_id)
        routed = routed_to_customers(snapshot, new)
        require_tag(new.tag, routed.to, self._capabilities)
        require_consent(routed.to, snapshot.users, new.purpose)
        recipients = routed.to
        if new.send_at is None:  # nobody knows whether the person writes before a later time
            recipients = self._windows.open_routes(routed.to, snapshot.users, routed.content, new.tag)
        check_reply(new, self._messages)
        return tuple(self._rendering(routed.content, on_route) for to in recipients for on_route in to.routes)

    def _rendering(self, content: Content, to: Recipient) -> Rendering:
        capabilities = self._capabilities[to.channel]
        treatment = treatment_of(content, capabilities, to.address)
        is_rejected = treatment is Treatment.REJECTED
        return Rendering(
            recipient=to,
            treatment=treatment,
            reason=None if treatment is Treatment.FULL else unfit(content, capabilities),
            parts=() if is_rejected else tuple(parts_of(content, capabilities, to.address)),
        )
