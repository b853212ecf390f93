"""The names of messages at a provider.

A name may end in `@` and a date, where a provider may give one number to two messages. An event about a
message need not know its date: it then means the message of that number.
"""


def undated(name: str) -> str:
    return name.partition("@")[0]


def is_named(name: str | None, asked: str) -> bool:
    """Return whether an event that asks for `asked` means the message `name`."""
    return name is not None and asked in {name, undated(name)}
