"""/v1/identities/verify: one-time codes, by which a user confirms that an address is theirs."""

from typing import Annotated

import msgspec
from chalice.app import Request

from chat4all.domain.errors import (
    AccountDisabled,
    CodeNotSent,
    CodeOver,
    CodeWrong,
    Conflict,
    Detail,
    IdentityNotFound,
    Invalid,
    NotPossible,
    OptedOut,
    TemplateNotUsable,
    Throttled,
    VerificationNotFound,
    WindowClosed,
)
from chat4all.domain.person import Identity
from chat4all.domain.template_values import LANGUAGE_ISSUE, NAME_ISSUE
from chat4all.domain.templates import is_language, is_template_name
from chat4all.domain.text import check_plain
from chat4all.domain.verification import LONGEST_ENTRY, LONGEST_TEXT, entered, wording_issue
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.routes import Returns, owner_of, route
from chat4all.services.messaging.code_template import TemplateName
from chat4all.services.messaging.verify_identity import CodeWanted, VerifyIdentity

_USER = "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02"
_ID = "4e1243bd22c66e76c2ba9eddc1f91394c1d7a0b25f4e4a869d3c2e8b7f6a1c03"
_SENT = {"verification_id": _ID, "expires_at": "2026-01-31T12:10:00.123Z"}
_CONFIRMED = {
    "user_id": _USER,
    "identity": {
        "channel": "sms",
        "account": "main",
        "address": "+4915112345678",
        "linked_at": "2026-01-31T12:00:00.123Z",
        "phone": None,
        "handle": None,
        "wrote_at": None,
        "verified_at": "2026-01-31T12:02:00.123Z",
    },
}


class PostTemplateName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    language: str


class PostVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `account`, the user's first identity with the address is meant."""

    user_id: Id
    channel: str
    address: str
    account: Id | None = None
    text: str | None = None
    """The text of the message, with `{code}` where the code stands; else a text in English."""
    template: PostTemplateName | None = None
    """The account's template for codes that is sent instead of a text, in its language."""


class PostCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digits may be of any script, with spaces and dashes between them."""

    verification_id: Id
    code: Annotated[str, msgspec.Meta(max_length=LONGEST_ENTRY)]


class VerificationView(msgspec.Struct, frozen=True):
    """A code that was sent. It ends at `expires_at`, with the fifth wrong try, or with the next code."""

    verification_id: str
    expires_at: str


class VerifiedView(msgspec.Struct, frozen=True):
    """A verified identity and its user; after a merge, the kept user."""

    user_id: str
    identity: Identity


class VerificationViews:
    def __init__(self, verify: VerifyIdentity, channels: frozenset[str]) -> None:
        self._verify = verify
        self._channels = channels

    @route(
        "VerifyIdentity",
        "POST",
        "/v1/identities/verify",
        Returns(VerificationView, _SENT, 202),
        summary="Send a one-time code to an identity of a user",
        scope="identities:verify",
        body=PostVerification,
        example={"user_id": _USER, "channel": "sms", "address": "+4915112345678"},
        errors=(
            IdentityNotFound,
            CodeNotSent,
            OptedOut,
            AccountDisabled,
            WindowClosed,
            TemplateNotUsable,
            NotPossible,
            Throttled,
        ),
    )
    def post(self, request: Request, body: PostVerification) -> Answer:
        check_channel("channel", body.channel, self._channels)
        sent = self._verify.send(_wanted(body), owner_of(request))
        return Answer(VerificationView(sent.verification_id, sent.expires_at), 202)

    @route(
        "ConfirmIdentity",
        "POST",
        "/v1/identities/verify/confirm",
        Returns(VerifiedView, _CONFIRMED),
        summary="Confirm an identity by the code that its user has read",
        scope="identities:verify",
        body=PostCode,
        example={"verification_id": _ID, "code": "123456"},
        errors=(VerificationNotFound, CodeOver, CodeWrong, Conflict),
    )
    def confirm(self, request: Request, body: PostCode) -> Answer:
        confirmed = self._verify.confirm(body.verification_id, entered(body.code), owner_of(request))
        return Answer(VerifiedView(confirmed.user_id, confirmed.identity))


def _wanted(body: PostVerification) -> CodeWanted:
    if body.text is not None:
        check_plain("text", body.text, LONGEST_TEXT)
        _refuse("text", wording_issue(body.text))
    named = body.template
    if named is not None:
        _refuse("template", "must be left out with a text" if body.text is not None else None)
        _refuse("template.name", None if is_template_name(named.name) else NAME_ISSUE)
        _refuse("template.language", None if is_language(named.language) else LANGUAGE_ISSUE)
    return CodeWanted(
        user_id=body.user_id,
        channel=body.channel,
        address=body.address,
        account=body.account,
        wording=body.text,
        template=TemplateName(named.name, named.language) if named is not None else None,
    )


def _refuse(field: str, issue: str | None) -> None:
    if issue is not None:
        raise Invalid(f"{field} is not valid.", Detail(field, issue))
