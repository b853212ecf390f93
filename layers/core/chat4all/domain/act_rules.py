"""The acts that a channel has, with the provider's limits, as data: the API shows them to clients."""

import msgspec


class EditRule(msgspec.Struct, frozen=True):
    """The edits that the provider takes: `kinds` of content, within `hours` of the send (None: at any time).

    A text, the caption of a file, and the text and the choices of buttons and lists may change.
    """

    kinds: tuple[str, ...]
    hours: int | None = None


class DeleteRule(msgspec.Struct, frozen=True):
    """The deletions that the provider takes: within `hours` of the send (None: at any time)."""

    hours: int | None = None


class ReadRule(msgspec.Struct, frozen=True):
    """A person sees that their message was read, if our account begins with `account_prefix`."""

    account_prefix: str = ""
    in_groups: bool = True


class TypingRule(msgspec.Struct, frozen=True):
    """A person sees for `seconds` that our side types, or until the answer comes.

    `seconds` is None if the provider does not say how long. `needs_message`: the request names a message of
    the person, which is marked as read thereby. `can_stop`: the provider can be told that nobody types.
    """

    seconds: int | None
    needs_message: bool = False
    can_stop: bool = False
    in_groups: bool = True


class Acts(msgspec.Struct, frozen=True):
    """The acts that a channel has; None: the channel does not have the act."""

    edit: EditRule | None = None
    delete: DeleteRule | None = None
    read: ReadRule | None = None
    typing: TypingRule | None = None
