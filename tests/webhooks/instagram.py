"""The shapes of Instagram's webhooks.

https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from collections import defaultdict

import msgspec

from tests.channels.instagram import ACCOUNT_ID
from tests.webhooks.drawing import NOBODY, Draw, Json
from tests.webhooks.grammar import MOST_PEOPLE, Known, Part

_FILES = (
    "image",
    "video",
    "audio",
    "file",
    "ig_reel",
    "reel",
    "share",
    "ig_post",
    "ephemeral",
    "sticker",
    "ig_story",
)
_NOT_SAID = ("pass_thread_control", "take_thread_control", "app_roles", "policy_enforcement")


class Instagram:
    is_form = False

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._account_id = draw.account_id or ACCOUNT_ID
        self._people = [str(17_842_000_000_000 + draw.number()) for _ in range(MOST_PEOPLE)]
        self._known: list[Known] = []

    def part(self) -> Part:
        draw = self._draw
        chosen = draw.random.random()
        if chosen < 0.03:
            return Part("changes/comments", self._comment(), NOBODY)
        place = draw.choice(("messaging",) * 8 + ("standby", "changes/messages", "list_of_the_future"))
        return msgspec.structs.replace(self._event(chosen), place=place)

    def webhook(self, parts: list[Part]) -> Json:
        lists: defaultdict[str, list[Json]] = defaultdict(list)
        for part in parts:
            name, _, field = part.place.partition("/")
            lists[name].append({"field": field, "value": part.json} if field else part.json)
        return {
            "object": "instagram",
            "entry": [{"id": self._account_id, "time": self._draw.moment(), **lists}],
        }

    def _event(self, chosen: float) -> Part:  # noqa: PLR0911 - a case for each kind
        draw = self._draw
        if chosen < 0.08:
            return self._status()
        if chosen < 0.25 and self._known:
            return self._later(draw.choice(self._known))
        if chosen < 0.3 and self._known:
            return self._reaction()
        number, person = draw.message(), draw.choice(self._people)
        if chosen < 0.37:
            title = {"mid": self._mid(), "title": draw.words(number), "payload": draw.mark(number)}
            return self._said(
                person, number, {"postback": title | draw.some(referral=lambda: self._referral(number))}
            )
        if chosen < 0.4:
            return self._said(person, number, {"referral": self._referral(number)})
        if chosen < 0.43:
            return self._said(person, number, {"optin_of_the_future": {"text": draw.words(number)}})
        return self._message(person, number, is_echo=chosen < 0.48)

    def _message(self, person: str, number: int, *, is_echo: bool) -> Part:
        draw = self._draw
        mid, at = self._mid(), draw.moment()
        message: Json = {"mid": mid} | draw.some(
            reply_to=lambda: self._reply_to(number),
            quick_reply=lambda: {"payload": draw.mark(number)},
            referral=lambda: self._referral(number),
            added_later=lambda: draw.words(number),
            is_unsupported=lambda: True,
            commands=lambda: [{"name": draw.words(number)}],
        )
        if draw.chance(0.6):
            message["text"] = draw.words(number)
        else:
            count = draw.random.randrange(1, 4)
            message["attachments"] = [self._attachment(number) for _ in range(count)]
        if is_echo:
            message |= {"is_echo": True, "app_id": 1}
        self._known.append(Known(number, mid, (person, is_echo), at))
        return self._said(person, number, {"message": message}, at=at, is_echo=is_echo)

    def _said(
        self, person: str, number: int, fields: Json, *, at: int | None = None, is_echo: bool = False
    ) -> Part:
        sender, recipient = (self._account_id, person) if is_echo else (person, self._account_id)
        milliseconds = (at or self._draw.moment()) * 1000
        event = {
            "sender": {"id": sender},
            "recipient": {"id": recipient},
            "timestamp": milliseconds,
            **fields,
        }
        return Part("messaging", event, number)

    def _attachment(self, number: int) -> Json:
        draw = self._draw
        words = draw.words(number)
        url = f"{draw.files_at}/{draw.number()}"
        kind = draw.choice(
            (
                *_FILES,
                "story_mention",
                *("template",) * 2,
                "fallback",
                "location",
                "like_heart",
                "of_the_future",
            )
        )
        match kind:
            case "template":
                element = {
                    "title": words,
                    "subtitle": draw.words(number),
                    "buttons": [{"title": draw.words(number)}],
                }
                payload: Json = draw.choice(
                    (
                        {"generic": {"elements": [element]}},
                        {"product": {"elements": [{**element, "id": draw.mark(number)}]}},
                    )
                )
            case "fallback":
                payload = {"url": f"https://www.instagram.com/p/{draw.mark(number)}", "title": words}
            case "location":
                payload = {"coordinates": {"lat": 1.5, "long": 2.5}, "title": words}
            case "like_heart":
                payload = {"added_later": words}
            case "of_the_future":
                payload = {"text": words}
            case _:
                payload = {"url": url, "title": words}
        return {"type": kind, "payload": payload}

    def _reply_to(self, number: int) -> Json:
        draw = self._draw
        if self._known and draw.chance(0.5):
            return {"mid": draw.choice(self._known).provider_id}
        story = {"id": draw.mark(number), "url": f"{draw.files_at}/{draw.mark(number)}"}
        return draw.choice(
            ({"story": story}, {"story": {"id": story["id"]}}, {"story": {**story, "link": "x"}})
        )

    def _referral(self, number: int) -> Json:
        draw = self._draw
        advert = {"ad_title": draw.words(number), "photo_url": f"https://ads.example/{draw.mark(number)}"}
        return (
            {"source": "ADS", "type": "OPEN_THREAD"}
            | draw.some(
                ref=lambda: draw.mark(number),
                ad_id=lambda: draw.mark(number),
                ads_context_data=lambda: advert,
                product=lambda: {"id": draw.mark(number)},
                referer_uri=lambda: f"https://shop.example/{draw.mark(number)}",
            )
            | {"added_later": draw.words(number)}
        )

    def _later(self, known: Known) -> Part:
        """Return an edit or the deletion of a message."""
        person, is_echo = known.chat
        if self._draw.chance(0.2):
            deleted = {"mid": known.provider_id, "is_deleted": True}
            event = self._said(person, known.message, {"message": deleted}, is_echo=is_echo).json
            return Part("messaging", event, known.message, removes=True)
        edit = {"mid": known.provider_id, "text": self._draw.words(known.message), "num_edit": 1}
        at = known.at + self._draw.random.randrange(1, 5)
        return self._said(person, known.message, {"message_edit": edit}, at=at, is_echo=is_echo)

    def _reaction(self) -> Part:
        draw = self._draw
        number = draw.message()
        reaction = {
            "mid": draw.choice(self._known).provider_id,
            "action": draw.choice(("react", "unreact")),
            "reaction": draw.choice(("other", "love", draw.mark(number))),
            **draw.choice(({"emoji": draw.words(number)}, {"emoji": "❤"}, {})),
        }
        return self._said(draw.choice(self._people), number, {"reaction": reaction})

    def _status(self) -> Part:
        draw = self._draw
        person, mid = draw.choice(self._people), self._mid()
        fields = draw.choice(
            ({"read": {"mid": mid}}, {"delivery": {"mids": [mid]}}, {draw.choice(_NOT_SAID): {"x": 1}})
        )
        return self._said(person, NOBODY, fields)

    def _comment(self) -> Json:
        return {"id": "1", "text": "a comment", "from": {"id": self._draw.choice(self._people)}}

    def _mid(self) -> str:
        return f"m_generated_{self._draw.number()}"


GRAMMAR = Instagram
