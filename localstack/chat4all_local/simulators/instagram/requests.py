"""The bodies of requests to send, as Instagram messaging accepts them. An unknown field is refused."""

from typing import Annotated, Literal

import msgspec

from chat4all_local.simulators.instagram.media import RULES
from chat4all_local.simulators.shared.media import OutgoingMedia


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}$")]


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]
    is_reusable: bool = False


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["image", "audio", "video", "file"]
    payload: Payload

    def media(self) -> OutgoingMedia:
        return OutgoingMedia(self.type, RULES[self.type].most_bytes, self.payload.url)


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    attachment: Attachment | None = None
    metadata: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


class ReplyTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mid: Annotated[str, msgspec.Meta(min_length=1)]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    recipient: Person
    message: Content
    messaging_type: Literal["RESPONSE", "UPDATE", "MESSAGE_TAG"] = "RESPONSE"
    tag: Literal["HUMAN_AGENT"] | None = None
    reply_to: ReplyTo | None = None
