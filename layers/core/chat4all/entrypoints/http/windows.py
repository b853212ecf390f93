"""/v1/conversations/{id}/window: to whom one may write now, and until when."""

from typing import Final

import msgspec
from chalice.app import Request

from chat4all.domain.errors import ConversationNotFound
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.messaging.read_windows import ParticipantWindows, ReadWindows

_WINDOWS: Final = {
    "participants": [
        {"user_id": "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10", "windows": []},
        {
            "user_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
            "windows": [
                {
                    "channel": "whatsapp",
                    "account": "main",
                    "address": "4915112345678",
                    "is_open": False,
                    "closes_at": "2026-02-01T11:58:00.000Z",
                    "wrote_at": "2026-01-31T11:58:00.000Z",
                    "tag": None,
                    "kinds": ["template"],
                }
            ],
        },
    ]
}


class WindowsView(msgspec.Struct, frozen=True):
    """The windows of a conversation's participants."""

    participants: tuple[ParticipantWindows, ...]


class WindowViews:
    def __init__(self, read: ReadWindows) -> None:
        self._read = read

    @route(
        "GetWindow",
        "GET",
        "/v1/conversations/{conversation_id}/window",
        Returns(WindowsView, _WINDOWS),
        summary="Tell for each identity of the participants whether one may write there now, and until when",
        scope="conversations:read",
        errors=(ConversationNotFound,),
    )
    def get(self, request: Request, conversation_id: str) -> Answer:
        return Answer(WindowsView(self._read(conversation_id)))
