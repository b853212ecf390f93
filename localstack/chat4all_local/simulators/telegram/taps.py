"""The taps of people on the buttons of keyboards, each answered once.

https://core.telegram.org/bots/api#callbackquery, https://core.telegram.org/bots/api#answercallbackquery
"""

import secrets
from typing import Final

from chat4all_local.simulators.control_api import Json, JsonObject
from chat4all_local.simulators.provider import ControlError
from chat4all_local.simulators.store import Store
from chat4all_local.simulators.telegram.parameters import ParameterError

_KEPT: Final = 10_000
_VALID_S: Final = 60.0
"""The documentation names no time; apps give up after about a minute."""
_LONGEST_ANSWER: Final = 200


class Taps:
    """The taps that are not answered yet."""

    def __init__(self, store: Store) -> None:
        self._open = store.table("open taps", float, _KEPT)

    def begin(self, message: JsonObject, data: str, person: JsonObject, at: float) -> JsonObject:
        """Return the CallbackQuery. Raises ControlError if the message has no such button.

        A message that is too old to be shown is taken to have the button.
        """
        if message.get("date") != 0 and data not in _data_of(message):
            raise ControlError(f"message {message['message_id']} has no button with the data `{data}`")
        query_id = str(secrets.randbits(62))
        self._open.put(query_id, at)
        chat_instance = str(secrets.randbits(62))
        return {
            "id": query_id,
            "from": person,
            "message": message,
            "chat_instance": chat_instance,
            "data": data,
        }

    def answer(self, parameters: dict[str, str], at: float) -> None:
        """End a tap. Raises ParameterError."""
        query_id = parameters.get("callback_query_id", "")
        begun_at = self._open.get(query_id)
        if begun_at is None or at - begun_at > _VALID_S:
            raise ParameterError("query is too old and response timeout expired or query ID is invalid")
        if len(parameters.get("text", "")) > _LONGEST_ANSWER:
            raise ParameterError("MESSAGE_TOO_LONG")
        self._open.remove(query_id)


def _data_of(message: JsonObject) -> list[str]:
    match message.get("reply_markup"):
        case {"inline_keyboard": [*rows]}:
            return [data for row in rows if isinstance(row, list) for button in row for data in _data(button)]
    return []


def _data(button: Json) -> list[str]:
    match button:
        case {"callback_data": str(data)}:
            return [data]
    return []
