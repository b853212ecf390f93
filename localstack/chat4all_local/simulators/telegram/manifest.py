"""The Telegram bot of a new simulator. Its secrets give access to simulators on this machine only."""
# ruff: noqa: S106 (made up, for simulators only)

from typing import Final

from chat4all_local.simulators.control_api import Settings, WebhookRetries
from chat4all_local.simulators.manifest import Manifest

MANIFEST: Final = Manifest(
    settings=Settings(
        account_id="7000000001",
        access_token="7000000001:local-bot-token-not-a-secret",
        webhook_secret="local-telegram-webhook-secret-not-a-secret",
        webhook_retries=WebhookRetries(attempts=0),  # Telegram repeats an update until it is accepted
        media_url_valid_s=3600.0,  # Telegram documents "at least 1 hour"
    ),
    photo_kind="photo",
    voice_type="audio/ogg",
)
