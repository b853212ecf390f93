"""The messages that are neither a text nor a file, and the keyboards below messages.

Sources, under https://core.telegram.org/bots/api: `#sendlocation`, `#sendvenue`, `#sendcontact`,
`#inlinekeyboardmarkup`, `#inlinekeyboardbutton`. The descriptions of errors are those of
https://github.com/tdlib/telegram-bot-api and https://github.com/tdlib/td; `REPLY_MARKUP_TOO_LONG` and
`BUTTON_DATA_INVALID` come from Telegram's own servers. No source shows what Telegram answers to a longer
vCard or to a button without a text.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeAlias

import msgspec

from chat4all_local.simulators.control_api import Json, JsonObject
from chat4all_local.simulators.telegram.parameters import ParameterError

_FOR_EVER: Final = 0x7FFFFFFF
_MOST_DATA_BYTES: Final = 64
_MOST_BUTTONS: Final = 100
_MOST_KEYBOARD_BYTES: Final = 10_000
"""https://github.com/tginfo/Telegram-Limits/issues/187"""
_MOST_VCARD_BYTES: Final = 2048
Parameters: TypeAlias = Mapping[str, str]


def _location(parameters: Parameters) -> JsonObject:
    place = _point(parameters)
    period = _whole(parameters.get("live_period", ""))
    if period and period != _FOR_EVER and not 60 <= period <= 86_400:
        raise ParameterError("wrong live location period specified")
    return {"location": {**place, "live_period": period} if period else place}


def _venue(parameters: Parameters) -> JsonObject:
    """Return a venue, which Telegram shows as a location, too, to bots that know no venues."""
    place = _point(parameters)
    title, address = (_required(parameters, name) for name in ("title", "address"))
    return {"location": place, "venue": {"location": place, "title": title, "address": address}}


def _contact(parameters: Parameters) -> JsonObject:
    phone_number, first_name = (_required(parameters, name) for name in ("phone_number", "first_name"))
    if len(parameters.get("vcard", "").encode()) > _MOST_VCARD_BYTES:
        raise ParameterError("vcard is too long")
    contact: JsonObject = {"phone_number": phone_number, "first_name": first_name}
    contact |= {name: parameters[name] for name in ("last_name", "vcard") if parameters.get(name)}
    return {"contact": contact}


KINDS: Final[Mapping[str, tuple[str, Callable[[Parameters], JsonObject]]]] = {
    "sendlocation": ("location", _location),
    "sendvenue": ("venue", _venue),
    "sendcontact": ("contact", _contact),
}
"""The kind of message that each method sends, and the reader of its fields, which raises ParameterError."""


class _Button(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str
    callback_data: str | None = None
    url: str | None = None


class _Keyboard(msgspec.Struct, frozen=True):
    inline_keyboard: list[list[msgspec.Raw]]


def keyboard_fields(parameters: Parameters) -> JsonObject:
    """Return the inline keyboard as a field of the message. Raises ParameterError."""
    markup = parameters.get("reply_markup")
    if not markup:
        return {}
    try:
        keyboard = msgspec.json.decode(markup, type=_Keyboard)
    except msgspec.ValidationError:
        raise ParameterError("object expected as reply markup") from None
    except msgspec.DecodeError:
        raise ParameterError("can't parse reply keyboard markup JSON object") from None
    rows: list[Json] = [[_button(button) for button in row] for row in keyboard.inline_keyboard if row]
    is_too_large = len(msgspec.json.encode(keyboard)) > _MOST_KEYBOARD_BYTES
    if is_too_large or sum(map(len, keyboard.inline_keyboard)) > _MOST_BUTTONS:
        raise ParameterError("REPLY_MARKUP_TOO_LONG")
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _button(part: msgspec.Raw) -> JsonObject:
    try:
        button = msgspec.json.decode(part, type=_Button)
    except msgspec.ValidationError:
        problem = 'field "text" must be of type String'
        raise ParameterError(f"can't parse inline keyboard button: {problem}") from None
    if not button.text:
        raise ParameterError("can't parse inline keyboard button: text must be non-empty")
    if not button.callback_data and not button.url:
        problem = "text buttons are unallowed in the inline keyboard"
        raise ParameterError(f"can't parse inline keyboard button: {problem}")
    if len((button.callback_data or "").encode()) > _MOST_DATA_BYTES:
        raise ParameterError("BUTTON_DATA_INVALID")
    shown: JsonObject = msgspec.to_builtins(button)
    return shown


class _Point(msgspec.Struct, frozen=True):
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]


def _point(parameters: Parameters) -> JsonObject:
    given = {name: parameters.get(name, "").strip() for name in ("latitude", "longitude")}
    for name, value in given.items():
        if not value:
            raise ParameterError(f"{name} is empty")
    try:
        point = msgspec.convert(given, _Point, strict=False)
    except msgspec.ValidationError:
        raise ParameterError("wrong location specified") from None
    return {"latitude": point.latitude, "longitude": point.longitude}


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.get(name, "")
    if not value:
        raise ParameterError(f'parameter "{name}" is required')
    return value


def _whole(text: str) -> int:
    """Return the number, or 0 for a text that is none, as the server reads it."""
    try:
        return int(text)
    except ValueError:
        return 0
