"""The conversations that a person's message may go to when it quotes no other message."""

import msgspec


class Places(msgspec.Struct, frozen=True):
    """The conversations that a person's message may go to, stored with the person.

    `one_to_one` is the person's active 1:1 conversation: of several, the conversation that began, was
    reactivated or had a message last. `wrote` maps a `place_key` to the conversation that the person last
    wrote in. `version` rises with every change of the person's 1:1 conversations.
    """

    one_to_one: str | None = None
    wrote: dict[str, str] = {}
    version: int = 0

    def last_written(self, channel: str, account: str) -> str | None:
        """Return the conversation that the person last wrote in through this account, archived or not."""
        return self.wrote.get(place_key(channel, account))


def place_key(channel: str, account: str) -> str:
    return f"{channel}#{account}"
