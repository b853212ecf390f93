"""Twilio's error codes. The page of each is https://www.twilio.com/docs/api/errors/ and its number.

Some come with the answer to a send, others with the status callback of a message that was accepted.
"""

from typing import Final

from chat4all.channels.shared.answers import Failure, FailureTable
from chat4all.domain.consent import EVERYTHING, OptOut
from chat4all.domain.sending import Outcome

_CREDENTIALS: Final = Failure(
    Outcome.CHANNEL_PAUSED,
    "Twilio refuses our credentials; an administrator must act.",
    refuses_credentials=True,
)
_SUSPENDED: Final = Failure(
    Outcome.CHANNEL_PAUSED, "Twilio has suspended our account; an administrator must act."
)
_SENDER: Final = Failure(
    Outcome.CHANNEL_PAUSED,
    "Twilio does not let us send from our number or service; an administrator must act.",
)
_OUTAGE: Final = Failure(Outcome.RETRY, "Twilio has a problem of its own at the moment.")
_REGISTRATION: Final = Failure(
    Outcome.PERMANENT, "Our number is not registered for messages to this country; an administrator must act."
)
_DAILY_LIMIT: Final = Failure(Outcome.PERMANENT, "The network's daily limit for our messages is reached.")


def _permanent(reason: str) -> Failure:
    return Failure(Outcome.PERMANENT, reason)


def _unreachable(reason: str) -> Failure:
    return Failure(Outcome.UNREACHABLE, reason)


TWILIO_FAILURES: Final = FailureTable(
    "Twilio",
    {
        # Our account
        # https://www.twilio.com/docs/api/errors/20003
        20003: _CREDENTIALS,
        # https://www.twilio.com/docs/api/errors/20005
        20005: _SUSPENDED,
        # https://www.twilio.com/docs/api/errors/20006
        20006: _CREDENTIALS,
        # https://www.twilio.com/docs/api/errors/20008
        20008: _CREDENTIALS,
        # https://www.twilio.com/docs/api/errors/20404
        20404: _CREDENTIALS,
        # https://www.twilio.com/docs/api/errors/30002
        30002: _SUSPENDED,
        # Our number or messaging service
        # https://www.twilio.com/docs/api/errors/21212
        21212: _SENDER,
        # https://www.twilio.com/docs/api/errors/21603
        21603: _SENDER,
        # https://www.twilio.com/docs/api/errors/21609
        21609: _SENDER,
        # https://www.twilio.com/docs/api/errors/21659
        21659: _SENDER,
        # https://www.twilio.com/docs/api/errors/21660
        21660: _SENDER,
        # https://www.twilio.com/docs/api/errors/21661
        21661: _SENDER,
        # https://www.twilio.com/docs/api/errors/21701
        21701: _SENDER,
        # https://www.twilio.com/docs/api/errors/21702
        21702: _SENDER,
        # https://www.twilio.com/docs/api/errors/21703
        21703: _SENDER,
        # Too much, too fast
        # https://www.twilio.com/docs/api/errors/14107
        14107: Failure(Outcome.THROTTLED, "This person was sent too many messages in a short time.", 30.0),
        # https://www.twilio.com/docs/api/errors/20429
        20429: Failure(Outcome.THROTTLED, "Twilio asks to send more slowly."),
        # https://www.twilio.com/docs/api/errors/21611
        21611: Failure(
            Outcome.THROTTLED, "Twilio's queue of our number is full; sending goes on shortly.", 60.0
        ),
        # https://www.twilio.com/docs/api/errors/30001
        30001: Failure(Outcome.RETRY, "The message waited too long in Twilio's queue of our number."),
        # https://www.twilio.com/docs/api/errors/30022
        30022: _DAILY_LIMIT,
        # https://www.twilio.com/docs/api/errors/30023
        30023: _DAILY_LIMIT,
        # https://www.twilio.com/docs/api/errors/30027
        30027: _DAILY_LIMIT,
        # The person
        # https://www.twilio.com/docs/api/errors/21211
        21211: _unreachable("The number is no valid phone number."),
        # https://www.twilio.com/docs/api/errors/21610
        21610: Failure(
            Outcome.UNREACHABLE,
            "The person has unsubscribed: they answered STOP, and can write START to hear from us again.",
            opt_out=OptOut(EVERYTHING),
        ),
        # https://www.twilio.com/docs/api/errors/21612
        21612: _unreachable("Twilio has no way from our number to this one."),
        # https://www.twilio.com/docs/api/errors/21614
        21614: _unreachable("The number is no mobile number."),
        # https://www.twilio.com/docs/api/errors/21635
        21635: _unreachable("The number is a landline."),
        # https://www.twilio.com/docs/api/errors/30003
        30003: _unreachable(
            "The phone cannot be reached: it is switched off, without network, or takes no SMS."
        ),
        # https://www.twilio.com/docs/api/errors/30004
        30004: _unreachable("The person or their network blocks our messages."),
        # https://www.twilio.com/docs/api/errors/30005
        30005: _unreachable("The number is unknown, or not in use any more."),
        # https://www.twilio.com/docs/api/errors/30006
        30006: _unreachable("The number is a landline, or its network cannot be reached."),
        # What we may not, here
        # https://www.twilio.com/docs/api/errors/21408
        21408: _permanent("Our account may not send to this country; an administrator can allow it."),
        # https://www.twilio.com/docs/api/errors/21606
        21606: _permanent("Our number cannot send to this country."),
        # https://www.twilio.com/docs/api/errors/21608
        21608: _permanent("The number is not among those that this trial account may write to."),
        # https://www.twilio.com/docs/api/errors/30007
        30007: _permanent("Twilio or the network took the message for spam."),
        # https://www.twilio.com/docs/api/errors/30010
        30010: _permanent("The message costs more than we allow."),
        # https://www.twilio.com/docs/api/errors/30032
        30032: _REGISTRATION,
        # https://www.twilio.com/docs/api/errors/30034
        30034: _REGISTRATION,
        # https://www.twilio.com/docs/api/errors/30035
        30035: _REGISTRATION,
        # The message
        # https://www.twilio.com/docs/api/errors/21602
        21602: _permanent("The message is empty."),
        # https://www.twilio.com/docs/api/errors/21604
        21604: _permanent("The message has no recipient."),
        # https://www.twilio.com/docs/api/errors/21617
        21617: _permanent("The message is longer than 1600 characters."),
        # https://www.twilio.com/docs/api/errors/21619
        21619: _permanent("The message has neither a text nor a file."),
        # https://www.twilio.com/docs/api/errors/21620
        21620: _permanent("The address of the file is not valid."),
        # https://www.twilio.com/docs/api/errors/21623
        21623: _permanent("The message has too many files."),
        # https://www.twilio.com/docs/api/errors/11200
        11200: _permanent("Twilio could not fetch the file."),
        # https://www.twilio.com/docs/api/errors/11751
        11751: _permanent("The file is too large for MMS."),
        # https://www.twilio.com/docs/api/errors/12300
        12300: _permanent("Twilio does not take this kind of file."),
        # https://www.twilio.com/docs/api/errors/30011
        30011: _permanent("The number takes no MMS."),
        # https://www.twilio.com/docs/api/errors/30019
        30019: _permanent("The file is too large for the network."),
        # The networks
        # https://www.twilio.com/docs/api/errors/30008
        30008: _permanent("The network did not deliver the message, and does not say why."),
        # https://www.twilio.com/docs/api/errors/30017
        30017: _OUTAGE,
        # https://www.twilio.com/docs/api/errors/30410
        30410: _OUTAGE,
        # https://www.twilio.com/docs/api/errors/30500
        30500: _OUTAGE,
    },
)
