"""The forms of Twilio's webhooks.

https://www.twilio.com/docs/messaging/guides/webhook-request
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

from tests.channels.sms import ACCOUNT_ID
from tests.webhooks.drawing import NOBODY, Draw, Json
from tests.webhooks.grammar import MOST_PEOPLE, Part

_STATUSES = ("queued", "sent", "delivered", "undelivered", "failed", "read", "canceled")


class Sms:
    is_form = True

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._people = [f"+1650{draw.number() % 10**7:07d}" for _ in range(MOST_PEOPLE)]

    def part(self) -> Part:
        draw = self._draw
        number = draw.message()
        form = {
            "MessageSid": f"SM{draw.number():032x}",
            "SmsSid": f"SM{draw.number():032x}",
            "AccountSid": draw.account_id or ACCOUNT_ID,
            "From": draw.choice(self._people),
            "To": "+15005550006",
            "ApiVersion": "2010-04-01",
        }
        if draw.chance(0.08):
            status = draw.choice(_STATUSES)
            return Part("form", {**form, "MessageStatus": status, "SmsStatus": status}, NOBODY)
        form |= {"SmsStatus": "received", "NumSegments": "1", "NumMedia": "0", "Body": draw.words(number)}
        form |= draw.some(
            ProfileName=lambda: draw.words(number),
            WaId=lambda: draw.mark(number),
            ButtonText=lambda: draw.words(number),
            ButtonPayload=lambda: draw.mark(number),
            ListTitle=lambda: draw.words(number),
            ListId=lambda: draw.mark(number),
            InteractiveData=lambda: draw.words(number),
            Latitude=lambda: "52.5",
            Label=lambda: draw.words(number),
            Address=lambda: draw.words(number),
            ReferralBody=lambda: draw.words(number),
            ReferralHeadline=lambda: draw.words(number),
            OptOutType=lambda: "STOP",
            FromCity=lambda: "BERLIN",
            ToState=lambda: "NY",
            FromName=lambda: draw.words(number),
            OriginalRepliedMessageSid=lambda: draw.mark(number),
            MessageOfTheFuture=lambda: draw.words(number),
        )
        for place in range(draw.random.randrange(11) if draw.chance(0.2) else 0):
            form |= {
                f"MediaUrl{place}": f"{draw.files_at}/{draw.number()}",
                f"MediaContentType{place}": draw.choice(
                    ("image/png", "text/x-vcard", "audio/amr", "video/3gpp", "application/pdf", "")
                ),
            }
        return Part("form", form, number)

    def webhook(self, parts: list[Part]) -> Json:
        """Return the form, which holds one part."""
        return parts[0].json


GRAMMAR = Sms
