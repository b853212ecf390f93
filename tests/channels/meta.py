"""The signature that Meta's webhooks share."""

import hashlib
import hmac

from chat4all.services.messaging.connector import ChannelSecret


def signature(secret: ChannelSecret, body: bytes) -> dict[str, str]:
    digest = hmac.new(secret.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={digest}"}
