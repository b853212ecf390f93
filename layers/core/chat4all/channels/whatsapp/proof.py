"""Prove the credentials of a WhatsApp phone number.

The number: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
The token's end: https://developers.facebook.com/docs/graph-api/reference/debug_token, `expires_at` in epoch
seconds; 0 for a token that never expires.
"""

from typing import Final
from urllib.parse import quote

import msgspec

from chat4all.channels.shared.answers import proof_unread
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.http import HttpClient
from chat4all.channels.shared.meta import get_object
from chat4all.channels.shared.phones import canonical_digits
from chat4all.channels.shared.proofs import moment_of, shown
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import ChannelSecret, Proof

_FIELDS: Final = "id,display_phone_number,verified_name,quality_rating"


class _Number(msgspec.Struct, frozen=True):
    id: Id
    display_phone_number: str | None = None
    verified_name: str | None = None
    quality_rating: str | None = None


class _Token(msgspec.Struct, frozen=True):
    expires_at: int = 0


class _Debugged(msgspec.Struct, frozen=True):
    data: _Token


def proof_of(http: HttpClient, url: str, secret: ChannelSecret) -> Proof | SendError:
    """Ask for the number, and then for the end of the token. `url` ends with the API's version."""
    number_url = f"{url}/{quote(secret.account_id, safe='')}?fields={_FIELDS}"
    answer = get_object(http, number_url, secret, WHATSAPP_FAILURES)
    if isinstance(answer, SendError):
        return answer
    number = decoded(answer.body, _Number)
    if number is None:
        return proof_unread(WHATSAPP_FAILURES)
    name = " ".join(part for part in (number.verified_name, number.display_phone_number) if part)
    return Proof(
        number.id,
        shown(name),
        shown(number.quality_rating),
        _expires_at(http, url, secret),
        canonical_digits(number.display_phone_number or ""),
    )


def _expires_at(http: HttpClient, url: str, secret: ChannelSecret) -> str | None:
    """Return the end of the token; None if it has none, or if Meta does not say."""
    token = quote(secret.access_token, safe="")
    answer = get_object(http, f"{url}/debug_token?input_token={token}", secret, WHATSAPP_FAILURES)
    debugged = None if isinstance(answer, SendError) else decoded(answer.body, _Debugged)
    return moment_of(debugged.data.expires_at) if debugged else None
