"""The errors of Twilio.

The shape: https://www.twilio.com/docs/usage/twilios-response#exceptions. The page of each code is
https://www.twilio.com/docs/api/errors/ and its number. The texts are those of Twilio's own answers.
"""

from typing import Final

from chat4all_local.simulators.control_api import JsonObject
from chat4all_local.simulators.provider import Answer
from chat4all_local.simulators.shared.signing import ascii_json

AUTHENTICATE: Final = 20003
NOT_FOUND: Final = 20404
TOO_MANY_REQUESTS: Final = 20429
INVALID_TO: Final = 21211
NO_PERMISSION: Final = 21408
NO_BODY: Final = 21602
NO_FROM: Final = 21603
NO_TO: Final = 21604
INVALID_FROM: Final = 21606
INVALID_CALLBACK: Final = 21609
UNSUBSCRIBED: Final = 21610
TOO_LONG: Final = 21617
INVALID_MEDIA_URL: Final = 21620
TOO_MANY_MEDIA: Final = 21623
UNKNOWN_SERVICE: Final = 21701
SAME_PAIR: Final = 14107
MMS_NOT_SUPPORTED: Final = 30011
BLOCKED: Final = 30004
UNKNOWN_HANDSET: Final = 30005
RETRIEVAL_FAILED: Final = 11200
MEDIA_TOO_LARGE: Final = 11751
INVALID_CONTENT_TYPE: Final = 12300
INTERNAL: Final = 20500
INVALID_VALIDITY: Final = 90007


def error_answer(status: int, code: int, message: str, *, retry_after: int | None = None) -> Answer:
    body: JsonObject = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status, ascii_json(body), code=code, retry_after=retry_after)
