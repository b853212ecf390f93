"""Change the attributes of a conversation at the desk."""

from typing import Final

import msgspec

from chat4all.domain.clock import Clock
from chat4all.domain.conversation import Conversation
from chat4all.domain.desk import DeskChanges, changed
from chat4all.domain.erasing import require_kept
from chat4all.domain.errors import DeskChanged, Detail, Unavailable
from chat4all.services.directory.known import known_conversation, require_agent
from chat4all.services.directory.ports import Conversations, Desks, Directory

_TRIES: Final = 8


class ChangeDesk:
    def __init__(
        self, conversations: Conversations, desks: Desks, directory: Directory, clock: Clock
    ) -> None:
        self._conversations = conversations
        self._desks = desks
        self._directory = directory
        self._clock = clock

    def __call__(self, conversation_id: str, changes: DeskChanges, if_version: int | None) -> Conversation:
        """Change the attributes that `changes` names; the last request to change an attribute counts.

        With `if_version`, nothing changes unless the desk is at this version.

        Raises:
            NotFound: no such conversation.
            Invalid: the assignee is no agent, or the snooze is not possible.
            UserErased: the conversation was erased with its person.
            DeskChanged: the desk is at another version than `if_version`.
            Unavailable: the conversation is changing too quickly, or AWS did not answer.
        """
        if isinstance(changes.assignee, str):
            require_agent(self._directory.get(changes.assignee), "assignee", "assignee")
        for _ in range(_TRIES):
            conversation = known_conversation(self._conversations, conversation_id)
            require_kept(conversation)
            version = conversation.desk.version
            if if_version is not None and if_version != version:
                raise DeskChanged(
                    "The conversation was changed meanwhile; read it again.",
                    Detail("if_version", f"is {if_version}, and the conversation is at {version}"),
                )
            desk = changed(conversation.desk, changes, self._clock())
            if desk == conversation.desk or self._desks.save(conversation, desk):
                return msgspec.structs.replace(conversation, desk=desk)
        raise Unavailable("The conversation is changing too quickly; try again.", retry_after=1)
