"""Instagram's error codes.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
Limits: https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from typing import Final

from chat4all.channels.shared.answers import Failure, FailureTable
from chat4all.domain.sending import Outcome

_LIMIT: Final = Failure(
    Outcome.THROTTLED, "Instagram's limit of requests is reached; sending goes on shortly.", 60.0
)
"""These limits count the last hour, so that new calls become possible little by little."""
_OUTAGE: Final = Failure(Outcome.RETRY, "Instagram has a problem of its own at the moment.")

INSTAGRAM_FAILURES: Final = FailureTable(
    "Instagram",
    {
        4: _LIMIT,
        17: _LIMIT,
        32: _LIMIT,
        613: Failure(Outcome.THROTTLED, "Our Instagram account sends faster than it may.", 5.0),
        80002: _LIMIT,
        80006: _LIMIT,
        2: _OUTAGE,
        1200: _OUTAGE,
        100: Failure(
            Outcome.PERMANENT, "Instagram refused the message: the person, the text or the file is not valid."
        ),
        10: Failure(
            Outcome.PERMANENT, "The person has not written in the last 24 hours; Instagram allows no message."
        ),
        551: Failure(Outcome.UNREACHABLE, "The person cannot be reached on Instagram, or has blocked us."),
        190: Failure(
            Outcome.CHANNEL_PAUSED,
            "Instagram refuses our access token; an administrator must act.",
            refuses_credentials=True,
        ),
    },
)
