"""The parts that WhatsApp and Instagram share: the proof of a webhook, and the answers of the Graph API.

Webhooks: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
Errors: https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from chat4all.channels.shared.answers import FailureTable, not_answered, refused
from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.channels.shared.secrets import same_secret
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.connector import ChannelSecret, FetchFailed


class _Error(msgspec.Struct, frozen=True):
    code: int


class _ErrorEnvelope(msgspec.Struct, frozen=True):
    error: _Error


def signed(headers: Mapping[str, str], body: bytes, secret: ChannelSecret) -> bool:
    """Return whether `X-Hub-Signature-256` is `sha256=` and the lower-case hex HMAC of the raw body."""
    given = headers.get("x-hub-signature-256", "")
    # Anybody can compute an HMAC whose key is empty.
    if not given or not secret.webhook_secret:
        return False
    digest = hmac.new(secret.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    return same_secret(f"sha256={digest}", given)


def subscription_answer(query: Mapping[str, str], secret: ChannelSecret) -> str | None:
    """Return `hub.challenge` if `hub.verify_token` is the configured token; None refuses the subscription."""
    if query.get("hub.mode") != "subscribe" or not secret.verify_token:
        return None
    if not same_secret(secret.verify_token, query.get("hub.verify_token", "")):
        return None
    return query.get("hub.challenge")


def post_message(
    http: HttpClient, base_url: str, secret: ChannelSecret, body: msgspec.Struct, table: FailureTable
) -> HttpAnswer | SendError:
    """POST `body` to the account's messages; return an answer that reports no error as it is.

    `base_url` ends with the API's version. The Graph API reports some errors with status 200, so that the
    body decides.
    """
    answer = http.post_json(
        f"{base_url}/{quote(secret.account_id, safe='')}/messages",
        msgspec.json.encode(body),
        {"authorization": f"Bearer {secret.access_token}"},
    )
    if isinstance(answer, NetworkFailure):
        return not_answered(table, answer)
    code = _error_code(answer)
    if code is None and 200 <= answer.status < 300:
        return answer
    return refused(table, code, answer)


def get_object(
    http: HttpClient, url: str, secret: ChannelSecret, table: FailureTable
) -> HttpAnswer | SendError:
    """GET an object of the Graph API; return an answer that reports no error as it is."""
    answer = http.get(url, {"authorization": f"Bearer {secret.access_token}"})
    if isinstance(answer, NetworkFailure):
        return not_answered(table, answer)
    code = _error_code(answer)
    if code is None and 200 <= answer.status < 300:
        return answer
    return refused(table, code, answer)


def asked_again_later(answer: HttpAnswer | NetworkFailure, table: FailureTable) -> None:
    """Raise FetchFailed, not final, if the code of a refusal concerns our account or a passing problem.

    Such a refusal may have status 400, as an unknown id has:
    https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
    """
    code = None if isinstance(answer, NetworkFailure) else _error_code(answer)
    failure = None if code is None else table.find(code)
    if failure is not None and failure.outcome not in {Outcome.PERMANENT, Outcome.UNREACHABLE}:
        raise FetchFailed(str(code), failure.reason, is_final=False)


def _error_code(answer: HttpAnswer) -> int | None:
    envelope = decoded(answer.body, _ErrorEnvelope)
    return envelope.error.code if envelope else None
