"""The shapes of Telegram's updates: https://core.telegram.org/bots/api#update"""

from collections.abc import Callable

from tests.webhooks.drawing import Draw, Json
from tests.webhooks.grammar import MOST_PEOPLE, Known, Part

_FILES = ("photo", "document", "audio", "voice", "video", "video_note", "animation", "sticker")
_TEXTS = (
    "contact",
    "dice",
    "game",
    "poll",
    "venue",
    "checklist",
    "invoice",
    "web_app_data",
    "new_chat_members",
    "location",
    "location",
    "paid_media",
    "users_shared",
    "checklist_tasks_done",
)
_EVENTS = (
    "left_chat_member", "new_chat_title", "pinned_message", "forum_topic_created", "story", "giveaway",
    "successful_payment", "gift_of_the_future", "migrate_to_chat_id",
)  # fmt: skip
_KINDS = (*("text",) * 8, *_FILES, *_TEXTS, *_EVENTS)
_NO_MESSAGES = ("inline_query", "poll_answer", "chat_join_request", "shipping_query")
_UPDATES = ("message",) * 8 + ("channel_post", "business_message", "business_message")


class Telegram:
    is_form = False

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._people = [self._person(draw.message()) for _ in range(MOST_PEOPLE)]
        self._groups = [self._group(kind) for kind in ("group", "supergroup", "supergroup", "channel")]
        self._known: list[Known] = []
        self._albums: dict[tuple[str, int, int | None], str] = {}

    def part(self) -> Part:
        draw = self._draw
        chosen = draw.random.random()
        if chosen < 0.03:
            kind = draw.choice(_NO_MESSAGES)
            number = draw.message()
            return Part(
                kind, {"id": "1", "from": draw.choice(self._people), "query": draw.words(number)}, number
            )
        if chosen < 0.09:
            return draw.choice((self._tap, self._tap, self._tap, self._tap, self._block))()
        if chosen < 0.11:
            return self._interaction()
        if chosen < 0.25 and self._known:
            return self._edit(draw.choice(self._known))
        business = [known for known in self._known if known.chat[0] == "business_message"]
        if chosen < 0.27 and business:
            return self._deletion(draw.choice(business))
        return self._message()

    def _block(self) -> Part:
        draw = self._draw
        person = draw.choice(self._people)
        chat = draw.choice(({**person, "type": "private"}, self._groups[0]))
        status = draw.choice(("kicked", "member", "left", "administrator", "status_of_the_future"))
        change: Json = {
            "chat": chat,
            "from": person,
            "date": draw.moment(),
            "old_chat_member": {"status": "member"},
            "new_chat_member": {"status": status},
        }
        return Part("my_chat_member", change, draw.message())

    def webhook(self, parts: list[Part]) -> Json:
        """Return an update, which usually has one part."""
        return {"update_id": self._draw.number(), **{part.place: part.json for part in parts}}

    def _person(self, number: int) -> Json:
        mark = self._draw.mark(number)
        name = {"first_name": f"Ana {mark}", "last_name": mark}
        return {
            "id": 7_100_000_000 + self._draw.number(),
            "is_bot": False,
            **name,
            "username": f"u{self._draw.number()}",
        }

    def _group(self, kind: str) -> Json:
        return {
            "id": -(10**12) - self._draw.number(),
            "type": kind,
            "title": self._draw.words(self._draw.message()),
        }

    def _message(self) -> Part:
        draw = self._draw
        number, update, at = draw.message(), draw.choice(_UPDATES), draw.moment()
        person = draw.choice(self._people)
        chat = {**{name: value for name, value in person.items() if name != "is_bot"}, "type": "private"}
        if update == "channel_post":
            chat = self._groups[-1]
        elif update == "message" and draw.chance(0.25):
            chat = draw.choice(self._groups[:-1])
        place: Json = {"message_id": draw.number(), "chat": chat, "date": at}
        place |= {} if update == "channel_post" else {"from": person}
        place |= {"business_connection_id": "bc1"} if update == "business_message" else {}
        if chat["type"] == "supergroup":
            place |= draw.some(
                sender_chat=lambda: chat,
                message_thread_id=lambda: 5,
                is_topic_message=lambda: True,
            )
        content = self._content(number)
        album = self._album(update, place) if any(name in content for name in _FILES) else {}
        message = place | content | self._around(number) | album
        named = place | (album if draw.chance(0.5) else {})
        self._known.append(Known(number, named, (update, chat), at))
        return Part(update, message, number)

    def _album(self, update: str, place: Json) -> Json:
        """Return the album of a file: often the album of the latest file in the same place."""
        draw = self._draw
        if draw.chance(0.4):
            return {}
        where = (update, place["chat"]["id"], place.get("from", {}).get("id"))
        if where not in self._albums or draw.chance(0.2):
            self._albums[where] = str(draw.number())
        return {"media_group_id": self._albums[where]}

    def _around(self, number: int) -> Json:
        draw = self._draw
        origins: tuple[Callable[[], Json], ...] = (
            lambda: {"type": "hidden_user", "date": 1, "sender_user_name": draw.words(number)},
            lambda: {
                "type": "user",
                "date": 1,
                "sender_user": {**self._person(number), "first_name": draw.words(number)},
            },
            lambda: {
                "type": "channel",
                "date": 1,
                "chat": self._groups[-1],
                "author_signature": draw.words(number),
            },
        )
        return draw.some(
            forward_origin=draw.choice(origins),
            quote=lambda: {"text": draw.words(number), "position": 0},
            external_reply=lambda: {"origin": draw.choice(origins)(), "text": draw.words(number)},
            reply_to_message=lambda: self._reply(number),
            author_signature=lambda: draw.words(number),
            media_group_id=lambda: draw.mark(number),
            via_bot=lambda: {**self._person(number), "is_bot": True},
            effect_id=lambda: draw.mark(number),
            reply_to_story=lambda: {"chat": self._person(number), "id": 3},
            suggested_post_info=lambda: {"state": draw.mark(number)},
            reply_markup=lambda: {"inline_keyboard": [[{"text": draw.words(number), "url": "https://t.me"}]]},
            added_later=lambda: {"text": [draw.words(number)]},
        )

    def _reply(self, number: int) -> Json:
        quoted = self._draw.choice(self._known).provider_id if self._known else {"message_id": 1}
        return {**quoted, "text": self._draw.words(number)}

    def _content(self, number: int) -> Json:  # noqa: C901, PLR0911 - a case for each kind
        draw = self._draw
        kind, words = draw.choice(_KINDS), draw.words(number)
        caption: Json = (
            {"caption": draw.words(number)} if draw.chance(0.6) else {"added_later": draw.words(number)}
        )
        file = {"file_id": f"f{draw.number()}", "file_unique_id": f"u{draw.number()}", "file_size": 17}
        match kind:
            case "text":
                link = {
                    "type": "text_link",
                    "offset": 0,
                    "length": 3,
                    "url": f"https://a.example/{draw.mark(number)}",
                }
                pre = {"type": "pre", "offset": 0, "length": 1, "language": draw.mark(number)}
                return {"text": words, **draw.some(entities=lambda: draw.choice(([link], [link, pre])))}
            case "photo":
                return {
                    "photo": [{**file, "width": 9, "height": 9}, {**file, "width": 90, "height": 90}],
                    **caption,
                }
            case "sticker":
                return {"sticker": {**file, "emoji": words, "set_name": draw.mark(number)}}
            case "document" | "audio" | "voice" | "video" | "video_note" | "animation":
                texts = draw.some(title=lambda: draw.words(number), performer=lambda: draw.words(number))
                return {kind: {**file, "file_name": f"{draw.mark(number)}.mp3", **texts}, **caption}
            case "new_chat_members":
                return {kind: [self._person(number)], "added_later": words}
            case "left_chat_member":
                return {kind: self._person(number), "added_later": words}
            case "new_chat_title":
                return {kind: words}
            case "location":
                place = {"latitude": 52.5, "longitude": 13.4}
                live = {
                    "live_period": draw.choice((60, 0x7FFFFFFF)),
                    "heading": 90,
                    "horizontal_accuracy": 4.5,
                }
                return {kind: {**place, **(live if draw.chance(0.6) else {}), **self._later_field(number)}}
            case "migrate_to_chat_id":
                return {kind: -(10**12) - draw.number(), "text": words}
            case "pinned_message":
                return {kind: self._reply(number)}
            case _:
                return {kind: self._described(kind, number)}

    def _described(self, kind: str, number: int) -> Json:
        draw = self._draw
        words, more = draw.words(number), draw.words(number)
        shapes: dict[str, Json] = {
            "contact": {
                "phone_number": "+1 650",
                "first_name": words,
                "last_name": draw.words(number),
                "user_id": draw.number(),
                "vcard": draw.choice((more, f"BEGIN:VCARD\nVERSION:3.0\nFN:{more}\nTEL:+1 650\nEND:VCARD")),
            },
            "paid_media": {"star_count": 1, "paid_media": [{"type": "preview", "text": more}], "text": words},
            "users_shared": {"request_id": 1, "users": [self._person(number)], "text": words},
            "checklist_tasks_done": {"marked_as_done_task_ids": [1], "text": words},
            "story": {"chat": self._person(number), "id": 3},
            "dice": {"value": 3, "emoji": words},
            "game": {"title": words, "description": more, "text": draw.words(number)},
            "poll": {"id": "1", "question": words, "options": [{"text": more, "voter_count": 0}]},
            "venue": {"title": words, "address": more, "location": {"latitude": 1.5, "longitude": 2.5}},
            "checklist": {"title": words, "tasks": [{"id": 1, "text": more}]},
            "invoice": {"title": words, "description": more, "currency": "EUR", "total_amount": 1},
            "web_app_data": {"data": more, "button_text": words},
            "successful_payment": {"currency": "EUR", "total_amount": 1, "invoice_payload": words},
            "forum_topic_created": {"name": words, "icon_color": 1},
        }
        return shapes.get(kind, {"text": words, "inner": {"text": more}})

    def _later_field(self, number: int) -> Json:
        return self._draw.some(added_later=lambda: self._draw.words(number))

    def _edit(self, known: Known) -> Part:
        draw = self._draw
        update = known.chat[0]
        if draw.chance(0.2):
            return self._new_place(known)
        edited = {**known.provider_id, "edit_date": known.at + draw.random.randrange(1, 5)}
        text = draw.choice(("text", "text", "caption"))
        return Part(f"edited_{update}", {**edited, text: draw.words(known.message)}, known.message)

    def _new_place(self, known: Known) -> Part:
        """Return the news that a place moved, or stopped to move; the message may have been no place."""
        draw = self._draw
        place = {
            "latitude": 52.6,
            "longitude": 13.5,
            **draw.some(live_period=lambda: 900, heading=lambda: 10),
        }
        edited = {**known.provider_id, "edit_date": known.at + draw.random.randrange(1, 5), "location": place}
        more = draw.some(told_later=lambda: draw.words(known.message))
        return Part(f"edited_{known.chat[0]}", edited | more, known.message)

    def _deletion(self, known: Known) -> Part:
        deleted = {
            "business_connection_id": "bc1",
            "chat": known.chat[1],
            "message_ids": [known.provider_id["message_id"]],
        }
        return Part("deleted_business_messages", deleted, known.message, removes=True)

    def _tap(self) -> Part:
        draw = self._draw
        number, person = draw.message(), draw.choice(self._people)
        bot = {"id": 123456, "is_bot": True, "first_name": "bot"}
        tapped = {"message_id": draw.number(), "date": draw.moment(), "from": bot, "text": "choose"}
        chat = {"id": person["id"], "type": "private", "first_name": person["first_name"]}
        tap = {"id": str(draw.number()), "from": person, "message": {**tapped, "chat": chat}}
        return Part(
            "callback_query",
            {**tap, "data": draw.words(number), "chat_instance": "1"},
            number,
            sealed="message",
        )

    def _interaction(self) -> Part:
        draw = self._draw
        number, person = draw.message(), draw.choice(self._people)
        where = {"chat": {"id": person["id"], "type": "private"}, "user": person, "date": draw.moment()}
        if draw.chance(0.5):
            reactions: list[Json] = [
                {"type": "emoji", "emoji": draw.words(number)},
                {"type": "custom_emoji", "custom_emoji_id": draw.mark(number)},
                {"type": "paid"},
            ]
            draw.random.shuffle(reactions)
            given = reactions[: draw.random.randrange(4)]
            known = draw.choice(self._known).provider_id["message_id"] if self._known else 1
            return Part(
                "message_reaction",
                {**where, "message_id": known, "old_reaction": reactions[:1], "new_reaction": given},
                number,
            )
        return Part("update_of_the_future", {**where, "text": draw.words(number)}, number)


GRAMMAR = Telegram
