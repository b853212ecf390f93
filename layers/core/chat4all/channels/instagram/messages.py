"""The messages in a webhook of Instagram: words, files, taps, reactions, edits and deletions.

Each part of an event is decoded by itself, so that a malformed part loses no other part. Whatever becomes
neither content nor context stays in `provider_fields`.

The examples of Meta: https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import msgspec
from msgspec import Raw, Struct

from chat4all.channels.instagram.attachments import Attachment, attachment, story_picture
from chat4all.channels.shared.decoding import Id, MessageId, decoded
from chat4all.channels.shared.webhooks import ABSENT, fingerprint, items, other_fields
from chat4all.domain.content import (
    Notice,
    ProviderFile,
    ReceivedAlbum,
    ReceivedContent,
    ReceivedMedia,
    Text,
    Unsupported,
)
from chat4all.domain.events import InboundDeletion, InboundMessage
from chat4all.domain.kinds import Button, Buttons, Reaction
from chat4all.domain.received import NOTHING, Author, Context, Product, Referral, Story

Event = Mapping[str, Raw]
"""The fields of an event."""

ENVELOPE: Final = frozenset({"sender", "recipient", "timestamp"})
PLACE: Final = ":"
"""This stands between a message's id, which is base64, and the place of a further attachment."""
_EMOJI: Final = {
    "love": "❤",
    "smile": "😆",
    "laugh": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😠",
    "like": "👍",
    "dislike": "👎",
}
"""The emoji of a reaction that has its name only. The name `other` stands for any other emoji.
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/message-reactions
Instagram's page says `laugh` in the place of `smile`:
https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks
"""
_STORY_PLACE: Final = "story"
"""The place of the picture of a story that a person answers with a file of their own."""
_MOST_ATTACHMENTS: Final = 10
"""The most attachments of a message whose deletion takes all of them: Instagram sends at most 10 pictures."""
_EMPTY_EDIT: Final = frozenset({"mid", "text", "num_edit"})
"""The fields of an edit without a text."""


_OF_DELETION: Final = {"mid", "is_deleted", "is_echo", "text", "attachments", "reply_to"}
"""The fields of a deletion that are understood, and those that may repeat what was deleted."""


class Chat(Struct, frozen=True):
    """Where an event happened: the person's address, our account, and the author if it is not the person."""

    address: str
    account: str | None
    author: Author | None
    at: str


class Party(Struct, frozen=True):
    id: str | int


class _Message(Struct, frozen=True):
    mid: Raw = ABSENT
    text: Raw = ABSENT
    attachments: Raw = ABSENT
    reply_to: Raw = ABSENT
    quick_reply: Raw = ABSENT
    quick_replies: Raw = ABSENT
    referral: Raw = ABSENT
    is_echo: Raw = ABSENT
    is_deleted: Raw = ABSENT
    is_unsupported: Raw = ABSENT


class _Mid(Struct, frozen=True):
    mid: Id


class _AnsweredStory(Struct, frozen=True):
    id: str | None = None
    url: str | None = None


class _StoryReply(Struct, frozen=True):
    story: _AnsweredStory


class _QuickReply(Struct, frozen=True):
    payload: str


class _OfferedReply(Struct, frozen=True):
    title: Id
    payload: Id


class _AdContext(Struct, frozen=True):
    ad_title: str | None = None


class _Product(Struct, frozen=True):
    id: Id


class _Referral(Struct, frozen=True):
    ref: str | None = None
    source: str | None = None
    ad_id: str | None = None
    referer_uri: str | None = None
    ads_context_data: Raw = ABSENT
    product: Raw = ABSENT


class _Postback(Struct, frozen=True):
    mid: Raw = ABSENT
    title: Raw = ABSENT
    payload: Raw = ABSENT
    referral: Raw = ABSENT


class _Reaction(Struct, frozen=True):
    mid: Raw = ABSENT
    action: Raw = ABSENT
    emoji: Raw = ABSENT
    reaction: Raw = ABSENT


class _Edit(Struct, frozen=True):
    mid: MessageId
    text: str = ""


def messages_of(chat: Chat, event: Event, kind: str, raw: Raw) -> Iterator[InboundMessage | InboundDeletion]:
    """Yield what a person, or our own side in the app, said in the part of the event named `kind`."""
    match kind:
        case "message":
            yield from _of_message(chat, event, raw)
        case "message_edit":
            yield _edit(chat, event, raw)
        case "postback":
            yield _postback(chat, event, raw)
        case "reaction":
            yield _reaction(chat, event, raw)
        case "referral":
            yield _referral(chat, event, raw)
        case _:
            yield _said(chat, fingerprint(raw), Unsupported(kind), fields=_others(event, kind, ()))


def _of_message(chat: Chat, event: Event, raw: Raw) -> Iterator[InboundMessage | InboundDeletion]:
    message = decoded(event["message"], _Message) or _Message()
    mid = decoded(message.mid, MessageId)
    if mid and decoded(message.is_deleted, bool):
        yield from _deletions(chat, mid, _others(event, "message", _OF_DELETION))
        return
    attachments = _attachments(message)
    contents = _contents(message, attachments)
    quoted = decoded(message.reply_to, _Mid)
    of_message = _context(message)
    for later, (place, content, story) in enumerate(contents):
        name = mid or fingerprint(raw)
        context = Context(story=story) if later else msgspec.structs.replace(of_message, story=story)
        yield _said(
            chat,
            f"{name}{PLACE}{place}" if later else name,
            content,
            context=context,
            fields=NOTHING if later else _others(event, "message", _understood(message, attachments)),
            quoted=quoted.mid if quoted else None,
        )


def _deletions(chat: Chat, mid: str, fields: Raw) -> Iterator[InboundDeletion]:
    """Yield the deletion of the message, and of the messages that its further attachments became."""
    yield InboundDeletion(chat.address, mid, chat.at, chat.account, fields)
    for place in (*range(_MOST_ATTACHMENTS), _STORY_PLACE):
        yield InboundDeletion(chat.address, f"{mid}{PLACE}{place}", chat.at, chat.account)


def _attachments(message: _Message) -> list[Attachment]:
    """Return the attachments; of several with the same address the first, or the one with a form.

    Meta names a shared post as `share` and as `ig_post`, and a sticker as `sticker` and as `image`.
    """
    text = decoded(message.text, str) or ""
    found = [attachment(part, text) for part in items(message.attachments)]
    first = {known.url: place for place, known in reversed(list(enumerate(found)))}
    formed = {known.url: known for known in found if known.form is not None}
    return [
        formed.get(known.url, known)
        for place, known in enumerate(found)
        if known.url is None or first[known.url] == place
    ]


def _contents(
    message: _Message, attachments: list[Attachment]
) -> list[tuple[str, ReceivedContent, Story | None]]:
    """Return the text, and each attachment, as a message of its own with its place and its story.

    Several files are an album, and the text is the album's.

    The first has the provider's id, which people quote and edit. The id of each other has its place, which is
    the same when the webhook comes again.
    """
    text = decoded(message.text, str) or ""
    story = _answered(message)
    match [part.content for part in attachments]:
        case [Text(text=heart)] if not text.strip():
            text, attachments = heart, []
    if story is not None and story.url and not attachments:
        return [("text", story_picture(story.url, text if text.strip() else ""), story)]
    question = _question(message, text, attachments)
    if question is not None:
        return [("text", question, story)]
    found: list[tuple[str, ReceivedContent, Story | None]] = []
    album = _album(attachments)
    if album:
        found.append(("text", ReceivedAlbum(tuple(album.values()), text), story))
    elif text.strip():
        found.append(("text", Text(text), story))
    found += [
        (str(place), part.content, part.story or (None if found else story))
        for place, part in enumerate(attachments)
        if place not in album
    ]
    if found and story is not None and story.url:
        # The provider ends the address after a day, so the picture is fetched beside the person's own file.
        found.append((_STORY_PLACE, story_picture(story.url, ""), story))
    return found or [("text", _wordless(message), story)]


def _album(attachments: list[Attachment]) -> dict[int, ProviderFile]:
    """Return the files of an album by their places: the first files of a message that has several."""
    files = {
        place: part.content.file
        for place, part in enumerate(attachments)
        if isinstance(part.content, ReceivedMedia) and part.story is None
    }
    return dict(islice(files.items(), _MOST_ATTACHMENTS)) if len(files) > 1 else {}


def _wordless(message: _Message) -> Unsupported:
    """Return a message without words; of a tap on a picture, the payload can be read."""
    tapped = decoded(message.quick_reply, _QuickReply)
    if tapped is not None:
        return Unsupported("quick_reply", tapped.payload)
    return Unsupported("unsupported" if decoded(message.is_unsupported, bool) else "message")


def _question(message: _Message, text: str, attachments: list[Attachment]) -> Buttons | None:
    """Return the text and its buttons, which are quick replies or a template that repeats the text."""
    if not text.strip():
        return None
    match [part.content for part in attachments]:
        case []:
            offered = decoded(message.quick_replies, list[_OfferedReply])
            answers = tuple(Button(reply.payload, reply.title) for reply in offered or ())
            return Buttons(text, answers) if answers else None
        case [Buttons() as buttons] if buttons.text == text:
            return buttons
        case _:
            return None


def _answered(message: _Message) -> Story | None:
    reply = decoded(message.reply_to, _StoryReply)
    return Story("reply", reply.story.id, reply.story.url) if reply else None


def _context(message: _Message) -> Context:
    referral, product = _referred(message.referral)
    tapped = decoded(message.quick_reply, _QuickReply)
    return Context(referral=referral, product=product, payload=tapped.payload if tapped else None)


def _understood(message: _Message, attachments: list[Attachment]) -> set[str]:
    """Return the fields of which content and context hold everything."""
    whole = {
        "mid": decoded(message.mid, MessageId) is not None,
        "text": decoded(message.text, str) is not None,
        "attachments": bool(attachments)
        and len(attachments) == len(items(message.attachments))
        and all(part.is_plain for part in attachments),
        "quick_reply": decoded(message.quick_reply, _QuickReply) is not None
        and other_fields(message.quick_reply, {"payload"}) == NOTHING,
        "reply_to": decoded(message.reply_to, _Mid) is not None
        and other_fields(message.reply_to, {"mid"}) == NOTHING,
        "is_echo": decoded(message.is_echo, bool) is not None,
        "is_deleted": decoded(message.is_deleted, bool) is not None,
        "is_unsupported": decoded(message.is_unsupported, bool) is not None,
    }
    is_story_told = not (attachments and attachments[0].story and not decoded(message.text, str))
    if (
        _answered(message) is not None
        and is_story_told
        and other_fields(message.reply_to, {"story"}) == NOTHING
    ):
        story = decoded(message.reply_to, dict[str, Raw])
        whole["reply_to"] = story is not None and other_fields(story["story"], {"id", "url"}) == NOTHING
    return {name for name, is_whole in whole.items() if is_whole}


def _edit(chat: Chat, event: Event, raw: Raw) -> InboundMessage:
    """Return the new text of a message.

    An event without a text stands for a message whose words may still come: Instagram reports `num_edit` 0
    for some new messages.
    """
    edit = decoded(event["message_edit"], _Edit)
    if edit is None:
        fields = _others(event, "message_edit", ())
        return _said(chat, fingerprint(raw), Unsupported("message_edit"), fields=fields)
    fields = _others(event, "message_edit", {"mid", "text"})
    if not edit.text.strip():
        is_alone = other_fields(fields, {"message_edit"}) == NOTHING
        is_empty = is_alone and other_fields(event["message_edit"], _EMPTY_EDIT) == NOTHING
        name = edit.mid if is_empty else fingerprint(raw)
        return _said(chat, name, Unsupported("message_edit"), fields=fields)
    return _said(chat, edit.mid, Text(edit.text), fields=fields, edited_at=chat.at)


def _postback(chat: Chat, event: Event, raw: Raw) -> InboundMessage:
    tapped = decoded(event["postback"], _Postback) or _Postback()
    title, payload = decoded(tapped.title, str), decoded(tapped.payload, str)
    mid = decoded(tapped.mid, MessageId)
    referral, product = _referred(tapped.referral)
    known = {"mid": mid, "title": title, "payload": payload}
    understood = {name for name, value in known.items() if value is not None}
    return _said(
        chat,
        mid or fingerprint(raw),
        Text(title) if title and title.strip() else Unsupported("postback", payload or ""),
        context=Context(referral=referral, product=product, payload=payload),
        fields=_others(event, "postback", understood),
    )


def _reaction(chat: Chat, event: Event, raw: Raw) -> InboundMessage:
    """Return the reaction to the other message; `unreact` takes a reaction back.

    A reaction to no message, or without an emoji, is Unsupported.
    """
    reaction = decoded(event["reaction"], _Reaction) or _Reaction()
    quoted, action = decoded(reaction.mid, MessageId), decoded(reaction.action, str)
    name, emoji = decoded(reaction.reaction, str) or "", decoded(reaction.emoji, str)
    shown = emoji if emoji and emoji.strip() else _EMOJI.get(name)
    known = {"mid": quoted}
    content: ReceivedContent
    if quoted and action == "unreact":
        content = Reaction("")
        known["action"] = action
    elif quoted and shown:
        content = Reaction(shown)
        known |= {"action": action if action == "react" else None, "emoji": emoji}
    else:
        content = Unsupported("unreact" if action == "unreact" else "reaction", emoji or name)
    fields = _others(event, "reaction", {field for field, value in known.items() if value})
    return _said(chat, fingerprint(raw), content, fields=fields, quoted=quoted)


def _referral(chat: Chat, event: Event, raw: Raw) -> InboundMessage:
    """Return the news that a person came back by a link or an advertisement, and wrote nothing yet."""
    referral, product = _referred(event["referral"])
    words = (referral.headline or referral.ref or "") if referral else ""
    context = Context(referral=referral, product=product)
    fields = _others(event, "referral", ())
    return _said(chat, fingerprint(raw), Notice("referral", words), context=context, fields=fields)


def _referred(part: Raw) -> tuple[Referral | None, Product | None]:
    found = decoded(part, _Referral)
    if found is None:
        return None, None
    advert = decoded(found.ads_context_data, _AdContext)
    product = decoded(found.product, _Product)
    referral = Referral(
        source=found.source,
        source_id=found.ad_id,
        url=found.referer_uri,
        headline=advert.ad_title if advert else None,
        ref=found.ref,
    )
    return referral if referral != Referral() else None, Product(product.id) if product else None


def _others(event: Event, kind: str, understood: set[str] | tuple[()]) -> Raw:
    """Return the JSON of the fields that are not understood: of the part named `kind`, and beside it."""
    others = {name: part for name, part in event.items() if name not in ENVELOPE and name != kind}
    if "timestamp" in event and decoded(event["timestamp"], int) is None:
        others["timestamp"] = event["timestamp"]
    for party in ("sender", "recipient"):
        understood_id = ("id",) if decoded(event.get(party, ABSENT), Party) is not None else ()
        if party in event and other_fields(event[party], understood_id) != NOTHING:
            others[party] = event[party]
    left = other_fields(event[kind], understood) if kind in event else NOTHING
    if left != NOTHING:
        others[kind] = left
    return Raw(msgspec.json.encode(others)) if others else NOTHING


def _said(
    chat: Chat,
    name: str,
    content: ReceivedContent,
    *,
    context: Context | None = None,
    fields: Raw = NOTHING,
    quoted: str | None = None,
    edited_at: str | None = None,
) -> InboundMessage:
    return InboundMessage(
        address=chat.address,
        provider_message_id=name,
        content=content,
        at=chat.at,
        account=chat.account,
        author=chat.author,
        quoted_provider_message_id=quoted,
        context=context if context != Context() else None,
        provider_fields=fields,
        edited_at=edited_at,
    )
