"""/v1/search: messages, people and notes by their words."""

from typing import Final

import msgspec
from chalice.app import Request

from chat4all.domain.errors import (
    ConversationNotFound,
    RebuildNotFound,
    RebuildRunning,
    SearchOff,
    UnknownUser,
)
from chat4all.domain.search import SearchKind
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, PageQuery, Time, time_from
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.search.ports import Rebuild
from chat4all.services.search.rebuild_index import StartRebuild
from chat4all.services.search.search import Hit, Search, SearchQuery

LONGEST_QUERY: Final = 200
_HIT = {
    "type": "message",
    "id": "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04",
    "at": "2026-01-31T12:05:00.123Z",
    "conversation_id": "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003",
    "user_id": "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10",
    "channels": ["whatsapp"],
    "text": "Your refund for order 4711 is on its way.",
    "matches": [{"start": 5, "end": 11}, {"start": 16, "end": 21}, {"start": 22, "end": 26}],
}
_REBUILD = {
    "rebuild_id": "9d4f2a1b-6c3e-4f7a-8b5d-1e0c9a8b7f06",
    "state": "RUNNING",
    "started_at": "2026-01-31T12:00:00.123Z",
    "ended_at": None,
    "people": 120,
    "notes": 14,
    "messages": 3800,
}


class FindQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All words of `q` must be there; the last one may be the beginning of a word. The filters combine.

    `user_id` is the sender of a message or the author of a note. `since` is the earliest time, and `until`
    the first time that is too late.
    """

    q: str
    type: SearchKind = SearchKind.MESSAGE
    conversation_id: Id | None = None
    user_id: Id | None = None
    channel: str | None = None
    since: Time | None = None
    until: Time | None = None


class MatchView(msgspec.Struct, frozen=True):
    """A place in `text`, in UTF-16 code units, as JavaScript counts them; `end` is the place after it."""

    start: int
    end: int


class HitView(msgspec.Struct, frozen=True):
    """A message, a person or a note, and the words around the first match.

    `id` is a message_id, a user_id or a note_id. `user_id` is the sender, the author, or the person.
    """

    type: str
    id: str
    at: str
    conversation_id: str | None
    user_id: str
    channels: tuple[str, ...]
    text: str
    matches: tuple[MatchView, ...]


class HitPage(msgspec.Struct, frozen=True):
    """Results, the latest first. A page may be short, or empty, and have a next page.

    `limited`: the last word begins more words than the 50 that were searched.
    """

    results: tuple[HitView, ...]
    limited: bool
    next_cursor: str | None


class SearchViews:
    def __init__(
        self, search: Search, rebuild: StartRebuild, channels: frozenset[str], *, is_on: bool
    ) -> None:
        self._search = search
        self._rebuild = rebuild
        self._channels = channels
        self._is_on = is_on

    @route(
        "Search",
        "GET",
        "/v1/search",
        Returns(HitPage, {"results": [_HIT], "limited": False, "next_cursor": None}),
        summary="Search messages, people or notes by their words, latest first",
        scope="search:read",
        query=FindQuery,
        errors=(ConversationNotFound, UnknownUser, SearchOff),
    )
    def search(self, request: Request, query: FindQuery) -> Answer:
        self._check_on()
        check_channel("channel", query.channel, self._channels)
        wanted = SearchQuery(
            check_plain("q", query.q, LONGEST_QUERY),
            query.type,
            query.conversation_id,
            query.user_id,
            query.channel,
            time_from("since", query.since),
            time_from("until", query.until),
        )
        found = self._search(wanted, query.cursor, query.limit)
        return Answer(HitPage(tuple(map(hit_view, found.hits)), found.limited, found.next_cursor))

    @route(
        "RebuildIndex",
        "POST",
        "/v1/search/rebuild",
        Returns(Rebuild, _REBUILD, 202),
        summary="Build the index of words again",
        scope="search:write",
        errors=(RebuildRunning, SearchOff),
    )
    def start_rebuild(self, request: Request) -> Answer:
        self._check_on()
        return Answer(self._rebuild(), 202)

    @route(
        "GetRebuild",
        "GET",
        "/v1/search/rebuild",
        Returns(Rebuild, _REBUILD),
        summary="Read how far the latest rebuild of the index is",
        scope="search:read",
        errors=(RebuildNotFound,),
    )
    def get_rebuild(self, request: Request) -> Answer:
        latest = self._rebuild.latest()
        if latest is None:
            raise RebuildNotFound("The index was never built again.")
        return Answer(latest)

    def _check_on(self) -> None:
        if not self._is_on:
            raise SearchOff("The stack has no index of words; set its parameter SearchIndex.")


def hit_view(hit: Hit) -> HitView:
    document = hit.document
    return HitView(
        type=document.kind.value,
        id=document.item_id.rpartition("/")[2] if document.kind is SearchKind.NOTE else document.item_id,
        at=document.at,
        conversation_id=document.conversation_id or None,
        user_id=document.user_id,
        channels=document.channels,
        text=hit.excerpt.text,
        matches=tuple(MatchView(start, end) for start, end in hit.excerpt.matches),
    )
