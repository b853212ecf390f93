"""The routing of a message: its recipients, their channels, and the provider messages of each delivery."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from chat4all.domain.acts import ActKind
from chat4all.domain.channel import Capabilities, Treatment
from chat4all.domain.content import Album, Content, Deleted, Media, Text, file_of, kind_of, reworded
from chat4all.domain.conversation import Conversation, Origin, Participant
from chat4all.domain.errors import NoIdentity, RecipientLeft
from chat4all.domain.events import DeliveryRequested, MessageAccepted, Recipient, Refusal, Route
from chat4all.domain.grouping import albums_in, in_messages
from chat4all.domain.kinds import Contacts
from chat4all.domain.person import User, UserType
from chat4all.domain.splitting import split_text
from chat4all.domain.text import is_blank
from chat4all.domain.treatments import treatment_of
from chat4all.domain.wording import as_text, worded


def reach(conversation: Conversation, users: Mapping[str, User], sender_id: str) -> tuple[Recipient, ...]:
    """Find the participants, apart from the sender, who receive a message through a channel.

    A customer is reached on the conversation's primary channel, if they have an identity there, else from
    where they wrote in the conversation last, else by their first identity.
    """
    found = []
    for participant, user in customers_of(conversation, users, sender_id):
        known = known_routes(user, participant.wrote_from)
        best = on_channel(known, conversation.primary_channel) or next(iter(known), None)
        if best is not None:
            found.append(recipient_of(participant, [best]))
    return tuple(found)


def customers_of(
    conversation: Conversation, users: Mapping[str, User], sender_id: str
) -> Iterator[tuple[Participant, User]]:
    """Yield the participants whom a message of the sender reaches through a channel.

    Agents and bots read over the API. A participant who is joining has no place among the messages yet, and
    is no recipient. If their place turns out to be before the message, `router` handles the join first, finds
    another version of the conversation, and chooses the recipients again. A person who takes part as two
    users, since these were merged, is reached as the first.
    """
    reached: set[str] = set()
    for participant in conversation.participants:
        user = users.get(participant.user_id)
        if user is None or user.type is not UserType.CUSTOMER or participant.is_joining:
            continue
        if sender_id in user.ids or not reached.isdisjoint(user.ids):
            continue
        reached.update(user.ids)
        yield participant, user


def known_at(
    conversation: Conversation, users: Mapping[str, User], user_id: str, delivered: Route
) -> Recipient:
    """Return the participant as a recipient where a delivery went: on its channel, from its account.

    The address is the delivery's, or else the participant's present address at the account. Raise NotPossible
    if the participant left the conversation, or has no identity at the account.
    """
    user = users.get(user_id)
    participant = conversation.participant(user_id)
    if user is None or participant is None:
        raise RecipientLeft("The recipient is no longer a participant of the conversation.")
    known = known_routes(user, participant.wrote_from)
    route = _same_place(known, delivered) or _same_account(known, delivered)
    if route is None:
        raise NoIdentity(
            f"The recipient no longer has an identity on {delivered.channel}, account {delivered.account}."
        )
    return recipient_of(participant, [route])


def text_parts(text: str, capabilities: Capabilities) -> list[Text]:
    """Cut `text` into the texts of its provider messages, without parts that show nothing."""
    cut = split_text(text, capabilities.text_length, capabilities.text_unit)
    return [Text(part) for part in cut if not is_blank(part)]


def parts_of(content: Content, capabilities: Capabilities, address: str) -> list[Content]:  # noqa: PLR0911 - a case for each kind
    """Return the parts of a delivery to `address` on a channel, each a provider message.

    A file goes first, with the text as its caption where that fits; else the text follows in its parts. The
    files of an album go one by one, unless the provider takes several in one message. Contacts are cut into
    as many as a provider message takes. A text that stands apart goes first. Of a content that the channel
    does not show as its kind, the text goes out, and the file of a template's header where the channel takes
    files.
    """
    if isinstance(content, Album):
        messages = in_messages(content.singles, capabilities, address)
        parts = [part for message in messages for part in _message_parts(message, capabilities, address)]
        return parts if messages else [*text_parts(content.text, capabilities)]
    if isinstance(content, Media):
        texts = text_parts(content.text, capabilities)
        fits = capabilities.captioned_rule(content.file, content.text, address) is not None
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


def _message_parts(message: Media | Album, capabilities: Capabilities, address: str) -> list[Content]:
    """Return the parts of one message of an album: its words are the caption, or else follow its files."""
    if not isinstance(message, Album):
        return parts_of(message, capabilities, address)
    texts = text_parts(message.text, capabilities)
    fits = capabilities.captioned_rule(message.files[0].file, message.text, address) is not None
    return [message] if texts and fits else [reworded(message, ""), *texts]


def deliveries(
    accepted: MessageAccepted,
    capabilities: Mapping[str, Capabilities],
    refusals: Mapping[Recipient, Refusal] = MappingProxyType({}),
) -> list[DeliveryRequested]:
    """Build a request for each recipient and part; the parts of a recipient follow each other in order.

    If a person sent the file, a text that is no caption of it goes before it, and says whose file it is. A
    delivery to one of the recipients in `refusals` is to fail without a send.
    """
    requested = []
    for recipient in accepted.recipients:
        parts = event_parts(accepted, recipient.step, capabilities[recipient.channel], recipient.address)
        if accepted.is_relayed:
            parts = _words_first(parts)
        places = _places(accepted, parts, capabilities[recipient.channel], recipient.address)
        for number, content in enumerate(parts):
            album = places[number]
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
                    album=_files_behind(parts, album, number),
                    album_place=number - album.start,
                    refusal=refusals.get(recipient),
                )
            )
    return requested


def _places(
    accepted: MessageAccepted, parts: Sequence[Content], capabilities: Capabilities, address: str
) -> list[range]:
    """Return for each part the parts that are sent together with it.

    An edit changes each part alone. A person's file that is passed on may turn out to be another than their
    app claimed, so it goes alone.
    """
    places = [range(number, number + 1) for number in range(len(parts))]
    if accepted.act is not None or accepted.is_relayed:
        return places
    for album in albums_in(parts, capabilities, address):
        places[album.start : album.stop] = [album] * len(album)
    return places


def _files_behind(parts: Sequence[Content], album: range, number: int) -> tuple[Media, ...]:
    """Return the files that are sent with the part `number`, if it is the first of its album."""
    behind = parts[album.start + 1 : album.stop] if number == album.start else ()
    return tuple(part for part in behind if isinstance(part, Media))


def _words_first(parts: Sequence[Content]) -> list[Content]:
    """Return the parts with each file after the texts that belong to it."""
    ordered: list[Content] = []
    file: list[Content] = []
    for part in parts:
        if file_of(part) is None:
            ordered.append(part)
        else:
            ordered += file
            file = [part]
    return [*ordered, *file]


def event_parts(
    accepted: MessageAccepted, step: int, capabilities: Capabilities, address: str
) -> list[Content]:
    """Return the parts of a delivery by a step.

    A deletion has one part, which deletes all parts of the message. The files of a person's album that is
    passed on go one by one: they may turn out to be other files than the person's app claimed.
    """
    if accepted.act is not None and accepted.act.kind is ActKind.DELETE:
        return [Deleted()]
    content = accepted.content_of(step)
    files = content.singles if accepted.is_relayed and isinstance(content, Album) else ()
    return [part for each in files or (content,) for part in parts_of(each, capabilities, address)]


def known_routes(user: User, wrote_from: Origin | None) -> list[Route]:
    """Return the routes to the user, the best first.

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
    return known


def on_channel(routes: Sequence[Route], channel: str | None) -> Route | None:
    """Return the best route on the channel."""
    return next((route for route in routes if route.channel == channel), None)


def present_route(user: User, chosen: Route) -> Route | None:
    """Return the route that was chosen some time ago, to the address that the user has there by now.

    Another address at the account of the route comes before an address at another account. None if the user
    has no address on the channel any more.
    """
    known = known_routes(user, None)
    if _same_place(known, chosen) is not None:
        return chosen
    return _same_account(known, chosen) or on_channel(known, chosen.channel)


def recipient_of(participant: Participant, routes: Sequence[Route]) -> Recipient:
    """Return the participant as a recipient on the first of the routes; the others are fallbacks."""
    first, *fallbacks = routes
    return Recipient(
        participant.user_id,
        first.channel,
        first.account,
        first.address,
        participant.number,
        tuple(fallbacks),
        thread=first.thread,
        step=first.step,
    )


def _same_place(routes: Sequence[Route], wanted: Route) -> Route | None:
    """Return the best route at the account to the address of `wanted`."""
    at_account = (route for route in routes if route.address == wanted.address)
    return _same_account([*at_account], wanted)


def _same_account(routes: Sequence[Route], wanted: Route) -> Route | None:
    """Return the best route on the channel, from the account, of `wanted`."""
    place = wanted.channel, wanted.account
    return next((route for route in routes if (route.channel, route.account) == place), None)
