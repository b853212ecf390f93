"""The routing of a message: its recipients, their channels, and the provider messages of each delivery."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from chat4all.domain.acts import ActKind
from chat4all.domain.channel import Capabilities, Treatment
from chat4all.domain.content import Content, Deleted, Media, Text, file_of, kind_of, reworded
from chat4all.domain.conversation import Conversation, Origin, Participant
from chat4all.domain.errors import (
    Detail,
    FileNotPossible,
    KindNotPossible,
    NoIdentity,
    RecipientLeft,
    TagNotPossible,
)
from chat4all.domain.events import DeliveryRequested, MessageAccepted, Recipient, Route
from chat4all.domain.kinds import Contacts
from chat4all.domain.person import User, UserType
from chat4all.domain.splitting import split_text
from chat4all.domain.text import is_blank
from chat4all.domain.treatments import treatment_of, unfit
from chat4all.domain.windows import Tag
from chat4all.domain.wording import as_text, worded


class Reach(msgspec.Struct, frozen=True):
    """The recipients who can be reached, and the ids of the customers who cannot."""

    recipients: tuple[Recipient, ...]
    missing: tuple[str, ...]


def reach(
    conversation: Conversation, users: Mapping[str, User], sender_id: str, channels: Sequence[str] = ()
) -> Reach:
    """Find the participants, apart from the sender, who receive a message through a channel.

    A customer is reached on the first of `channels` on which they have an identity; the others are fallbacks.
    Without `channels` a customer is reached on the conversation's primary channel, if they have an identity
    there, else from where they wrote in the conversation last, else by their first identity. Agents read over
    the API. A participant who is joining has no place among the messages yet, and is no recipient. If their
    place turns out to be before the message, `router` handles the join first, finds another version of the
    conversation, and chooses the recipients again.
    """
    found = []
    missing = []
    for participant in conversation.participants:
        user = users.get(participant.user_id)
        if user is None or user.user_id == sender_id or user.type is UserType.AGENT or participant.is_joining:
            continue
        routes = _choose(user, channels, conversation.primary_channel, participant.wrote_from)
        if routes:
            found.append(_recipient(participant, routes))
        else:
            missing.append(user.user_id)
    return Reach(tuple(found), tuple(missing))


def known_on(conversation: Conversation, users: Mapping[str, User], user_id: str, channel: str) -> Recipient:
    """Return the participant as a recipient on `channel`.

    Raise NotPossible if the participant left the conversation, or has no identity on the channel.
    """
    user = users.get(user_id)
    participant = conversation.participant(user_id)
    if user is None or participant is None:
        raise RecipientLeft("The recipient is no longer a participant of the conversation.")
    routes = _choose(user, [channel], None, participant.wrote_from)
    if not routes:
        raise NoIdentity(f"The recipient no longer has an identity on {channel}.")
    return _recipient(participant, routes)


def require_all(reached: Reach, channels: Sequence[str] = ()) -> tuple[Recipient, ...]:
    """Return the recipients; raise NotPossible if a customer cannot be reached on `channels`, if any."""
    if not reached.missing:
        return reached.recipients
    where = f"the channel {' or '.join(channels)}" if channels else "any channel"
    raise NoIdentity(
        f"Not every participant can be reached on {where}.",
        *(
            Detail("conversation_id", f"user {user_id} has no identity on {where}")
            for user_id in reached.missing
        ),
    )


def text_parts(text: str, capabilities: Capabilities) -> list[Text]:
    """Cut `text` into the texts of its provider messages, without parts that show nothing."""
    cut = split_text(text, capabilities.text_length, capabilities.text_unit)
    return [Text(part) for part in cut if not is_blank(part)]


def require_possible(
    content: Content, recipients: Sequence[Recipient], capabilities: Mapping[str, Capabilities]
) -> None:
    """Raise NotPossible if a channel that a recipient may be reached on rejects the content."""
    refusing = dict.fromkeys(
        routed.channel
        for recipient in recipients
        for routed in recipient.routes
        if treatment_of(content, capabilities[routed.channel], routed.address) is Treatment.REJECTED
    )
    if not refusing:
        return
    reasons = (f"{channel} {unfit(content, capabilities[channel])}" for channel in refusing)
    if isinstance(content, Media):
        details = (Detail("content.file_id", reason) for reason in reasons)
        raise FileNotPossible("Not every channel can carry this file.", *details)
    details = (Detail("content", reason) for reason in reasons)
    raise KindNotPossible("Not every channel can carry this content.", *details)


def require_tag(
    tag: Tag | None, recipients: Sequence[Recipient], capabilities: Mapping[str, Capabilities]
) -> None:
    """Raise NotPossible if a recipient is reached on channels without the tag only."""
    if tag is None:
        return
    without = [
        to
        for to in recipients
        if all(capabilities[on_route.channel].human_agent_h is None for on_route in to.routes)
    ]
    if without:
        details = (Detail("tag", f"{to.channel} of user {to.user_id} has no tag {tag}") for to in without)
        raise TagNotPossible("Not every recipient's channel has this tag.", *details)


def parts_of(content: Content, capabilities: Capabilities, address: str) -> list[Content]:
    """Return the parts of a delivery to `address` on a channel, each a provider message.

    A file goes first, with the text as its caption where that fits; else the text follows in its parts.
    Contacts are cut into as many as a provider message takes. A text that stands apart goes first. Of a
    content that the channel does not show as its kind, the text goes out, and the file of a template's header
    where the channel takes files.
    """
    if isinstance(content, Media):
        texts = text_parts(content.text, capabilities)
        rule = capabilities.media_rule(content.file, address)
        fits = rule is not None and capabilities.text_unit.measure(content.text) <= rule.caption_length
        return [content] if texts and fits else [Media(content.file), *texts]
    if isinstance(content, Text) or treatment_of(content, capabilities, address) is not Treatment.FULL:
        file = file_of(content)
        media = Media(file, content.text) if file is not None else None
        if media is not None and treatment_of(media, capabilities, address) is not Treatment.REJECTED:
            return parts_of(media, capabilities, address)
        return [*text_parts(as_text(content), capabilities)]
    if isinstance(content, Contacts):
        most = capabilities.kind_rule(kind_of(content)).most or len(content.contacts)
        cards = content.contacts
        return [worded(Contacts(cards[at : at + most])) for at in range(0, len(cards), most)]
    if capabilities.kind_rule(kind_of(content)).text_apart:
        return [*text_parts(content.text, capabilities), reworded(content, "")]
    return [content]


def deliveries(
    accepted: MessageAccepted, capabilities: Mapping[str, Capabilities]
) -> list[DeliveryRequested]:
    """Build a request for each recipient and part; the parts of a recipient follow each other in order.

    If a person sent the file, a text that is no caption of it goes before it, and says whose file it is.
    """
    requested = []
    for recipient in accepted.recipients:
        parts = _parts(accepted, capabilities[recipient.channel], recipient.address)
        if accepted.is_relayed:
            parts.sort(key=lambda part: file_of(part) is not None)
        for number, content in enumerate(parts):
            requested.append(
                DeliveryRequested(
                    message_id=accepted.message_id,
                    conversation_id=accepted.conversation_id,
                    recipient=recipient,
                    content=content,
                    part=number,
                    part_count=len(parts),
                    recipient_count=accepted.recipient_count,
                    accepted_at=accepted.accepted_at,
                    sequence=accepted.sequence,
                    reply_to=accepted.reply_to,
                    round=accepted.round,
                    tag=accepted.tag,
                    purpose=accepted.purpose,
                    act=accepted.act,
                )
            )
    return requested


def _parts(accepted: MessageAccepted, capabilities: Capabilities, address: str) -> list[Content]:
    """Return the parts of a delivery; a deletion has one part, which deletes all parts of the message."""
    if accepted.act is not None and accepted.act.kind is ActKind.DELETE:
        return [Deleted()]
    return parts_of(accepted.content, capabilities, address)


def _choose(user: User, asked: Sequence[str], primary: str | None, wrote_from: Origin | None) -> list[Route]:
    """Return the routes to try, in order: the best on each of `asked`, else the best of all.

    An answer goes to the account and the thread from which the person wrote last; if they have another
    address by now, to their address on that account.
    """
    known = [Route(identity.channel, identity.account, identity.address) for identity in user.identities]
    if wrote_from is not None:
        origin = Route(wrote_from.channel, wrote_from.account, wrote_from.address)
        there = [
            route for route in known if (route.channel, route.account) == (origin.channel, origin.account)
        ]
        if origin in there:
            known.insert(0, replace(origin, thread=wrote_from.thread))
        elif there:
            known.insert(0, there[0])
    if asked:
        first = (_on(known, channel) for channel in asked)
        return [route for route in first if route is not None]
    best = _on(known, primary) or next(iter(known), None)
    return [best] if best else []


def _on(routes: Sequence[Route], channel: str | None) -> Route | None:
    return next((route for route in routes if route.channel == channel), None)


def _recipient(participant: Participant, routes: Sequence[Route]) -> Recipient:
    first, *fallbacks = routes
    return Recipient(
        participant.user_id,
        first.channel,
        first.account,
        first.address,
        participant.number,
        tuple(fallbacks),
        thread=first.thread,
    )
