"""Turn the events of a webhook into messages, and into later versions of them.

The id of a person's message is derived from the provider's id, so a repeated webhook makes one message only.

::

    file ── the row of a person's file: a delivery whose file has no row fails
       │
    accept ── a new message, or an album with its first item; it goes on to the other participants
       │
    or tell ── a notice of the change to the other participants; its id is derived from the change
       │
    rewrite ── the message with the change

The case that breaks another order: the process dies after `rewrite` and before `tell`. The event comes again
and changes nothing more, so the others would never hear of the change.
"""

import hashlib
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.albums import album_of, bounded, fits, item_of, with_item, with_new_item
from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import (
    Album,
    AlbumFile,
    Content,
    Deleted,
    Media,
    ProviderFile,
    ReceivedAlbum,
    ReceivedContent,
    ReceivedMedia,
    Unsupported,
    attachments_of,
    file_of,
    reworded,
)
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    AccountReported,
    InboundConsent,
    InboundDeletion,
    InboundMessage,
    InboundMove,
    InboundStatus,
    TemplateChanged,
    WebhookEvent,
)
from chat4all.domain.files.file import Source
from chat4all.domain.message import AlbumItem, Change, ChangeNotice, Message
from chat4all.domain.person import INBOX_USER_ID, User, UserType
from chat4all.domain.received import Context, Received
from chat4all.domain.relaying import new_content, news
from chat4all.domain.versions import Deletion, Version, deleted, files_of, with_version
from chat4all.services.accounts.hear_reports import HearReports
from chat4all.services.directory.ports import Directory
from chat4all.services.inbound.answer_choice import AnswerChoice
from chat4all.services.inbound.find_place import NAMESPACE, FindPlace
from chat4all.services.inbound.follow_moves import FollowMoves
from chat4all.services.inbound.hear_consent import HearConsent
from chat4all.services.inbound.inbound_file import InboundFile
from chat4all.services.inbound.meet_person import MeetPerson
from chat4all.services.inbound.recognize_echo import RecognizeEcho
from chat4all.services.messaging.accept_message import AcceptMessage, NewMessage
from chat4all.services.messaging.ports import KnownTemplates, Messages

_TRIES: Final = 5
DELETION_KEPT: Final = timedelta(days=30)
"""How long a deletion waits for its message."""


class UnknownChannel(Exception):
    """There is no such channel: the event can be taken only after a deployment that has it."""


class TakeInbound:
    def __init__(
        self,
        *,
        channels: Collection[str],
        accept: AcceptMessage,
        find_place: FindPlace,
        answer_choice: AnswerChoice,
        meet: MeetPerson,
        follow: FollowMoves,
        directory: Directory,
        messages: Messages,
        templates: KnownTemplates,
        file: InboundFile,
        is_echo: RecognizeEcho,
        hear: HearConsent,
        hear_reports: HearReports,
        clock: Clock,
        keep_deleted_words: bool,
    ) -> None:
        """`keep_deleted_words`: the words of a message that its author deletes stay in the conversation."""
        self._channels = channels
        self._accept = accept
        self._find_place = find_place
        self._answer_choice = answer_choice
        self._meet = meet
        self._follow = follow
        self._directory = directory
        self._messages = messages
        self._templates = templates
        self._file = file
        self._is_echo = is_echo
        self._hear = hear
        self._hear_reports = hear_reports
        self._clock = clock
        self._keep_deleted_words = keep_deleted_words

    def __call__(self, received: WebhookEvent) -> None:
        """Take one event.

        Raises:
            UnknownChannel: there is no channel of this name.
            Unavailable: the event was not taken, or only in part; it may be taken again.
        """
        channel, account, event = received.channel, received.account, received.event
        if channel not in self._channels:
            raise UnknownChannel(f"There is no channel {channel!r}; deploy the version that has it.")
        match event:
            case InboundMessage():
                self._take(received, event)
            case InboundDeletion():
                self._delete(channel, account, event)
            case InboundMove():
                self._follow(channel, account, event)
            case InboundConsent():
                self._hear.told(received, event)
            case TemplateChanged():
                self._templates.apply(channel, event)
            case AccountReported():
                self._hear_reports(channel, event)
            case InboundStatus():
                raise TypeError("A status is recorded where its webhook arrives, and not queued with words.")

    def _take(self, received: WebhookEvent, event: InboundMessage) -> None:
        channel, account = received.channel, received.account
        message_id = inbound_message_id(channel, account, event.provider_message_id)
        arriving = self._messages.arriving(message_id)
        album_id = arriving.album_id
        message = arriving.message or (self._messages.get(album_id) if album_id is not None else None)
        if message is None:
            if event.is_own and self._is_echo(received):
                return
            message = self._in_album(message_id, received, event, arriving.deletion)
            if message is None:
                message = self._accepted(message_id, received, event, arriving.deletion)
        else:
            message = self._with_version(message, received, event)
        if arriving.deletion is not None:
            self._deleted(message, event.provider_message_id, arriving.deletion)
        self._hear.said(channel, _as_answered(event, message), message)

    def _in_album(
        self, item_id: str, received: WebhookEvent, event: InboundMessage, deletion: Deletion | None
    ) -> Message | None:
        """Return the message of the album with the event as an item of it; None if it is an item of none.

        The item is recorded as such last: if the process dies before, the album has the item when the event
        comes again. A file that was deleted before it came is an item of no album.
        """
        hidden = deletion is not None and not self._keep_deleted_words
        if event.album is None or hidden:
            return None
        content = self._content(item_id, event)
        if not fits(content):
            return None
        name = event.provider_message_id
        album_id = inbound_message_id(received.channel, received.account, event.album.name)
        item = bounded(AlbumItem(name, event.album.number, content, _received(event, received.webhook_id)))
        album = self._messages.get(album_id)
        if album is None:
            album = self._accepted(album_id, received, event, None, (item,))
        if item_of(album, name) is None:
            grown = self._with_new_item(album, item, received, event)
            if grown is None:
                return None
            album = grown
        else:
            album = self._with_version(album, received, event)
        self._messages.join_album(item_id, album, name)
        return album

    def _with_new_item(
        self, album: Message, item: AlbumItem, received: WebhookEvent, event: InboundMessage
    ) -> Message | None:
        """Return the album with a further item, stored; None if the album takes no item any more."""
        self._fetch(received, event, item.content, album.conversation_id)
        for _ in range(_TRIES):
            grown = with_new_item(album, item)
            added = item_of(grown, item.name) if grown is not None else None
            if grown is None or added is None:
                return None
            self._tell(msgspec.structs.replace(added, content=Unsupported("item")), added, item.name)
            if self._messages.rewrite(album, grown):
                return grown
            album = self._messages.get(album.message_id) or album
            if item_of(album, item.name) is not None:
                return album
        raise Unavailable("The album is changing too quickly; try again.", retry_after=1)

    def _accepted(
        self,
        message_id: str,
        received: WebhookEvent,
        event: InboundMessage,
        deletion: Deletion | None,
        items: tuple[AlbumItem, ...] = (),
    ) -> Message:
        """Accept a new message: the event, or an album with the event as its first item.

        Words that were deleted before they came are passed on to nobody.
        """
        channel, account = received.channel, received.account
        person, event = self._meet(channel, account, event)
        self._hear.wrote(channel, event, person)
        place = self._find_place(channel, account, event, person)
        answered = self._answer_choice(channel, event, place, person.user_id)
        event, place = answered.event, answered.place
        hidden = deletion is not None and not self._keep_deleted_words
        content = Deleted() if hidden else album_of(items) if items else self._content(message_id, event)
        self._fetch(received, event, content, place.conversation_id)
        accepted = self._accept(
            NewMessage(
                message_id=message_id,
                conversation_id=place.conversation_id,
                sender_id=self._inbox() if event.is_own else person.user_id,
                content=content,
                received_over=channel,
                account=account,
                reply_to=place.reply_to,
                provider_message_id=event.provider_message_id,
                received=items[0].received if items else _received(event, received.webhook_id),
                items=items,
            )
        )
        return accepted.message

    def _inbox(self) -> str:
        """Return the user who stands for our side as a whole."""
        if self._directory.get(INBOX_USER_ID) is None:
            now = iso(self._clock())
            self._directory.create(User(INBOX_USER_ID, UserType.AGENT, "Inbox", (), {}, now))
        return INBOX_USER_ID

    def _with_version(self, message: Message, received: WebhookEvent, event: InboundMessage) -> Message:
        """Return the message with the version that the event reports, of it or of an item of it, stored."""
        name = event.provider_message_id
        key = inbound_message_id(received.channel, received.account, name)
        for _ in range(_TRIES):
            item = item_of(message, name)
            before = item or message
            content = self._content_of_version(key, before, event)
            version = Version(content, _received(event, received.webhook_id), event.edited_at)
            after = with_version(before, version)
            if (after or before).content == content:
                self._fetch(received, event, content, message.conversation_id)
            if after is None:
                return message
            self._tell(before, after, name if item else None)
            changed = with_item(message, name, after) if item else after
            if self._messages.rewrite(message, changed):
                return changed
            message = self._messages.get(message.message_id) or message
        return message

    def _delete(self, channel: str, account: str, event: InboundDeletion) -> None:
        message_id = inbound_message_id(channel, account, event.provider_message_id)
        arriving = self._messages.arriving(message_id)
        message = self._messages.get(arriving.album_id) if arriving.album_id else arriving.message
        deletion = Deletion(event.at, event.provider_fields)
        if message is None:
            expires_at = int((self._clock() + DELETION_KEPT).timestamp())
            self._messages.park_deletion(message_id, deletion, expires_at)
        else:
            self._deleted(message, event.provider_message_id, deletion)

    def _deleted(self, message: Message, name: str, deletion: Deletion) -> None:
        """Delete the message, or the item of it that has this name at the provider."""
        for _ in range(_TRIES):
            item = item_of(message, name)
            before = item or message
            after = deleted(before, deletion, keep_words=self._keep_deleted_words)
            if after is None:
                return
            if isinstance(after.content, Deleted):
                # Before the words: they name the files, for a second try after this process has died.
                for file in files_of(before):
                    self._file.remove(file)
            self._tell(before, after, name if item else None)
            changed = with_item(message, name, after) if item else after
            if self._messages.rewrite(message, changed):
                return
            message = self._messages.get(message.message_id) or message

    def _tell(self, before: Message, after: Message, item: str | None) -> None:
        """Tell the other participants of a change, of the message or of this item of an album.

        What our own side writes in the provider's app is told to nobody: the people of the chat see it there.
        """
        change = news(before, after)
        received = after.received
        if change is None or received is None or received.is_own:
            return
        self._accept.tell(
            NewMessage(
                message_id=_notice_id(after, change, item),
                conversation_id=after.conversation_id,
                sender_id=after.sender_id,
                content=new_content(after, change),
                reply_to=after.message_id if change is Change.EDITED else None,
                notice=ChangeNotice(after.message_id, change, received.author, item),
            )
        )

    def _content(self, message_id: str, event: InboundMessage) -> Content:
        match event.content:
            case ReceivedMedia(file=file, text=text):
                return Media(self._file.attachment(message_id, file), text)
            case ReceivedAlbum(files=files, text=text):
                attachments = (
                    self._file.attachment(f"{message_id} {number}", file) for number, file in enumerate(files)
                )
                return Album(tuple(map(AlbumFile, attachments)), text)
            case other:
                return other

    def _content_of_version(self, key: str, message: Message, event: InboundMessage) -> Content:
        """Return the content of a later version: the same file keeps its id, another file has another.

        The ids of the files follow from `key`.
        """
        known = file_of(message.content)
        if event.edited_at is None or not isinstance(event.content, ReceivedMedia):
            has_files = known is not None or isinstance(message.content, Album)
            is_caption = has_files and event.edited_at is not None
            if is_caption and not isinstance(event.content, Unsupported):
                return reworded(message.content, event.content.text)
            return self._content(key, event)
        name = event.content.file.identity
        if known is not None and message.received is not None and message.received.file == name:
            return Media(known, event.content.text)
        return self._content(f"{key} {name}", event)

    def _fetch(
        self, received: WebhookEvent, event: InboundMessage, content: Content, conversation_id: str
    ) -> None:
        """Request the fetch of the files in `content`, if the event brings them.

        If the process dies after this, the queue gives out the event again, and the files are found.
        """
        for attachment, file in zip(attachments_of(content), _files_in(event.content), strict=False):
            self._file.fetch(
                attachment, conversation_id, Source(received.channel, received.account, file.reference)
            )


def inbound_message_id(channel: str, account: str, provider_message_id: str) -> str:
    """Return the id of a person's message, always the same for the same provider message."""
    return str(uuid.uuid5(NAMESPACE, f"{channel} {account} {provider_message_id}"))


def _files_in(content: ReceivedContent) -> tuple[ProviderFile, ...]:
    match content:
        case ReceivedMedia(file=file):
            return (file,)
        case ReceivedAlbum(files=files):
            return files
        case _:
            return ()


def _notice_id(message: Message, change: Change, item: str | None) -> str:
    """Return the id of the notice of a change, always the same for the same change."""
    about = f"notice {message.message_id} {change}" + (f" {item}" if item else "")
    if change is Change.DELETED:
        return str(uuid.uuid5(NAMESPACE, about))
    at = message.received.latest_at if message.received else None
    content = hashlib.sha256(msgspec.json.encode(message.content)).hexdigest()
    return str(uuid.uuid5(NAMESPACE, f"{about} {at} {content}"))


def _as_answered(event: InboundMessage, message: Message) -> InboundMessage:
    """Return the event with the payload of the stored message: a numbered answer stands for a tap."""
    stored = message.received.context if message.received is not None else None
    if stored is None or stored.payload is None:
        return event
    context = event.context if event.context is not None else Context()
    return msgspec.structs.replace(event, context=msgspec.structs.replace(context, payload=stored.payload))


def _received(event: InboundMessage, webhook_id: str) -> Received:
    file = event.content.file.identity if isinstance(event.content, ReceivedMedia) else None
    return Received(
        sent_at=event.at,
        webhook_id=webhook_id,
        author=event.author,
        thread=event.thread,
        context=event.context,
        provider_fields=event.provider_fields,
        known_by_edit_at=event.edited_at,
        latest_at=event.edited_at,
        file=file,
        is_own=event.is_own,
    )
