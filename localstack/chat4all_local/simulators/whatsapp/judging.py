"""What the Cloud API refuses of a message that is well-formed JSON.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/: `groups` (the types
that a group takes), `support/error-codes`
"""

import re

from chat4all_local.simulators.provider import Refused
from chat4all_local.simulators.whatsapp.errors import INVALID_VALUE, MISSING, UNSUPPORTED_TYPE, refused
from chat4all_local.simulators.whatsapp.kinds import (
    invalid_emoji,
    invalid_interactive,
    invalid_place,
    nameless_contact,
)
from chat4all_local.simulators.whatsapp.requests import NOT_IN_GROUPS, PHONE_PATTERN, Message


def refusal_of(message: Message) -> Refused | None:
    if problem := _address_problem(message) or _object_problem(message):
        return refused(100, problem)
    if message.recipient_type == "group" and message.type in NOT_IN_GROUPS:
        return refused(UNSUPPORTED_TYPE, f"Messages of type {message.type} are not supported in groups.")
    if missing := nameless_contact(message.contacts or ()):
        return refused(MISSING, missing)
    invalid = _invalid_value(message)
    return refused(INVALID_VALUE, invalid) if invalid else None


def _address_problem(message: Message) -> str | None:
    """Return why the message names no recipient; None if it names one."""
    if message.to is None:
        return "The parameter to is required." if message.recipient is None else None
    is_phone = re.fullmatch(PHONE_PATTERN, message.to) is not None
    if is_phone is (message.recipient_type == "individual"):
        return None
    return f"$.to is no address for the recipient_type {message.recipient_type}."


def _object_problem(message: Message) -> str | None:
    if message.objects() != [message.type]:
        return f"The parameter {message.type} is required, and no other type's."
    if message.reaction is None:
        return None
    if not message.reaction.message_id.startswith("wamid."):
        return "$.reaction.message_id is no id of a message."
    return "A reaction names its message, and has no context." if message.context else None


def _invalid_value(message: Message) -> str | None:
    if message.location is not None:
        return invalid_place(message.location)
    if message.reaction is not None:
        return invalid_emoji(message.reaction)
    return invalid_interactive(message.interactive) if message.interactive is not None else None
