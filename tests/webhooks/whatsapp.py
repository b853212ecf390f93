"""The shapes of WhatsApp's webhooks.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
and the pages below it.
"""

from collections import defaultdict

from tests.channels.whatsapp import ACCOUNT_ID
from tests.webhooks.drawing import NOBODY, Draw, Json
from tests.webhooks.grammar import MOST_PEOPLE, Known, Part

_FILES = ("image", "video", "document", "audio", "voice", "sticker")
_KINDS = (
    *("text",) * 4, *_FILES, "button", "button_reply", "list_reply", "nfm_reply", "reaction", "location",
    "contacts", "order", "product", "system", "moved", "unsupported", "call_permission_reply",
    "request_welcome", "poll_of_the_future",
)  # fmt: skip
_STATUSES = ("sent", "delivered", "read", "played", "failed", "deleted", "warning")
_OTHER_FIELDS = ("account_update", "message_template_status_update", "security")


class WhatsApp:
    is_form = False

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._people = [f"4915{draw.number():09d}" for _ in range(MOST_PEOPLE)]
        self._names = {person: draw.words(draw.message()) for person in self._people}
        self._known: list[Known] = []

    def part(self) -> Part:  # noqa: PLR0911 - a case for each kind
        draw = self._draw
        chosen = draw.random.random()
        if chosen < 0.08:
            return draw.choice((self._status, self._status, self._status, self._preference))()
        if chosen < 0.09:
            return self._new_user_id()
        if chosen < 0.11:
            field = draw.choice(_OTHER_FIELDS)
            return Part(f"{field}/{field}", {"text": draw.words(message := draw.message())}, message)
        if chosen < 0.25 and self._known:
            return self._edit(draw.choice(self._known))
        if chosen < 0.28 and self._known:
            return self._revoke(draw.choice(self._known))
        if chosen < 0.33:
            return self._echo()
        return self._message()

    def _preference(self) -> Part:
        draw = self._draw
        preference: Json = {
            "wa_id": draw.choice(self._people),
            "detail": "User requested to stop marketing messages",
            "category": draw.choice(("marketing_messages", "marketing_messages", "news_of_the_future")),
            "value": draw.choice(("stop", "resume", "pause_of_the_future")),
            "timestamp": draw.moment(),
        }
        return Part("user_preferences/user_preferences", preference, draw.message())

    def webhook(self, parts: list[Part]) -> Json:
        by_field: defaultdict[str, defaultdict[str, list[Json]]] = defaultdict(lambda: defaultdict(list))
        for part in parts:
            field, _, name = part.place.partition("/")
            by_field[field][name].append(self._thread(part.json) if field == "history" else part.json)
        changes = []
        for field, lists in by_field.items():
            senders = [
                message.get("from") for message in lists.get("messages", []) if isinstance(message, dict)
            ]
            contacts = [
                {"profile": {"name": name}, "wa_id": person}
                for person, name in self._names.items()
                if person in senders
            ]
            metadata = {
                "display_phone_number": "15550783881",
                "phone_number_id": self._draw.account_id or ACCOUNT_ID,
            }
            listed = {"contacts": contacts} if contacts else {}
            value = {"messaging_product": "whatsapp", "metadata": metadata, **listed, **lists}
            changes.append({"field": field, "value": value})
        entry = {"id": "102290129340398", "changes": changes}
        return {"object": "whatsapp_business_account", "entry": [entry]}

    def _thread(self, message: Json) -> Json:
        thread = {"id": self._draw.choice(self._people), "messages": [message]}
        return {"metadata": {"phase": 0}, "threads": [thread]}

    def _message(self) -> Part:
        draw = self._draw
        number = draw.message()
        person, kind, at = draw.choice(self._people), draw.choice(_KINDS), draw.moment()
        provider_id = f"wamid.generated.{draw.number()}"
        message = {"from": person, "id": provider_id, "timestamp": str(at), **self._content(kind, number)}
        group = {"group_id": f"group{draw.random.randrange(3)}"} if draw.chance(0.1) else {}
        message |= group | draw.some(
            context=lambda: self._context(number),
            referral=lambda: self._referral(number),
            from_user_id=lambda: f"DE.{person}",
            added_later=lambda: {"text": draw.words(number)},
        )
        self._known.append(Known(number, provider_id, (person, group), at))
        name = "list_of_the_future" if draw.chance(0.03) else "messages"
        return Part(f"messages/{name}", message, number)

    def _content(self, kind: str, number: int) -> Json:  # noqa: C901, PLR0911, PLR0912 - a case for each kind
        draw = self._draw
        words = draw.words(number)
        match kind:
            case "text":
                return {"type": kind, kind: {"body": words}}
            case "audio" | "voice" if draw.chance(0.5):
                audio = {"id": str(draw.number()), "mime_type": "audio/ogg; codecs=opus", "voice": True}
                return {"type": "audio", "audio": {**audio, "added_later": words}}
            case "image" | "video" | "document" | "audio" | "voice" | "sticker":
                file = {"id": str(draw.number()), "mime_type": "image/png", "sha256": "x="}
                texts = draw.some(caption=lambda: words, filename=lambda: f"{draw.mark(number)}.pdf")
                return {"type": kind, kind: {**file, **(texts or {"added_later": words})}}
            case "button":
                return {"type": kind, kind: {"text": words, "payload": draw.mark(number)}}
            case "button_reply" | "list_reply":
                reply = {
                    "id": draw.mark(number),
                    "title": words,
                    **draw.some(description=lambda: draw.words(number)),
                }
                return {"type": "interactive", "interactive": {"type": kind, kind: reply}}
            case "nfm_reply":
                flow = {
                    "name": "flow",
                    "body": words,
                    "response_json": f'{{"answer": "{draw.mark(number)}"}}',
                }
                return {"type": "interactive", "interactive": {"type": kind, kind: flow}}
            case "reaction":
                emoji = draw.choice(
                    ({"emoji": words}, {"emoji": ""}, {}, {"emoji": "👍🏽", "added_later": words})
                )
                return {"type": kind, kind: {"message_id": self._quoted(), **emoji}}
            case "location":
                texts = draw.some(address=lambda: draw.words(number), url=lambda: draw.words(number))
                return {"type": kind, kind: {"latitude": 52.5, "longitude": 13.4, "name": words, **texts}}
            case "contacts":
                phone = {"phone": "+49 30 1", "wa_id": "49301", "type": draw.words(number)}
                org = {"company": draw.words(number), "title": draw.words(number)}
                card = {"name": {"formatted_name": words, "first_name": words}, "phones": [phone], "org": org}
                more = draw.some(
                    emails=lambda: [{"email": f"{draw.mark(number)}@a.example", "type": "WORK"}],
                    urls=lambda: [{"url": f"https://a.example/{draw.mark(number)}"}],
                    addresses=lambda: [{"street": draw.words(number), "country_code": "de"}],
                    birthday=lambda: "2000-02-29",
                    origin=lambda: "contact_request",
                )
                return {"type": kind, kind: [card | more, *([card] if draw.chance(0.3) else [])]}
            case "product":
                return {
                    "type": "text",
                    "text": {"body": words},
                    "context": {
                        "from": "15550783881",
                        "id": self._quoted(),
                        "referred_product": {
                            "catalog_id": draw.mark(number),
                            "product_retailer_id": draw.mark(number),
                        },
                    },
                }
            case "call_permission_reply":
                reply = {"response": "accept", "response_source": "user_action", "added_later": words}
                return {"type": "interactive", "interactive": {"type": kind, kind: reply}}
            case "moved":
                news = {
                    "body": words,
                    "type": draw.choice(("user_changed_number", "user_changed_user_id")),
                    "wa_id": f"4915{draw.number():09d}",
                    "identity": draw.mark(number),
                }
                return {"type": "system", "system": news}
            case "order":
                item = {
                    "product_retailer_id": draw.mark(number),
                    "quantity": 2,
                    "item_price": 1.5,
                    "currency": "EUR",
                }
                return {"type": kind, kind: {"catalog_id": "1", "text": words, "product_items": [item]}}
            case "system":
                change = {"body": words, "type": "customer_identity_changed", "identity": draw.mark(number)}
                return {"type": kind, kind: change}
            case "unsupported":
                error = {"code": 131051, "title": words, "error_data": {"details": draw.words(number)}}
                return {"type": kind, "errors": [error]}
            case other:
                return {"type": other, other: {"body": words}}

    def _context(self, number: int) -> Json:
        draw = self._draw
        product = {"catalog_id": draw.mark(number), "product_retailer_id": draw.mark(number)}
        return draw.some(
            id=self._quoted,
            forwarded=lambda: True,
            frequently_forwarded=lambda: True,
            referred_product=lambda: product,
            added_later=lambda: draw.words(number),
        )

    def _referral(self, number: int) -> Json:
        draw = self._draw
        return {
            "source_url": f"https://fb.me/{draw.mark(number)}",
            "source_type": "ad",
            "headline": draw.words(number),
            "body": draw.words(number),
            "ctwa_clid": draw.mark(number),
            "media_type": "image",
            "image_url": f"https://scontent.example/{draw.mark(number)}",
        }

    def _quoted(self) -> str:
        return str(self._draw.choice(self._known).provider_id) if self._known else "wamid.unknown"

    def _edit(self, known: Known) -> Part:
        draw = self._draw
        person, group = known.chat
        edited: Json = {"type": "text", "text": {"body": draw.words(known.message)}}
        if draw.chance(0.3):
            caption = {"caption": draw.words(known.message), "mime_type": "image/png", "id": "1"}
            edited = {"type": "image", "image": caption}
        message = {
            "from": person,
            "id": f"wamid.generated.{draw.number()}",
            "timestamp": str(known.at + draw.random.randrange(1, 5)),
            "type": "edit",
            "edit": {"original_message_id": known.provider_id, "message": edited},
            **group,
        }
        return Part("messages/messages", message, known.message)

    def _revoke(self, known: Known) -> Part:
        person, group = known.chat
        message = {
            "from": person,
            "id": f"wamid.generated.{self._draw.number()}",
            "timestamp": str(known.at + 9),
            "type": "revoke",
            "revoke": {"original_message_id": known.provider_id},
            **group,
        }
        return Part("messages/messages", message, known.message, removes=True)

    def _echo(self) -> Part:
        draw = self._draw
        number = draw.message()
        message = {
            "from": "15550783881",
            "to": draw.choice(self._people),
            "id": f"wamid.generated.{draw.number()}",
            "timestamp": str(draw.moment()),
            **self._content(draw.choice(_KINDS), number),
        }
        if draw.chance(0.5):
            return Part("smb_message_echoes/message_echoes", message, number)
        return Part("history/history", message, number)

    def _new_user_id(self) -> Part:
        draw = self._draw
        number = draw.message()
        changed = {"previous": f"DE.{draw.number()}", "current": f"DE.{draw.number()}"}
        news = {"wa_id": draw.choice(self._people), "user_id": changed, "timestamp": str(draw.moment())}
        more = draw.some(added_later=lambda: draw.words(number), parent_user_id=lambda: draw.mark(number))
        return Part("user_id_update/user_id_update", news | more, number)

    def _status(self) -> Part:
        draw = self._draw
        status = {
            "id": self._quoted() if draw.chance(0.5) else f"wamid.unknown.{draw.number()}",
            "status": draw.choice(_STATUSES),
            "timestamp": str(draw.moment()),
            "recipient_id": draw.choice(self._people),
            **draw.some(errors=lambda: [{"code": 131047, "title": "Re-engagement message"}]),
        }
        return Part("messages/statuses", status, NOBODY)


GRAMMAR = WhatsApp
