"""WhatsApp's error codes, in an answer or in a `failed` status.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from collections.abc import Mapping
from typing import Final

from chat4all.channels.shared.answers import Failure, FailureTable
from chat4all.domain.consent import Means, OptOut
from chat4all.domain.purpose import Purpose
from chat4all.domain.sending import Outcome
from chat4all.domain.templates import OUTDATED

_HOURLY_LIMIT_S: Final = 60.0
"""The limits on calls count the last hour, so that new calls become possible little by little."""

_APP_LIMIT: Final = Failure(
    Outcome.THROTTLED, "WhatsApp's limit of requests is reached; sending goes on shortly.", _HOURLY_LIMIT_S
)
_OUTAGE: Final = Failure(Outcome.RETRY, "WhatsApp has a problem of its own at the moment.")
_CREDENTIALS: Final = Failure(
    Outcome.CHANNEL_PAUSED,
    "WhatsApp refuses our credentials or permissions; an administrator must act.",
    refuses_credentials=True,
)
_RESTRICTED: Final = Failure(
    Outcome.CHANNEL_PAUSED, "WhatsApp has restricted our account; an administrator must act."
)
_NUMBER: Final = Failure(
    Outcome.CHANNEL_PAUSED, "Our WhatsApp number is not registered; an administrator must act."
)
_TEMPLATE: Final = Failure(Outcome.PERMANENT, "WhatsApp refused the message's template.")


def _permanent(reason: str) -> Failure:
    return Failure(Outcome.PERMANENT, reason)


WHATSAPP_FAILURES: Final = FailureTable(
    "WhatsApp",
    {
        4: _APP_LIMIT,
        80007: _APP_LIMIT,
        130429: Failure(Outcome.THROTTLED, "Our WhatsApp number sends faster than it may.", 5.0),
        131048: Failure(
            Outcome.THROTTLED,
            "WhatsApp limits our number because people reported its messages as spam.",
            900.0,
        ),
        # One message per six seconds to one person.
        131056: Failure(Outcome.THROTTLED, "This person was sent too many messages in a short time.", 6.0),
        133016: Failure(
            Outcome.THROTTLED, "WhatsApp limits our number after too many registrations.", 3600.0
        ),
        2: _OUTAGE,
        131000: _OUTAGE,
        131016: _OUTAGE,
        131052: Failure(Outcome.RETRY, "WhatsApp could not download the file."),
        131053: Failure(Outcome.RETRY, "WhatsApp could not take over the file."),
        131057: Failure(Outcome.RETRY, "WhatsApp is upgrading our number, which takes about a minute."),
        131008: _permanent("WhatsApp misses a field of the message."),
        131009: _permanent(
            "WhatsApp does not take a value of the message; of a reaction, its message may be deleted or over"
            " 30 days old."
        ),
        131021: _permanent("The message is addressed to our own number."),
        131026: _permanent(
            "The message cannot be delivered: the person may not use WhatsApp, or an old one."
        ),
        131030: _permanent("The number is not among those that this test account may write to."),
        131047: _permanent("The person has not written in the last 24 hours; only a template may be sent."),
        131049: _permanent("WhatsApp chose not to deliver the message, to spare the person too many."),
        131050: Failure(
            Outcome.PERMANENT,
            "The person has chosen to receive no more marketing messages from us.",
            opt_out=OptOut((Purpose.MARKETING,), Means.SETTING),
        ),
        131051: _permanent("WhatsApp does not support this kind of message."),
        131062: _permanent("This kind of message needs the person's phone number, which is not known."),
        132000: _permanent("The template has another number of variables; it was changed, or deleted."),
        132001: _permanent("WhatsApp has no approved template of this name in this language."),
        132005: _permanent("The template's text is too long with the values of its variables."),
        132007: _permanent("The template's words violate a policy of WhatsApp."),
        132012: _permanent("A value of the template is not of the form that WhatsApp expects."),
        132015: _permanent("WhatsApp has paused the template, because people disliked it."),
        132016: _permanent("WhatsApp has disabled the template for good, because people disliked it."),
        132018: _permanent("A value of the template has a line break, a tab, or too many spaces."),
        130472: _permanent("WhatsApp did not deliver the message: the person is part of an experiment."),
        130497: _permanent("Our account may not write to people in this country."),
        0: _CREDENTIALS,
        3: _CREDENTIALS,
        10: _CREDENTIALS,
        190: _CREDENTIALS,
        131005: _CREDENTIALS,
        33: _NUMBER,
        133010: _NUMBER,
        368: _RESTRICTED,
        131031: _RESTRICTED,
        131042: Failure(
            Outcome.CHANNEL_PAUSED, "WhatsApp reports a payment problem; an administrator must act."
        ),
    },
    ((range(200, 300), _CREDENTIALS), (range(132000, 132100), _TEMPLATE)),
)

TEMPLATE_STATUSES: Final[Mapping[str, str]] = {
    "132000": OUTDATED,
    "132001": OUTDATED,
    "132012": OUTDATED,
    "132015": "PAUSED",
    "132016": "DISABLED",
}
"""What the code of a refusal tells of the template that was sent."""
