"""The capabilities of SMS by Twilio, as data: this module imports no connector and no HTTP library."""

from typing import Final

from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.channels.shared.manifest import DemoCustomer, Manifest, SecretField
from chat4all.channels.shared.media_rules import MB, PICTURES, by_link
from chat4all.domain.channel import (
    AlbumRule,
    Capabilities,
    Charging,
    LengthUnit,
    LimitScope,
    OtherFiles,
    RateLimit,
    Receipts,
)
from chat4all.domain.consent import EVERYTHING
from chat4all.domain.consent_words import Words
from chat4all.domain.files.file import MediaKind

MOST_CHARACTERS: Final = 1600
MMS_PREFIXES: Final = ("+1",)
"""How the numbers of the United States and Canada begin. To the other countries that share `+1`, Twilio's MMS
Converter sends a link: https://support.twilio.com/hc/en-us/articles/223181228
"""

CAPABILITIES: Final = Capabilities(
    channel="sms",
    kinds=kind_rules(),
    text_length=MOST_CHARACTERS,
    text_unit=LengthUnit.CODE_UNITS,
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1.0, burst=600, lease=20),
        # A bucket gives its burst and what 30 seconds refill within 30 seconds: together 15.
        RateLimit(LimitScope.RECIPIENT, interval_s=4.0, burst=8, lease=1),
    ),
    phone_addresses=True,
    receipts=Receipts(delivered=True, read=False),
    window_h=None,
    media=(
        replace(
            by_link(MediaKind.IMAGE, (*PICTURES, "image/gif"), 5, MOST_CHARACTERS),
            address_prefixes=MMS_PREFIXES,
        ),
    ),
    albums=(AlbumRule((MediaKind.IMAGE,), most=10, one_message=True, most_bytes=5 * MB),),
    other_files=OtherFiles.LINK,
    opt_out_words=Words.ALL,
    opts_out_of=EVERYTHING,
    charging=Charging.SEGMENTS,
)
"""Text: https://www.twilio.com/docs/glossary/what-sms-character-limit. The page does not say how a character
beyond the basic plane counts; a count of two is cautious.

Pictures go as MMS to the United States and Canada; Twilio adapts only pictures to the phone:
https://www.twilio.com/docs/messaging/guides/accepted-mime-types
All other files, and files to other countries, go as a text with a link.

Several pictures go in one MMS ("up to 10 media files that have a total size of up to 5MB"):
https://www.twilio.com/docs/messaging/api/media-resource
The text counts, too ("the total message size"):
https://www.twilio.com/docs/messaging/guides/accepted-mime-types
The carriers' lower limits, 0.6 to 1.5 MB, are for other files; Twilio makes pictures fit:
https://support.twilio.com/hc/en-us/articles/360018832773

A number sends one segment a second to the United States and Canada. Further segments wait in a queue at
Twilio for up to four hours. Our limit counts messages and not segments: a burst of 600 short texts takes ten
minutes there, and a burst of 600 texts of 24 segments, the most that a text has, takes four hours. Where long
texts go on at a message a second, Twilio's queue fills: it then answers 21611, and the texts wait here.
https://help.twilio.com/articles/115002943027-Understanding-Twilio-Rate-Limits-and-Message-Queues
15 messages in 30 seconds from one number to another, as the strictest of its versions says:
https://www.twilio.com/docs/api/errors/14107

After a STOP, Twilio refuses every message to the person with 21610, whatever it is for, until their START:
https://www.twilio.com/docs/api/errors/21610

Twilio charges each segment of a text, and each MMS: https://www.twilio.com/docs/glossary/what-sms-character-limit

Receipts: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

MANIFEST: Final = Manifest(
    title="SMS",
    base_url="https://api.twilio.com",
    capabilities=CAPABILITIES,
    secret=(
        SecretField("account_id", "account SID"),
        SecretField("access_token", "auth token"),
        SecretField("webhook_secret", "auth token"),
        SecretField("sender", "our number with its +, or the SID of a messaging service"),
        SecretField("webhook_url", "WEBHOOK_URL/v1/webhooks/sms"),
    ),
    webhook_setup=(
        "in the settings of the number or messaging service at console.twilio.com, for incoming messages:"
        " POST to `$WEBHOOK_URL/v1/webhooks/sms#rc=5&rp=4xx,5xx,ct,rt`. The secret's `webhook_url` is the"
        " same address without the `#` and its parameters."
    ),
    account_field="sender",
    webhook_proof="X-Twilio-Signature",
    address_form="+1650{:07d}",
    answers_tell_of_people=True,
    demo=DemoCustomer("Sam", "+16505550100", is_shown=False, replies_in_group=0),
)
