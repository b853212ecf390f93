"""The capabilities of WhatsApp, as data: this module imports neither a connector nor an HTTP library."""

from typing import Final

from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.channels.shared.manifest import DemoCustomer, Manifest, SecretField
from chat4all.channels.shared.media_rules import CAPTION, PICTURES, by_link
from chat4all.domain.act_rules import Acts, ReadRule, TypingRule
from chat4all.domain.channel import (
    Capabilities,
    Charging,
    KindRule,
    LengthUnit,
    LimitScope,
    MediaRule,
    OtherFiles,
    RateLimit,
    Receipts,
    Transfer,
    Treatment,
)
from chat4all.domain.files.file import Form, MediaKind

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_DOCUMENTS: Final = (
    "application/pdf",
    "text/plain",
    f"{_OFFICE}.wordprocessingml.document",
    f"{_OFFICE}.spreadsheetml.sheet",
    f"{_OFFICE}.presentationml.presentation",
)

_NUMBERED: Final = Treatment.NUMBERED_TEXT
GROUP_PREFIX: Final = "group:"
"""The beginning of a group's address, before the id of the group."""
CAPABILITIES: Final = Capabilities(
    channel="whatsapp",
    kinds=kind_rules(
        KindRule("location", longest_live_s=0, in_groups=False),
        KindRule("contacts", most=257, in_groups=False),
        KindRule("reaction", otherwise=Treatment.REJECTED, in_groups=False),
        KindRule("buttons", otherwise=_NUMBERED, most=3, text_length=1024, label_length=20, in_groups=False),
        KindRule(
            "list",
            otherwise=_NUMBERED,
            most=10,
            most_sections=10,
            text_length=1024,
            label_length=24,
            description_length=72,
            section_length=24,
            button_length=20,
            in_groups=False,
        ),
        KindRule("template"),
        KindRule(
            "carousel",
            otherwise=_NUMBERED,
            most=10,
            least=2,
            text_length=1024,
            card_length=160,
            card_lines=3,
            most_buttons=2,
            label_length=20,
            alike=True,
            in_groups=False,
        ),
    ),
    text_length=4096,
    text_unit=LengthUnit.CHARACTERS,
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 80, burst=40, lease=8),
        # Most people get a single message at a time: a second leased token would go unused, and each token
        # takes six seconds to refill.
        RateLimit(LimitScope.RECIPIENT, interval_s=6.0, burst=44, lease=1),
    ),
    phone_addresses=True,
    receipts=Receipts(delivered=True, read=True),
    acts=Acts(
        read=ReadRule(in_groups=False), typing=TypingRule(seconds=25, needs_message=True, in_groups=False)
    ),
    window_h=24,
    kinds_outside_window=("template",),
    media=(
        by_link(MediaKind.IMAGE, PICTURES, 5, CAPTION),
        by_link(MediaKind.VIDEO, ("video/mp4",), 16, CAPTION),
        replace(by_link(MediaKind.AUDIO, ("audio/mp4", "audio/mpeg", "audio/ogg"), 16), ogg_codecs=("opus",)),
        by_link(MediaKind.DOCUMENT, _DOCUMENTS, 100, CAPTION),
        replace(by_link(MediaKind.AUDIO, ("audio/ogg",), 16), ogg_codecs=("opus",), form=Form.VOICE),
        MediaRule(MediaKind.IMAGE, ("image/webp",), 100_000, Transfer.LINK, side=512, form=Form.STICKER),
    ),
    other_files=OtherFiles.LINK,
    group_prefix=GROUP_PREFIX,
    charging=Charging.MESSAGES,
)
"""Text: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages

Files: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
An Ogg file must be of the codec Opus; any other goes as a link.
Captions: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/image-messages
Voice notes: .../whatsapp/messages/audio-messages. Stickers: .../whatsapp/messages/sticker-messages. An
animated sticker may have 500 KB, another one 100 KB: a file does not say which it is, so the smaller size
holds. A sticker has 512 by 512 pixels, else it is accepted and never arrives:
https://whatsapp.github.io/WhatsApp-Nodejs-SDK/api-reference/types/StickerMediaObject

Places, contacts, reactions, buttons and lists, below
https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/: location-messages,
contacts-messages, reaction-messages, interactive-reply-buttons-messages and interactive-list-messages. The
page about lists allows a text of 4,096 characters, but the Cloud API refuses more than 1,024 in every
interactive message ("Body text length invalid. Min length: 1, Max length: 1024"), as Meta's own SDK says:
https://whatsapp.github.io/WhatsApp-Nodejs-SDK/api-reference/types/InteractiveObject
Carousels: .../whatsapp/messages/interactive-media-carousel-messages. The page names no most of the buttons of
a card ("one or more"), and shows two, which is the most that a carousel template has.
A group takes texts, files and templates only:
https://developers.facebook.com/documentation/business-messaging/whatsapp/groups/groups-messaging

A person who writes opens a window of 24 hours with the number that they wrote to. Outside of it "you can only
send template messages"; reactions are no exception:
https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
A call of the person opens a window, too, and Chat4All does not hear of calls.

Reading and typing (25 seconds, with the id of a message that it marks as read). Neither page names groups, so
they have neither; no page has edits or deletions of sent messages:
https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/mark-message-as-read
https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators

80 messages a second of a number:
https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput

Since 2026-10-01 every message is charged, in an open window, too; free answers and free utility templates
have ended. "Service messages are billed under the SERVICE pricing category":
https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
Dates: https://chakrahq.com/article/whatsapp-api-pricing-update-service-messages-october-2026/

A person may get a message every six seconds, with bursts of 45:
https://developers.facebook.com/docs/whatsapp/cloud-api/overview#pair-rate-limits
"""

MANIFEST: Final = Manifest(
    title="WhatsApp",
    base_url="https://graph.facebook.com",
    capabilities=CAPABILITIES,
    secret=(
        SecretField("account_id", "phone number id"),
        SecretField("access_token", "system user token"),
        SecretField("webhook_secret", "app secret"),
        SecretField("verify_token", "a word of yours"),
        SecretField(
            "business_account_id",
            "WhatsApp Business account id, for templates; may be empty",
            may_be_empty=True,
        ),
    ),
    webhook_setup=(
        "in the app's settings at developers.facebook.com, callback `$WEBHOOK_URL/v1/webhooks/whatsapp`,"
        " the verify token of the secret; subscribe to `messages`, to `user_id_update`, to"
        " `user_preferences`, to `phone_number_quality_update`, `account_update` and `account_alerts`,"
        " if you send templates to `message_template_status_update`,"
        " `message_template_quality_update`, `message_template_components_update` and"
        " `template_category_update`, and, if the WhatsApp Business app uses the number, too, to"
        " `smb_message_echoes` and `history`."
    ),
    webhook_proof="X-Hub-Signature-256",
    webhooks_name_accounts=True,
    dependent_accounts="",
    address_form="49151{:08d}",
    answers_tell_of_people=True,
    demo=DemoCustomer("Ana", "5511987654321"),
)
