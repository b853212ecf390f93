"""The error codes of the Telegram Bot API, which are those of HTTP.

https://core.telegram.org/bots/api#making-requests
"""

from typing import Final

from chat4all.channels.shared.answers import Failure, FailureTable
from chat4all.domain.consent import Means, OptOut
from chat4all.domain.purpose import Purpose
from chat4all.domain.sending import Outcome

_TOKEN: Final = Failure(
    Outcome.CHANNEL_PAUSED,
    "Telegram refuses our bot's token; an administrator must act.",
    refuses_credentials=True,
)

TELEGRAM_FAILURES: Final = FailureTable(
    "Telegram",
    {
        400: Failure(
            Outcome.PERMANENT, "Telegram refused the message: the chat or its content is not valid."
        ),
        401: _TOKEN,
        # A token that is not even in a token's form makes a path that does not exist.
        404: _TOKEN,
        403: Failure(
            Outcome.UNREACHABLE,
            "The person has blocked our bot, never started it, or left Telegram.",
            opt_out=OptOut((Purpose.MARKETING,), means=Means.BLOCK),
        ),
        429: Failure(Outcome.THROTTLED, "Telegram asks our bot to send more slowly."),
    },
    ((range(500, 600), Failure(Outcome.RETRY, "Telegram has a problem of its own at the moment.")),),
)
