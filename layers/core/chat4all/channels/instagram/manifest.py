"""The manifest of Instagram, as data. Importing it loads neither a connector nor an HTTP library."""

from typing import Final

from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.channels.shared.manifest import DemoCustomer, Manifest, SecretField
from chat4all.channels.shared.media_rules import by_link
from chat4all.domain.act_rules import Acts, ReadRule, TypingRule
from chat4all.domain.channel import (
    Capabilities,
    KindRule,
    LengthUnit,
    LimitScope,
    OtherFiles,
    RateLimit,
    Receipts,
    Treatment,
)
from chat4all.domain.files.file import Form, MediaKind

_TEXT_BYTES: Final = 1000
_BUTTONS: Final = KindRule(
    "buttons",
    otherwise=Treatment.NUMBERED_TEXT,
    most=13,
    text_length=_TEXT_BYTES,
    label_length=20,
    label_unit=LengthUnit.CODE_UNITS,
)
_CAROUSEL: Final = KindRule(
    "carousel",
    otherwise=Treatment.NUMBERED_TEXT,
    most=10,
    most_buttons=3,
    title_length=80,
    description_length=80,
    label_length=20,
    label_unit=LengthUnit.CODE_UNITS,
    text_apart=True,
)
_ROWS: Final = replace(_BUTTONS, kind="list", description_length=0)
_SOUND: Final = by_link(MediaKind.AUDIO, ("audio/mp4", "audio/wav"), 25)

CAPABILITIES: Final = Capabilities(
    channel="instagram",
    kinds=kind_rules(KindRule("reaction"), _BUTTONS, _ROWS, _CAROUSEL),
    text_length=_TEXT_BYTES,
    text_unit=LengthUnit.BYTES,
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 300, burst=150, lease=15),
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 10, burst=5, kinds=(MediaKind.AUDIO, MediaKind.VIDEO)),
    ),
    receipts=Receipts(delivered=False, read=True),
    window_h=24,
    human_agent_h=168,
    media=(
        by_link(MediaKind.IMAGE, ("image/png", "image/jpeg", "image/gif"), 8),
        replace(_SOUND, form=Form.VOICE),
        _SOUND,
        by_link(MediaKind.VIDEO, ("video/mp4", "video/quicktime", "video/webm"), 25),
        by_link(MediaKind.DOCUMENT, ("application/pdf",), 25),
    ),
    other_files=OtherFiles.LINK,
    addresses_by_account=True,
    acts=Acts(read=ReadRule(), typing=TypingRule(seconds=None, can_stop=True)),
)
"""Text ("must be UTF-8 and be a 1000 bytes or less"):
https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message
Files, which have no caption: the same page.

Buttons and the rows of a list are quick replies: "a maximum of 13 buttons" with a text "of up to 20
characters (will be truncated if more than 20)", and no descriptions:
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/quick-replies
Their ids are shorter than the 1000 characters of a payload:
https://developers.facebook.com/docs/messenger-platform/reference/buttons/quick-replies
The page does not say how a character beyond the basic plane counts; a count of two is cautious. The button
template has three buttons and 640 characters, so that two ways would show one kind.

A carousel is a generic template: 10 cards with titles and subtitles of 80 characters, and 3 buttons, whose
titles have 20 characters. It has no text of its own, and a card has something beside its title:
https://developers.facebook.com/documentation/business-messaging/instagram-messaging/generic-template
https://developers.facebook.com/docs/messenger-platform/reference/buttons/postback

Reactions ("any emoji reaction") and voice notes, which are of the type `audio`, as people's voice notes are:
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
The only sticker that can be sent is a heart, which is no file. Places and contacts cannot be sent.

"Your app has 24 hours to respond to any message sent from an Instagram user to your app user":
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
Answers to stories and mentions in stories are messages. With the tag HUMAN_AGENT, which Meta grants to an app
by review and allows for answers that a person writes, 7 days:
https://developers.facebook.com/docs/features-reference/human-agent

Reading and typing, but neither edits nor deletions of sent messages:
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/sender-actions

300 texts a second of an account, 10 with audio or video:
https://developers.facebook.com/docs/messenger-platform/overview/rate-limiting

Receipts: `messaging_seen` tells that a message was read; `message_deliveries` is "only available
for Messenger conversations":
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

MANIFEST: Final = Manifest(
    title="Instagram",
    base_url="https://graph.instagram.com",
    capabilities=CAPABILITIES,
    secret=(
        SecretField("account_id", "account id"),
        SecretField("access_token", "token"),
        SecretField("webhook_secret", "app secret"),
        SecretField("verify_token", "a word of yours"),
    ),
    webhook_setup=(
        "in the app's settings at developers.facebook.com, callback `$WEBHOOK_URL/v1/webhooks/instagram`,"
        " the verify token of the secret; subscribe to `messages`, `message_echoes`, `message_edit`,"
        " `message_reactions`, `messaging_postbacks`, `messaging_referral`, `messaging_seen` and `standby`."
    ),
    webhook_proof="X-Hub-Signature-256",
    webhooks_name_accounts=True,
    dependent_accounts="",
    address_form="17841{:012d}",
    demo=DemoCustomer("Noa", "17841477777777777"),
)
