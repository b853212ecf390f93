"""Where a person's words go when they quote nothing."""

import msgspec


class Places(msgspec.Struct, frozen=True):
    """The conversations that a person's words may go to, as they are kept with the person.

    `one_to_one` is their active 1:1 conversation; of several, the one in which somebody said something last.
    `wrote` holds, by `place_key`, the conversation that they last wrote in. `version` rises with every change.
    """

    one_to_one: str | None = None
    wrote: dict[str, str] = {}
    version: int = 0

    def last_written(self, channel: str, account: str) -> str | None:
        """Return the id of the conversation that they last wrote in through this account, archived or not."""
        return self.wrote.get(place_key(channel, account))


def place_key(channel: str, account: str) -> str:
    return f"{channel}#{account}"
