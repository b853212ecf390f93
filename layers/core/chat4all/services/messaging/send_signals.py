"""Show a person that their message was read, or that our side types.

A signal goes through `chat-events` to the channel's queue, without a record. What is kept is how far each
person's messages were read, so that a later request about an earlier message changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.domain.account import own_name
from chat4all.domain.act_rules import TypingRule
from chat4all.domain.acts import Signal, SignalKind
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.content import Text
from chat4all.domain.conversation import FROM_THE_START
from chat4all.domain.errors import ActNotPossible, Detail, MessageNotFound, NotAParticipant
from chat4all.domain.events import DeliveryRequested, Recipient, SignalsRequested
from chat4all.domain.message import Message
from chat4all.domain.routing import reach
from chat4all.domain.snapshot import Snapshot
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.directory.ports import Conversations
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.ports import Events, Messages

MOST_LOOKED_AT: Final = 50
"""The latest messages of a conversation among which a person's latest message is sought."""


class Signalled(msgspec.Struct, frozen=True):
    """A person to whom a signal goes."""

    user_id: str
    channel: str


class MarkedRead(msgspec.Struct, frozen=True):
    """A message that is marked as read; `before`: it or a later message of the person was marked before."""

    message: Message
    before: bool


class SendSignals:
    def __init__(
        self,
        *,
        messages: Messages,
        conversations: Conversations,
        events: Events,
        conversation_cache: ConversationCache,
        capabilities: Mapping[str, Capabilities],
        accounts: EnabledAccounts,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._messages = messages
        self._conversations = conversations
        self._events = events
        self._conversation_cache = conversation_cache
        self._capabilities = capabilities
        self._accounts = accounts
        self._clock = clock
        self._new_id = new_id

    def read(self, conversation_id: str, message_id: str | None) -> MarkedRead:
        """Mark a person's message and all before it as read, by default the latest.

        If the process dies before it keeps how far was read, the repeated request shows the same again.

        Raises:
            NotFound: no such conversation, or no such message in it.
            ActNotPossible: no person wrote the message over a channel that shows what was read.
            Unavailable: AWS did not take the signal; the same request may be repeated.
        """
        ids = self._conversation_cache.recent(conversation_id).conversation.ids
        message = self._inbound(ids, message_id)
        conversation_id = message.conversation_id
        to = self._conversation_cache.judged(
            conversation_id, lambda snapshot: self._reader(snapshot, message)
        )
        known = self._conversations.read_up_to(conversation_id, message.sender_id)
        if known is not None and known >= message.sequence:
            return MarkedRead(message, before=True)
        self._request(conversation_id, [(to, Signal(SignalKind.READ, message.provider_message_id))])
        self._conversations.record_read(conversation_id, message.sender_id, message.sequence)
        return MarkedRead(message, before=False)

    def typing(self, conversation_id: str, sender_id: str | None, *, is_on: bool) -> list[Signalled]:
        """Show the people of the conversation that our side types; return those whose channel shows it.

        Raises:
            NotFound: no such conversation.
            NotAParticipant: the sender takes no part in it.
            ActNotPossible: no person's channel shows it.
            Unavailable: AWS did not take the signal.
        """
        found = self._conversation_cache.judged(
            conversation_id, lambda snapshot: self._typing_to(snapshot, sender_id, is_on=is_on)
        )
        self._request(conversation_id, [(to, signal) for to, signal in found if is_on or self._can_stop(to)])
        return [Signalled(to.user_id, to.channel) for to, _ in found]

    def _typing_to(
        self, snapshot: Snapshot, sender_id: str | None, *, is_on: bool
    ) -> list[tuple[Recipient, Signal]]:
        """Return the people who can see that our side types, each with the signal for their channel."""
        conversation = snapshot.conversation
        if sender_id is not None and not conversation.has(sender_id):
            raise NotAParticipant(
                "The sender is not a participant of this conversation.",
                Detail("sender_id", "is not a participant"),
            )
        reached = reach(conversation, snapshot.users, sender_id or "")
        latest: list[Message] | None = None
        found: list[tuple[Recipient, Signal]] = []
        refusals: list[str] = []
        for to in reached:
            rule = self._capabilities[to.channel].acts.typing
            if rule is None or not self._shows_typing(rule, to):
                refusals.append(f"{to.channel} does not show that somebody types")
                continue
            if self._accounts.was_removed(to.channel, to.account):
                refusals.append(_removed(to.channel, to.account))
                continue
            about = None
            if rule.needs_message and is_on:
                latest = (
                    latest if latest is not None else list(self._latest_inbound(conversation.conversation_id))
                )
                about = next((message for message in latest if _is_from(message, to)), None)
                if about is None:
                    refusals.append(f"{to.channel} needs a message of the person to answer to")
                    continue
            found.append((to, Signal(SignalKind.TYPING, about.provider_message_id if about else None, is_on)))
        if not found:
            issues = refusals or ["has no person who is reached over a channel"]
            details = (Detail("conversation_id", issue) for issue in dict.fromkeys(issues))
            raise ActNotPossible("Nobody can be shown that our side types.", *details)
        return found

    def _inbound(self, conversation_ids: Sequence[str], message_id: str | None) -> Message:
        """Return the message, or a person's latest, of a conversation or of those that joined it."""
        if message_id is None:
            found = (next(self._latest_inbound(each), None) for each in conversation_ids)
            by_time = sorted((each for each in found if each is not None), key=lambda each: each.accepted_at)
            latest = by_time[-1] if by_time else None
            if latest is None:
                raise ActNotPossible(
                    "There is no message to mark as read.",
                    Detail("conversation_id", f"has no person's message among the latest {MOST_LOOKED_AT}"),
                )
            return latest
        message = self._messages.get(message_id)
        is_here = message is not None and message.conversation_id in conversation_ids
        if message is None or not is_here or message.notice is not None or message.act is not None:
            raise MessageNotFound("There is no such message in this conversation.")
        if not _is_inbound(message):
            raise ActNotPossible(
                "Only a message that a person wrote over a channel can be marked as read.",
                Detail("message_id", "is no person's message"),
            )
        return message

    def _latest_inbound(self, conversation_id: str) -> Iterator[Message]:
        """Yield the persons' messages among the latest, the newest first."""
        latest = self._messages.history(conversation_id, FROM_THE_START, None, MOST_LOOKED_AT)
        return (message for message in latest if _is_inbound(message))

    def _reader(self, snapshot: Snapshot, message: Message) -> Recipient:
        """Return the person who wrote the message, where they wrote it."""
        channel, account = message.channel or "", message.account or ""
        capabilities = self._capabilities.get(channel)
        rule = capabilities.acts.read if capabilities is not None else None
        if capabilities is None or rule is None or not own_name(account).startswith(rule.account_prefix):
            raise _not_shown(f"{channel} does not show what was read")
        user = snapshot.users.get(message.sender_id)
        participant = snapshot.conversation.participant(message.sender_id)
        identities = user.identities if user is not None else ()
        address = next(
            (known.address for known in identities if (known.channel, known.account) == (channel, account)),
            None,
        )
        if participant is None or address is None:
            raise _not_shown("the person is no longer reached where they wrote")
        if capabilities.is_group(address) and not rule.in_groups:
            raise _not_shown(f"{channel} does not show in groups what was read")
        if self._accounts.was_removed(channel, account):
            raise _not_shown(_removed(channel, account))
        return Recipient(message.sender_id, channel, account, address, participant.number)

    def _shows_typing(self, rule: TypingRule, to: Recipient) -> bool:
        return rule.in_groups or not self._capabilities[to.channel].is_group(to.address)

    def _can_stop(self, to: Recipient) -> bool:
        rule = self._capabilities[to.channel].acts.typing
        return rule is not None and rule.can_stop

    def _request(self, conversation_id: str, signals: list[tuple[Recipient, Signal]]) -> None:
        signal_id, now = self._new_id(), iso(self._clock())
        requested = tuple(
            DeliveryRequested(
                message_id=signal_id,
                conversation_id=conversation_id,
                recipient=msgspec.structs.replace(to, fallbacks=()),
                content=Text(""),
                part=0,
                part_count=1,
                recipient_count=len(signals),
                accepted_at=now,
                sequence="",
                signal=signal,
            )
            for to, signal in signals
        )
        if requested:
            self._events.signals_requested(SignalsRequested(conversation_id, requested))


def _is_inbound(message: Message) -> bool:
    is_own = message.received is not None and message.received.is_own
    return message.provider_message_id is not None and not is_own


def _is_from(message: Message, to: Recipient) -> bool:
    return (message.sender_id, message.channel, message.account) == (to.user_id, to.channel, to.account)


def _removed(channel: str, account: str) -> str:
    return f"our account {account} of {channel} was removed"


def _not_shown(issue: str) -> ActNotPossible:
    return ActNotPossible(
        "The person cannot be shown that the message was read.", Detail("message_id", issue)
    )
