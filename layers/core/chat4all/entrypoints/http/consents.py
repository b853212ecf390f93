"""/v1/users/{user_id}/consents: what a person wants to receive, by channel and purpose."""

from typing import Annotated, Final

import msgspec
from chalice.app import Request

from chat4all.domain.clock import Clock, iso
from chat4all.domain.consent import MOST_EVIDENCE, Consent, ConsentSource, ConsentState
from chat4all.domain.errors import ConsentWithdrawn, Detail, Invalid, UserErased, UserNotFound
from chat4all.domain.purpose import Purpose
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Time, time_from
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.routes import Returns, owner_of, route
from chat4all.services.directory.manage_consents import ManageConsents

_EXAMPLE: Final = {
    "channel": "whatsapp",
    "purpose": "marketing",
    "state": "OPTED_IN",
    "evidence": "Form on example.com/newsletter, 2026-01-31",
}
_CONSENTS: Final = {
    "consents": [{**_EXAMPLE, "at": "2026-01-31T12:00:00.123Z", "source": "client", "means": "word"}]
}


class PutConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person told you. `at` is when; it is now if it is left out.

    `evidence` says how you know it, and is needed for an opt-in after an opt-out.
    """

    channel: str
    purpose: Purpose
    state: ConsentState
    evidence: Annotated[str, msgspec.Meta(max_length=MOST_EVIDENCE)] = ""
    at: Time | None = None


class ConsentList(msgspec.Struct, frozen=True):
    """The consents of a user: at most one for each channel and purpose."""

    consents: tuple[Consent, ...]


class ConsentViews:
    def __init__(self, manage: ManageConsents, channels: frozenset[str], clock: Clock) -> None:
        self._manage = manage
        self._channels = channels
        self._clock = clock

    @route(
        "ListConsents",
        "GET",
        "/v1/users/{user_id}/consents",
        Returns(ConsentList, _CONSENTS),
        summary="Read what a person wants to receive, by channel and purpose",
        scope="users:read",
        errors=(UserNotFound,),
    )
    def listing(self, request: Request, user_id: str) -> Answer:
        return Answer(ConsentList(self._manage.get(user_id)))

    @route(
        "PutConsent",
        "PUT",
        "/v1/users/{user_id}/consents",
        Returns(ConsentList, _CONSENTS),
        summary="Record an opt-in or an opt-out that you know of; a newer one stays",
        scope="users:write",
        body=PutConsent,
        example=_EXAMPLE,
        errors=(UserNotFound, UserErased, ConsentWithdrawn),
    )
    def put(self, request: Request, user_id: str, body: PutConsent) -> Answer:
        check_channel("channel", body.channel, self._channels)
        now = iso(self._clock())
        at = time_from("at", body.at) or now
        if at > now:
            raise Invalid("at is not valid.", Detail("at", "must not be in the future"))
        told = Consent(
            channel=body.channel,
            purpose=body.purpose,
            state=body.state,
            at=at,
            source=ConsentSource.CLIENT,
            evidence=check_plain("evidence", body.evidence, MOST_EVIDENCE) if body.evidence else "",
        )
        return Answer(ConsentList(self._manage.put(user_id, told, owner_of(request))))
