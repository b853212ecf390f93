"""What each channel can do, as data. Importing it loads neither a connector nor an HTTP library."""

from typing import Final

from chat4all.domain.channel import Capabilities, LengthUnit, LimitScope, RateLimit, Receipts

WHATSAPP: Final = Capabilities(
    channel="whatsapp",
    kinds=("text",),
    text_length=4096,
    text_unit=LengthUnit.CHARACTERS,
    over_long_text="split",
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 80, burst=80, lease=8),
        # Most people are sent one message at a time: a second leased token would go unused, and
        # each one costs six seconds to refill.
        RateLimit(LimitScope.RECIPIENT, interval_s=6.0, burst=45, lease=1),
    ),
    receipts=Receipts(delivered=True, read=True),
    window_h=24,
)
"""Text: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages

80 messages a second of a number:
https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput

One per six seconds to one person, with bursts of 45:
https://developers.facebook.com/docs/whatsapp/cloud-api/overview#pair-rate-limits
"""

TELEGRAM: Final = Capabilities(
    channel="telegram",
    kinds=("text",),
    text_length=4096,
    text_unit=LengthUnit.CHARACTERS,
    over_long_text="split",
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 30, burst=30, lease=3),
        RateLimit(LimitScope.RECIPIENT, interval_s=1.0, burst=3, lease=1),
        # A bucket gives its burst and a minute's refill within one minute: together 20.
        RateLimit(LimitScope.GROUP, interval_s=4.0, burst=5, lease=1),
    ),
    receipts=Receipts(delivered=False, read=False),
    window_h=None,
    group_prefix="-",
)
"""Text: https://core.telegram.org/bots/api#sendmessage

About 30 messages a second in all, and one a second in one chat, where short bursts over it are
tolerated; how short is not said, so 3 is cautious. 20 a minute in one group, whose id is negative:
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

INSTAGRAM: Final = Capabilities(
    channel="instagram",
    kinds=("text",),
    text_length=1000,
    text_unit=LengthUnit.BYTES,
    over_long_text="split",
    rate_limits=(RateLimit(LimitScope.ACCOUNT, interval_s=1 / 300, burst=300, lease=15),),
    receipts=Receipts(delivered=False, read=True),
    window_h=24,
)
"""Text ("must be UTF-8 and be a 1000 bytes or less"):
https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message

300 texts a second of an account:
https://developers.facebook.com/docs/messenger-platform/overview/rate-limiting

Receipts: `messaging_seen` tells that a message was read; `message_deliveries` is "only available
for Messenger conversations":
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""
