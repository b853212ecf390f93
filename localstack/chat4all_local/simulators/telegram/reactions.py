"""The reactions to the messages of the bot's chats, by the bot and by people.

Sources: https://core.telegram.org/bots/api#setmessagereaction, `#reactiontypeemoji` and
`#messagereactionupdated`; the descriptions of errors are those of
https://github.com/tdlib/telegram-bot-api, those in capitals are of Telegram's own servers, as
https://core.telegram.org/method/messages.sendReaction lists them.
"""

from typing import Final

import msgspec

from chat4all_local.simulators.control_api import Json, JsonObject
from chat4all_local.simulators.store import Store
from chat4all_local.simulators.telegram.parameters import ParameterError

_KEPT: Final = 20_000
_OF_BOT: Final = "bot"
_EMOJI: Final = (
    "\u2764 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 \u2764\u200d🔥 🌚 🌭"
    " 💯 🤣 \u26a1 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 \u270d 🤗 🫡"
    " 🎅 🎄 \u2603 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d\u2642 🤷 🤷\u200d\u2640 😡"
)
ALLOWED: Final = frozenset(_EMOJI.split())
"""The reactions to a message that are no custom emoji."""


class _Type(msgspec.Struct, frozen=True):
    type: str
    emoji: str | None = None


def read_reaction(text: str) -> str:
    """Return the emoji of a `reaction` parameter; an empty text for no reaction. Raises ParameterError."""
    if not text:
        return ""
    try:
        parts = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise ParameterError("can't parse reaction types JSON object") from None
    if not isinstance(parts, list):
        raise ParameterError("expected an Array of ReactionType")
    found = [_read_type(part) for part in parts]
    if len(found) > 1:
        raise ParameterError("REACTIONS_TOO_MANY")
    return found[0] if found else ""


def _read_type(part: object) -> str:
    if not isinstance(part, dict):
        raise ParameterError("can't parse ReactionType: expected an Object")
    try:
        reaction = msgspec.convert(part, _Type)
    except msgspec.ValidationError:
        raise ParameterError("can't parse ReactionType: can't find field \"type\"") from None
    if reaction.type == "custom_emoji":
        raise ParameterError("REACTION_INVALID")
    if reaction.type != "emoji":
        raise ParameterError("can't parse ReactionType: invalid reaction type specified")
    if reaction.emoji is None:
        raise ParameterError("can't parse ReactionType: can't find field \"emoji\"")
    if reaction.emoji not in ALLOWED:
        raise ParameterError("REACTION_INVALID")
    return reaction.emoji


class Reactions:
    """The reaction of each person, and of the bot, to each message."""

    def __init__(self, store: Store) -> None:
        self._chosen = store.table("reactions", str, _KEPT)

    def of_bot(self, chat_id: str, message_id: int) -> str:
        return self._chosen.get(_key(chat_id, message_id, _OF_BOT)) or ""

    def set_by_bot(self, chat_id: str, message_id: int, emoji: str) -> None:
        self._chosen.put(_key(chat_id, message_id, _OF_BOT), emoji)

    def change(self, chat_id: str, message_id: int, person: str, emoji: str) -> JsonObject:
        """Change a person's reaction, and return the fields of the update that tell of the change."""
        key = _key(chat_id, message_id, person)
        before = self._chosen.get(key) or ""
        self._chosen.put(key, emoji)
        return {"old_reaction": _types(before), "new_reaction": _types(emoji)}


def _types(emoji: str) -> Json:
    return [{"type": "emoji", "emoji": emoji}] if emoji else []


def _key(chat_id: str, message_id: int, who: str) -> str:
    return f"{chat_id}:{message_id}:{who}"
