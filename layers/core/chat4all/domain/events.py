"""The events of the queues: a Struct for each kind of record, encoded as JSON."""

from collections.abc import Iterator

import msgspec

from chat4all.domain.account import AccountReport
from chat4all.domain.acts import ActOn, Signal
from chat4all.domain.consent import ConsentState, Means
from chat4all.domain.content import Content, Media, ReceivedContent
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.desk import Writer
from chat4all.domain.message import Message
from chat4all.domain.plan import Skipped
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import NOTHING, Author, AuthorKind, Context
from chat4all.domain.sending import Outcome
from chat4all.domain.status import Status
from chat4all.domain.templates import TemplateNews
from chat4all.domain.windows import Tag


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """A channel by which a participant may be reached."""

    channel: str
    account: str
    address: str
    thread: str | None = None
    """The thread of a group's chat."""
    step: int = 0
    """The number of the step in the message's plan, which names the content."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a delivery is not to be sent; `reason` is a sentence for the agent."""

    code: str
    reason: str


class Recipient(msgspec.Struct, frozen=True, omit_defaults=True):
    """A participant and their channel. `fallbacks` follow if a delivery fails or is not confirmed in time."""

    user_id: str
    channel: str
    account: str
    address: str
    number: int
    """The participant's number in the conversation."""
    fallbacks: tuple[Route, ...] = ()
    position: int = 0
    """The number of the route; 0 is the first."""
    thread: str | None = None
    step: int = 0
    """The number of the step in the message's plan, which names the content."""
    skipped: tuple[Skipped, ...] = ()
    """The steps that were not possible when the routes were chosen."""

    def at(self, position: int) -> "Recipient":
        """Return the recipient on route number `position`; 0 is the first route."""
        if position == 0:
            return self
        route, *rest = self.fallbacks[position - 1 :]
        return Recipient(
            self.user_id,
            route.channel,
            route.account,
            route.address,
            self.number,
            tuple(rest),
            position,
            route.thread,
            route.step,
        )

    @property
    def route(self) -> Route:
        """Return the route at which the recipient stands."""
        return Route(self.channel, self.account, self.address, self.thread, self.step)

    @property
    def routes(self) -> Iterator["Recipient"]:
        """Yield the recipient on each route, the first route first."""
        return map(self.at, range(1 + len(self.fallbacks)))


class MessageSubmitted(msgspec.Struct, frozen=True, omit_defaults=True, tag="message"):
    """On `chat-events`: a message that was checked. The number of this record becomes its `sequence`."""

    message: Message
    recipients: tuple[Recipient, ...]
    version: int
    """The version of the conversation for which the recipients were chosen."""
    content: Content | None = None
    """The content as the recipients read it, where it is not the message's own."""
    contents: tuple[Content | None, ...] | None = None
    """The contents of the steps as the recipients read them, where they are not the steps' own."""
    writer: Writer = Writer.HUMAN

    @property
    def conversation_id(self) -> str:
        return self.message.conversation_id

    @property
    def deduplication_id(self) -> str:
        return f"{self.message.message_id}:{self.message.fingerprint}"[:128]

    @property
    def ids(self) -> dict[str, str]:
        return {"message_id": self.message.message_id, "conversation_id": self.conversation_id}


class ParticipantJoining(msgspec.Struct, frozen=True, tag="joining"):
    """On `chat-events`: the participant sees the messages after the number of this record."""

    conversation_id: str
    user_id: str
    joined_at: str

    @property
    def deduplication_id(self) -> str:
        return f"{self.user_id}:{self.joined_at}"

    @property
    def ids(self) -> dict[str, str]:
        return {"conversation_id": self.conversation_id, "user_id": self.user_id}


class MessageAccepted(msgspec.Struct, frozen=True, omit_defaults=True, tag="accepted"):
    """On `chat-events`: a stored message whose deliveries are requested again, or on the next channel."""

    message_id: str
    conversation_id: str
    content: Content
    """The content as the recipients read it."""
    recipients: tuple[Recipient, ...]
    accepted_at: str
    sequence: str
    """The message's number in its conversation."""
    recipient_count: int
    """The number of all recipients of the message; `recipients` may be some of them."""
    reply_to: str | None = None
    round: int = 0
    """The number of redrives of the message."""
    delivery_timeout_s: int = 0
    """The seconds within which a delivery is to be confirmed, where a recipient has fallbacks."""
    position: int = 0
    """The number of the route of the only recipient; 0: the first route of each recipient."""
    is_relayed: bool = False
    """A person wrote the message in their app, so the text of a file says whose file it is."""
    tag: Tag | None = None
    purpose: Purpose = Purpose.SERVICE
    act: ActOn | None = None
    """Set if the record changes a message that was sent, and is none itself."""
    contents: tuple[Content | None, ...] = ()
    """The content of each step of the plan as the recipients read it; None: it is `content`."""

    @property
    def deduplication_id(self) -> str:
        if self.position:
            return f"{self.message_id}:{self.round}:{self.recipients[0].user_id}:{self.position}"
        return f"{self.message_id}:{self.round}"

    def content_of(self, step: int) -> Content:
        """Return the content of a step of the plan as the recipients read it."""
        own = self.contents[step] if step < len(self.contents) else None
        return self.content if own is None else own

    @property
    def ids(self) -> dict[str, str]:
        return {"message_id": self.message_id, "conversation_id": self.conversation_id}


class DeliveryRequested(msgspec.Struct, frozen=True, omit_defaults=True):
    """On `<channel>.fifo`, grouped by `group`, deduplicated by `deduplication_id`.

    The request is for a provider message: `part` of `part_count` of a delivery to one recipient.
    """

    message_id: str
    conversation_id: str
    recipient: Recipient
    content: Content
    """The content of this part. A file that the channel does not accept is sent as a link."""
    part: int
    part_count: int
    recipient_count: int
    """The number of recipients of the whole message."""
    accepted_at: str
    sequence: str
    reply_to: str | None = None
    round: int = 0
    """The number of redrives of the message."""
    tag: Tag | None = None
    purpose: Purpose = Purpose.SERVICE
    brought_back: int | None = None
    """The time (epoch seconds) of leaving the holding queue, so that SQS does not drop it as a duplicate."""
    act: ActOn | None = None
    """The sent message that the request changes; `content` is what the part becomes."""
    signal: Signal | None = None
    """Set if the request is for a signal alone: it has no content and no record."""
    album: tuple[Media, ...] = ()
    """The files of the next parts, which go out with this part as one album."""
    album_place: int = 0
    """The number of parts back to the part that sends this part's file; 0: this part sends it."""
    refusal: Refusal | None = None
    """The delivery fails instead of being sent: what was possible at the POST is not possible any more."""

    @property
    def group(self) -> str:
        """Return the name of the group whose order the queue keeps. A signal delays no message."""
        group = f"{self.conversation_id}:{self.recipient.user_id}"
        return group if self.signal is None else f"{group}:signals"

    @property
    def place(self) -> str:
        """Return the position of the delivery in the holding queue of its group; positions sort as text."""
        place = f"{self.sequence}#{self.part:03d}#{self.message_id}#{self.round:04d}"
        return f"{place}#{self.recipient.step}" if self.recipient.step else place

    @property
    def deduplication_id(self) -> str:
        named = str(self.delivery_id).replace("|", ":")
        return named if self.brought_back is None else f"{named}:{self.brought_back}"

    @property
    def delivery_id(self) -> DeliveryId:
        to = self.recipient
        return DeliveryId(self.message_id, to.user_id, to.channel, self.part, self.round, to.step)

    @property
    def ids(self) -> dict[str, str]:
        return {
            "message_id": self.message_id,
            "conversation_id": self.conversation_id,
            "recipient_id": self.recipient.user_id,
            "channel": self.recipient.channel,
        }


class SignalsRequested(msgspec.Struct, frozen=True, tag="signals"):
    """On `chat-events`: signals to participants of the conversation, at least one."""

    conversation_id: str
    requested: tuple[DeliveryRequested, ...]

    @property
    def deduplication_id(self) -> str:
        return self.requested[0].message_id

    @property
    def ids(self) -> dict[str, str]:
        return {"message_id": self.deduplication_id, "conversation_id": self.conversation_id}


ChatEvent = MessageSubmitted | MessageAccepted | ParticipantJoining | SignalsRequested


class StatusUpdate(msgspec.Struct, frozen=True, omit_defaults=True):
    """On `status-updates`. An update names its delivery by `delivery_id`, the provider's id, or both."""

    channel: str
    account: str
    status: Status
    at: str
    provider_message_id: str | None = None
    delivery_id: str | None = None
    error_code: str | None = None
    error_reason: str | None = None
    recorded: bool = False
    """The sender has already written this status on the delivery, but not yet on the message."""
    outcome: Outcome | None = None
    """The consequence of a failure that the provider reported, as in the answer to a send."""
    covers_earlier: bool = False
    """The status is true of every earlier message to the person, too."""

    @property
    def ids(self) -> dict[str, str]:
        named = DeliveryId.parse(self.delivery_id) if self.delivery_id else None
        if named is None:
            # The provider's id of a message is left out: Telegram's contains the person's address.
            return {"channel": self.channel}
        return {
            "message_id": named.message_id,
            "recipient_id": named.recipient_id,
            "channel": self.channel,
        }


class AlbumPlace(msgspec.Struct, frozen=True):
    """The album that a file belongs to, and the file's place in it: the files stand in the order of numbers.

    The provider reports each file as a message of its own. `name` is the same for all files of the album, and
    for no other album of the channel account.
    """

    name: str
    number: int


class InboundMessage(msgspec.Struct, frozen=True, omit_defaults=True, tag="message"):
    """A message in a chat that we can answer, or a later version of it.

    `address` is the chat's address. `aliases` are further addresses of the same person, where the provider
    names several together. `account` is the provider's id of the channel account that received the message,
    if the webhook names another account than the channel's first. `at` is the provider's time of the message,
    ISO 8601 UTC; `edited_at` is the time of an edit, and None for the first version. `display_name`, `phone`
    and `handle` belong to the chat. `author` is None if the person of the chat wrote the message.
    `provider_fields` is the JSON of everything that the other fields do not hold.
    """

    address: str
    provider_message_id: str
    content: ReceivedContent
    at: str
    account: str | None = None
    thread: str | None = None
    aliases: tuple[str, ...] = ()
    display_name: str | None = None
    phone: str | None = None
    handle: str | None = None
    author: Author | None = None
    quoted_provider_message_id: str | None = None
    context: Context | None = None
    provider_fields: msgspec.Raw = NOTHING
    edited_at: str | None = None
    consent: ConsentState | None = None
    """What the provider says that the person did by the message: it knows words that we do not know."""
    album: AlbumPlace | None = None
    """Set if the message is a file of an album, whose other files are messages of the provider, too."""

    @property
    def is_own(self) -> bool:
        """Return whether our own side wrote the message, in the provider's app."""
        return self.author is not None and self.author.kind is AuthorKind.OWN


class InboundDeletion(msgspec.Struct, frozen=True, omit_defaults=True, tag="deletion"):
    """The author of a message deleted it for everybody.

    `provider_fields` has no words of the message.
    """

    address: str
    provider_message_id: str
    at: str
    account: str | None = None
    provider_fields: msgspec.Raw = NOTHING


class InboundMove(msgspec.Struct, frozen=True, omit_defaults=True, tag="move"):
    """A chat has a new address: a person changed their number, or a group became a supergroup.

    `address` is no longer theirs.
    """

    address: str
    new_address: str
    at: str
    account: str | None = None
    phone: str | None = None
    """The phone number at the new address."""

    @property
    def provider_message_id(self) -> str:
        """Return the empty text: a move is told by no message."""
        return ""


class InboundStatus(msgspec.Struct, frozen=True, omit_defaults=True, tag="status"):
    """The provider reports the status of a message that we sent; `address` is the person's address.

    `covers_earlier`: the status is true of every earlier message to the person, too. `outcome` is what a
    failure means for the delivery and for the account, in the same terms as the answer to a send.
    """

    address: str
    status: Status
    at: str
    provider_message_id: str
    account: str | None = None
    delivery_id: str | None = None
    error_code: str | None = None
    error_reason: str | None = None
    outcome: Outcome | None = None
    covers_earlier: bool = False


class InboundConsent(msgspec.Struct, frozen=True, omit_defaults=True, tag="consent"):
    """The provider tells what the person of a chat wants to receive from us.

    `evidence` is the provider's name for the signal. An opt-in by other means than a word is the end of a
    block, or of a setting.
    """

    address: str
    purposes: tuple[Purpose, ...]
    state: ConsentState
    at: str
    evidence: str
    account: str | None = None
    aliases: tuple[str, ...] = ()
    means: Means = Means.WORD

    @property
    def provider_message_id(self) -> str:
        """Return the empty text: the signal is no message."""
        return ""


class TemplateChanged(msgspec.Struct, frozen=True, omit_defaults=True, tag="template"):
    """The provider reports news of a template. `owner` is the provider's id of the account that has it."""

    owner: str
    name: str
    language: str
    at: str
    news: TemplateNews

    @property
    def account(self) -> None:
        """Return None: a template belongs to no number, bot or page alone."""

    @property
    def address(self) -> str:
        """Return a name for the order of the news of a template."""
        return f"template:{self.name}:{self.language}"

    @property
    def provider_message_id(self) -> str:
        """Return the empty text: no message brings the news."""
        return ""


class AccountReported(msgspec.Struct, frozen=True, omit_defaults=True, tag="account"):
    """The provider reports news of our accounts: of one by its number or id, or of those of a business.

    `owner` is the provider's id of the business. `proved_for` are the ids of the accounts with the webhook
    secret that proved the report; a report of a webhook that is not proved yet has none.
    """

    owner: str
    report: AccountReport
    number: str | None = None
    provider_id: str | None = None
    proved_for: tuple[str, ...] = ()

    @property
    def at(self) -> str:
        return self.report.at

    @property
    def account(self) -> None:
        """Return None: a report may be about several accounts."""

    @property
    def address(self) -> str:
        """Return a name for the order of the reports of a kind."""
        return f"account:{self.report.kind}"

    @property
    def provider_message_id(self) -> str:
        """Return the empty text: no message brings the report."""
        return ""


InboundEvent = (
    InboundMessage
    | InboundDeletion
    | InboundMove
    | InboundConsent
    | InboundStatus
    | TemplateChanged
    | AccountReported
)


class ParsedWebhook(msgspec.Struct, frozen=True):
    """The events of a webhook in its order, and the kinds of the parts that lead to no event.

    A kind is the provider's name for it, such as `account_update`; it occurs as often as such parts do.
    """

    events: tuple[InboundEvent, ...] = ()
    ignored: tuple[str, ...] = ()


def sending_id(delivery_id: DeliveryId) -> str:
    """Return the id of the answer to a send, in the place of the id of a webhook."""
    return f"sending:{delivery_id}".replace("|", ":")


class WebhookEvent(msgspec.Struct, frozen=True):
    """An event of a webhook. It goes to `inbound.fifo` in the group `group`, unless it is a status.

    `account` is the channel account that received the event: the account that the provider names, or the
    first account of the channel.
    """

    channel: str
    account: str
    webhook_id: str
    """A `WebhookId` as text; for what the answer to a send told, a `sending_id`."""
    event: InboundEvent
    replay: str | None = None
    """The id of the replay that publishes it again."""

    @property
    def group(self) -> str:
        """Return the name of the group whose order the queue keeps: the messages from one address.

        A move stands before the messages from the new address. A message from the former address that is
        taken after the move is known by the record of the move.
        """
        address = self.event.new_address if isinstance(self.event, InboundMove) else self.event.address
        return f"{self.channel}:{self.account}:{address}"


class WebhookEvents(msgspec.Struct, frozen=True):
    """On `inbound.fifo`, in the group `channel:account:address`: events of one chat, in their order.

    They are of one webhook, which may hold thousands of them, and none of them is a status.
    """

    channel: str
    account: str
    webhook_id: str
    events: tuple[InboundEvent, ...]
    replay: str | None = None

    @property
    def each(self) -> tuple[WebhookEvent, ...]:
        return tuple(
            WebhookEvent(self.channel, self.account, self.webhook_id, event, self.replay)
            for event in self.events
        )

    @property
    def group(self) -> str:
        return self.each[0].group

    @property
    def ids(self) -> dict[str, str]:
        return {"webhook_id": self.webhook_id, "channel": self.channel}
