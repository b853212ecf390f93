"""A conversation and its people as they were read together."""

import msgspec

from chat4all.domain.conversation import Conversation
from chat4all.domain.person import User


class Snapshot(msgspec.Struct, frozen=True):
    """A conversation and its participants as they were read."""

    conversation: Conversation
    users: dict[str, User]
    """The participants, by id; a merged user with what is known of the person."""
