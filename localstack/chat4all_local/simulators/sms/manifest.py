"""The Twilio account that the simulator starts with. It opens nothing but a simulator on this machine."""

from typing import Final

from chat4all_local.simulators.control_api import ReceiptSettings, Settings, WebhookRetries
from chat4all_local.simulators.manifest import Manifest

AUTH_TOKEN: Final = "local-twilio-auth-token-not-a-secret"  # noqa: S105 (the same)

MANIFEST: Final = Manifest(
    settings=Settings(
        account_id="AC00000000000000000000000000000001",
        access_token=AUTH_TOKEN,
        webhook_secret=AUTH_TOKEN,  # Twilio signs with the same token
        sender="+15005550006",
        receipts=ReceiptSettings(read=False),  # nobody tells whether an SMS was read
        webhook_retries=WebhookRetries(attempts=6),  # as a URL with #rc=5 asks for
        media_url_valid_s=3600.0,  # Twilio documents no end of the address that it redirects to
    ),
    photo_kind="image",
)
