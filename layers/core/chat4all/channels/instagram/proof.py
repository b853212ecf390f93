"""Prove the credentials of an Instagram professional account.

https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started:
`GET /me?fields=user_id,username`. `user_id` is the id that webhooks have; `id` is another id, of the app. The
API does not tell when a token expires.
"""

import msgspec

from chat4all.channels.instagram.failures import INSTAGRAM_FAILURES
from chat4all.channels.shared.answers import proof_unread
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.http import HttpClient
from chat4all.channels.shared.meta import get_object
from chat4all.channels.shared.proofs import shown
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import ChannelSecret, Proof


class _Me(msgspec.Struct, frozen=True):
    user_id: Id | int
    username: str | None = None


def proof_of(http: HttpClient, url: str, secret: ChannelSecret) -> Proof | SendError:
    """Ask for the account of the token. `url` ends with the API's version."""
    answer = get_object(http, f"{url}/me?fields=user_id,username", secret, INSTAGRAM_FAILURES)
    if isinstance(answer, SendError):
        return answer
    me = decoded(answer.body, _Me)
    return Proof(str(me.user_id), shown(me.username)) if me else proof_unread(INSTAGRAM_FAILURES)
