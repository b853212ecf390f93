"""The proof that a webhook comes from Twilio: a signature over the called address and the form.

https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from chat4all.channels.shared.secrets import same_secret
from chat4all.channels.sms.form import read_form
from chat4all.domain.errors import Invalid
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest

_PORTS: Final = {"https": 443, "http": 80}


def signature(url: str, fields: list[tuple[str, str]], auth_token: str) -> str:
    """Sign `url` and the form. If a name has the same value twice, sign it once, as Twilio's libraries do."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(auth_token.encode(), signed.encode(errors="surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(request: WebhookRequest, secret: ChannelSecret) -> bool:
    """Return whether `X-Twilio-Signature` is the signature of the request."""
    given = request.headers.get("x-twilio-signature", "")
    # Anybody can compute an HMAC whose key is empty.
    if not given or not secret.webhook_secret:
        return False
    try:
        fields = read_form(request.body)
    except Invalid:
        return False
    return any(
        same_secret(signature(url, fields, secret.webhook_secret), given)
        for url in _signed_urls(request, secret)
    )


def _signed_urls(request: WebhookRequest, secret: ChannelSecret) -> Iterator[str]:
    """Yield the addresses that Twilio may have signed: with and without the usual port of their scheme.

    The configured address counts, since a proxy may have changed the request's. Only the query is the
    request's, which repeats the configured query, if there is any.
    https://github.com/twilio/twilio-python/issues/392
    """
    base = (secret.webhook_url or request.url).partition("#")[0].partition("?")[0]
    url = f"{base}?{request.query}" if request.query else base
    yield url
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    usual = _PORTS.get(parts.scheme)
    host, colon, port = parts.netloc.rpartition(":")
    if not colon:
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}:{usual}"))
    elif port == str(usual):
        yield urlunsplit(parts._replace(netloc=host))
