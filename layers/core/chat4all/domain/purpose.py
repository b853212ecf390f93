"""What a message is for, which decides whether the person's consent allows it."""

from enum import StrEnum


class Purpose(StrEnum):
    """The purpose of a message, as its sender declares it.

    A service message is about what the person asked for: an answer, an order, an appointment. A marketing
    message offers something. Laws and providers let a person refuse marketing and still be served.
    """

    SERVICE = "service"
    MARKETING = "marketing"
