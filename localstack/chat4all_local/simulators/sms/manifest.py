"""The Twilio account of a new simulator. Its token gives access to simulators on this machine only."""

from typing import Final

from chat4all_local.simulators.control_api import ReceiptSettings, Settings, WebhookRetries
from chat4all_local.simulators.manifest import Manifest

AUTH_TOKEN: Final = "local-twilio-auth-token-not-a-secret"  # noqa: S105 (made up, for simulators only)

MANIFEST: Final = Manifest(
    settings=Settings(
        account_id="AC00000000000000000000000000000001",
        access_token=AUTH_TOKEN,
        webhook_secret=AUTH_TOKEN,  # Twilio signs with the token of the account
        sender="+15005550006",
        receipts=ReceiptSettings(read=False),  # Twilio does not report whether an SMS was read
        webhook_retries=WebhookRetries(
            attempts=6
        ),  # the first attempt and 5 retries, as for a URL with #rc=5
        media_url_valid_s=3600.0,  # Twilio documents no expiry of the address that it redirects to
    ),
    photo_kind="image",
)
