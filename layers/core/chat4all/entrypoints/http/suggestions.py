"""/v1/users/{user_id}/suggestions: customers who may be the same person."""

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.errors import Invalid, UserNotFound
from chat4all.domain.hints import Suggestion
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.directory.suggest_merges import SuggestMerges

_SUGGESTIONS = {
    "suggestions": [
        {
            "user_id": "c1d7a0b2-5f4e-4a86-9d3c-2e8b7f6a1c03",
            "display_name": "Ana Souza",
            "score": 0.95,
            "reasons": [{"kind": "phone", "value": "4915112345678"}],
        }
    ]
}


class SuggestionsView(msgspec.Struct, frozen=True):
    """At most 20 suggestions, the likeliest first."""

    suggestions: tuple[Suggestion, ...]


class SuggestionViews:
    def __init__(self, suggest: SuggestMerges, trail: AuditTrail) -> None:
        self._suggest = suggest
        self._trail = trail

    @route(
        "ListSuggestions",
        "GET",
        "/v1/users/{user_id}/suggestions",
        Returns(SuggestionsView, _SUGGESTIONS),
        summary="List the customers who may be the same person; the merge approves one",
        scope="users:read",
        errors=(UserNotFound,),
    )
    def listing(self, request: Request, user_id: str) -> Answer:
        return Answer(SuggestionsView(self._suggest(user_id)))

    @route(
        "DismissSuggestion",
        "POST",
        "/v1/users/{user_id}/suggestions/{other_id}/dismiss",
        Returns(SuggestionsView, {"suggestions": []}),
        summary="Keep that two customers are two people",
        scope="users:write",
        errors=(UserNotFound, Invalid),
    )
    def dismiss(self, request: Request, user_id: str, other_id: str) -> Answer:
        self._trail(request, AuditAction.SUGGESTION_DISMISS, f"user:{user_id}", other=other_id)
        self._suggest.dismiss(user_id, other_id)
        return Answer(SuggestionsView(self._suggest(user_id)))
